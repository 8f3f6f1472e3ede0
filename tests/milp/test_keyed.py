"""Counts of demands and links with key agree with enumeration, and prove that there is none."""

from __future__ import annotations

import pytest

import qkdopt
from qkdopt.milp.build import build_joint
from qkdopt.milp.keyed import count_keyed, min_keyed
from qkdopt.milp.linearise import linearise_links
from qkdopt.problem import build_problem
from tests.brute_force import Oracle
from tests.milp.test_truth_tables import optimum
from tests.random_instances import random_instance
from tests.tiers import slow_beyond, slow_if

# All but those of the plain run, which have both outcomes for every objective.
SEEDS = [*range(600, 604), *range(609, 625)]


def noisy_instance(seed: int, relay: str):
    """A random instance with so much noise that key is scarce."""
    instance = random_instance(seed, relay=relay, floors=False)
    launch = 2.0 + 3.0 * (seed % 5)
    return instance.model_copy(
        update={"classical": instance.classical.model_copy(update={"launch_dbm": launch})}
    )


@pytest.mark.parametrize("seeds", slow_beyond(1, [range(604, 609), SEEDS]), ids=str)
@pytest.mark.parametrize("relay", ["lightpath", "widest"])
@pytest.mark.parametrize("objective", slow_if(["link-sum"], ["mean", "max-min", "link-sum"]))
def test_enough_can_have_key_where_the_best_plan_has_some(relay, objective, seeds):
    outcomes = set()
    for seed in seeds:
        instance = noisy_instance(seed, relay)
        best = Oracle(instance, objective).best()
        problem = build_problem(instance, objective)
        segments = linearise_links(problem, 1.0)
        for served in range(objective != "link-sum", max(best) + 1):
            m = build_joint(problem, segments, served=served)
            count_keyed(m)
            enough = round(optimum(m)) >= min_keyed(m, served)
            assert enough == (best[served] > 0.0)
            outcomes.add(enough)
    assert outcomes == {True, False}


@pytest.mark.parametrize("relay", ["lightpath", "widest"])
def test_no_key_at_all_is_proved_as_none(relay):
    proved = 0
    for seed in range(600, 625):
        instance = noisy_instance(seed, relay)
        best = Oracle(instance, "max-min").best()
        if best[max(best)] > 0.0:
            continue
        result = qkdopt.solve(instance, strategy="milp", objective="max-min", threads=1)
        assert (result.bound.objective_bps, result.gap, result.status) == (0.0, 0.0, "optimal")
        proved += 1
    assert proved >= 5
