"""Conflicts that are known, and what is said of them."""

from __future__ import annotations

import re

import pytest

import qkdopt
from qkdopt.conflicts import Explanation, explain
from qkdopt.conflicts.cut import find_cut
from qkdopt.conflicts.feasibility import Feasibility, FeasibilityOracle
from qkdopt.conflicts.feasibility_query import build_query
from qkdopt.conflicts.groups import all_groups
from qkdopt.conflicts.limits import best_rate
from qkdopt.conflicts.min_skr import capacities_of
from qkdopt.errors import UsageError
from qkdopt.instance import Instance
from qkdopt.problem import build_problem
from tests.conflicts.small_cases import line, network, ring


def rules(explanation: Explanation) -> set[tuple[str, object]]:
    return {
        (rule.kind, rule.link if rule.demand is None else rule.demand)
        for rule in explanation.groups
    }


def test_the_package_offers_it():
    assert qkdopt.explain is explain


def test_enough_capacity_is_reported_as_feasible():
    explanation = explain(line([(0, 1), (1, 2), (0, 2)]))
    assert explanation.feasible is True
    assert explanation.text == "all 3 demands can be served: a plan was found"
    assert explanation.groups == ()
    assert not explanation.irreducible


def test_demands_that_must_share_a_link_without_capacity():
    explanation = explain(line([(0, 1), (0, 2), (2, 0), (1, 2)]))

    assert explanation.feasible is False
    assert explanation.irreducible
    assert rules(explanation) == {
        ("served", 0), ("served", 1), ("served", 2), ("room", "0-1"), ("guard", "0-1"),
    }  # fmt: skip
    assert explanation.text == (
        "demands 0, 1 and 2 (3 lightpaths) all must cross link 0-1, which has room for 2: 3 "
        "channels, of which the guard band of its QKD channel takes at least 1"
    )


def test_the_guard_band_is_no_part_where_the_channels_alone_are_too_few():
    explanation = explain(line([(0, 1)] * 4, qkd={"candidates": [{"frequency_thz": 229.0}]}))
    assert rules(explanation) == {("room", "0-1"), *(("served", r) for r in range(4))}
    assert explanation.text.endswith("which has room for 3: 3 channels")


def test_a_demand_of_more_lightpaths_than_a_link_has_channels():
    explanation = explain(line([(0, 1, {"channels": 3}), (1, 2)]))
    assert rules(explanation) == {("served", 0), ("guard", "0-1")}
    assert explanation.text == (
        "demand 0 needs 3 channels, and its only route crosses a link with fewer: link 0-1 with 2 "
        "(3 channels, of which the guard band of its QKD channel takes at least 1)"
    )


def test_reserved_candidates_are_named_so():
    qkd = {"candidates": [0, 2], "reserve": "all"}
    explanation = explain(line([(0, 1), (1, 0)], qkd=qkd))
    assert rules(explanation) == {("served", 0), ("served", 1), ("room", "0-1"), ("guard", "0-1")}
    assert "room for 1: 3 channels, of which the guard bands of its reserved" in explanation.text
    assert "take 2" in explanation.text


def test_a_cut_of_two_links():
    explanation = explain(ring([(0, 2)] * 5 + [(1, 3)] * 4, channels=3))
    assert explanation.feasible is False
    assert explanation.irreducible
    assert len([rule for rule in explanation.groups if rule.kind == "served"]) == 5
    assert re.match(
        r"every candidate route of demands .* \(5 lightpaths\) crosses link \S+ or link \S+, "
        r"which have room for 4 together: each 2 \(3 channels, of which the guard band",
        explanation.text,
    )


def test_each_fibre_of_a_pair_has_its_own_capacity():
    pair = {"fibre": {"layout": "pair"}}
    assert explain(line([(0, 1)] * 2 + [(1, 0)] * 3, **pair)).feasible is True
    explanation = explain(line([(0, 1)] * 3 + [(1, 0)] * 3, **pair))
    assert rules(explanation) == {
        ("room", "0-1"),
        ("guard", "0-1"),
        *(("served", r) for r in range(3)),
    }
    assert "must cross link 0-1 (fibre 0 to 1), which has room for 2" in explanation.text


def test_nodes_that_nothing_joins():
    links = [("0-1", 0, 1, 10.0), ("2-3", 2, 3, 10.0)]
    explanation = explain(network(links, [(0, 1), (1, 2)]))
    assert rules(explanation) == {("served", 1)}
    assert explanation.irreducible
    assert explanation.text == "demand 1 has no route: nothing joins 1 and 2"


