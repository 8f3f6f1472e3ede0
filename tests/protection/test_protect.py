"""Protected plans: against every plan and restoration, and recomputed failure by failure."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import qkdopt
from qkdopt.errors import UnsupportedError, UsageError
from qkdopt.instance import Instance
from qkdopt.protection.check import check_protection
from qkdopt.protection.protect import protect
from tests.exact_sets.cases import every_set, with_candidates
from tests.protection.protection_oracle import ProtectionOracle
from tests.random_instances import random_instance

SHAPES = ("triangle", "ring", "mesh", "parallel", "line")


def small(seed: int, relay: str) -> Instance:
    return random_instance(
        seed, floors=False, relay=relay, channels=(4, 4), most_demands=2, shape=SHAPES[seed % 5]
    )


def floor_for(instance: Instance, seed: int) -> float:
    """Between nothing and what an unlit link has, so that both verdicts come up."""
    return float(np.random.default_rng(seed).choice([1.0, 2e3, 8e3, 2e4]))


@pytest.mark.parametrize("relay", ["lightpath", "widest"])
@pytest.mark.parametrize("seed", range(1, 31))
def test_the_verdict_is_that_of_enumeration(seed, relay):
    instance, size = small(seed, relay), 1 + seed % 2
    floor = floor_for(instance, seed)
    sets = list(every_set(instance, size))
    if not sets:
        return
    possible = [c for c, one in sets if ProtectionOracle(one, floor).possible()]
    found = protect(instance, floor_bps=floor, channels=size, rounds=5)
    assert found.status == ("kept" if possible else "impossible")
    if possible:
        assert found.channels in possible
    assert check_protection(instance, found) == ()


def with_least_rates(instance: Instance, rates: list[float | None]) -> Instance:
    demands = tuple(
        demand.model_copy(update={"min_skr_bps": rate})
        for demand, rate in zip(instance.demands, rates, strict=True)
    )
    return instance.model_copy(update={"demands": demands})


@pytest.mark.parametrize("relay", ["lightpath", "widest"])
@pytest.mark.parametrize("seed", range(1, 21))
def test_least_rates_of_demands_are_floors_too(seed, relay):
    instance, size = small(seed, relay), 1 + seed % 2
    rng = np.random.default_rng(seed)
    wanted = [rng.choice([None, 4e3, 1.2e4, 2.5e4]) for _ in instance.demands]
    instance = with_least_rates(instance, wanted)
    sets = list(every_set(instance, size))
    if not sets:
        return
    possible = [c for c, one in sets if ProtectionOracle(one, 1e3).possible()]
    found = protect(instance, floor_bps=1e3, channels=size, rounds=5)
    assert found.status == ("kept" if possible else "impossible")
    assert check_protection(instance, found) == ()


def test_a_demand_with_a_higher_least_rate_than_its_twin_is_not_taken_for_it():
    instance = ring(2)
    first = instance.demands[0]
    twin = instance.demands[1].model_copy(update={"source": first.source, "target": first.target})
    twins = instance.model_copy(update={"demands": (first, twin)})
    found = protect(with_least_rates(twins, [None, 1e9]), floor_bps=1e3, channels=(0, 4))
    assert found.status == "impossible"
    assert [row.demand for row in found.left_out] == [twin.id]
    # With the first's rate alone the second would be kept.
    assert protect(twins, floor_bps=1e3, channels=(0, 4)).status == "kept"


def test_both_verdicts_come_up_in_the_enumeration():
    verdicts = [
        any(
            ProtectionOracle(one, floor_for(small(seed, "lightpath"), seed)).possible()
            for _, one in every_set(small(seed, "lightpath"), 1 + seed % 2)
        )
        for seed in range(1, 16)
    ]
    assert 3 <= sum(verdicts) <= 12


def ring(demands: int = 4) -> Instance:
    instance = qkdopt.read_instance("instances/small/ring.json")
    return instance.model_copy(update={"demands": instance.demands[:demands]})


def test_every_failure_has_a_row_and_its_numbers_are_recomputed():
    instance = ring()
    found = protect(instance, floor_bps=5e3, channels=(0, 4))
    assert check_protection(instance, found) == ()
    links = [link.id for link in instance.network.links]
    assert [row.link for row in found.failures if row.kind == "receiver"] == links
    assert [row.link for row in found.failures if row.kind == "link"] == links
    assert all(not row.below_floor and not row.lost for row in found.failures)
    frame = found.failures_frame()
    assert len(frame) == 2 * len(links)
    assert (frame["worst_skr_bps"] >= found.floor_bps).all()


def test_the_same_seed_gives_the_same_plan():
    plans = [protect(ring(8), floor_bps=5e3, channels=2, seed=3).plan for _ in range(2)]
    assert plans[0] == plans[1]


def test_one_receiver_a_link_survives_no_receiver():
    found = protect(ring(), floor_bps=1.0, channels=1)
    assert found.status == "impossible"
    assert found.served == 0
    assert all(row.proved for row in found.left_out)


def test_a_bridge_is_named():
    instance = qkdopt.read_instance("instances/small/line.json")
    found = protect(instance, floor_bps=1.0, channels=2)
    assert found.status == "impossible"
    bridge = instance.network.links[0].id
    named = [row for row in found.left_out if f"link {bridge} is the only way" in row.reason]
    assert named
    assert all(row.proved and f"link {bridge}" in row.broken_by for row in named)


def test_one_candidate_route_too_few_is_told_from_a_bridge():
    instance = ring()
    one_route = instance.routes.model_copy(update={"k": 1})
    found = protect(
        instance.model_copy(update={"routes": one_route}), floor_bps=1.0, channels=(0, 4)
    )
    assert found.status == "impossible"
    assert all("a larger K may help" in row.reason for row in found.left_out)


def test_what_stands_in_the_way_is_named():
    found = protect(ring(8), floor_bps=2.9e4, channels=(0, 1))
    assert found.left_out
    assert all(row.broken_by for row in found.left_out)
    assert check_protection(ring(8), found) == ()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda p: dataclasses.replace(p, floor_bps=1e6),
        lambda p: dataclasses.replace(p, failures=p.failures[1:]),
        lambda p: dataclasses.replace(p, failures=p.failures[:-1]),
        lambda p: dataclasses.replace(p, status="not found"),
        lambda p: dataclasses.replace(
            p, failures=tuple(dataclasses.replace(f, plan=p.plan) for f in p.failures)
        ),
        lambda p: dataclasses.replace(
            p, failures=tuple(dataclasses.replace(f, worst_skr_bps=1e4) for f in p.failures)
        ),
    ],
    ids=["floor", "no receiver row", "no link row", "status", "nothing restored", "numbers"],
)
def test_the_recheck_sees_what_is_wrong(spoil):
    instance = ring()
    found = protect(instance, floor_bps=5e3, channels=(0, 4))
    assert found.status == "kept"
    assert check_protection(instance, spoil(found))


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(UsageError, match="more than 0"):
        protect(ring(), floor_bps=0.0, channels=2)
    with pytest.raises(UsageError, match="1 to 8"):
        protect(ring(), floor_bps=1.0, channels=9)
    mixing = random_instance(1, other_noise=True)
    with pytest.raises(UnsupportedError, match="four-wave"):
        protect(mixing, floor_bps=1.0, channels=1)


def test_a_set_by_hand_is_the_set_of_the_plan():
    found = protect(ring(), floor_bps=1.0, channels=[5, 2])
    assert found.channels == (2, 5)
    with_candidates(ring(), [2, 5], "all")
