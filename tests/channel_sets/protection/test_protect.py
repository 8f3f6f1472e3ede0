"""Protected plans: against every plan and restoration, and recomputed failure by failure."""

from __future__ import annotations

import dataclasses
import signal

import numpy as np
import pytest

import qkdopt
from qkdopt.channel_sets.protection.check import check_protection
from qkdopt.channel_sets.protection.failed_instances import without_link, without_receiver
from qkdopt.channel_sets.protection.plan import LeftOut
from qkdopt.channel_sets.protection.protect import protect
from qkdopt.errors import UnsupportedError, UsageError
from qkdopt.instance import Instance
from tests.channel_sets.exact.cases import every_set, with_candidates
from tests.channel_sets.protection.protection_oracle import ProtectionOracle
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
    assert sets
    possible = [c for c, one in sets if ProtectionOracle(one, floor).possible()]
    found = protect(instance, min_skr_bps=floor, channels=size, rounds=5)
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
    assert sets
    possible = [c for c, one in sets if ProtectionOracle(one, 1e3).possible()]
    found = protect(instance, min_skr_bps=1e3, channels=size, rounds=5)
    assert found.status == ("kept" if possible else "impossible")
    assert check_protection(instance, found) == ()


def test_a_demand_with_a_higher_least_rate_than_its_twin_is_not_taken_for_it():
    instance = ring(2)
    first = instance.demands[0]
    twin = instance.demands[1].model_copy(update={"source": first.source, "target": first.target})
    twins = instance.model_copy(update={"demands": (first, twin)})
    found = protect(with_least_rates(twins, [None, 1e9]), min_skr_bps=1e3, channels=(0, 4))
    assert found.status == "impossible"
    assert [row.demand for row in found.left_out] == [twin.id]
    # With the first's rate alone the second would be kept.
    assert protect(twins, min_skr_bps=1e3, channels=(0, 4)).status == "kept"


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
    found = protect(instance, min_skr_bps=5e3, channels=(0, 4))
    assert check_protection(instance, found) == ()
    links = [link.id for link in instance.network.links]
    assert [row.link for row in found.failures if row.kind == "receiver"] == links
    assert [row.link for row in found.failures if row.kind == "link"] == links
    assert all(not row.below_floor and not row.lost for row in found.failures)
    frame = found.failures_frame()
    assert len(frame) == 2 * len(links)
    assert (frame["worst_skr_bps"] >= found.min_skr_bps).all()


def test_the_same_seed_gives_the_same_plan():
    plans = [protect(ring(8), min_skr_bps=5e3, channels=2, seed=3).plan for _ in range(2)]
    assert plans[0] == plans[1]


def test_one_receiver_a_link_survives_no_receiver():
    found = protect(ring(), min_skr_bps=1.0, channels=1)
    assert found.status == "impossible"
    assert found.served == 0
    assert all(row.proved for row in found.left_out)


def test_a_bridge_is_named():
    instance = qkdopt.read_instance("instances/small/line.json")
    found = protect(instance, min_skr_bps=1.0, channels=2)
    assert found.status == "impossible"
    bridge = instance.network.links[0].id
    named = [row for row in found.left_out if f"link {bridge} is the only way" in row.reason]
    assert named
    assert all(row.proved and f"link {bridge}" in row.broken_by for row in named)


def test_one_candidate_route_too_few_is_told_from_a_bridge():
    instance = ring()
    one_route = instance.routes.model_copy(update={"k": 1})
    found = protect(
        instance.model_copy(update={"routes": one_route}), min_skr_bps=1.0, channels=(0, 4)
    )
    assert found.status == "impossible"
    assert all("a larger K may help" in row.reason for row in found.left_out)


def test_what_stands_in_the_way_is_named():
    found = protect(ring(8), min_skr_bps=2.9e4, channels=(0, 1))
    assert found.left_out
    assert all(row.broken_by for row in found.left_out)
    assert check_protection(ring(8), found) == ()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda p: dataclasses.replace(p, min_skr_bps=1e6),
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
    found = protect(instance, min_skr_bps=5e3, channels=(0, 4))
    assert found.status == "kept"
    assert check_protection(instance, spoil(found))


def rows_with(found, kind, **changes):
    """Change every row of a kind."""
    rows = (dataclasses.replace(f, **changes) if f.kind == kind else f for f in found.failures)
    return dataclasses.replace(found, failures=tuple(rows))


def row_plans_with(found, kind, **changes):
    rows = (
        dataclasses.replace(f, plan=f.plan.model_copy(update=changes)) if f.kind == kind else f
        for f in found.failures
    )
    return dataclasses.replace(found, failures=tuple(rows))


def worst_but_one(found, k):
    """Put a row with false numbers before the true one."""
    row = found.failures[k]
    false = dataclasses.replace(row, worst_skr_bps=1e9, plan=found.plan)
    return dataclasses.replace(found, failures=(false, *found.failures))


def beside(found, **changes):
    row = dataclasses.replace(found.failures[-1], **changes)
    return dataclasses.replace(found, failures=(*found.failures, row))


