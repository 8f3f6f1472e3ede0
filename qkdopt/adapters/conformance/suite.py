"""Models whose answers are known, and what a solver says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyomo.environ as pyo

from qkdopt.adapters.base import Adapter, Limits, Status
from qkdopt.adapters.conformance.models import knapsack, market_split, random_program
from qkdopt.adapters.highs import HighsAdapter
from qkdopt.errors import QkdoptError

BEST = 112.0
TO_THE_END = Limits(seconds=20.0, gap=1e-9)
SHORT = Limits(seconds=1.0, gap=0.0)
RANDOM_PROGRAMS = 20
# Of a solver that takes no continuous columns: the grid that stands for them.
GRID_ERROR = 1e-2
TOLERANCE = 1e-5

Check = Callable[[Adapter], Iterator[str]]


def conformance_faults(adapter: Adapter) -> list[str]:
    """Run the suite; return what the solver did wrong, nothing where it did all right.

    It takes about a minute: some models are made to run into their limit.

    Raises
    ------
    SolverMissingError
        The solver is not installed.
    """
    faults = []
    for check in CHECKS:
        try:
            faults += [f"{check.__name__[1:]}: {fault}" for fault in check(adapter)]
        except QkdoptError as error:
            faults.append(f"{check.__name__[1:]}: raised {type(error).__name__}: {error}")
    return faults


def _optimum(adapter: Adapter) -> Iterator[str]:
    for sense, best in ((pyo.maximize, BEST), (pyo.minimize, 200.0 - BEST)):
        model = knapsack(sense)
        outcome = adapter.solve(model, TO_THE_END)
        yield from _expect("status", outcome.status, Status.OPTIMAL)
        yield from _close("incumbent", outcome.incumbent, best)
        yield from _close("bound", outcome.bound, best)
        chosen = [round(pyo.value(model.x[i])) for i in range(4)]
        yield from _expect("values left in the model", chosen, [0, 1, 1, 0])
        yield from _expect("name of the solver", outcome.solver, adapter.name)


def _linear_program(adapter: Adapter) -> Iterator[str]:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0.0, 3.5))
    m.goal = pyo.Objective(expr=2.0 * m.x, sense=pyo.maximize)
    m.row = pyo.Constraint(expr=m.x <= 3.0)
    outcome = adapter.solve(m, TO_THE_END)
    yield from _close("incumbent", outcome.incumbent, 6.0)
    yield from _close("bound", outcome.bound, 6.0)


def _infeasible(adapter: Adapter) -> Iterator[str]:
    model = knapsack()
    model.never = pyo.Constraint(expr=model.x[0] + model.x[1] >= 3)
    outcome = adapter.solve(model, TO_THE_END)
    yield from _expect("status", outcome.status, Status.INFEASIBLE)
    yield from _expect("bound", outcome.bound, None)
    yield from _expect("incumbent", outcome.incumbent, None)


def _unbounded(adapter: Adapter) -> Iterator[str]:
    if not adapter.capabilities.continuous:
        return
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.NonNegativeIntegers)
    m.y = pyo.Var(domain=pyo.NonNegativeReals)
    m.row = pyo.Constraint(expr=m.x - m.y <= 1.0)
    m.goal = pyo.Objective(expr=m.x + m.y, sense=pyo.maximize)
    outcome = adapter.solve(m, Limits(seconds=2.0, gap=0.0))
    if outcome.status in (Status.INFEASIBLE, Status.OPTIMAL):
        yield f"status = {outcome.status.value}; expected neither optimal nor infeasible"
    yield from _expect("bound", outcome.bound, None)


def _random_programs(adapter: Adapter) -> Iterator[str]:
    reference = HighsAdapter()
    for seed in range(RANDOM_PROGRAMS):
        program = random_program(seed)
        best = reference.solve_program(program, TO_THE_END)[0].incumbent
        outcome, values = adapter.solve_program(program, TO_THE_END)
        yield from _close(f"incumbent of program {seed}", outcome.incumbent, best)
        yield from _close(f"bound of program {seed}", outcome.bound, best, GRID_ERROR)
        if values is None or program.violation(values) > TOLERANCE:
            yield f"solution of program {seed} breaks its rows or bounds"


def _time_limit(adapter: Adapter) -> Iterator[str]:
    outcome = adapter.solve(market_split(), SHORT)
    yield from _expect("status", outcome.status, Status.LIMIT)
    if not outcome.has_solution or outcome.incumbent is None:
        yield "no solution; expected the incumbent at the limit"
    # The relaxation has the best possible value, and nothing else is proved in so short a time.
    if outcome.bound is None or outcome.bound > GRID_ERROR:
        yield f"bound = {outcome.bound}; expected 0, for nothing else is proved at the limit"


def _no_time(adapter: Adapter) -> Iterator[str]:
    outcome = adapter.solve(market_split(), Limits(seconds=0.0, gap=0.0))
    yield from _expect("status", outcome.status, Status.LIMIT)


def _start(adapter: Adapter) -> Iterator[str]:
    for chosen, good in (((1, 2), True), ((0, 1, 2), False)):
        model = knapsack()
        for i in range(4):
            model.x[i].set_value(int(i in chosen))
        outcome = adapter.solve(model, TO_THE_END, start=True)
        accepted = good and adapter.capabilities.start
        yield from _expect("start_accepted", outcome.start_accepted, accepted)
        yield from _close("incumbent", outcome.incumbent, BEST)


def _watch(adapter: Adapter) -> Iterator[str]:
    calls = []

    def stop(incumbent: float | None, bound: float | None) -> bool:
        calls.append((incumbent, bound))
        return False

    outcome = adapter.solve(market_split(), Limits(seconds=60.0, gap=0.0), watch=stop)
    yield from _expect("status", outcome.status, Status.INTERRUPTED)
    if not calls:
        yield "the watcher was never called"


def _expect(what: str, read: object, expected: object) -> Iterator[str]:
    if read != expected:
        yield f"{what} = {_shown(read)}; expected {_shown(expected)}"


def _close(
    what: str, read: float | None, expected: float | None, error: float = TOLERANCE
) -> Iterator[str]:
    assert expected is not None  # every model here has a best value
    if read is None or abs(read - expected) > max(error, TOLERANCE * abs(expected)):
        yield f"{what} = {read}; expected {expected:.9g}"


def _shown(value: object) -> str:
    return str(value.value) if isinstance(value, Status) else repr(value)


CHECKS: tuple[Check, ...] = (
    _optimum, _linear_program, _infeasible, _unbounded, _random_programs, _time_limit, _no_time,
    _start, _watch,
)  # fmt: skip
__all__ = ["conformance_faults"]
