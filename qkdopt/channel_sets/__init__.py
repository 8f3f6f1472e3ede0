"""Design of QKD channel sets: which channels, how many, on which links."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from qkdopt.channel_sets.criterion import Criterion
from qkdopt.channel_sets.design_problem import Channels, DesignOptions
from qkdopt.channel_sets.diagnostics import channel_diagnostics
from qkdopt.channel_sets.evaluations import Evaluations
from qkdopt.channel_sets.pareto import Prices, pareto
from qkdopt.channel_sets.rank import Design, design
from qkdopt.channel_sets.scenario import Scenario
from qkdopt.experiments.sensitivity.power import with_launch
from qkdopt.instance import Instance
from qkdopt.jobs import Store, open_workers
from qkdopt.result import Objective
from qkdopt.simulation import SimulationOptions

__all__ = [
    "Criterion",
    "Design",
    "Prices",
    "Scenario",
    "channel_diagnostics",
    "pareto",
    "rank_channel_sets",
    "with_launch",
]


def rank_channel_sets(
    instance: Instance,
    channels: int | Sequence[int],
    *,
    workers: int | None = None,
    folder: Path | None = None,
    on: str = DesignOptions.on,
    load_erlang: float | None = DesignOptions.load_erlang,
    scenarios: Sequence[Scenario] = (),
    criterion: str = DesignOptions.criterion,
    quantile: float = DesignOptions.quantile,
    baseline: Channels | None = DesignOptions.baseline,
    also: Sequence[Channels] = (),
    method: str = DesignOptions.method,
    receivers: int | None = DesignOptions.receivers,
    reserve: str | None = DesignOptions.reserve,
    options: SimulationOptions | None = None,
    requests: int = DesignOptions.requests,
    assignments: int = DesignOptions.assignments,
    objective: Objective | None = DesignOptions.objective,
    seed: int = DesignOptions.seed,
) -> Design:
    """Search sets of QKD channels and rank the best.

    Parameters
    ----------
    instance
        Network and hardware.
    channels
        Candidates of each link; several numbers, rising, for a frontier.
    workers
        Processes; all cores by default.
    folder
        Where evaluations are kept, so that the same call goes on from there.
    on, load_erlang, scenarios, criterion, quantile, baseline, also, method, receivers, reserve
        What is searched, and on what.
    options, requests, assignments, objective, seed
        See :class:`qkdopt.channel_sets.design_problem.DesignOptions`.

    Raises
    ------
    OptionsError
        With everything that is out of range or does not fit together.
    UnfinishedError
        Interrupted, or some evaluations failed.

    Examples
    --------
    >>> import qkdopt
    >>> mesh = qkdopt.read_instance("instances/small/mesh6.json")
    >>> design = qkdopt.rank_channel_sets(mesh, 1, on="demands", workers=1)
    >>> design.table[["name", "verdict"]].iloc[0].tolist()
    ['{5}', 'above']
    """
    sizes = (channels,) if isinstance(channels, int) else tuple(channels)
    given = DesignOptions(
        sizes=sizes,
        on=on,
        load_erlang=load_erlang,
        scenarios=scenarios,
        criterion=criterion,
        quantile=quantile,
        baseline=baseline,
        also=also,
        method=method,
        receivers=receivers,
        reserve=reserve,
        options=options or SimulationOptions(),
        requests=requests,
        assignments=assignments,
        objective=objective,
        seed=seed,
    )
    about = given.design_problem(instance)
    with ExitStack() as stack:
        where = folder or Path(stack.enter_context(TemporaryDirectory()))
        team = stack.enter_context(open_workers(None, workers))
        evaluations = Evaluations(about.evaluator, Store(where), team)
        return design(about.evaluator, about.baseline, about.options, evaluations)
