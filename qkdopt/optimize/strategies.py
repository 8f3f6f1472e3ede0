"""Strategies by name: those of the package, and those that others bring."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from qkdopt.checker import check
from qkdopt.errors import RefusedError, UsageError
from qkdopt.heuristics import ds_qkd, ds_qkd_synergistic, fixed
from qkdopt.problem import Problem
from qkdopt.problem.plan import BLOCKED, NO_QKD, Plan
from qkdopt.result import Result

Strategy = Callable[[Problem], Plan]

HEURISTICS: dict[str, Strategy] = {
    "fixed": fixed,
    "ds-qkd": ds_qkd,
    "ds-qkd-synergistic": ds_qkd_synergistic,
}
STRATEGIES = (*HEURISTICS, "local-search", "milp", "auto")
# Entry points of installed packages: name of the strategy, and where its function is.
GROUP = "qkdopt.strategies"


@dataclass(frozen=True)
class NamedStrategy:
    """A strategy as results name it.

    Parameters
    ----------
    name
        Its name.
    build
        Makes the plan; None for the searches of the package, which take time, and bounds too.
    own
        Whether it is none of the package's, so that its plan is checked before it is returned.
    """

    name: str
    build: Strategy | None = None
    own: bool = False


def strategy_of(strategy: str | Strategy) -> NamedStrategy:
    """Return the strategy of that name, or the function that is given in place of one.

    Raises
    ------
    UsageError
        There is none of that name, or what an entry point names is no function.
    """
    if callable(strategy):
        return NamedStrategy(_name_of(strategy), strategy, own=True)
    if strategy in STRATEGIES:
        return NamedStrategy(strategy, HEURISTICS.get(strategy))
    brought = installed_strategies()
    if strategy not in brought:
        names = ", ".join((*STRATEGIES, *brought))
        raise UsageError(f"strategy = {strategy!r}; expected one of {names}")
    build = brought[strategy].load()
    if not callable(build):
        raise UsageError(
            f"strategy = {strategy!r}: {brought[strategy].value} is {build!r}; expected a function "
            "that takes a Problem and returns a Plan"
        )
    return NamedStrategy(strategy, build, own=True)


def installed_strategies() -> dict[str, EntryPoint]:
    """Return the strategies of other installed packages; none of them takes a name of ours."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    return {name: point for name, point in found.items() if name not in STRATEGIES}


def _name_of(strategy: Strategy) -> str:
    return str(getattr(strategy, "__name__", type(strategy).__name__))


def validate_own_plan(problem: Problem, plan: Any, name: str) -> None:
    """Raise where what an own strategy returned cannot even be assessed.

    Parameters
    ----------
    problem
        The problem that the strategy was called with.
    plan
        What it returned, of whatever type.
    name
        Name of the strategy, for the message.

    Raises
    ------
    RefusedError
        With every fault.
    """
    faults = list(_shape_faults(problem, plan))
    if faults:
        raise RefusedError(f"plan of strategy {name}", faults)


def _shape_faults(problem: Problem, plan: Any) -> Iterator[str]:
    if not isinstance(plan, Plan):
        yield f"{plan!r:.60}; expected a qkdopt.Plan"
        return
    demands, links = problem.instance.demands, problem.instance.network.links
    for part, expected in (("routes", demands), ("channels", demands), ("working", links)):
        if len(getattr(plan, part)) != len(expected):
            yield f"{part} has {len(getattr(plan, part))} entries; expected {len(expected)}"
            return
    for demand, route, choices in zip(demands, plan.routes, problem.routes, strict=True):
        if route != BLOCKED and not 0 <= route < len(choices):
            yield (
                f"routes: demand {demand.id!r} has route {route}; expected 0 to "
                f"{len(choices) - 1}, or BLOCKED"
            )
    grid = problem.instance.grid.channels
    for demand, channels in zip(demands, plan.channels, strict=True):
        if not all(0 <= channel < grid for channel in channels):
            yield f"channels: demand {demand.id!r} has {channels}; expected 0 to {grid - 1}"
    for link, candidate, count in zip(
        links, plan.working, problem.tables.candidate_count, strict=True
    ):
        if candidate != NO_QKD and not 0 <= candidate < count:
            yield (
                f"working: link {link.id} has candidate {candidate}; expected 0 to {count - 1}, "
                "or NO_QKD for a link without QKD"
            )


def validate_own_result(problem: Problem, result: Result) -> None:
    """Raise where the checker finds a rule that an own strategy's plan breaks.

    Raises
    ------
    RefusedError
        With every fault.
    """
    faults = check(problem.instance, result).faults
    if faults:
        raise RefusedError(f"plan of strategy {result.strategy}", list(faults))


__all__ = [
    "HEURISTICS",
    "STRATEGIES",
    "NamedStrategy",
    "Strategy",
    "installed_strategies",
    "strategy_of",
    "validate_own_plan",
    "validate_own_result",
]
