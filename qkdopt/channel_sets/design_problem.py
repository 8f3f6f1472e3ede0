"""The question of a design: where sets are tried, against what, and how."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from qkdopt.channel_sets.criterion import Criterion
from qkdopt.channel_sets.demand_list_evaluator import DemandListEvaluator
from qkdopt.channel_sets.options import SearchOptions
from qkdopt.channel_sets.placement import Placement, Pool
from qkdopt.channel_sets.rank import validate_fit
from qkdopt.channel_sets.scenario import Scenario
from qkdopt.channel_sets.traffic_evaluator import BLOCK_REQUESTS, TrafficEvaluator
from qkdopt.errors import Faults, OptionsError, UsageError
from qkdopt.instance import Instance
from qkdopt.instance.generation import preset_name
from qkdopt.result import Objective
from qkdopt.simulation import SimulationOptions

ON = ("traffic", "demands")
ASSIGNMENTS = 20
Channels = str | Sequence[int]
# The DS-QKD study's sets: {3}, {3,13}, {3,13,23,33}.
FIRST, STRIDE = 3, 10


@dataclass(frozen=True)
class DesignProblem:
    """Everything that the answer depends on."""

    evaluator: TrafficEvaluator | DemandListEvaluator
    baseline: Placement
    options: SearchOptions

    def to_dict(self) -> dict[str, Any]:
        """Say it in plain data."""
        pool, options = Pool.of(self.evaluator.instance), self.options
        accounting = self.evaluator.instance.qkd.key_accounting
        # Where nothing else is said, keys are counted per demand.
        shared = {} if accounting == "per-demand" else {"key_accounting": accounting}
        return shared | {
            "on": "traffic" if isinstance(self.evaluator, TrafficEvaluator) else "demands",
            "instance": self.evaluator.instance.name,
            "sha256": self.evaluator.instance.sha256(),
            "preset": preset_name(self.evaluator.instance),
            **self.evaluator.plain(),
            "channels": list(options.sizes),
            "method": options.method,
            "receivers": options.receivers,
            "criterion": options.criterion.name,
            "quantile": options.criterion.share if options.criterion.name == "quantile" else None,
            "baseline": pool.spelled(self.baseline, self.evaluator.instance),
            "also": [pool.spelled(one, self.evaluator.instance) for one in options.listed],
            "blocks": options.blocks,
        }


@dataclass(frozen=True, kw_only=True)
class DesignOptions:
    """What is asked of an instance, as people say it; nothing is judged yet.

    Parameters
    ----------
    sizes
        Candidates of each link, rising.
    on
        ``traffic``, dynamic, or ``demands``, the instance's list.
    load_erlang
        The instance's own by default; not with ``scenarios``.
    scenarios, criterion, quantile
        What is uncertain, and what counts over it.
    baseline
        Set to compare with: numbers of the pool, or text such as ``"3,13"``.
    also
        Sets to rank too.
    method, receivers
        See :class:`qkdopt.channel_sets.options.SearchOptions`.
    reserve
        ``all`` or ``working``; the instance's own by default.
    options
        How requests are served.
    requests
        Of each set in the ranking, in whole blocks.
    assignments
        In their place on demands.
    objective
        What an assignment is worth, on demands: None for ``mean``, or ``key-factor`` where keys are
        shared.
    seed
        Of all draws.
    """

    sizes: Sequence[int]
    on: str = "traffic"
    load_erlang: float | None = None
    scenarios: Sequence[Scenario] = ()
    criterion: str = "mean"
    quantile: float = 0.1
    baseline: Channels | None = None
    also: Sequence[Channels] = ()
    method: str = "auto"
    receivers: int | None = None
    reserve: str | None = None
    options: SimulationOptions = field(default_factory=SimulationOptions)
    requests: int = 100 * BLOCK_REQUESTS
    assignments: int = ASSIGNMENTS
    objective: Objective | None = None
    seed: int = 0

    def design_problem(self, instance: Instance) -> DesignProblem:
        """Put the question to an instance.

        Raises
        ------
        OptionsError
            With everything that is out of range or does not fit together.
        """
        faults = Faults()
        faults.expect(self.on in ON, f"on = {self.on!r}; expected {' or '.join(ON)}")
        faults.expect(
            self.objective is None or self.on == "demands",
            f"objective = {self.objective!r} on {self.on}; expected none: requests come and go",
        )
        both = self.load_erlang is not None and len(self.scenarios) > 0
        faults.expect(not both, "load beside scenarios; expected one of the two")
        pool = faults.attempt(lambda: Pool.of(instance))
        evaluator = faults.attempt(lambda: self._evaluator(instance))
        options = faults.attempt(lambda: self._options(pool))
        baseline = faults.attempt(lambda: self._baseline(instance, pool))
        if evaluator is not None and options is not None and baseline is not None:
            faults.attempt(lambda: validate_fit(evaluator, baseline, options))
            if not faults.found:
                return DesignProblem(evaluator, baseline, options)
        raise OptionsError("design", faults.found)

    def validate_alone(self) -> None:
        """Judge what needs no instance.

        Raises
        ------
        OptionsError
            With everything that is out of range whatever the instance.
        """
        self._options(None)

    def _evaluator(self, instance: Instance) -> TrafficEvaluator | DemandListEvaluator:
        load = instance.load_erlang if self.load_erlang is None else self.load_erlang
        scenarios = tuple(self.scenarios) or (Scenario(load),)
        reserve = self.reserve or instance.qkd.reserve
        if self.on == "demands":
            return DemandListEvaluator(
                instance=instance, reserve=reserve, scenarios=scenarios, seed=self.seed,
                objective=self.objective,
            )  # fmt: skip
        return TrafficEvaluator(
            instance=instance, reserve=reserve, scenarios=scenarios, options=self.options,
            seed=self.seed,
        )  # fmt: skip

    def _options(self, pool: Pool | None) -> SearchOptions:
        """Judge the options; sets to rank too where the pool is known."""
        faults = Faults()
        criterion = faults.attempt(lambda: Criterion(self.criterion, self.quantile))
        faults.expect(
            self.requests >= 2 * BLOCK_REQUESTS,
            f"requests = {self.requests}; expected at least {2 * BLOCK_REQUESTS}",
        )
        faults.expect(
            self.assignments >= 2, f"assignments = {self.assignments}; expected at least 2"
        )
        sets = () if pool is None else self.also
        listed = [faults.attempt(partial(_set, one, pool)) for one in sets]
        blocks = math.ceil(self.requests / BLOCK_REQUESTS)
        found = faults.attempt(
            lambda: SearchOptions(
                sizes=tuple(self.sizes), method=self.method, criterion=criterion or Criterion(),
                receivers=self.receivers, listed=tuple(one for one in listed if one is not None),
                blocks=max(2, self.assignments if self.on == "demands" else blocks),
                seed=max(0, self.seed),
            )
        )  # fmt: skip
        if found is None or faults.found:
            raise OptionsError("options", faults.found)
        return found

    def _baseline(self, instance: Instance, pool: Pool | None) -> Placement:
        if self.baseline is None or pool is None:
            return default_baseline(instance, self.sizes[0] if self.sizes else 1)
        return _set(self.baseline, pool)


def _set(channels: Channels, pool: Pool | None) -> Placement:
    """Read a set from text, or take channel numbers of the pool."""
    assert pool is not None
    if isinstance(channels, str):
        return pool.read(channels)
    if any(channel >= len(pool.candidates) for channel in channels):
        raise UsageError(
            f"set {list(channels)}; expected channels up to {len(pool.candidates) - 1}"
        )
    return Placement.everywhere(channels)


def default_baseline(instance: Instance, size: int) -> Placement:
    """Return the instance's own candidates, else a uniform set of ``size`` channels.

    Candidates that links name themselves are kept; a set for the whole network is kept if it has
    ``size`` channels. The uniform set is the DS-QKD study's: from channel 3 on, 10 apart, or as
    far as the grid allows.
    """
    links = instance.network.links
    own = instance.qkd.candidates
    if any(link.candidates is not None for link in links) or (own != "all" and len(own) == size):
        number = {candidate: n for n, candidate in enumerate(Pool.of(instance).candidates)}
        sets = tuple(
            tuple(sorted(number[candidate] for candidate in instance.candidates_of(link)))
            for link in links
        )
        return Placement.of_each_link(sets)
    return uniform_set(instance.grid.channels, size)


def uniform_set(channels: int, size: int) -> Placement:
    """Return the study's uniform set, fitted to the grid.

    Raises
    ------
    UsageError
        More channels than the grid has, or none.
    """
    if not 1 <= size <= channels:
        raise UsageError(f"channels = {size}; expected 1 to the grid's {channels}")
    stride = min(STRIDE, max(1, (channels - 1) // max(1, size - 1)))
    first = min(FIRST, channels - 1 - stride * (size - 1))
    return Placement.everywhere([first + k * stride for k in range(size)])
