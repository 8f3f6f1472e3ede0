"""What must not change an answer, and what can only make it worse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import qkdopt
from qkdopt.heuristics import ds_qkd
from qkdopt.instance import Instance
from qkdopt.problem import build_problem
from qkdopt.problem.plan import BLOCKED, assess
from tests.brute_force import Oracle
from tests.random_instances import random_instance


def relabelled(instance: Instance) -> Instance:
    """Rename nodes by an order-preserving map: ties between routes stay broken as before."""
    data = instance.to_json_dict()
    for node in data["network"]["nodes"]:
        node["id"] = 100 + 3 * node["id"]
    for link in data["network"]["links"]:
        link["a"], link["b"] = 100 + 3 * link["a"], 100 + 3 * link["b"]
    for demand in data["demands"]:
        demand["source"] = 100 + 3 * demand["source"]
        demand["target"] = 100 + 3 * demand["target"]
    return Instance.model_validate(data, strict=False)


@pytest.mark.parametrize("seed", range(20))
def test_names_of_nodes_change_nothing(seed):
    instance = random_instance(seed, most_demands=6)
    one = qkdopt.solve(instance, strategy="ds-qkd")
    other = qkdopt.solve(relabelled(instance), strategy="ds-qkd")
    assert one.value == other.value
    assert [p.links for p in one.lightpaths] == [p.links for p in other.lightpaths]


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_links_changes_no_optimum(seed):
    instance = random_instance(seed)
    data = instance.to_json_dict()
    data["network"]["links"].reverse()
    turned = Instance.model_validate(data, strict=False)
    # With every route a candidate, ties in their order cannot matter.
    instance, turned = (
        one.model_copy(update={"routes": one.routes.model_copy(update={"k": 9})})
        for one in (instance, turned)
    )
    best, other = Oracle(instance).best(), Oracle(turned).best()
    assert best.keys() == other.keys()
    assert all(other[n] == pytest.approx(best[n], rel=1e-12) for n in best)


@pytest.mark.parametrize("seed", range(40))
def test_one_lightpath_less_never_lowers_a_link(seed):
    instance = random_instance(seed, most_demands=6, channels=(5, 7))
    problem = build_problem(instance, "mean")
    plan = ds_qkd(problem)
    before = assess(problem, plan).link_skr_bps
    assert plan.served > 0
    for r, route in enumerate(plan.routes):
        if route == BLOCKED:
            continue
        routes = tuple(BLOCKED if k == r else number for k, number in enumerate(plan.routes))
        channels = tuple(() if k == r else lit for k, lit in enumerate(plan.channels))
        after = assess(problem, replace(plan, routes=routes, channels=channels)).link_skr_bps
        assert np.all(after >= before - 1e-9)
