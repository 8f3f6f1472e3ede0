"""What every solver must do right: small models whose answers are known, and random programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyomo.environ as pyo
from scipy.sparse import csr_array

from qkdopt.adapters.base import Adapter, Limits, Status
from qkdopt.adapters.highs import HighsAdapter
from qkdopt.adapters.program import Program
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


def knapsack(sense: int = pyo.maximize) -> pyo.ConcreteModel:
    """Best 8 + 4 = 12 by items 1 and 2 with an offset of 100; the relaxation is above it."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(4), domain=pyo.Binary, initialize=0)
    value, weight = [6.0, 8.0, 4.0, 5.5], [4.0, 5.0, 3.0, 4.0]
    sign = 1.0 if sense == pyo.maximize else -1.0
    m.capacity = pyo.Constraint(expr=sum(weight[i] * m.x[i] for i in range(4)) <= 8.0)
    m.goal = pyo.Objective(
        expr=100.0 + sign * sum(value[i] * m.x[i] for i in range(4)), sense=sense
    )
    return m


def market_split(
    rows: int = 4, columns: int = 30, *, slack: bool = True, sense: int = pyo.minimize
) -> pyo.ConcreteModel:
    """Build a small equality problem that no solver closes in a second.

    With slack x = 0 is feasible; without, no solver finds a solution in a second either.

    Parameters
    ----------
    rows
        Number of equations.
    columns
        Number of binary variables.
    slack
        Whether the equations may be violated, at a cost of the violation.
    sense
        ``pyo.minimize`` for the total slack as objective; ``pyo.maximize`` for 10 less it, so that
        incumbent and bound have one sign.
    """
    rng = np.random.default_rng(7)
    a = rng.integers(0, 100, (rows, columns))
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(columns), domain=pyo.Binary, initialize=0)
    high = 2000.0 if slack else 0.0
    m.over = pyo.Var(range(rows), bounds=(0.0, high), initialize=0)
    m.under = pyo.Var(range(rows), bounds=(0.0, high), initialize=0)

    def row(m: pyo.ConcreteModel, i: int) -> object:
        total = sum(int(a[i, j]) * m.x[j] for j in range(columns))
        return total + m.under[i] - m.over[i] == int(a[i].sum()) // 2

    m.rows = pyo.Constraint(range(rows), rule=row)
    total = pyo.summation(m.over) + pyo.summation(m.under)
    m.goal = pyo.Objective(expr=10.0 - total if sense == pyo.maximize else total, sense=sense)
    return m


def random_program(seed: int) -> Program:
    """Draw a feasible program of a few columns, all bounded, some of them integer."""
    rng = np.random.default_rng(seed)
    columns, rows = int(rng.integers(2, 7)), int(rng.integers(1, 6))
    integer = rng.random(columns) < 0.5
    scale = 10.0 ** rng.integers(-1, 3)
    matrix = np.round(rng.normal(size=(rows, columns)) * scale, int(rng.integers(0, 5)))
    matrix[rng.random((rows, columns)) < 0.3] = 0.0
    lower = np.where(integer, rng.integers(-3, 1, columns), rng.uniform(-50.0, 0.0, columns))
    upper = np.where(integer, rng.integers(1, 5, columns), rng.uniform(1.0, 1000.0, columns))
    point = lower + (upper - lower) * rng.random(columns)
    point = np.where(integer, np.rint(point), point)
    activity = matrix @ point
    kinds, width = rng.integers(0, 4, rows), rng.uniform(0.0, 2.0, rows)
    low = np.select([kinds == 0, kinds == 3], [-np.inf, activity], activity - width)
    high = np.select([kinds == 1, kinds == 3], [np.inf, activity], activity + width)
    return Program(
        cost=np.round(rng.normal(size=columns) * 5.0, 2),
        offset=float(rng.integers(-5, 5)),
        maximise=bool(rng.random() < 0.5),
        lower=lower.astype(float),
        upper=upper.astype(float),
        integer=integer,
        matrix=csr_array(matrix),
        row_lower=low,
        row_upper=high,
    )


__all__ = ["conformance_faults"]
