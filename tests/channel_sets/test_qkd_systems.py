"""Links with QKD systems of their own, through all that looks at sets, failures and equipment."""

from __future__ import annotations

import pytest

import qkdopt
from qkdopt.channel_sets.exact.candidate_sets import with_channel_set
from qkdopt.channel_sets.protection.check import check_protection
from qkdopt.channel_sets.protection.protect import protect
from tests.channel_sets.exact.cases import every_set
from tests.channel_sets.protection.protection_oracle import ProtectionOracle
from tests.command import HANG_SECONDS
from tests.corners.enumeration import enumerate_best
from tests.random_instances import random_instance
from tests.shipped import LIBRARY
from tests.tiers import slow_beyond

GAP = 1e-4
MESH = qkdopt.read_instance(LIBRARY / "small" / "mesh6.json")
SHAPES = ("triangle", "ring", "mesh", "parallel")
FAST = {
    "id": "fast", "repetition_mhz": 1000.0, "detector_efficiency": 0.25, "gate_ps": 200.0,
    "dark_count_per_gate": 1e-6, "insertion_loss_db": 2.0, "filter_ghz": 30.0,
}  # fmt: skip


def with_fast_links(instance):
    """Put another system on every second link with QKD."""
    fast = [link.id for link in instance.network.links if link.qkd][1::2]
    return instance.replace(
        qkd_systems=[FAST], network={"links": {name: {"qkd_system": "fast"} for name in fast}}
    )


def small(seed: int, **options):
    return with_fast_links(
        random_instance(
            seed, floors=False, channels=(4, 4), most_demands=2, shape=SHAPES[seed % 4], **options
        )
    )


@pytest.mark.parametrize("method", ["sets", "milp"])
@pytest.mark.parametrize("seed", slow_beyond(3, range(1, 8)))
def test_the_proved_set_is_that_of_enumeration(seed, method):
    instance = small(seed)
    true = {c: max(enumerate_best(one).items()) for c, one in every_set(instance, 1)}
    served, value = max(true.values())
    answer = qkdopt.prove_channel_set(instance, 1, method=method, gap=GAP, time_limit=HANG_SECONDS)
    assert answer.served == served
    assert answer.value_bps == pytest.approx(value, rel=GAP, abs=0.02)
    assert answer.bound_bps >= value * (1.0 - 1e-9)
    one = with_channel_set(instance, answer.channels)
    assert qkdopt.check(one, answer.result).faults == ()


@pytest.mark.parametrize("seed", slow_beyond(6, range(1, 16)))
def test_the_protected_plan_is_that_of_enumeration(seed):
    instance, floor = small(seed, relay="lightpath"), (1.0, 2e3, 2e4, 2e5)[seed % 4]
    possible = [c for c, one in every_set(instance, 2) if ProtectionOracle(one, floor).possible()]
    found = protect(instance, min_skr_bps=floor, channels=2, rounds=5)
    assert found.status == ("kept" if possible else "impossible")
    assert check_protection(instance, found) == ()


def equal_systems(instance):
    """Name on every second link a system that is the network's own."""
    links = [link.id for link in instance.network.links][1::2]
    return instance.replace(
        qkd_systems=[{"id": "same"}],
        network={"links": {name: {"qkd_system": "same"} for name in links}},
    )


def test_ranking_on_traffic_sees_equal_systems_as_one():
    options = {"requests": 20_000, "method": "listed", "also": ["0,7", "2,5"], "workers": 1}
    tables = [
        qkdopt.rank_channel_sets(one, 2, **options).table.drop(columns="placement")
        for one in (MESH, equal_systems(MESH))
    ]
    assert tables[0].to_dict("records") == tables[1].to_dict("records")


def test_a_faster_system_on_some_links_changes_the_ranking():
    options = {"requests": 20_000, "method": "listed", "also": ["0,7"], "workers": 1}
    rates = [
        float(qkdopt.rank_channel_sets(one, 2, **options).table["mean_skr_bps"].max())
        for one in (MESH, with_fast_links(MESH))
    ]
    assert rates[1] > rates[0]


PRICES = {"transmitter": 60.0, "receiver": 40.0, "site": 10.0}


def test_links_are_bought_by_the_keys_of_their_own_systems():
    shared = qkdopt.share_keys(MESH, rate_bps=1.5e4)
    plain, equal = (qkdopt.dimension(one, **PRICES) for one in (shared, equal_systems(shared)))
    assert (plain.price, plain.status) == (equal.price, equal.status)
    fast = with_fast_links(shared)
    found = qkdopt.dimension(fast, **PRICES)
    assert qkdopt.check_dimensioning(fast, found) == ()
    assert found.price < plain.price


def floors(instance, min_skr_bps):
    return instance.replace(
        demands={demand.id: {"min_skr_bps": min_skr_bps} for demand in instance.demands}
    )


def test_a_conflict_is_about_the_rates_of_each_links_own_system():
    """At 60 kbit/s links of the network's own system are too slow; those of the other may do."""
    conflicts = [
        {(rule.kind, rule.demand, rule.link) for rule in qkdopt.explain(one).groups}
        for one in (
            floors(MESH, 6e4), floors(equal_systems(MESH), 6e4), floors(with_fast_links(MESH), 6e4),
        )
    ]  # fmt: skip
    assert conflicts[0] == conflicts[1] != conflicts[2]
    slow = {link for kind, _, link in conflicts[2] if kind == "noise"}
    fast = {link.id for link in with_fast_links(MESH).network.links if link.qkd_system}
    assert slow - fast
