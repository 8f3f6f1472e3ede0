"""A study from Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qkdopt.experiments.study.spec import read_study
from qkdopt.experiments.study.table import with_gains
from qkdopt.jobs import RunReport
from qkdopt.jobs.batch import run_batch

if TYPE_CHECKING:
    import pandas as pd


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
