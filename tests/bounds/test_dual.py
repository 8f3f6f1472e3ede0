"""Weak duality: at any prices whatever, the dual is above every plan."""

from __future__ import annotations

import numpy as np
import pytest

from qkdopt.bounds.classes import build_relaxation, level_edges
from qkdopt.bounds.dual import dual_data, evaluate
from qkdopt.bounds.served import served_bound
from qkdopt.problem import build_problem
from tests.brute_force import Oracle
from tests.random_instances import random_instance


def highest_rate(relaxation) -> float:
    return max(float(states.rate_bps.max(initial=0.0)) for states in relaxation.states)


@pytest.mark.parametrize("seed", range(500, 540))
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
