"""Sensitivity analysis from Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qkdopt.errors import UsageError
from qkdopt.experiments.sensitivity.perturbation import sensitivity_settings
from qkdopt.experiments.sensitivity.power import Receivers
from qkdopt.experiments.sensitivity.table import sensitivity_jobs, sensitivity_table
from qkdopt.instance import Instance
from qkdopt.jobs import RunReport
from qkdopt.jobs.batch import run_batch
from qkdopt.simulation.refusals import validate_requests

if TYPE_CHECKING:
    import pandas as pd


def sensitivity(
    instance: Instance,
    *,
    step_db: float = 3.0,
    receivers: Receivers | None = None,
    load_erlang: float | None = None,
    requests: int = 200_000,
    seed: int = 0,
    folder: Path | None = None,
    workers: int | None = None,
    progress: Callable[[RunReport], None] | None = None,
) -> pd.DataFrame:
    """Change every hardware parameter by itself and measure the key rate on the same requests.

    Parameters
    ----------
    instance
        The network as it stands.
    step_db
        Between neighbouring values [dB].
    receivers
        Classical receivers, which limit the launch power; None for the instance's own.
    load_erlang
        Offered load; None for the instance's own.
    requests, seed
        Of every run.
    folder
        Where rows are kept; None keeps none.
    workers
        Processes; None for all cores.
    progress
        Called about every second with the state of the runs.

    Returns
    -------
    DataFrame
        One row a setting with its paired gain, see ``docs/sensitivity.md``.

    Raises
    ------
    UsageError, InstanceError
        Every option that is out of range.
    UnfinishedError
        Interrupted, or some runs failed.

    Examples
    --------
    >>> import qkdopt
    >>> mesh = qkdopt.read_instance("instances/small/mesh6.json")
    >>> table = qkdopt.sensitivity(mesh, step_db=9.0, requests=5000, load_erlang=5.0)
    >>> "launch power" in set(table["parameter"])
    True
    """
    faults = list(validate_requests(load_erlang=load_erlang, requests=requests, seed=seed))
    if faults:
        raise UsageError("; ".join(faults))
    sweep = sensitivity_settings(instance, step_db=step_db, receivers=receivers)
    load = instance.load_erlang if load_erlang is None else load_erlang
    jobs = sensitivity_jobs(
        sweep.settings, set_name="instance", load_erlang=load, seed=seed, requests=requests
    )
    rows = run_batch(jobs, folder=folder, workers=workers, progress=progress)
    return sensitivity_table(sweep.settings, jobs, rows)
