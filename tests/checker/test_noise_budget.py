"""The noise budget adds up to the noise that the checker finds, and so do other orders."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qkdopt
from qkdopt.checker.noise_budget import noise_budgets
from tests.random_instances import random_instance


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_parts_add_up_to_the_noise_of_the_result(seed):
    instance = random_instance(seed, other_noise=True)
    result = qkdopt.solve(instance, strategy="ds-qkd")
    budgets = noise_budgets(instance, result)
    assert list(budgets) == [row.link for row in result.qkd]
    for row in result.qkd:
        budget = budgets[row.link]
        parts = [one.raman_per_gate + one.crosstalk_per_gate for one in budget.channels]
        total = math.fsum([*parts, budget.mixing_per_gate, budget.amplifier_per_gate])
        assert total == pytest.approx(row.noise_per_gate, rel=1e-9, abs=1e-18)
        assert budget.rate.skr_bps <= budget.dark_rate.skr_bps
        assert all(part >= 0.0 for part in parts)
        co = [one for one in budget.channels if not one.co_propagating]
        assert all(one.crosstalk_per_gate == 0.0 for one in co)
