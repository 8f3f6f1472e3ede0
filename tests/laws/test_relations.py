"""What the laws are judged by finds what is planted: a bound too low, a plan too good."""

from __future__ import annotations

from functools import cache

import pytest

import qkdopt
from qkdopt.instance import Instance
from qkdopt.result import Bound, Objective, Result
from tests.laws.laws import (
    Pair,
    equal,
    no_better,
    no_worse,
    of_one_in_two_parts,
    twice_as_much,
    without_a_demand,
)
from tests.laws.relations import beyond
from tests.small_instances import instance_of

LINKS = [("0-1", 0, 1, 8.0), ("1-2", 1, 2, 12.0), ("2-0", 2, 0, 20.0)]
DEMANDS = [(0, 1, {"channels": 2}), (1, 2), (2, 0)]


@cache
def solved(count: int, objective: str = "max-min"):
    """Return an instance with the last demands, and a plan with a bound three times as high."""
    instance = instance_of(LINKS, DEMANDS[-count:], channels=6)
    numbered = [{**row.model_dump(), "id": 3 - count + n} for n, row in enumerate(instance.demands)]
    instance = instance.replace(demands=numbered)
    return instance, planned(instance, objective)


def planned(instance: Instance, objective: Objective) -> Result:
    """Return a plan that serves all, with a bound three times as high as it is worth."""
    result = qkdopt.solve(instance, strategy="ds-qkd", objective=objective, threads=1)
    assert result.value is not None
    assert result.value.served == len(instance.demands)
    assert result.value.objective_bps > 0.0
    return bounded(result, share=3.0)


def bounded(result: Result, *, share: float = 1.0, served: int = 0) -> Result:
    """Return a result with a bound that is a multiple of its value, or for fewer demands."""
    bound = Bound(
        objective_bps=share * result.value.objective_bps, served=result.value.served - served,
        method="planted", routes="K=3",
    )  # fmt: skip
    return result.model_copy(update={"bound": bound})


@pytest.mark.parametrize("planted", [{"share": 0.999}, {"served": 1}])
def test_a_bound_below_a_plan_is_found(planted):
    instance, result = solved(3)
    low = bounded(result, **planted)
    assert beyond(instance, result, result) == []
    assert len(beyond(instance, result, low)) == 1
    right, wrong = Pair(instance, instance, result, result), Pair(instance, instance, result, low)
    turned = Pair(instance, instance, low, result)
    for law, pair in ((equal, wrong), (equal, turned), (no_worse, wrong), (no_better, turned)):
        assert law(right) == []
        assert len(law(pair)) == 1


def test_an_optimum_that_does_not_double_is_found():
    instance, result = solved(3)
    half, same = bounded(result, share=1.0), bounded(result, share=1.0)
    assert len(twice_as_much(Pair(instance, instance, half, same))) == 1


@pytest.mark.parametrize("objective", ["max-min", "link-sum"])
def test_a_demand_less_that_makes_a_plan_worse_is_found(objective):
    (more, first), (fewer, second) = solved(3, objective), solved(2, objective)
    assert without_a_demand(Pair(more, fewer, first, second)) == []
    low = bounded(second, share=0.99 * first.value.objective_bps / second.value.objective_bps)
    assert any("with the demand" in fault for fault in without_a_demand(
        Pair(more, fewer, first, low)
    ))  # fmt: skip
    none = bounded(second, served=1)
    assert any("without" in f for f in without_a_demand(Pair(more, fewer, first, none)))
    # One demand less serves no more.
    assert without_a_demand(Pair(more, fewer, bounded(first, served=2), second)) != []


def test_two_parts_that_are_worth_less_are_found():
    instance, first = solved(3)
    rows = [{**row.model_dump(), "channels": 1} for row in instance.demands]
    parts = instance.replace(demands=[*rows, {**rows[0], "id": "the other part"}])
    second = planned(parts, "max-min")
    assert of_one_in_two_parts(Pair(instance, parts, first, second)) == []
    low = bounded(second, share=0.99 * first.value.objective_bps / second.value.objective_bps)
    assert len(of_one_in_two_parts(Pair(instance, parts, first, low))) == 1
    few = bounded(second, served=1)
    assert len(of_one_in_two_parts(Pair(instance, parts, first, few))) == 1
