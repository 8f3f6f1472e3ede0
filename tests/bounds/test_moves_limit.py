"""The limit on moves in the load-state bound: never below a plan, and worth what moves gain."""

from __future__ import annotations

import numpy as np
import pytest

import qkdopt
from qkdopt.bounds.classes import build_relaxation
from qkdopt.bounds.dual import dual_data, evaluate
from qkdopt.bounds.levels import level_edges
from qkdopt.bounds.served import served_bound
from qkdopt.problem import build_problem
from tests.corners.brownfield import brownfield
from tests.corners.enumeration import Enumeration
from tests.tiers import slow_beyond

# Draws in which a limit on moves costs key: a link that counts moves with half the rate, one
# lightpath less, or demands in place of lightpaths (628), has bounds below some of their plans.
# In the first ones the objective is mean and the relay lightpath.
MEAN = (216, 628, 681, 31, 97, 184)
SEEDS = (216, 628, 272, 47, 499, 501, 681, 706, 739, 31, 97)


def limited(seed):
    """Yield a draw with every limit that can matter."""
    drawn = brownfield(seed)
    movable = sum(path.movable for path in drawn.instance.lightpaths)
    for limit in range(movable + 1):
        yield drawn.instance.replace(moves_limit=limit), drawn.objective


@pytest.mark.parametrize("seed", slow_beyond(3, MEAN))
def test_every_dual_point_is_a_bound_whatever_the_limit(seed):
    rng = np.random.default_rng(seed)
    for instance, objective in limited(seed):
        best = Enumeration(instance, objective).run().sure
        relaxation = build_relaxation(build_problem(instance, objective))
        rates = np.concatenate([states.rate_bps for states in relaxation.states])
        high = max(float(rates.max()), 1.0)
        data = dual_data(relaxation, level_edges(rates, high, 6))
        allowed = np.ones(len(data.loads), dtype=bool)
        assert served_bound(relaxation) >= max(best)
        for served, mean in best.items():
            for scale in (0.0, 0.1, 1.0, 10.0):
                pi = rng.normal(0.0, 1.0, relaxation.items) * scale * high
                nu = rng.uniform(0.0, 1.0, (relaxation.items, len(data.level_widths)))
                point = evaluate(data, served, pi, nu, allowed)
                assert point is not None
                assert point.value_bps >= mean * served * (1.0 - 1e-12)


@pytest.mark.parametrize("seed", slow_beyond(3, SEEDS))
def test_no_bound_is_below_a_plan_whatever_the_limit(seed):
    for instance, objective in limited(seed):
        best = Enumeration(instance, objective).run().sure
        for served, mean in best.items():
            proved = qkdopt.bound(
                instance, served=served, objective=objective, node_limit=6, threads=1
            )
            assert proved.objective_bps >= mean * (1.0 - 1e-9) - 1e-6
            assert proved.served >= max(best)


def detours(limit, objective="mean"):
    """Return a problem whose demands are all in place, on the longest of their routes."""
    mesh = qkdopt.read_instance("instances/small/mesh6.json")
    mesh = mesh.replace(grid={"channels": 24}, qkd={"candidates": [10, 15, 20]})
    problem = build_problem(mesh, "mean")
    names = [link.id for link in mesh.network.links]
    lightpaths, channel = [], 0
    for r, demand in enumerate(mesh.demands):
        route = problem.routes[r][-1]
        channels = list(range(channel, channel + demand.channels))
        channel += demand.channels
        lightpaths.append(
            {"demand": demand.id, "route": list(nodes_of(mesh, demand, route)), "movable": True,
             "links": [names[e] for e in route.links], "channels": channels}
        )  # fmt: skip
    return build_problem(
        mesh.replace(lightpaths=lightpaths, moves_limit=limit),
        objective,
    )


def nodes_of(instance, demand, route):
    """Yield the nodes along a route."""
    yield demand.source
    at = demand.source
    for e in route.links:
        link = instance.network.links[e]
        at = link.b if at == link.a else link.a
        yield at


def test_one_more_move_is_worth_the_next_largest_gain():
    rng = np.random.default_rng(3)
    values, count = [], len(detours(0).instance.demands)
    for limit in range(1, count):
        rel = build_relaxation(detours(limit))
        assert rel.counts_moves
        data = dual_data(
            rel, np.array([0.0, 1e4, max(float(s.rate_bps.max()) for s in rel.states)])
        )
        first = rel.item_start[-1, 0]
        if not values:
            pi = rng.uniform(0.0, 1e4, rel.items)
            nu = rng.uniform(0.0, 1e4, (rel.items, 2))
            nu[first:], pi[first:] = 0.0, 0.0
            gains = gains_of(rel, data.level_widths, pi, nu)
            pi[first:] = np.maximum(0.0, gains[rel.item_class[first:]])
        point = evaluate(data, count, pi, nu, np.ones(len(data.loads), dtype=bool))
        values.append(point.value_bps)
    ranked = np.sort(np.maximum(0.0, gains))[::-1]
    assert ranked[1] > 0.0
    assert np.diff(values) == pytest.approx(ranked[1 : count - 1], rel=1e-6, abs=1e-3)


def gains_of(rel, widths, pi, nu):
    """``(C,)`` how much more the best other route brings than the one in place."""
    rewards = []
    for p in range(len(rel.route_class)):
        items = rel.route_item[rel.route_start[p] : rel.route_start[p + 1]]
        key = np.maximum(0.0, widths - nu[items].sum(axis=0)).sum() if rel.route_key[p] else 0.0
        rewards.append(key - rel.class_channels[rel.route_class[p]] * pi[items].sum())
    start = rel.class_route
    return np.array([
        max(rewards[start[c] + 1 : start[c + 1]]) - rewards[start[c]]
        for c in range(len(rel.class_count))
    ])  # fmt: skip


def test_the_link_that_counts_has_no_rate_of_its_own_where_rates_of_links_add_up():
    states = build_relaxation(detours(2, "link-sum")).states
    assert states[-1].rate_bps.tolist() == [0.0] * len(states[-1].rate_bps)


def test_a_limit_that_cannot_bind_changes_nothing_and_none_lets_all_stay():
    count = len(detours(0).instance.demands)
    assert not build_relaxation(detours(count)).counts_moves
    stays = build_relaxation(detours(0))
    assert not stays.counts_moves
    assert np.diff(stays.class_route).tolist() == [1] * count


def test_the_bound_falls_with_the_limit():
    bounds = [
        qkdopt.bound(detours(limit).instance, node_limit=0, threads=1).objective_bps
        for limit in (0, 1, 3, 6)
    ]
    assert bounds == sorted(bounds)
    assert bounds[0] < 0.99 * bounds[1]
    assert bounds[1] < 0.99 * bounds[3]
