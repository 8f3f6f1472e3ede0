"""An interruption at any moment leaves a valid bound."""

from __future__ import annotations

import numpy as np
import pytest

from qkdopt.bounds.bound import LoadStateBound
from qkdopt.bounds.bundle import first_state, improve
from qkdopt.bounds.classes import build_relaxation
from qkdopt.bounds.dual import dual_data
from qkdopt.bounds.expansion import Branching, Node
from qkdopt.bounds.levels import level_edges
from qkdopt.heuristics import ds_qkd
from qkdopt.problem import build_problem
from qkdopt.problem.plan import assess, lit_channels
from tests.random_instances import random_instance


@pytest.mark.parametrize("broken", ["_split", "_children", "_mixture"])
def test_an_interrupted_branching_loses_no_node(monkeypatch, broken):
    problem = build_problem(random_instance(11, most_demands=9, channels=(7, 8), floors=False))
    exact = assess(problem, ds_qkd(problem))
    run = LoadStateBound(problem, exact.served, exact.demand_skr_bps)
    run.tighten(0.0, 0.0, lambda: False)
    before = run.objective_bps
    whole = getattr(Branching, broken)

    def interrupted(self, *arguments):
        whole(self, *arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Branching, broken, interrupted)
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                run.tighten(0.0, 0.0, lambda: False)
    assert not run.closed
    assert run.objective_bps == before
    rest = LoadStateBound(problem, exact.served, exact.demand_skr_bps)
    for one in (run, rest):
        while not one.closed and (one.nodes < 200):
            one.tighten(0.0, 0.0, lambda: False)
    assert run.objective_bps is not None
    assert run.objective_bps >= exact.objective_bps * (1.0 - 1e-12)
    assert np.isfinite(run.objective_bps)


@pytest.mark.parametrize("against", [False, True])
@pytest.mark.parametrize("seed", [11, 12, 14])
def test_the_rate_between_two_loads_lies_on_the_line_between_theirs(seed, against):
    """At a mixture of loads: what the link's rate would be if it were what it pretends."""
    instance = random_instance(seed, most_demands=9, channels=(7, 8), floors=False)
    one_fibre = instance.fibre.model_copy(update={"layout": "single"})
    problem = build_problem(instance.model_copy(update={"fibre": one_fibre}))
    relaxation = build_relaxation(problem)
    rates = np.concatenate([states.rate_bps for states in relaxation.states])
    data = dual_data(relaxation, level_edges(rates, float(rates.max()), 4))
    branching = Branching(data, 1)
    judged = 0
    for e, states in enumerate(relaxation.states):
        rate = {
            tuple(load): float(r) for load, r in zip(states.loads, states.rate_bps, strict=True)
        }
        for load in range(3):
            low, high = ((0, k) if against else (k, 0) for k in (load, load + 1))
            if high not in rate:
                continue
            share = load + 0.25
            found = branching._rate_at(e, share, share if against else 0.0)
            assert found == pytest.approx(0.75 * rate[low] + 0.25 * rate[high], rel=1e-12)
            judged += 1
    assert judged > 2


def settled_node(branching, data, served, loads):
    """A node with every load given, at prices from which nothing was improved yet."""
    state = first_state(data, 1.0)
    state.step = 1e-9
    everything = np.ones(len(data.loads), dtype=np.bool_)
    improve(
        data, served, state, everything, iterations=1, tolerance=0.0,
        should_stop=lambda value: False,
    )  # fmt: skip
    return Node(state.value_bps, np.stack([loads, loads], axis=1), state.packed())


@pytest.mark.parametrize("seed", [11, 12, 14])
def test_a_node_with_rough_prices_does_not_count_as_settled(seed):
    instance = random_instance(seed, most_demands=9, channels=(7, 8), floors=False)
    one_fibre = instance.fibre.model_copy(update={"layout": "single"})
    problem = build_problem(instance.model_copy(update={"fibre": one_fibre}))
    plan = ds_qkd(problem)
    exact = assess(problem, plan)
    relaxation = build_relaxation(problem)
    rates = np.concatenate([states.rate_bps for states in relaxation.states])
    data = dual_data(relaxation, level_edges(rates, float(rates.max()), 4))
    branching = Branching(data, exact.served)
    loads = lit_channels(problem, plan).sum(axis=(1, 2))
    node = settled_node(branching, data, exact.served, loads)
    total = exact.objective_bps * exact.served
    looked_at = 0
    while True:
        found = branching.expand(node, 0.0, lambda: False)
        looked_at += 1
        if found.settled:
            break
        (child,) = found.children
        assert total * (1.0 - 1e-9) <= child.value_bps < node.value_bps
        node = child
    assert looked_at > 1
    assert node.value_bps >= total * (1.0 - 1e-9)
