"""A study from Python, and its table: one line a run, and paired gains over a baseline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qkdopt.errors import UsageError
from qkdopt.experiments.study.spec import read_study
from qkdopt.jobs import RunReport
from qkdopt.jobs.batch import run_batch
from qkdopt.simulation.statistics import Estimate, paired_gain

if TYPE_CHECKING:
    import pandas as pd

# Runs that meet the same requests agree in these.
SAME_REQUESTS = ["load_erlang", "seed", "replications"]
BATCHES = ["batch_offered", "batch_served", "batch_skr"]


def run_study(
    path: str | Path,
    *,
    folder: Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[RunReport], None] | None = None,
) -> pd.DataFrame:
    """Run the simulations of a study's file that a folder lacks.

    Parameters
    ----------
    path
        The file (TOML); instances are beside it.
    folder
        Where rows are kept, as ``qkdopt study run -o`` does; None keeps none.
    workers
        Processes; None for all cores.
    scheduler
        Address of a Dask scheduler; None for processes of this machine.
    progress
        Called about every second with the state of the runs.

    Returns
    -------
    DataFrame
        One row a run, with its paired gain over the baseline, see ``docs/studies.md``.

    Raises
    ------
    OptionsError, InstanceError
        The file or an instance is not valid.
    UnfinishedError
        Interrupted, or some runs failed.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import qkdopt
    >>> mesh = Path("instances/small/mesh6.json").resolve()
    >>> text = f'''
    ... name = "two"
    ... instances = ["{mesh}"]
    ... loads = [4]
    ... requests = 2000
    ... warmup = 100
    ... strategies = ["fixed", "ds-qkd"]
    ... '''
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "study.toml"
    ...     _ = path.write_text(text, encoding="utf-8")
    ...     table = qkdopt.run_study(path, workers=1)
    >>> list(table["status"])
    ['done', 'done']
    """
    spec = read_study(path)
    jobs = spec.jobs(Path(path).parent)
    rows = run_batch(jobs, folder=folder, workers=workers, scheduler=scheduler, progress=progress)
    return with_gains(rows, spec.baseline_label)


def gain_between(row: pd.Series, base: pd.Series, *, per_request: bool = False) -> Estimate:
    """Return the relative gain in mean SKR of one row over another with the same requests.

    Parameters
    ----------
    row, base
        Rows of the two runs.
    per_request
        Whether the mean is over all requests; otherwise over those served.

    Raises
    ------
    UsageError
        The two runs did not meet the same requests, batch by batch.
    """
    same = all(row[name] == base[name] for name in (*SAME_REQUESTS, "warmup"))
    if not same or not np.array_equal(row["batch_offered"], base["batch_offered"]):
        raise UsageError("runs of different seed, load, warm-up or length cannot be paired")
    below = "batch_offered" if per_request else "batch_served"
    return paired_gain(
        np.asarray(row["batch_skr"], dtype=np.float64),
        np.asarray(row[below], dtype=np.float64),
        np.asarray(base["batch_skr"], dtype=np.float64),
        np.asarray(base[below], dtype=np.float64),
    )


def with_gains(rows: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Return the rows with their paired gain over the baseline strategy [%]; no batches.

    The baseline of a run has the same instance, set, load and seed. The set is part of the
    instance, and the instance is identified by its hash: names need not differ.
    """
    same = ["instance_sha256", *SAME_REQUESTS]
    gains, intervals = [], []
    bases = {
        tuple(row[column] for column in same): row
        for _, row in rows.iterrows()
        if row["label"] == baseline and row["status"] == "done"
    }
    for _, row in rows.iterrows():
        base = bases.get(tuple(row[column] for column in same))
        usable = base is not None and row["status"] == "done"
        gain = gain_between(row, base) if usable and base is not None else Estimate(None, None)
        gains.append(np.nan if gain.value is None else 100.0 * gain.value)
        intervals.append(np.nan if gain.ci95 is None else 100.0 * gain.ci95)
    table = rows.drop(columns=BATCHES)
    return table.assign(gain_percent=gains, gain_percent_ci95=intervals, baseline=baseline)
