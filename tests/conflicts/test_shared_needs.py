"""Whether all needs can be met at once, and which link stands in the way."""

from __future__ import annotations

import pytest

import qkdopt
from tests.small_instances import instance_of

LINKS = [("0-1", 0, 1, 8.0), ("1-2", 1, 2, 12.0)]
PAIRS = [(0, 1), (0, 2), (2, 1)]


def shared(rate_bps: float):
    instance = instance_of(LINKS, PAIRS, channels=6, routes={"k": 1})
    return qkdopt.share_keys(instance, rate_bps=rate_bps)


def test_needs_that_can_be_met_are_met_by_a_plan():
    found = qkdopt.explain(shared(100.0), time_limit=5.0)
    assert found.feasible is True
    assert "3 demands ask for, 0.300 kbit/s in all, can be met at once" in found.text


def test_a_link_that_has_too_little_is_named_with_what_is_asked_of_it():
    found = qkdopt.explain(shared(50_000.0), time_limit=5.0)
    assert found.feasible is False
    assert "cannot be met at once: no plan gives all more than" in found.text
    assert "link 1-2 has" in found.text
    assert "demands 1 and 2 ask for 50 kbit/s each" in found.text
    assert found.groups == ()


def test_what_if_one_demand_asked_for_more():
    instance = shared(100.0)
    assert qkdopt.explain(instance, demand=1, min_skr_bps=200.0, time_limit=5.0).feasible is True
    found = qkdopt.explain(instance, demand=1, min_skr_bps=1e6, time_limit=5.0)
    assert found.feasible is False
    assert "demand 1 for 1e+03 kbit/s" in found.text


@pytest.mark.parametrize("relay", ["lightpath", "flow"])
def test_both_relays_are_decided(relay):
    found = qkdopt.explain(qkdopt.share_keys(shared(1e5), relay=relay), time_limit=5.0)
    assert found.feasible is False
