"""The function, its options, its record, the frontier, and what it refuses."""

from __future__ import annotations

import json

import pytest

import qkdopt
from qkdopt.instance.equipment import with_qkd_on
from qkdopt.optimize.record import RunRecord, result_of
from qkdopt.optimize.result_parts import plan_of_result
from qkdopt.problem import build_problem
from qkdopt.problem.plan import BLOCKED, tune_working_channels
from qkdopt.result.dimensioning import Dimensioning, Frontier
from tests.small_instances import instance_of

PRICES = {"transmitter": 60.0, "receiver": 40.0, "site": 10.0}


def ring(rate_bps: float = 8000.0, **options) -> qkdopt.Instance:
    return qkdopt.share_keys(
        qkdopt.read_instance("instances/small/ring.json"), rate_bps=rate_bps, **options
    )


@pytest.fixture(scope="module")
def found() -> Dimensioning:
    return qkdopt.dimension(ring(), **PRICES)


def test_the_record_says_links_sites_price_and_proof(found):
    assert found.price == 100.0 * len(found.links) + 10.0 * len(found.sites)
    assert (found.status, found.bound, found.gap) == ("optimal", found.price, 0.0)
    assert found.plan.value.key_factor >= 1.0
    assert {row.link for row in found.plan.qkd} == set(found.links)
    assert qkdopt.check_dimensioning(ring(), found) == ()


def test_it_is_read_back_as_it_was_written(found, tmp_path):
    found.save(tmp_path / "found.json")
    again = Dimensioning.model_validate_json((tmp_path / "found.json").read_text("utf-8"))
    assert again == found


def test_a_dearer_link_adds_no_more_than_its_price(found):
    for name in found.links:
        other = qkdopt.dimension(ring(), **PRICES, links={name: 1000.0})
        assert found.price <= other.price <= found.price + 900.0
        assert other.price == found.price + 900.0 * (name in other.links)


def test_a_run_limited_by_moves_repeats_exactly():
    instance = qkdopt.share_keys(
        qkdopt.read_instance("instances/small/mesh6.json"), rate_bps=5000.0
    )
    first, second = (
        qkdopt.dimension(instance, **PRICES, seed=3, move_limit=400_000, threads=1)
        for _ in range(2)
    )
    assert first.links == second.links
    assert first.plan.lightpaths == second.plan.lightpaths
    assert (first.price, first.bound) == (second.price, second.bound)


def test_factors_scale_what_is_needed():
    once = qkdopt.dimension(ring(), **PRICES, factor=1.5)
    instance = ring(1.5 * 8000.0)
    other = qkdopt.dimension(instance, **PRICES)
    assert once.price == other.price
    assert once.plan.value.key_factor >= 1.5


def test_the_frontier_rises_and_says_where_no_links_are_enough():
    factors = (0.25, 1.0, 2.0, 50.0)
    table = qkdopt.dimension_frontier(ring(), **PRICES, factors=factors, time_limit=20.0)
    assert [row.factor for row in table.rows] == list(factors)
    *rows, last = table.rows
    assert last.status == "impossible"
    assert "cannot be met by any choice of links" in last.text
    prices = [row.price for row in rows]
    assert prices == sorted(prices)
    for row in rows:
        assert row.bound <= row.price
        assert row.dimensioning.plan.value.key_factor >= row.factor * (1.0 - 1e-6)
        assert qkdopt.check_dimensioning(ring(), row.dimensioning) == ()
    assert Frontier.model_validate_json(json.dumps(table.to_json_dict())) == table


def test_bounds_of_smaller_factors_hold_for_larger_ones():
    from qkdopt.dimensioning.frontier import _agreed

    table = qkdopt.dimension_frontier(ring(), **PRICES, factors=(1.0, 2.0), time_limit=20.0)
    low, high = table.rows
    loose = high.model_copy(update={"bound": 0.0})
    assert _agreed([low, loose])[1].bound == low.bound
    lost = high.model_copy(update={"bound": None, "status": "undecided", "dimensioning": None})
    none = low.model_copy(update={"bound": None, "status": "impossible", "dimensioning": None})
    assert _agreed([none, lost])[1].status == "impossible"


@pytest.mark.parametrize("relay", ["lightpath", "flow"])
def test_needs_beyond_all_links_are_refused_with_what_limits(relay):
    with pytest.raises(qkdopt.UnmetNeedsError, match="with QKD on all links") as refused:
        qkdopt.dimension(ring(1e6, relay=relay), **PRICES, time_limit=20.0)
    assert refused.value.proved
    assert refused.value.exit_status == 1
    if relay == "lightpath":
        assert "kbit/s, of which demand" in str(refused.value)