@pytest.mark.slow
def test_a_channel_that_is_free_nowhere_end_to_end_is_listed():
    """Two channels, and each link's QKD channel takes another: no count by hand shows it."""
    links = [("0-1", 0, 1, 10.0, {"candidates": [0]}), ("1-2", 1, 2, 10.0, {"candidates": [1]})]
    explanation = explain(network(links, [(0, 2)], channels=2))
    assert rules(explanation) == {("served", 0), ("guard", "0-1"), ("guard", "1-2")}
    assert explanation.irreducible
    assert explanation.text.startswith(
        "no plan keeps all of these rules (without any one of them a pl"
    )
    assert "link 1-2: guard band around its QKD channel" in explanation.text


@pytest.mark.parametrize("crossing", [1, 2, 3])
def test_a_key_rate_that_the_light_of_others_takes(crossing):
    instance = line([(0, 1), *[(0, 2)] * (crossing - 1), (1, 2)], channels=6)
    rate = best_rate_with(instance, crossing)
    min_skr_bps = 0.5 * (rate + best_rate_with(instance, crossing - 1))

    explanation = explain(instance, demand=0, min_skr_bps=min_skr_bps)

    assert explanation.feasible is False
    assert explanation.irreducible
    assert rules(explanation) == {
        ("floor", 0), ("noise", "0-1"), *(("served", r) for r in range(crossing)),
    }  # fmt: skip
    assert explanation.text.startswith("demand 0 cannot get ")
    match = re.search(
        r"its only route crosses link 0-1, .* at most ([\d.]+) kbit/s$", explanation.text
    )
    assert match is not None, explanation.text
    assert rate <= 1e3 * float(match[1]) < min_skr_bps
    assert ("its own light leaves" in explanation.text) == (crossing == 1)
    assert (f"the {crossing} lightpaths of demands 0" in explanation.text) == (crossing > 1)
    assert explain(instance, demand=0, min_skr_bps=rate * (1 - 1e-6)).feasible is True


def best_rate_with(instance, lightpaths: int) -> float:
    problem = build_problem(instance)
    rate = best_rate(build_query(problem, frozenset(all_groups(problem))), 0, lightpaths)
    assert rate is not None
    return rate


def test_a_key_rate_for_which_another_route_has_no_capacity():
    """Demand 0 can have its rate on either side only with that side dark for the others."""
    instance = ring([(0, 2), (0, 2), (0, 2)], channels=6)
    min_skr_bps = 0.5 * (best_rate_with(instance, 1) + best_rate_with(instance, 2))
    assert explain(instance, demand=0, min_skr_bps=min_skr_bps).feasible is True

    instance = ring([(0, 2)] + [(0, 2)] * 3 + [(2, 0)] * 3, channels=6)
    explanation = explain(instance, demand=0, min_skr_bps=min_skr_bps)

    assert explanation.feasible is False
    assert explanation.irreducible
    assert explanation.text.count("its route ") == 2
    assert "(at that rate)" in explanation.text


@pytest.mark.slow
def test_noise_against_the_quantum_signal_is_counted_with_its_channel():
    """Loads count the quieter direction: only the channels show that the light is louder."""
    instance = line([(1, 0)], km=60.0, channels=6)
    min_skr_bps = 0.999 * best_rate_with(instance, 1)
    explanation = explain(instance, demand=0, min_skr_bps=min_skr_bps)
    assert min_skr_bps > 0.0
    assert explanation.feasible is False
    assert rules(explanation) == {("served", 0), ("floor", 0), ("noise", "0-1")}
    assert explanation.irreducible


def test_a_cut_holds_only_demands_that_cannot_avoid_it():
    around = [(0, 1), (1, 2), (2, 3), (3, 0)]
    problem = build_problem(ring([(0, 2)] * 5 + around))
    query = build_query(problem, frozenset(all_groups(problem)), whole_routes=True)
    cut = find_cut(problem, problem.routes, capacities_of(query))
    assert cut is not None
    crossed = {e for e, _ in cut.fibres}
    for r, routes in enumerate(problem.routes):
        assert (r in cut.demands) == all(crossed & set(route.links) for route in routes)
    assert cut.required_count == len(cut.demands)
    assert cut.required_count > cut.capacity == 2 * len(cut.fibres)


def test_a_link_without_qkd_is_named():
    links = [("0-1", 0, 1, 10.0, {"qkd": False})]
    explanation = explain(network(links, [(0, 1)]), demand=0, min_skr_bps=1.0)
    assert rules(explanation) == {("served", 0), ("floor", 0)}
    assert explanation.text == (
        "demand 0 cannot get 0.001 kbit/s: its only route crosses link 0-1, which has no QKD"
    )


def test_a_minimum_rate_of_a_what_if_is_no_part_of_a_conflict_without_it():
    explanation = explain(line([(0, 1)] * 4), demand=0, min_skr_bps=100.0)
    assert "floor" not in {rule.kind for rule in explanation.groups}


