"""Sets, proofs and protected plans where demands share the links' keys."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import qkdopt
from qkdopt.channel_sets.demand_list_evaluator import DemandListEvaluator
from qkdopt.channel_sets.exact.candidate_sets import with_channel_set
from qkdopt.channel_sets.exact.static import static_plan
from qkdopt.channel_sets.placement import Placement, Pool
from qkdopt.channel_sets.protection.check import check_protection
from qkdopt.channel_sets.protection.protect import protect
from qkdopt.channel_sets.scenario import Scenario
from qkdopt.channel_sets.sums import OFFERED, SERVED, SKR
from qkdopt.channel_sets.traffic_evaluator import TrafficEvaluator
from qkdopt.errors import OptionsError, UnsupportedError, UsageError
from qkdopt.instance import Instance
from qkdopt.optimize.record import saved_plan_of
from qkdopt.problem import build_problem
from qkdopt.problem.key_shares import KEY_OBJECTIVES
from tests.channel_sets.exact.cases import every_set
from tests.channel_sets.protection.protection_oracle import ProtectionOracle
from tests.command import HANG_SECONDS
from tests.corners.enumeration import enumerate_best
from tests.random_instances import random_instance
from tests.shipped import LIBRARY
from tests.tiers import slow_beyond

GAP = 1e-4
MESH = qkdopt.read_instance(LIBRARY / "small" / "mesh6.json")
SHAPES = ("triangle", "ring", "mesh", "parallel", "line")


def sharing(instance: Instance, seed: int, relay: str = "lightpath") -> Instance:
    """Give demands needs of about what dark links have; now and then one asks for none."""
    rng = np.random.default_rng(seed)
    data = instance.to_json_dict()
    data.setdefault("qkd", {}).update(key_accounting="shared", relay=relay)
    for number, demand in enumerate(data["demands"]):
        if number == 0 or rng.random() < 0.85:
            demand["key"] = {"rate_bps": float(rng.choice([50.0, 2e3, 8e3, 2e4]))}
    return Instance.model_validate(data, strict=False)


@pytest.mark.parametrize("objective", KEY_OBJECTIVES)
@pytest.mark.parametrize("relay", ["lightpath", "flow"])
@pytest.mark.parametrize("seed", slow_beyond(3, [7, 1, 2, *range(3, 7), 8]))
def test_no_set_and_no_assignment_is_better(seed, relay, objective):
    instance = sharing(
        random_instance(seed, floors=False, channels=(4, 4), most_demands=3), seed, relay
    )
    for size in (1, 2):
        true = {
            channels: max(enumerate_best(one, objective).items())
            for channels, one in every_set(instance, size)
        }
        served, value = max(true.values())
        answer = qkdopt.prove_channel_set(
            instance, size, objective=objective, gap=GAP, time_limit=HANG_SECONDS
        )
        assert answer.served == served
        # Linear programs settle who gets how much to 1e-6.
        assert answer.value_bps <= value * (1.0 + 1e-6) + 1e-6
        assert answer.value_bps >= value * (1.0 - GAP) - 0.02
        assert answer.bound_bps >= value * (1.0 - 1e-6) - 1e-6
        # No key at all is proved to a solver's tolerance.
        assert answer.status == "optimal" or answer.bound_bps < 0.1
        one = with_channel_set(instance, answer.channels)
        assert qkdopt.check(one, answer.result).faults == ()


@pytest.mark.parametrize("seed", slow_beyond(10, range(1, 31)))
def test_protection_has_the_verdict_of_enumeration(seed):
    drawn = random_instance(
        seed, floors=False, channels=(4, 4), most_demands=2, shape=SHAPES[seed % 5]
    )
    instance, size = sharing(drawn, seed), 1 + seed % 2
    possible = [c for c, one in every_set(instance, size) if ProtectionOracle(one, 0.0).possible()]
    found = protect(instance, channels=size, rounds=5)
    assert found.status == ("kept" if possible else "impossible")
    if possible:
        assert found.channels in possible
    assert check_protection(instance, found) == ()


def test_both_verdicts_of_protection_come_up():
    verdicts = []
    for seed in range(1, 13):
        drawn = random_instance(
            seed, floors=False, channels=(4, 4), most_demands=2, shape=SHAPES[seed % 5]
        )
        verdicts.append(protect(sharing(drawn, seed), channels=1 + seed % 2, rounds=5).status)
    assert {"kept", "impossible"} <= set(verdicts)


def test_what_each_link_has_alone_is_not_enough_for_all_at_once():
    """Three demands that each fit by themselves, and do not together."""
    need = 0.4 * protect(MESH, min_skr_bps=1.0, channels=(0, 7)).failures[0].worst_skr_bps
    alone = protect(MESH, min_skr_bps=need, channels=(0, 7))
    together = protect(qkdopt.share_keys(MESH, rate_bps=need), channels=(0, 7), time_limit=10.0)
    assert alone.served == len(MESH.demands)
    assert together.served < alone.served
    assert all(left.broken_by for left in together.left_out)


def test_a_protected_plan_that_tells_false_is_seen():
    shared = qkdopt.share_keys(MESH, rate_bps=3e3)
    found = protect(shared, channels=(0, 7))
    assert found.served == len(MESH.demands)
    assert check_protection(shared, found) == ()
    more = qkdopt.share_keys(MESH, rate_bps=2e4)
    failures = [dataclasses.replace(found.failures[0], worst_skr_bps=1.0), *found.failures[1:]]
    spoilt = dataclasses.replace(found, failures=tuple(failures))
    assert any("worst_skr_bps" in fault for fault in check_protection(shared, spoilt))
    assert check_protection(more, found)
    floor = dataclasses.replace(found, min_skr_bps=3e3)
    assert check_protection(shared, floor)[0].startswith("min_skr_bps = 3000.0; expected none")


@pytest.mark.parametrize("objective", KEY_OBJECTIVES)
def test_a_block_on_demands_is_an_assignment_that_the_checker_confirms(objective):
    shared, chosen = qkdopt.share_keys(MESH, rate_bps=2e4), Placement.everywhere((1, 6))
    evaluator = DemandListEvaluator(
        instance=shared, reserve="all", scenarios=(Scenario(1.0),), moves=500, objective=objective
    )
    one = Pool.of(shared).applied_to(shared, chosen, "all")
    problem = build_problem(one, objective)
    for block, sums in enumerate(evaluator.tallies([chosen], "search", 0, 3)[0, :, 0]):
        plan = static_plan(problem, seed=evaluator._seed(block), moves=500)
        report = qkdopt.check(one, saved_plan_of(problem, plan))
        assert not report.faults
        given = np.array([rate for rate in report.demand_skr_bps.values() if rate is not None])
        counted = {
            "key-factor": given.min() * len(given),
            "key-delivered": np.minimum(given, 2e4).sum(),
            "key-served": 2e4 * (given >= 2e4 * (1.0 - 1e-6)).sum(),
        }
        assert sums[OFFERED] == sums[SERVED] == len(MESH.demands)
        assert sums[SKR] == pytest.approx(counted[objective], rel=1e-6)


def test_a_set_that_serves_fewer_gains_nothing_by_it():
    """The factor of those that are served alone is higher the fewer they are."""
    shared = qkdopt.share_keys(MESH, rate_bps=1e3)
    data = shared.to_json_dict()
    for link in data["network"]["links"]:
        link["unavailable"] = list(range(2, 8))
    crowded = Instance.model_validate(data, strict=False)
    evaluator = DemandListEvaluator(instance=crowded, reserve="all", scenarios=(Scenario(1.0),))
    few, all_dark = evaluator.tallies(
        [Placement.everywhere((1,)), Placement.everywhere((7,))], "search", 0, 2
    )[:, 0, 0]
    assert few[SERVED] < all_dark[SERVED]
    assert few[SKR] / few[SERVED] > 0.0
    problem = build_problem(Pool.of(crowded).applied_to(crowded, Placement.everywhere((1,)), "all"))
    plan = static_plan(problem, seed=evaluator._seed(0))
    report = qkdopt.check(problem.instance, saved_plan_of(problem, plan))
    factor = min(rate for rate in report.demand_skr_bps.values() if rate is not None) / 1e3
    assert few[SKR] == pytest.approx(factor * 1e3 * report.served, rel=1e-9)


def test_a_block_of_traffic_counts_the_key_that_requests_are_given():
    traffic = {"key": {"rate_bps": 2e4}}
    shared = qkdopt.share_keys(MESH).replace(traffic=traffic)
    evaluator = TrafficEvaluator(
        instance=shared, reserve="all", scenarios=(Scenario(6.0),), requests=4000
    )
    two, one = Placement.everywhere((0, 7)), Placement.everywhere((4,))
    sums = evaluator.tallies([two, one], "ranking", 0, 2)[:, :, 0]
    assert (sums[..., SKR] > 0.0).all()
    # A request cannot have more than it asks for, holding times being 1 in the mean.
    assert (sums[..., SKR] / sums[..., OFFERED] < 2e4 * 1.1).all()
    chosen = Pool.of(shared).applied_to(shared, two, "all")
    outcome = qkdopt.simulate(chosen, load_erlang=6.0, requests=60_000, seed=5)
    delivered = outcome.key_delivered_bps.value / 6.0
    assert sums[0, :, SKR].sum() / sums[0, :, OFFERED].sum() == pytest.approx(delivered, rel=0.08)


def test_what_cannot_be_asked_is_refused():
    shared = qkdopt.share_keys(MESH, rate_bps=1e3)
    with pytest.raises(UsageError, match="expected none: demands keep what they ask for"):
        protect(shared, min_skr_bps=1.0, channels=2)
    with pytest.raises(UsageError, match="min_skr_bps is missing"):
        protect(MESH, channels=2)
    with pytest.raises(UsageError, match="none of mesh6 asks for key"):
        protect(qkdopt.share_keys(MESH), channels=2)
    with pytest.raises(UnsupportedError, match="flow"):
        protect(qkdopt.share_keys(MESH, rate_bps=1e3, relay="flow"), channels=2)
    with pytest.raises(UnsupportedError, match="method = 'milp'"):
        qkdopt.prove_channel_set(shared, 1, method="milp")
    with pytest.raises(UsageError, match=r"expected key-factor, key-delivered, key-served$"):
        qkdopt.prove_channel_set(shared, 1, objective="link-sum")
    with pytest.raises(UsageError, match=r"expected mean$"):
        qkdopt.prove_channel_set(MESH, 1, objective="max-min")
    with pytest.raises(OptionsError, match="counts a link's key once"):
        qkdopt.rank_channel_sets(shared, 1, on="demands", objective="mean")
    with pytest.raises(OptionsError, match="requests come and go"):
        qkdopt.rank_channel_sets(MESH, 1, objective="key-factor")
    with pytest.raises(OptionsError, match=r"expected traffic\.key"):
        qkdopt.rank_channel_sets(shared, 1)
