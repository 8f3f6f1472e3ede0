"""Resilience from Python, and its table: shares in per cent, with their intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qkdopt.experiments.resilience.case import MEASURES
from qkdopt.experiments.resilience.spec import ResilienceSpec, cases
from qkdopt.instance import Instance
from qkdopt.jobs import RunReport
from qkdopt.jobs.batch import run_batch

if TYPE_CHECKING:
    import pandas as pd

LABELS = ("event", "channels", "retune", "relay", "restoration")
RATES = ("before_bps", "after_bps")
SHARES = tuple(name for name in MEASURES if name not in RATES)
# Columns of `resilience.csv`, in this order.
COLUMNS = (
    *LABELS,
    *(f"{name}_{what}" for name in SHARES for what in ("percent", "ci95_percent")),
    *(column for name in RATES for column in (name, f"{name}_ci95")),
    "events", "load_erlang", "requests", "seed", "rate", "repair", "noise_per_gate", "target",
    "instance", "instance_sha256", "preset",
)  # fmt: skip


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


def survival_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of ``resilience.csv``, one line a run that is done.

    A share that does not exist (restored, where nothing was torn down) is empty.
    """
    import pandas as pd

    done = rows[rows["status"].eq("done")].reset_index(drop=True)
    shares = {}
    for name in SHARES:
        shares[f"{name}_percent"] = 100.0 * pd.to_numeric(done[name])
        shares[f"{name}_ci95_percent"] = 100.0 * pd.to_numeric(done[f"{name}_ci95"])
    return done.assign(**shares)[list(COLUMNS)]