def test_what_if_replaces_the_demands_own_minimum_rate():
    instance = line([(0, 1, {"min_skr_bps": 9e8})])
    assert explain(instance).feasible is False
    assert explain(instance, demand=0, min_skr_bps=0.0).feasible is True


def test_no_time_leaves_it_open():
    explanation = explain(line([(0, 1)] * 9), time_limit=1e-9)
    assert explanation.feasible is None
    assert explanation.groups == ()
    assert "not decided within 1e-09 s" in explanation.text


def test_a_conflict_cut_short_is_not_called_irreducible(monkeypatch):
    real = FeasibilityOracle.decide

    def slow(self, groups, **options):
        self.deadline = 0.0 if self.decisions else self.deadline
        return real(self, groups, **options)

    monkeypatch.setattr(FeasibilityOracle, "decide", slow)
    explanation = explain(line([(0, 1)] * 9))
    assert explanation.feasible is False
    assert not explanation.irreducible
    assert "demands 0, 1, 2, 3, 4, 5, 6, 7 and 8 (9 lightpaths) all must cross" in explanation.text


def test_a_plan_that_the_exact_rates_refuse_is_no_answer(monkeypatch):
    """Four-wave mixing is in the exact rates only: then nothing is claimed."""
    monkeypatch.setattr("qkdopt.conflicts.feasibility.is_satisfied", lambda query, plan: False)
    explanation = explain(line([(0, 1)]), time_limit=5.0)
    assert explanation.feasible is None
    assert "no proof that more cannot be" in explanation.text


def test_open_questions_keep_their_groups_without_a_claim(monkeypatch):
    real = FeasibilityOracle._decide_query

    def unsure(self, query, *seconds):
        answer = real(self, query, *seconds)
        return answer if answer is Feasibility.INFEASIBLE else Feasibility.UNKNOWN

    monkeypatch.setattr(FeasibilityOracle, "_decide_query", unsure)
    explanation = explain(line([(0, 1)] * 3))
    assert explanation.feasible is False
    assert not explanation.irreducible
    assert rules(explanation) >= {
        ("room", "0-1"),
        ("guard", "0-1"),
        *(("served", r) for r in range(3)),
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"demand": 7, "min_skr_bps": 1.0}, "expected the id of a demand of small_case"),
        ({"demand": 0}, "expected both or neither"),
        ({"min_skr_bps": 1.0}, "expected both or neither"),
        ({"demand": 0, "min_skr_bps": -1.0}, "at least 0 bit/s"),
        ({"demand": 0, "min_skr_bps": float("nan")}, "at least 0 bit/s"),
        ({"demand": 0, "min_skr_bps": float("inf")}, "at least 0 bit/s"),
        ({"time_limit": 0.0}, "expected more than 0 s"),
    ],
)
def test_bad_options_are_refused(options, expected):
    with pytest.raises(UsageError, match=re.escape(expected)):
        explain(line([(0, 1)]), **options)


def bypassed(k: int) -> Instance:
    """Ends joined by a short link without QKD, and by two longer ways, the last with QKD."""
    rows = [("0-3", 0, 3, 5.0, False), ("0-1", 0, 1, 6.0, True), ("1-3", 1, 3, 6.0, False),
            ("0-2", 0, 2, 9.0, True), ("2-3", 2, 3, 9.0, True)]  # fmt: skip
    return Instance.model_validate(
        {
            "name": "bypassed",
            "network": {
                "nodes": [{"id": n} for n in range(4)],
                "links": [
                    {"id": name, "a": a, "b": b, "length_km": km, "qkd": qkd}
                    for name, a, b, km, qkd in rows
                ],
            },
            "grid": {"channels": 6},
            "classical": {"launch_dbm": -12.4},
            "routes": {"k": k},
            "demands": [{"id": "x", "source": 0, "target": 3}],
        },
        strict=False,
    )


def test_a_route_with_qkd_beyond_the_candidates_is_named():
    explanation = explain(bypassed(2), demand="x", min_skr_bps=100.0, time_limit=20.0)
    assert explanation.feasible is False
    assert explanation.advice == (
        "route 0-2-3 of 18 km keeps to links with QKD: with routes.k = 3 in place of 2 it is a "
        "candidate of demand x",
    )
    # What is advised is true.
    assert explain(bypassed(3), demand="x", min_skr_bps=100.0, time_limit=20.0).feasible
    explanation = explain(bypassed(1), demand="x", min_skr_bps=100.0, time_limit=20.0)
    assert "its only candidate route crosses link 0-3, which has no QKD" in explanation.text


def test_no_route_with_qkd_is_said_too():
    data = bypassed(2).to_json_dict()
    data["network"]["links"][4]["qkd"] = False
    explanation = explain(
        Instance.model_validate(data, strict=False), demand="x", min_skr_bps=100.0
    )
    assert explanation.advice == ("no route of demand x keeps to links with QKD",)
