"""Against enumeration: verdicts are true, conflicts are real, and no group in them is spare."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest

from qkdopt.conflicts import Group, explain
from qkdopt.conflicts.groups import all_groups
from qkdopt.instance import Instance
from qkdopt.problem import build_problem
from tests.command import HANG_SECONDS
from tests.conflicts.enumeration import Enumeration
from tests.random_instances import random_instance
from tests.tiers import slow_beyond

LARGEST = 60_000
SEEDS = range(90)


def drawn(seed: int, relay: str | None = None) -> Instance:
    """Draw an instance with more demands than the channels of its links bear, and floors."""
    rng = np.random.default_rng(1000 + seed)
    shape = str(rng.choice(["line", "triangle", "parallel", "ring"]))
    instance = random_instance(
        seed, most_demands=7, channels=(3, 4), relay=relay, shape=shape, floors=True
    )
    if rng.random() < 0.4 and len(instance.demands) > 1:
        return instance
    with_min_rate = instance.demands[0].model_copy(
        update={"min_skr_bps": float(rng.uniform(1e3, 4e4))}
    )
    return instance.model_copy(update={"demands": (with_min_rate, *instance.demands[1:])})


def groups_of(instance: Instance, explanation) -> frozenset[Group]:
    """Read a conflict back by its ids."""
    demands = {demand.id: r for r, demand in enumerate(instance.demands)}
    links = {link.id: e for e, link in enumerate(instance.network.links)}
    return frozenset(
        Group(rule.kind, links[rule.link] if rule.demand is None else demands[rule.demand])
        for rule in explanation.groups
    )


@cache
def agrees(seed: int, relay: str | None = None) -> str:
    """Compare with enumeration as far as it is small enough; say what was compared."""
    instance = drawn(seed, relay)
    oracle = Enumeration(instance)
    explanation = explain(instance, time_limit=HANG_SECONDS)
    every = frozenset(all_groups(build_problem(instance)))

    if explanation.feasible is True:
        assert explanation.groups == ()
        if oracle.size(every) > LARGEST:
            return "feasible, too large"
        assert oracle.possible(every)
        return "feasible"
    assert explanation.feasible is False
    conflict = groups_of(instance, explanation)
    assert conflict <= every
    assert explanation.irreducible
    if oracle.size(conflict) > LARGEST:
        return "conflict, too large"
    assert not oracle.possible(conflict), explanation.text
    for group in conflict:
        assert oracle.possible(conflict - {group}), (group, explanation.text)
    return "conflict with floor" if any(g.kind == "floor" for g in conflict) else "conflict"


@pytest.mark.parametrize("seed", slow_beyond(40, SEEDS))
def test_explanations_agree_with_enumeration(seed):
    agrees(seed)


@pytest.mark.parametrize("seed", range(90, 105))
def test_explanations_agree_with_enumeration_when_keys_take_the_widest_route(seed):
    agrees(seed, "widest")


def test_the_seeds_cover_conflicts_of_both_kinds():
    """Otherwise the comparison above could pass without comparing anything."""
    seen = Counter(agrees(seed) for seed in range(40))
    assert seen["conflict"] >= 5, seen
    assert seen["conflict with floor"] >= 5, seen
    assert seen["feasible"] >= 5, seen
