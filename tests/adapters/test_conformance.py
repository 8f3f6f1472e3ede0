"""Conformance suite over every installed solver."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyomo.environ as pyo
import pytest

from qkdopt.adapters import ADAPTERS, Limits, SizeLimit, Status, adapter_of, program_of_model
from qkdopt.adapters.base import Observer
from qkdopt.adapters.conformance import knapsack, market_split, random_program
from qkdopt.errors import LicenceError, SolverMissingError, UnsupportedError, UsageError
from tests.command import HANG_SECONDS

CALM = Limits(seconds=20.0, gap=1e-9)
SHORT = Limits(seconds=1.0, gap=0.0)
# Grid of a solver that takes no continuous columns, on the models here.
GRID_ERROR = 1e-2


def solver(name: str) -> object:
    adapter = ADAPTERS[name]
    reason = f"solver {name!r} is not installed; {adapter.install}"
    return pytest.param(name, marks=pytest.mark.skipif(not adapter.available(), reason=reason))


every_solver = pytest.mark.parametrize("name", [solver(name) for name in ADAPTERS])
every_licence = pytest.mark.parametrize(
    "name", [solver(name) for name, adapter in ADAPTERS.items() if adapter.size is not None]
)


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
    assert outcome.gap == pytest.approx(0.0, abs=1e-6)
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
    assert outcome.status is Status.OPTIMAL
    assert outcome.incumbent == pytest.approx(6.0)
    assert outcome.bound == pytest.approx(6.0)


@every_solver
@pytest.mark.parametrize("linear", [False, True])
def test_infeasible_has_neither_solution_nor_bound(name, linear):
    model = knapsack()
    model.never = pyo.Constraint(expr=model.x[0] + model.x[1] >= 3)
    if linear:
        for variable in model.x.values():
            variable.domain = pyo.Reals
            variable.setlb(0.0)
            variable.setub(1.0)
    outcome = adapter_of(name).solve(model, CALM)
    assert outcome.status is Status.INFEASIBLE
    assert not outcome.has_solution
    assert outcome.incumbent is None
    assert outcome.bound is None
    assert outcome.gap is None


@every_solver
@pytest.mark.parametrize("domain", [pyo.NonNegativeReals, pyo.NonNegativeIntegers])
def test_unbounded_is_never_called_infeasible(name, domain):
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=domain)
    m.y = pyo.Var(domain=pyo.NonNegativeReals)
    m.row = pyo.Constraint(expr=m.x - m.y <= 1.0)
    m.goal = pyo.Objective(expr=m.x + m.y, sense=pyo.maximize)
    adapter = adapter_of(name)
    if not adapter.capabilities.continuous:
        with pytest.raises(UnsupportedError, match="needs bounds on every variable; x has none"):
            adapter.solve(m, CALM)
        return
    outcome = adapter.solve(m, Limits(seconds=0.5, gap=0.0))
    assert outcome.status not in (Status.INFEASIBLE, Status.OPTIMAL)
    assert outcome.bound is None


@every_solver
@pytest.mark.parametrize("seed", range(20))
def test_random_programs_have_the_optimum_that_highs_finds(name, seed):
    program = random_program(seed)
    outcome, values = adapter_of(name).solve_program(program, CALM)
    best = adapter_of("highs").solve_program(program, CALM)[0].incumbent
    assert outcome.status in (Status.OPTIMAL, Status.LIMIT)
    assert outcome.incumbent == pytest.approx(best, rel=1e-5, abs=1e-5)
    assert outcome.bound == pytest.approx(best, rel=1e-5, abs=GRID_ERROR)
    assert program.violation(values) < 1e-5
    assert program.objective(values) == outcome.incumbent


@every_solver
@pytest.mark.parametrize("sense", [pyo.maximize, pyo.minimize])
def test_time_limit_leaves_the_incumbent_and_a_bound_on_the_right_side(name, sense):
    model = market_split(sense=sense)
    outcome = adapter_of(name).solve(model, SHORT)
    assert outcome.status is Status.LIMIT
    assert outcome.has_solution
    sign, best = (-1.0, 10.0) if sense == pyo.maximize else (1.0, 0.0)
    assert outcome.incumbent is not None
    assert outcome.bound is not None
    # The relaxation has the best possible value, and nothing else is proved.
    assert outcome.bound == pytest.approx(best, abs=GRID_ERROR)
    assert sign * outcome.bound < sign * outcome.incumbent
    assert pyo.value(model.goal) == pytest.approx(outcome.incumbent, abs=1e-3)


class Improvements(Observer):
    def __init__(self):
        super().__init__(None)
        self.values = []

    def improve(self, values):
        self.values.append(values)


@pytest.mark.parametrize("name", [solver(name) for name in ("highs", "scip", "cp-sat", "gurobi")])
@pytest.mark.parametrize("sense", [pyo.maximize, pyo.minimize])
def test_solutions_are_reported_while_the_solver_runs(name, sense):
    adapter = adapter_of(name)
    program = program_of_model(market_split(sense=sense))[0]
    given = program if adapter.takes_ranges else program.one_sided()
    # On a busy machine a solution may come in the instant between its time limit and the answer.
    for seconds in (1.0, 3.0, 9.0):
        improvements = Improvements()
        answer = adapter.run(given, Limits(seconds=seconds, gap=0.0), None, improvements)
        assert improvements.values
        for values in improvements.values:
            assert program.violation(values) < 1e-5
        last, best = (program.objective(v) for v in (improvements.values[-1], answer.values))
        if last == pytest.approx(best, abs=1e-3):
            return
    raise AssertionError(f"the last solution that was reported has {last}, the answer {best}")


@every_solver
def test_time_limit_without_incumbent_says_so(name):
    model = market_split(6, 60, slack=False)
    outcome = adapter_of(name).solve(model, Limits(seconds=0.3, gap=0.0))
    assert outcome.status is Status.LIMIT
    assert not outcome.has_solution
    assert outcome.incumbent is None
    assert outcome.gap is None


@every_solver
def test_no_time_at_all_is_a_limit(name):
    outcome = adapter_of(name).solve(market_split(), Limits(seconds=0.0, gap=0.0))
    assert outcome.status is Status.LIMIT
    assert outcome.has_solution == (outcome.incumbent is not None)


@every_solver
def test_a_watcher_is_called_repeatedly_and_stops_the_run(name):
    seen = []

    def watch(incumbent, bound):
        seen.append((incumbent, bound))
        return len(seen) < 4 or all(incumbent is None for incumbent, _ in seen)

    adapter = adapter_of(name)
    # No solver closes it: without the watcher the run would be one to the limit.
    model = market_split(6, 60, sense=pyo.maximize)
    outcome = adapter.solve(model, Limits(seconds=HANG_SECONDS, gap=0.0), watch=watch)
    assert outcome.status is Status.INTERRUPTED
    assert len(seen) >= 4
    assert seen[-1][0] is not None
    for incumbent, bound in seen:
        assert incumbent is None or incumbent <= 10.0
        assert bound is None or bound >= 10.0 - 1e-6
    assert outcome.has_solution == adapter.capabilities.keeps_solution


@every_solver
@pytest.mark.parametrize("error", [KeyError("planted"), KeyboardInterrupt("planted")])
def test_an_error_in_the_watcher_is_not_swallowed(name, error):
    def watch(incumbent, bound):
        raise error

    with pytest.raises(type(error), match="planted"):
        adapter_of(name).solve(market_split(), Limits(seconds=HANG_SECONDS, gap=0.0), watch=watch)


@every_solver
@pytest.mark.parametrize(("chosen", "accepted"), [((1, 2), True), ((0, 1, 2), False)])
def test_start_is_accepted_or_rejected_and_reported(name, chosen, accepted):
    model = knapsack()
    for i in range(4):
        model.x[i].set_value(int(i in chosen))
    adapter = adapter_of(name)
    outcome = adapter.solve(model, CALM, start=True)
    assert outcome.start_accepted is (accepted and adapter.capabilities.start)
    assert outcome.incumbent == pytest.approx(112.0)


@every_solver
def test_a_start_with_continuous_columns_is_taken(name):
    model = market_split()
    for i, row in model.rows.items():
        model.under[i].set_value(pyo.value(row.upper))
    adapter = adapter_of(name)
    # On a busy machine the first second may go by while the solver is loaded.
    for seconds in (1.0, 4.0):
        outcome = adapter.solve(model, replace(SHORT, seconds=seconds), start=True)
        if outcome.start_accepted is adapter.capabilities.start:
            return
    raise AssertionError(f"start_accepted = {outcome.start_accepted}")


@every_solver
def test_same_seed_and_node_limit_give_the_same_outcome(name):
    adapter = adapter_of(name)
    limits = Limits(seconds=HANG_SECONDS, gap=0.0, nodes=50, seed=3)
    if not adapter.capabilities.node_limit:
        with pytest.raises(UnsupportedError, match="has no node limit"):
            adapter.solve(market_split(), limits)
        return
    first, second = (adapter.solve(market_split(), limits) for _ in range(2))
    assert first.status is Status.LIMIT
    assert (first.incumbent, first.bound, first.nodes) == (
        second.incumbent,
        second.bound,
        second.nodes,
    )


@every_solver
def test_another_seed_matters_only_where_there_is_one(name):
    adapter = adapter_of(name)
    nodes = 50 if adapter.capabilities.node_limit else None
    # A solver without node limit gets a model that it can finish.
    model = market_split if nodes else knapsack

    def outcome_of(seed):
        limits = Limits(seconds=HANG_SECONDS, gap=0.0, nodes=nodes, seed=seed)
        outcome = adapter.solve(model(), limits)
        return outcome.incumbent, outcome.bound, outcome.nodes

    different = len({outcome_of(seed) for seed in range(4)}) > 1
    assert different == (adapter.capabilities.seed and nodes is not None)


@every_solver
def test_more_threads_find_the_same_optimum(name):
    outcome = adapter_of(name).solve(knapsack(), Limits(seconds=20.0, gap=1e-9, threads=2))
    assert outcome.incumbent == pytest.approx(112.0)


@every_solver
def test_a_status_that_is_not_in_the_table_is_a_failure(name, monkeypatch):
    adapter = adapter_of(name)
    monkeypatch.setattr(type(adapter), "statuses", {})
    outcome = adapter.solve(knapsack(), CALM)
    assert outcome.status is Status.FAILED
    assert outcome.message
    assert not outcome.has_solution
    assert outcome.bound is None


@every_solver
def test_a_solver_prints_nothing(name, capfd):
    adapter = adapter_of(name)
    capfd.readouterr()
    adapter.solve(knapsack(), CALM, start=True, watch=lambda *_: True)
    output = capfd.readouterr()
    assert (output.out, output.err) == ("", "")


@every_solver
def test_a_program_is_solved_as_the_model_that_it_was_made_from(name):
    model = knapsack()
    program, columns = program_of_model(model)
    start = np.array([float(column.index() in (1, 2)) for column in columns])
    adapter = adapter_of(name)
    outcome, values = adapter.solve_program(program, CALM, start=start)
    assert outcome.incumbent == pytest.approx(112.0)
    assert np.rint(values).tolist() == start.tolist()
    assert outcome.start_accepted is adapter.capabilities.start


@every_licence
def test_a_model_over_the_free_size_is_refused_before_it_is_built(name):
    adapter = adapter_of(name)
    if adapter.licensed():
        pytest.skip(f"{name} has a licence here")
    with pytest.raises(LicenceError, match=f"{name} without a licence takes at most .*highs"):
        adapter.require_size(rows=10, columns=5310)


@every_licence
def test_the_free_size_is_what_the_solver_really_takes(name):
    adapter = adapter_of(name)
    if adapter.licensed():
        pytest.skip(f"{name} has a licence here")
    columns = adapter.size.columns or adapter.size.total - 1
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(columns), domain=pyo.Binary)
    m.row = pyo.Constraint(expr=pyo.summation(m.x) <= 5)
    m.goal = pyo.Objective(expr=pyo.summation(m.x), sense=pyo.maximize)
    assert adapter.solve(m, CALM).incumbent == pytest.approx(5.0)


@every_solver
@pytest.mark.parametrize("size", [SizeLimit(columns=3, rows=9), SizeLimit(total=4)])
def test_a_size_limit_counts_unless_there_is_a_licence(name, size, monkeypatch):
    adapter = adapter_of(name)
    monkeypatch.setattr(type(adapter), "size", size)
    monkeypatch.setattr(type(adapter), "licensed", lambda self: False)
    with pytest.raises(LicenceError, match="this model has 4 columns and 1 rows"):
        adapter.solve(knapsack(), CALM)
    monkeypatch.setattr(type(adapter), "licensed", lambda self: True)
    assert adapter.solve(knapsack(), CALM).status is Status.OPTIMAL


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_solver_that_is_not_installed_says_how_to_install_it(name, monkeypatch):
    adapter = adapter_of(name)
    monkeypatch.setattr(type(adapter), "available", lambda self: False)
    with pytest.raises(SolverMissingError, match=f"{name}.* is not installed; .*install "):
        adapter.solve(knapsack(), CALM)


def test_an_unknown_solver_is_named():
    with pytest.raises(UsageError, match="expected one of highs, scip"):
        adapter_of("abacus")
