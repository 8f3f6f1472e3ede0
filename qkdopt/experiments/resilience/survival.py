"""Resilience from Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qkdopt.experiments.resilience.spec import ResilienceSpec, cases
from qkdopt.experiments.resilience.table import survival_table
from qkdopt.instance import Instance
from qkdopt.jobs import RunReport
from qkdopt.jobs.batch import run_batch

if TYPE_CHECKING:
    import pandas as pd


def resilience(
    instance: Instance,
    *,
    events: Sequence[str] = tuple(ResilienceSpec().kinds),
    channel_sets: Sequence[Sequence[int]] | None = None,
    load_erlang: float | None = ResilienceSpec.load_erlang,
    requests: int = ResilienceSpec.requests,
    seed: int = ResilienceSpec.seed,
    rate: float = ResilienceSpec.rate,
    repair: float = ResilienceSpec.repair,
    noise_per_gate: float = ResilienceSpec.noise_per_gate,
    target: str = ResilienceSpec.target,
    folder: Path | None = None,
    workers: int | None = None,
    progress: Callable[[RunReport], None] | None = None,
) -> pd.DataFrame:
    """Measure what share of the key rate survives failures, with and without retuning.

    Parameters
    ----------
    instance
        The network.
    events
        Kinds of failure: ``noise``, ``receiver``, ``cut``.
    channel_sets
        Candidate sets to compare; None for the instance's own.
    load_erlang
        Offered load; None for the instance's own.
    requests, seed
        Of each run.
    rate, repair, noise_per_gate, target
        See :class:`qkdopt.EventOptions`.
    folder
        Where rows are kept; None keeps none.
    workers
        Processes; None for all cores.
    progress
        Called about every second with the state of the runs.

    Returns
    -------
    DataFrame
        One row a case with 95 % intervals, see ``docs/resilience.md``.

    Raises
    ------
    UsageError
        Every option that is out of range.
    UnfinishedError
        Interrupted, or some runs failed.

    Examples
    --------
    >>> import qkdopt
    >>> mesh = qkdopt.read_instance("instances/small/mesh6.json")
    >>> table = qkdopt.resilience(mesh, events=["receiver"], requests=5000, load_erlang=5.0)
    >>> sorted(set(table["retune"]))
    ['always', 'never']
    """
    sets = None
    if channel_sets is not None:
        sets = ";".join(",".join(str(channel) for channel in chosen) for chosen in channel_sets)
    spec = ResilienceSpec(
        events=",".join(events),
        channels=sets,
        load_erlang=load_erlang,
        requests=requests,
        seed=seed,
        rate=rate,
        repair=repair,
        noise_per_gate=noise_per_gate,
        target=target,
    )
    rows = run_batch(cases(instance, spec), folder=folder, workers=workers, progress=progress)
    return survival_table(rows)
