"""Each method that others would use returns a legal plan, and bounds that hold."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import qkdopt
from benchmarks.methods import METHODS, Limits
from benchmarks.methods.__main__ import found_before
from benchmarks.methods.column_generation import (
    configurations_of,
    demands_carried,
    demands_on_routes,
    heaviest_of_channels,
)
from benchmarks.methods.configurations import (
    Configuration,
    ConfigurationMaster,
    demand_classes,
)
from benchmarks.methods.method import Deadline, Method
from benchmarks.methods.placement import Placement
from benchmarks.methods.surrogate import linearised
from qkdopt.heuristics import ds_qkd
from qkdopt.problem import build_problem
from qkdopt.problem.plan import BLOCKED, assess
from tests.shipped import LIBRARY

SMALL = ("mesh6_pair", "line_1to2_reserved", "ring_blocks")
BEST_KNOWN_BPS = {
    "mesh6_pair": (10, 42774.7),
    "line_1to2_reserved": (5, 43721.9),
    "ring_blocks": (10, 41637.7),
}


def problem_of(name: str):
    return build_problem(qkdopt.read_instance(LIBRARY / "small" / f"{name}.json"))


@pytest.mark.parametrize("name", SMALL[:1])
@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_method_returns_a_legal_plan_and_a_bound_that_holds(method, name):
    if method.missing:
        pytest.skip(method.missing)
    problem = problem_of(name)
    answer = method.run(problem, Limits(seconds=1.5, threads=1, seed=1))
    result = qkdopt.solve(problem.instance, strategy=found_before(answer.plan, method.name))
    assert result.strategy == method.name
    assert not qkdopt.check(problem.instance, result).faults
    served, best_bps = BEST_KNOWN_BPS[name]
    assert assess(problem, answer.plan).key >= assess(problem, ds_qkd(problem)).key
    assert (result.value.served, result.value.objective_bps) <= (served, best_bps)
    if answer.bound_bps is not None and result.value.served == served:
        assert answer.bound_bps >= best_bps * (1.0 - 1e-4)
    assert answer.served_bound is None or answer.served_bound >= served


def test_ours_and_others_are_there():
    assert {
        "auto", "local-search", "ds-qkd", "ds-qkd-synergistic", "joint-highs", "joint-scip",
        "textbook-highs", "cp-sat", "column-generation", "genetic-algorithm",
    } == set(METHODS)  # fmt: skip


def test_a_missing_library_is_named_with_its_remedy():
    method = Method("x", METHODS["auto"].run, "no_such_library", "pip install it")
    assert method.missing == "no_such_library is not installed; pip install it"
    assert not METHODS["auto"].missing


@pytest.mark.parametrize("name", ["column-generation", "genetic-algorithm"])
@pytest.mark.parametrize("small", SMALL[1:])
def test_reserved_candidates_and_wide_demands_are_covered(name, small):
    if METHODS[name].missing:
        pytest.skip(METHODS[name].missing)
    problem = problem_of(small)
    plan = METHODS[name].run(problem, Limits(seconds=1.0, threads=1, seed=1)).plan
    result = qkdopt.solve(problem.instance, strategy=found_before(plan, name))
    assert result.value.served == BEST_KNOWN_BPS[small][0]


# -- placement --------------------------------------------------------------------------


def test_wishes_are_granted_where_they_are_legal_and_forgotten_afterwards():
    problem = problem_of("mesh6_pair")
    plan = ds_qkd(problem)
    placement, everyone = Placement(problem), range(len(plan.routes))
    for _ in range(2):
        assert placement.plan(everyone, plan.routes, plan.channels) == plan
    assert placement.plan(everyone, [0] * len(plan.routes)) == plan


def test_clashing_wishes_end_in_a_legal_plan():
    problem = problem_of("ring_blocks")
    demands = len(problem.routes)
    same = [tuple(range(d.channels)) for d in problem.instance.demands]
    plan = Placement(problem).plan(range(demands), [1] * demands, same)
    result = qkdopt.solve(problem.instance, strategy=found_before(plan, "clash"))
    assert result.value.served > 0


def test_demands_left_out_of_the_order_stay_blocked():
    problem = problem_of("mesh6_pair")
    plan = Placement(problem).plan([3], [0] * len(problem.routes))
    assert [r for r, route in enumerate(plan.routes) if route != BLOCKED] == [3]


# -- column generation ------------------------------------------------------------------


def every_configuration(classes, channels):
    """Every set of link-disjoint routes, on every channel."""
    routes = [route for one in classes for route in one.routes]
    places = [{(hop.link, hop.fibre) for hop in route.hops} for route in routes]
    sets = [
        chosen
        for size in range(1, 4)
        for chosen in itertools.combinations(range(len(routes)), size)
        if all(places[a].isdisjoint(places[b]) for a, b in itertools.combinations(chosen, 2))
    ]
    return [Configuration(w, chosen) for w in range(channels) for chosen in sets]


@pytest.mark.parametrize("name", ["triangle", "triangle_pair"])
def test_generated_columns_reach_the_value_of_all_columns(name):
    problem = problem_of(name)
    plan, classes = ds_qkd(problem), demand_classes(problem)
    surrogate, kept = linearised(problem, plan), demands_on_routes(classes, plan)
    all_columns = every_configuration(classes, problem.instance.grid.channels)
    assert len(all_columns) > 20
    values = []
    for columns in (configurations_of(classes, plan), all_columns):
        master = ConfigurationMaster(problem, classes, surrogate, columns, kept, 0.1, threads=1)
        assert master.generate(Deadline(30.0))
        values.append(master.value)
        used, counts, whole = master.whole(configurations_of(classes, plan), 30.0)
        assert whole <= master.value + 1e-6
        assert counts.sum() == plan.served
        assert len({column.channel for column in used}) == len(used)
    assert values[0] == pytest.approx(values[1], abs=1e-3)


def test_rounding_takes_one_configuration_a_channel_and_no_more_demands_than_there_are():
    weighted = {
        Configuration(0, (0,)): 0.4,
        Configuration(0, (1, 2)): 0.6,
        Configuration(2, (0,)): 1,
    }
    heaviest = heaviest_of_channels(weighted)
    assert {*heaviest} == {Configuration(0, (1, 2)), Configuration(2, (0,))}
    classes = demand_classes(problem_of("mesh6_pair"))
    everything = [Configuration(w, tuple(range(len(classes)))) for w in range(40)]
    counts = demands_carried(classes, everything)
    assert counts.sum() > 0
    for one in classes:
        assert counts[one.first : one.first + len(one.routes)].sum() <= len(one.demands)


def test_more_light_costs_more_in_the_surrogate_and_guard_bands_are_not_allowed():
    problem = problem_of("mesh6_pair")
    plan = ds_qkd(problem)
    surrogate = linearised(problem, plan)
    assert (surrogate.cost_bps >= 0.0).all()
    assert surrogate.cost_bps.any()
    for e, candidate in enumerate(plan.working):
        dark = np.flatnonzero(problem.tables.blocks[e, candidate])
        assert len(dark)
        for direction in range(2):
            shared = problem.tables.in_quantum_fibre[e, direction]
            assert surrogate.allowed[e, direction][dark].any() == (not shared)