def test_all_faults_of_prices_and_options_come_in_one_error():
    with pytest.raises(qkdopt.UsageError) as refused:
        qkdopt.dimension(
            ring(), transmitter=-1.0, receiver=float("nan"), links={"9-9": 1.0}, factor=0.0,
            time_limit=0.0,
        )  # fmt: skip
    text = str(refused.value)
    for part in ("transmitter = -1", "receiver = nan", "link 9-9", "factor = 0", "time limit = 0"):
        assert part in text
    with pytest.raises(qkdopt.UsageError, match="all prices are 0"):
        qkdopt.dimension(ring(), transmitter=0.0, receiver=0.0)


def test_keys_that_are_not_shared_are_refused():
    with pytest.raises(qkdopt.UsageError, match="share-keys"):
        qkdopt.dimension(qkdopt.read_instance("instances/small/ring.json"), **PRICES)


FAULTS = {
    "price": ({"price": 1.0}, "price = 1; expected"),
    "bound": ({"bound": 1e6}, "bound = 1000000; expected"),
    "gap": ({"gap": 0.5}, "gap = 0.5; expected"),
    "status": ({"status": "feasible"}, "status = 'feasible'"),
    "sites": ({"sites": (0,)}, "sites = [0]; expected"),
    "unknown link": ({"links": ("9-9",)}, "links: '9-9'; expected the id of a link"),
    "twice": ({"links": ("0-1", "0-1")}, "one is named twice"),
    "factor": ({"factor": 100.0}, "expected at least"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_check_finds_what_is_wrong(found, name):
    change, text = FAULTS[name]
    faults = qkdopt.check_dimensioning(ring(), found.model_copy(update=change))
    assert any(text in fault for fault in faults), faults


def test_the_check_recomputes_the_plan_without_qkd_on_other_links(found):
    # One link less than the plan uses: its rates are of another instance.
    fewer = found.model_copy(update={"links": found.links[1:]})
    assert any("plan: " in fault for fault in qkdopt.check_dimensioning(ring(), fewer))
    assert qkdopt.check_dimensioning(ring(1.0), found)[0].startswith("instance.sha256")


def test_the_check_finds_demands_that_are_left_out(found):
    problem = build_problem(with_qkd_on(ring(), found.links), "key-factor")
    plan = plan_of_result(problem, found.plan)
    fewer = tune_working_channels(problem, [BLOCKED, *plan.routes[1:]], [(), *plan.channels[1:]])
    result = result_of(problem, fewer, None, RunRecord(strategy="by hand"))
    faults = qkdopt.check_dimensioning(ring(), found.model_copy(update={"plan": result}))
    assert faults[0] == "plan serves 7 demands; expected all 8"
    assert "plan gives demand 0 0 bit/s" in faults[1]


@pytest.mark.parametrize("reserve", ["all", "working"])
def test_equipment_that_takes_the_light_its_channels_is_left_out(reserve):
    """QKD on both links leaves one channel where two lightpaths have to go: no plan has all."""
    instance = instance_of(
        [("0-1", 0, 1, 8.0), ("1-2", 1, 2, 8.0)],
        [(0, 1), (0, 1), (1, 2, {"key": {"rate_bps": 10.0}})],
        qkd={
            "candidates": [1], "guard_ghz": 300.0, "reserve": reserve, "key_accounting": "shared",
        },
    )  # fmt: skip
    found = qkdopt.dimension(instance, **PRICES)
    assert (found.links, found.price, found.status) == (("1-2",), 120.0, "optimal")


def test_a_solver_that_there_is_not_is_refused_at_once():
    with pytest.raises(qkdopt.UsageError, match="simplex"):
        qkdopt.dimension(ring(), **PRICES, solver="simplex")


def test_a_solver_that_fails_takes_nothing_away(monkeypatch):
    from qkdopt.dimensioning.exact import ExactRun

    def fail(_run: ExactRun) -> None:
        raise qkdopt.SolverFailedError("highs ended with nonsense")

    monkeypatch.setattr(ExactRun, "run", fail)
    monkeypatch.setattr("qkdopt.dimensioning.run.BOUND_SHARE", 0.0)
    monkeypatch.setattr("qkdopt.bounds.install_bound.InstallBound.bound", 0.0)
    found = qkdopt.dimension(ring(), **PRICES, time_limit=20.0)
    assert (found.status, found.bound) == ("feasible", 0.0)
    assert found.notes == ("solver failed: highs ended with nonsense",)
