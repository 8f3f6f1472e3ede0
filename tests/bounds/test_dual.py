"""Weak duality: at any prices whatever, the dual is above every plan."""

from __future__ import annotations

import numpy as np
import pytest

from qkdopt.bounds import dual
from qkdopt.bounds.classes import build_relaxation
from qkdopt.bounds.dual import dual_data, evaluate
from qkdopt.bounds.levels import level_edges
from qkdopt.bounds.served import served_bound
from qkdopt.problem import build_problem
from tests.brute_force import Oracle
from tests.random_instances import random_instance
from tests.tiers import slow_beyond


def highest_rate(relaxation) -> float:
    return max(float(states.rate_bps.max(initial=0.0)) for states in relaxation.states)


@pytest.mark.parametrize("seed", slow_beyond(15, range(500, 540)))
def test_every_dual_point_is_a_bound(seed):
    instance = random_instance(seed, relay="lightpath")
    best = Oracle(instance).best()
    problem = build_problem(instance, "mean")
    relaxation = build_relaxation(problem)
    rates = np.concatenate([states.rate_bps for states in relaxation.states])
    rng = np.random.default_rng(seed)
    high = highest_rate(relaxation)
    data = dual_data(relaxation, level_edges(rates, high, 6))
    allowed = np.ones(len(data.loads), dtype=bool)
    for served, mean in best.items():
        for scale in (0.0, 1.0, 10.0):
            # Prices of a lightpath may be of either sign, prices of rate levels in [0, 1].
            pi = rng.uniform(0.0, 1.0, relaxation.items) * scale * high
            nu = rng.uniform(0.0, 1.0, (relaxation.items, len(data.level_widths)))
            point = evaluate(data, served, pi, nu, allowed)
            assert point is not None
            assert point.value_bps >= mean * served * (1.0 - 1e-12)


@pytest.mark.parametrize("seed", range(540, 580))
def test_served_bound_is_never_below_enumeration(seed):
    instance = random_instance(seed, relay="lightpath")
    relaxation = build_relaxation(build_problem(instance, "mean"))
    assert served_bound(relaxation) >= max(Oracle(instance).best())


def prices(data, rng, high: float):
    """Prices at which rates and loads both matter: in bit/s, as a bundle would propose them."""
    rel = data.relaxation
    hops = len(rel.route_item) / len(rel.route_class)
    nu = rng.uniform(0.0, 2.0, (rel.items, len(data.level_widths))) * data.level_widths / hops
    nu *= (rng.random(nu.shape) < 0.8) * bool(data.share.any())
    return rng.normal(-0.3, 0.3, rel.items) * high, nu


@pytest.mark.parametrize("objective", ["mean", "link-sum"])
def test_the_states_left_out_are_none_of_the_best(monkeypatch, objective):
    """Every state of a link by itself, sorted whole, against what looks at bands of states."""
    evaluated = Counted(dual._state_value)
    chosen_low, states, rng = 0, 0, np.random.default_rng(1)
    for seed in range(580, 592):
        data, high = dual_of(seed, objective)
        rel = data.relaxation
        for band in (1, 3, 24):
            pi, nu = prices(data, rng, high)
            allowed = rng.random(len(data.loads)) < (0.6 if seed % 2 else 1.0)
            best = best_states(data, pi, nu, allowed)
            point = evaluate(data, 0, pi, nu, allowed)
            if None in best:
                assert point is None
                continue
            assert point.taken.sum() == data.loads[point.state].sum()
            with monkeypatch.context() as patched:
                patched.setattr(dual, "BAND", band)
                patched.setattr(dual, "_state_value", evaluated)
                patched.setattr(dual, "_link_part", dual._link_part.py_func)
                interpreted = evaluate(data, 0, pi, nu, allowed)
            for seen in (point, interpreted):
                total = sum(value for value, _ in best)
                size = sum(abs(value) for value, _ in best)
                assert abs(seen.value_bps - total) <= 2e-9 * size + 1e-9
                for e, (value, _) in enumerate(best):
                    chosen = worth(data, e, int(seen.state[e]), pi, nu)
                    assert chosen >= value - 1e-9 * max(1.0, abs(value))
            if band == 3:
                states += int(allowed.sum())
                first = data.by_rate[data.state_start[:-1]]
                chosen_low += int((interpreted.state != first).sum())
        assert len(rel.states)
    assert chosen_low >= 10
    assert evaluated.calls > 0


def test_most_states_are_left_out(monkeypatch):
    evaluated, states, rng = Counted(dual._state_value), 0, np.random.default_rng(2)
    for seed in range(580, 592):
        data, high = dual_of(seed, "mean")
        pi, nu = prices(data, rng, high)
        states += len(data.loads)
        with monkeypatch.context() as patched:
            patched.setattr(dual, "BAND", 6)
            patched.setattr(dual, "_state_value", evaluated)
            patched.setattr(dual, "_link_part", dual._link_part.py_func)
            evaluate(data, 0, pi, nu, np.ones(len(data.loads), dtype=bool))
    assert evaluated.calls < 0.7 * states


class Counted:
    """A function, and how often it was called."""

    def __init__(self, function) -> None:
        self.function, self.calls = function, 0

    def __call__(self, *arguments):
        self.calls += 1
        return self.function(*arguments)


def dual_of(seed: int, objective: str):
    """The dual of a random instance of some size, and its highest rate."""
    instance = random_instance(seed, relay="lightpath", most_demands=9, channels=(7, 9))
    relaxation = build_relaxation(build_problem(instance, objective))
    rates = np.concatenate([states.rate_bps for states in relaxation.states])
    high = highest_rate(relaxation)
    return dual_data(relaxation, level_edges(rates, high, 5) if objective == "mean" else None), high


def best_states(data, pi, nu, allowed):
    """Value and number of the best allowed state of each link; None where there is none."""
    best = []
    for e in range(len(data.relaxation.states)):
        states = range(data.state_start[e], data.state_start[e + 1])
        values = [(worth(data, e, s, pi, nu), s) for s in states if allowed[s]]
        best.append(max(values) if values else None)
    return best


def worth(data, link: int, state: int, pi, nu) -> float:
    """Value of a state of a link with the most profitable lightpaths in it."""
    rel = data.relaxation
    per_channel = rel.class_channels[rel.item_class]
    profit = pi + (nu @ data.share[state]) / per_channel
    value = float(data.state_value[state])
    for direction in (0, 1):
        first, end = data.slot_start[link, direction], data.slot_start[link, direction + 1]
        slots = np.sort(profit[data.slot_item[first:end]])[::-1]
        value += float(slots[: data.loads[state, direction]].sum())
    return value


def test_levels_are_even_over_the_rates_that_there_are():
    rates = np.array([0.0, 0.0, 100.0, 100.0, 150.0, 500.0])
    assert level_edges(rates, 900.0, 4).tolist() == pytest.approx([0, 100, 700 / 3, 1100 / 3, 900])
    assert level_edges(np.zeros(3), 900.0, 4).tolist() == [0.0, 900.0]
    assert level_edges(np.full(3, 300.0), 900.0, 4).tolist() == [0.0, 300.0, 900.0]
    assert level_edges(np.zeros(2), 0.0, 4).tolist() == [0.0, 1e-9]
    assert level_edges(np.array([1.0, 5.0]), 3.0, 5).tolist() == [0.0, 1.0, 2.0, 3.0]
