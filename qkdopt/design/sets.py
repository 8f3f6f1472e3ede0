"""Design in one call, for scripts and notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from qkdopt.design.baseline import default_baseline
from qkdopt.design.criterion import Criterion
from qkdopt.design.evaluations import Evaluations
from qkdopt.design.options import DesignOptions
from qkdopt.design.placement import Placement
from qkdopt.design.run import Design, design
from qkdopt.design.scenario import Scenario
from qkdopt.design.traffic_ground import BLOCK_REQUESTS, TrafficGround
from qkdopt.errors import UsageError
from qkdopt.instance import Instance, Traffic
from qkdopt.runs import Store, open_workers
from qkdopt.simulating import SimulationOptions


def design_sets(
    instance: Instance,
    channels: int | Sequence[int],
    *,
    load_erlang: float | None = None,
    scenarios: Sequence[Scenario] = (),
    criterion: Criterion | None = None,
    baseline: Sequence[int] | None = None,
    method: str = "auto",
    receivers: int | None = None,
    reserve: str | None = None,
    options: SimulationOptions | None = None,
    requests: int = 1_000_000,
    seed: int = 0,
    workers: int | None = None,
    folder: Path | None = None,
) -> Design:
    """Search sets of QKD channels on dynamic traffic and rank the best.

    Parameters
    ----------
    instance
        Network and hardware.
    channels
        Candidates of each link; several numbers for a frontier.
    load_erlang
        The instance's own by default; not with ``scenarios``.
    scenarios, criterion
        What is uncertain, and what counts over it.
    baseline
        Grid channels to compare with; the study's set by default.
    method, receivers
        See :class:`qkdopt.design.options.DesignOptions`.
    reserve
        ``all`` or ``working``; the instance's own by default.
    options
        How requests are served.
    requests
        Of each set in the ranking, in blocks of 10,000.
    seed
        Of requests and random sets.
    workers
        Processes; all cores by default.
    folder
        Where evaluations are kept, so that the same call goes on from there.

    Raises
    ------
    UsageError
        What does not fit together.
    UnfinishedError
        Interrupted, or some evaluations failed.
    """
    sizes = (channels,) if isinstance(channels, int) else tuple(channels)
    if load_erlang is not None and scenarios:
        raise UsageError("load_erlang beside scenarios; expected one of the two")
    load = (instance.traffic or Traffic()).load_erlang if load_erlang is None else load_erlang
    ground = TrafficGround(
        instance=instance, reserve=reserve or instance.qkd.reserve,
        scenarios=tuple(scenarios) or (Scenario(load),), options=options or SimulationOptions(),
        seed=seed,
    )  # fmt: skip
    chosen = DesignOptions(
        sizes=sizes, method=method, criterion=criterion or Criterion(), receivers=receivers,
        blocks=max(2, requests // BLOCK_REQUESTS), seed=seed,
    )  # fmt: skip
    known = (
        Placement.everywhere(baseline)
        if baseline is not None
        else default_baseline(instance, sizes[0])
    )
    with ExitStack() as stack:
        where = folder or Path(stack.enter_context(TemporaryDirectory()))
        team = stack.enter_context(open_workers(None, workers))
        return design(ground, known, chosen, Evaluations(ground, Store(where), team))
