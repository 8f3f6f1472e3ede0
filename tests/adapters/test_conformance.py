"""One suite over every installed solver: what it is asked and what it must answer."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest

from qkdopt.adapters import ADAPTERS, Limits, Status, adapter_of
from qkdopt.adapters.highs import HighsAdapter
from qkdopt.errors import UsageError

INSTALLED = [name for name, adapter in ADAPTERS.items() if adapter.available()]
CALM = Limits(seconds=20.0, gap=1e-9)
every_solver = pytest.mark.parametrize("name", INSTALLED)


def knapsack(sense: int = pyo.maximize) -> pyo.ConcreteModel:
    """Best 8 + 4 = 12 by items 1 and 2 with an offset of 100; the relaxation is above it."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(4), domain=pyo.Binary, initialize=0)
    worth, weight = [6.0, 8.0, 4.0, 5.5], [4.0, 5.0, 3.0, 4.0]
    sign = 1.0 if sense == pyo.maximize else -1.0
    m.room = pyo.Constraint(expr=sum(weight[i] * m.x[i] for i in range(4)) <= 8.0)
    m.goal = pyo.Objective(
        expr=100.0 + sign * sum(worth[i] * m.x[i] for i in range(4)), sense=sense
    )
    return m


def market_split(rows: int = 4, columns: int = 30) -> pyo.ConcreteModel:
    """A small equality problem that no solver closes in a second; x = slack is feasible."""
    rng = np.random.default_rng(7)
    a = rng.integers(0, 100, (rows, columns))
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(columns), domain=pyo.Binary, initialize=0)
    m.over = pyo.Var(range(rows), domain=pyo.NonNegativeReals, bounds=(0, 1e5))
    m.under = pyo.Var(range(rows), domain=pyo.NonNegativeReals, bounds=(0, 1e5))

    def row(m, i):
        total = sum(int(a[i, j]) * m.x[j] for j in range(columns))
        return total + m.under[i] - m.over[i] == int(a[i].sum()) // 2

    m.rows = pyo.Constraint(range(rows), rule=row)
    m.goal = pyo.Objective(expr=pyo.summation(m.over) + pyo.summation(m.under))
    return m


@every_solver
@pytest.mark.parametrize("sense", [pyo.maximize, pyo.minimize])
def test_optimum_and_bound_keep_the_models_sense_and_offset(name, sense):
    model = knapsack(sense)
    outcome = adapter_of(name).solve(model, CALM)
    best = 112.0 if sense == pyo.maximize else 88.0
    assert outcome.status is Status.OPTIMAL
    assert outcome.has_solution
    assert outcome.incumbent == pytest.approx(best)
    assert outcome.bound == pytest.approx(best)
    assert [round(pyo.value(model.x[i])) for i in range(4)] == [0, 1, 1, 0]
    assert outcome.start_accepted is None
    assert outcome.solver == name
    assert outcome.version


@every_solver
def test_a_linear_program_is_its_own_bound(name):
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0.0, 3.5))
    m.goal = pyo.Objective(expr=2.0 * m.x, sense=pyo.maximize)
    m.row = pyo.Constraint(expr=m.x <= 3.0)
    outcome = adapter_of(name).solve(m, CALM)
    assert (outcome.status, outcome.incumbent, outcome.bound) == (Status.OPTIMAL, 6.0, 6.0)


@every_solver
def test_infeasible_has_neither_solution_nor_bound(name):
    model = knapsack()
    model.never = pyo.Constraint(expr=model.x[0] + model.x[1] >= 3)
    outcome = adapter_of(name).solve(model, CALM)
    assert outcome.status is Status.INFEASIBLE
    assert not outcome.has_solution
    assert outcome.incumbent is None
    assert outcome.bound is None


@every_solver
def test_time_limit_leaves_the_incumbent_and_a_bound_on_the_right_side(name):
    model = market_split()
    outcome = adapter_of(name).solve(model, Limits(seconds=1.0, gap=0.0))
    assert outcome.status is Status.LIMIT
    assert outcome.has_solution
    assert outcome.seconds < 10.0
    assert outcome.incumbent is not None
    assert outcome.bound is not None
    assert outcome.bound + 1e-6 >= 0.0
    assert outcome.bound < outcome.incumbent
    assert pyo.value(model.goal) == pytest.approx(outcome.incumbent, abs=1e-3)


@every_solver
def test_no_time_at_all_is_a_limit_without_solution(name):
    outcome = adapter_of(name).solve(market_split(), Limits(seconds=0.0, gap=0.0))
    assert outcome.status is Status.LIMIT
    if not outcome.has_solution:
        assert outcome.incumbent is None


@every_solver
def test_a_watcher_stops_the_run(name):
    seen = []

    def watch(incumbent, bound):
        seen.append((incumbent, bound))
        return len(seen) < 3

    outcome = adapter_of(name).solve(market_split(), Limits(seconds=30.0, gap=0.0), watch=watch)
    assert outcome.status is Status.INTERRUPTED
    assert outcome.seconds < 20.0
    assert len(seen) >= 3


@every_solver
def test_an_error_in_the_watcher_is_not_swallowed(name):
    def watch(incumbent, bound):
        raise KeyError("planted")

    with pytest.raises(KeyError, match="planted"):
        adapter_of(name).solve(market_split(), Limits(seconds=30.0, gap=0.0), watch=watch)


@every_solver
@pytest.mark.parametrize(("chosen", "accepted"), [((1, 2), True), ((0, 1, 2), False)])
def test_start_is_taken_or_refused_and_told(name, chosen, accepted):
    model = knapsack()
    for i in range(4):
        model.x[i].set_value(int(i in chosen))
    outcome = adapter_of(name).solve(model, CALM, start=True)
    assert outcome.start_accepted is accepted
    assert outcome.incumbent == pytest.approx(112.0)


@every_solver
def test_same_seed_and_node_limit_give_the_same_answer(name):
    limits = Limits(seconds=60.0, gap=0.0, nodes=200, seed=3)
    one, other = (adapter_of(name).solve(market_split(), limits) for _ in range(2))
    assert one.status is Status.LIMIT
    assert (one.incumbent, one.bound, one.nodes) == (other.incumbent, other.bound, other.nodes)


@every_solver
def test_more_threads_find_the_same_optimum(name):
    outcome = adapter_of(name).solve(knapsack(), Limits(seconds=20.0, gap=1e-9, threads=2))
    assert outcome.incumbent == pytest.approx(112.0)


def test_a_word_that_is_not_in_the_table_is_a_failure(monkeypatch):
    monkeypatch.setattr("qkdopt.adapters.highs.STATUS", {})
    outcome = HighsAdapter().solve(knapsack(), CALM)
    assert outcome.status is Status.FAILED
    assert not outcome.has_solution
    assert outcome.bound is None


def test_an_unknown_solver_is_named():
    with pytest.raises(UsageError, match="expected one of highs"):
        adapter_of("abacus")