def retuned(found, link):
    """Let a receiver's failure retune another link too."""
    rows = []
    for f in found.failures:
        others = {row.link: row for row in f.plan.qkd}
        if f.kind == "receiver" and f.link != link:
            (channel,) = {0, 4} - {others[link].channel}
            others[link] = others[link].model_copy(update={"channel": channel})
        plan = f.plan.model_copy(update={"qkd": tuple(others.values())})
        rows.append(dataclasses.replace(f, plan=plan))
    return dataclasses.replace(found, failures=tuple(rows))


def left(demand):
    return LeftOut(demand=demand, reason="none", proved=False)


TAMPERED = {
    "floor nan": lambda p: dataclasses.replace(p, min_skr_bps=float("nan")),
    "floor inf": lambda p: dataclasses.replace(p, min_skr_bps=float("inf")),
    "floor 0": lambda p: dataclasses.replace(p, min_skr_bps=0.0),
    "floor -1": lambda p: dataclasses.replace(p, min_skr_bps=-1.0),
    "a set off the grid": lambda p: dataclasses.replace(p, channels=(0, 99)),
    "receiver without qkd": lambda p: row_plans_with(p, "receiver", qkd=()),
    "receiver without light": lambda p: row_plans_with(p, "receiver", lightpaths=()),
    "receiver without both": lambda p: row_plans_with(p, "receiver", lightpaths=(), qkd=()),
    "receiver as intact": lambda p: row_plans_with(p, "receiver", qkd=p.plan.qkd),
    "others retuned": lambda p: retuned(p, p.failures[0].link),
    "cut without qkd": lambda p: row_plans_with(p, "link", qkd=()),
    "receiver's restored": lambda p: rows_with(p, "receiver", restored=(0,)),
    "nothing restored": lambda p: rows_with(p, "link", restored=()),
    "lost": lambda p: rows_with(p, "link", lost=(0,)),
    "below the floor": lambda p: rows_with(p, "receiver", below_floor=(0,)),
    "unknown worst demand": lambda p: rows_with(p, "link", worst_demand="nobody"),
    "no worst demand": lambda p: rows_with(p, "receiver", worst_demand=None),
    "no worst rate": lambda p: rows_with(p, "receiver", worst_skr_bps=None),
    "false receiver row first": lambda p: worst_but_one(p, 0),
    "false link row first": lambda p: worst_but_one(p, -1),
    "a row twice": beside,
    "unknown link": lambda p: beside(p, link="nowhere"),
    "unknown receiver": lambda p: beside(p, kind="receiver", link="nowhere", channel=0),
    "unknown kind": lambda p: beside(p, kind="node"),
    "idle receiver": lambda p: beside(p, kind="receiver", channel=5),
    "link with a channel": lambda p: rows_with(p, "link", channel=0),
    "left out unknown": lambda p: dataclasses.replace(p, left_out=(left("nobody"),)),
    "left out and served": lambda p: dataclasses.replace(p, left_out=(left(0),)),
}


@pytest.mark.parametrize("spoil", TAMPERED.values(), ids=TAMPERED)
def test_tables_that_tell_false_are_seen(spoil):
    found = protect(ring(), min_skr_bps=5e3, channels=(0, 4))
    assert found.status == "kept"
    assert check_protection(ring(), found) == ()
    assert check_protection(ring(), spoil(found))


def test_any_worst_demand_of_several_may_be_named():
    found = protect(ring(), min_skr_bps=5e3, channels=(0, 4))
    whole = with_candidates(ring(), list(found.channels), "all")
    rows, others = [], 0
    for row in found.failures:
        rest = (
            without_link(whole, row.link)
            if row.channel is None
            else without_receiver(whole, row.link, row.channel)
        )
        rates = qkdopt.check(rest, row.plan).demand_skr_bps
        as_bad = [d.id for d in whole.demands if rates[str(d.id)] == min(rates.values())]
        others += len(as_bad) > 1
        rows.append(dataclasses.replace(row, worst_demand=as_bad[-1]))
    assert others
    assert check_protection(ring(), dataclasses.replace(found, failures=tuple(rows))) == ()


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(UsageError, match="more than 0"):
        protect(ring(), min_skr_bps=0.0, channels=2)
    with pytest.raises(UsageError, match="1 to 8"):
        protect(ring(), min_skr_bps=1.0, channels=9)
    mixing = random_instance(1, other_noise=True)
    with pytest.raises(UnsupportedError, match="four-wave"):
        protect(mixing, min_skr_bps=1.0, channels=1)


@pytest.mark.usefixtures("ctrl_c")
def test_an_interrupt_before_any_demand_is_placed_is_raised(monkeypatch):
    def interrupted(*_):
        signal.raise_signal(signal.SIGINT)
        return [(0, 4)], True

    monkeypatch.setattr("qkdopt.channel_sets.protection.protect._sets", interrupted)
    with pytest.raises(KeyboardInterrupt):
        protect(ring(), min_skr_bps=5e3, channels=2)


def test_a_set_by_hand_is_the_set_of_the_plan():
    found = protect(ring(), min_skr_bps=1.0, channels=[5, 2])
    assert found.channels == (2, 5)
    with_candidates(ring(), [2, 5], "all")
