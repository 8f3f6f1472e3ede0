"""The load-state formulation: every rule as a text, and every plan a point of it."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import numpy as np
import pyomo.environ as pyo
import pytest

from qkdopt.adapters import Limits, Status, adapter_of
from qkdopt.errors import UnsupportedError
from qkdopt.heuristics import ds_qkd, ds_qkd_synergistic
from qkdopt.milp import loads
from qkdopt.milp.loads import LoadModel, build_loads, cut_off, routes_of_model
from qkdopt.problem import build_problem
from qkdopt.problem.load_states import co_direction
from qkdopt.problem.plan import BLOCKED, assess, lit_channels
from tests.command import HANG_SECONDS
from tests.milp.test_truth_tables import optimum
from tests.milp.tiny import clear, holds, lp_text, tiny_instance
from tests.random_instances import random_instance

TEXTS = Path(__file__).parent / "loads_lp"
RULES = {
    "demands_of_class": loads.demands_of_class,
    "one_state": loads.one_state,
    "lightpaths_of_item": loads.lightpaths_of_item,
    "load_of_state": loads.load_of_state,
    "only_in_its_state": loads.only_in_its_state,
    "rate_of_state": loads.rate_of_state,
    "rate_on_route": loads.rate_on_route,
    "serves_in_place": loads.serves_in_place,
}
SEEDS = range(1, 25)


def plain_problem(seed: int):
    return build_problem(random_instance(seed, floors=False), "mean")


def with_rule(name: str) -> LoadModel:
    instance = tiny_instance(in_place=name == "serves_in_place")
    if instance.lightpaths:
        fixed = [path.model_copy(update={"movable": False}) for path in instance.lightpaths]
        instance = instance.replace(lightpaths=fixed, moves_limit=None)
    m = LoadModel(build_problem(instance, "mean"))
    m.name = name
    loads.declare_variables(m)
    m.rule = RULES[name](m)
    return m


def place(m: LoadModel, plan) -> None:
    """Give every variable the value it has in a plan."""
    problem, rel = m.problem, m.arrays
    exact, lit = assess(problem, plan), lit_channels(problem, plan)
    clear(m)
    for d, group in enumerate(m.classes):
        for r in group.demands:
            if plan.routes[r] != BLOCKED:
                p = int(rel.class_route[d]) + plan.routes[r]
                m.n[p].set_value(m.n[p].value + 1)
                m.z[p].set_value(m.z[p].value + exact.demand_skr_bps[r] / m.unit_bps)
    for e in m.links:
        co = co_direction(problem.tables, e)
        counted = [rel.states[e].shared_fibre or d == co for d in (0, 1)]
        load = int((lit[e].sum(axis=1) * counted).sum())
        s = m.loads[e].index(load)
        m.h[e, s].set_value(1)
        for i in m.items_of[e]:
            channels = int(rel.class_channels[rel.item_class[i]])
            m.v[i, s].set_value(channels * sum(m.n[p].value for p in m.over[i]))


@pytest.mark.parametrize("name", RULES)
def test_rule_reads_as_reviewed(name, tmp_path):
    text = lp_text(with_rule(name), tmp_path)
    path = TEXTS / f"{name}.lp"
    if os.environ.get("QKDOPT_REWRITE"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("heuristic", [ds_qkd, ds_qkd_synergistic])
def test_every_plan_is_a_point_worth_at_least_its_exact_rate(seed, heuristic):
    problem = plain_problem(seed)
    plan = heuristic(problem)
    m = build_loads(problem, served=plan.served)
    place(m, plan)
    assert holds(m)
    total_bps = assess(problem, plan).demand_skr_bps.sum()
    assert pyo.value(m.goal) * m.unit_bps == pytest.approx(total_bps)
    assert sorted(routes_of_model(m)) == sorted(plan.routes)


@pytest.mark.parametrize("name", [n for n in RULES if n not in ("rate_on_route",)])
def test_no_rule_is_idle(name):
    """Some point that breaks the meaning of the rule breaks the rule."""
    m = with_rule(name)
    clear(m)
    e = m.links[0]
    i = m.items_of[e][0]
    broken = {
        "demands_of_class": lambda: [m.n[p].set_value(9, skip_validation=True) for p in m.P],
        "one_state": lambda: None,
        "lightpaths_of_item": lambda: m.n[m.over[i][0]].set_value(1),
        "load_of_state": lambda: m.h[e, 1].set_value(1),
        "only_in_its_state": lambda: m.v[i, 1].set_value(1),
        "serves_in_place": lambda: None,
        "rate_of_state": lambda: m.z[m.over[i][0]].set_value(0.5, skip_validation=True),
    }
    broken[name]()
    assert not holds(m)


def test_rate_on_route__no_key_without_demands():
    m = with_rule("rate_on_route")
    for p, n, share in product(m.P, (0, 1), (0.0, 0.5, 1.0, 1.1)):
        clear(m)
        m.n[p].set_value(n)
        max_rate = m.z[p].ub / max(1, m.n[p].ub)
        m.z[p].set_value(share * max_rate, skip_validation=True)
        assert holds(m) == (share * max_rate <= n * max_rate + 1e-9)


def test_rate_on_route__of_twins_each_draws_no_more_than_one_of_them():
    instance = tiny_instance()
    twin = instance.demands[0].model_copy(update={"id": 99})
    classical = instance.classical.model_copy(update={"launch_dbm": -8.0})
    twins = instance.model_copy(
        update={"demands": (*instance.demands, twin), "classical": classical}
    )
    m = LoadModel(build_problem(twins, "mean"))
    loads.declare_variables(m)
    m.rule = RULES["rate_on_route"](m)
    pairs = [p for p in m.P if m.n[p].ub == 2 and m.z[p].ub > 0.0]
    assert pairs
    for p, n, share in product(pairs, (0, 1, 2), (0.0, 0.4, 0.5, 0.6, 1.0)):
        clear(m)
        m.n[p].set_value(n)
        m.z[p].set_value(share * m.z[p].ub)
        assert holds(m) == (share <= 0.5 * n)


def test_a_cut_takes_its_routing_and_no_other_away():
    problem = plain_problem(3)
    plan = ds_qkd(problem)
    m = build_loads(problem, served=plan.served)
    best = optimum(m)
    routes = routes_of_model(m)
    seen = [routes]
    for _ in range(6):
        cut_off(m, 0.0, best)
        outcome = adapter_of("highs").solve(m, Limits(seconds=HANG_SECONDS, gap=1e-9))
        assert outcome.status is Status.OPTIMAL
        if outcome.incumbent <= 1e-6:
            break
        assert outcome.incumbent <= best + 1e-6
        best = outcome.incumbent
        routing = routes_of_model(m)
        assert routing not in seen
        seen.append(routing)
    assert len(seen) > 1


def test_a_routing_without_wavelengths_is_forbidden():
    problem = plain_problem(3)
    m = build_loads(problem, served=ds_qkd(problem).served)
    optimum(m)
    routes = routes_of_model(m)
    cut_off(m, None, np.inf)
    optimum(m)
    assert routes_of_model(m) != routes


@pytest.mark.parametrize(
    ("relay", "objective", "expected"),
    [("widest", "mean", "relay = widest"), ("lightpath", "max-min", "objective max-min")],
)
def test_what_it_does_not_cover_is_refused(relay, objective, expected):
    problem = build_problem(random_instance(1, relay=relay), objective)
    with pytest.raises(UnsupportedError, match=expected):
        build_loads(problem, served=1)
