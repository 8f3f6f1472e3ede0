"""A library only ever improves, whatever arrives in whatever order."""

from __future__ import annotations

from datetime import date
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdopt.best_known import BestKnown, merge_rows
from qkdopt.errors import RefusedError
from tests.best_known.rows import row

MOST = 4
BEST_BPS = [0.0, 90.0, 80.0, 70.0, 60.0]  # of any plan that serves so many


@st.composite
def true_rows(draw):
    """A row some right run may have made: no plan above the best, no bound below it."""
    served = draw(st.integers(0, MOST))
    best = BEST_BPS[served]
    value = best - draw(st.integers(0, 5)) if best else 0.0
    bound = draw(st.none() | st.integers(0, 5).map(lambda more: best + more))
    return row(
        served=served,
        served_bound=draw(st.integers(MOST, MOST + 3)),
        value_bps=value,
        bound_bps=bound,
        seed=draw(st.integers(0, 9)),
        strategy=draw(st.sampled_from(["auto", "milp"])),
        date=draw(st.dates(date(2026, 1, 1), date(2026, 1, 9))),
    )


def numbers(best: BestKnown) -> tuple[int, float, float | None, int]:
    return best.served, best.value_bps, best.bound_bps, best.served_bound


def best_of(rows: list[BestKnown]) -> tuple[int, float, float | None, int]:
    served = max(r.served for r in rows)
    same = [r for r in rows if r.served == served]
    bounds = [r.bound_bps for r in same if r.bound_bps is not None]
    return (
        served,
        max(r.value_bps for r in same),
        min(bounds, default=None),
        min(r.served_bound for r in rows),
    )


@given(rows=st.lists(true_rows(), min_size=1, max_size=8), data=st.data())
def test_updates_in_any_order_end_at_the_best_of_all(rows, data):
    order = data.draw(st.permutations(rows))
    assert numbers(reduce(merge_rows, order)) == best_of(rows)


@given(stored=true_rows(), new=true_rows())
def test_no_update_makes_anything_worse(stored, new):
    best = merge_rows(stored, new)
    assert (best.served, best.value_bps) >= (stored.served, stored.value_bps)
    assert best.served_bound <= stored.served_bound
    if best.served == stored.served and stored.bound_bps is not None:
        assert best.bound_bps is not None
        assert best.bound_bps <= stored.bound_bps
        assert best.gap <= stored.gap


@given(stored=true_rows(), new=true_rows())
def test_plan_and_bound_keep_the_names_of_who_found_them(stored, new):
    best = merge_rows(stored, new)
    finders = [(r.served, r.value_bps, r.strategy, r.seed) for r in (stored, new)]
    assert (best.served, best.value_bps, best.strategy, best.seed) in finders
    if best.bound_bps is not None:
        proofs = [(r.bound_bps, r.bound_method, r.served) for r in (stored, new)]
        assert (best.bound_bps, best.bound_method, best.served) in proofs


@given(stored=true_rows(), new=true_rows())
def test_the_same_result_twice_changes_nothing(stored, new):
    once = merge_rows(stored, new)
    assert merge_rows(once, new) is once
    assert merge_rows(stored, stored) is stored


def test_more_served_beats_more_key_and_the_old_bound_goes():
    stored = row(served=5, value_bps=100.0, bound_bps=101.0)
    best = merge_rows(stored, row(served=6, value_bps=50.0))
    assert numbers(best) == (6, 50.0, None, 9)
    assert best.bound_method is None


def test_a_bound_for_fewer_served_says_nothing_of_more():
    stored = row(served=6, value_bps=50.0, bound_bps=60.0)
    new = row(served=5, value_bps=40.0, bound_bps=45.0, served_bound=7)
    assert numbers(merge_rows(stored, new)) == (6, 50.0, 60.0, 7)


def test_value_and_bound_may_come_from_different_runs():
    stored = row(value_bps=100.0, bound_bps=120.0, strategy="local-search", seed=7)
    new = row(value_bps=90.0, bound_bps=110.0, strategy="milp", bound_method="joint MILP")
    best = merge_rows(stored, new)
    assert (best.value_bps, best.strategy, best.seed) == (100.0, "local-search", 7)
    assert (best.bound_bps, best.bound_method) == (110.0, "joint MILP")


@pytest.mark.parametrize(
    "improvement", [{"value_bps": 101.0}, {"bound_bps": 105.0}, {"served_bound": 8}]
)
def test_the_date_is_that_of_the_last_improvement_of_anything(improvement):
    stored = row(value_bps=100.0, bound_bps=110.0, date=date(2026, 1, 1))
    poor = {"value_bps": 99.0, "bound_bps": 111.0, "date": date(2026, 2, 2)}
    assert merge_rows(stored, row(**poor)).date == date(2026, 1, 1)
    assert merge_rows(stored, row(**{**poor, **improvement})).date == date(2026, 2, 2)


def test_last_digits_move_neither_credit_nor_date():
    stored = row(value_bps=100.0, bound_bps=110.0, seed=1)
    new = row(value_bps=100.0 + 1e-9, bound_bps=110.0 - 1e-9, seed=2, date=date(2026, 2, 2))
    assert merge_rows(stored, new) is stored


def test_a_bound_below_the_value_by_rounding_is_raised_to_it():
    best = merge_rows(row(value_bps=100.0), row(value_bps=90.0, bound_bps=100.0 - 1e-9))
    assert best.bound_bps == best.value_bps == 100.0
    assert best.gap == 0.0


@pytest.mark.parametrize(
    ("stored", "new", "message"),
    [
        ({"value_bps": 100.0}, {"value_bps": 80.0, "bound_bps": 90.0}, "bound_bps = 90.0"),
        ({"value_bps": 80.0, "bound_bps": 90.0}, {"value_bps": 100.0}, "bound_bps = 90.0"),
        ({"served": 8}, {"served": 5, "served_bound": 7}, "served_bound = 7"),
        ({"served_bound": 7}, {"served": 8}, "served_bound = 7"),
    ],
)
def test_a_bound_below_a_checked_plan_is_a_bug(stored, new, message):
    with pytest.raises(RefusedError, match=message) as caught:
        merge_rows(row(**stored), row(**new))
    assert caught.value.exit_status == 1
    assert "a bug" in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "status"),
    [
        ({"served": 9, "value_bps": 100.0, "bound_bps": 100.05}, "optimal"),
        ({"served": 9, "value_bps": 100.0, "bound_bps": 101.0}, "open"),
        ({"served": 8, "value_bps": 100.0, "bound_bps": 100.0}, "open"),
        ({"served": 9, "value_bps": 100.0}, "open"),
        ({"served": 9, "value_bps": 0.0, "bound_bps": 0.0}, "optimal"),
    ],
)
def test_optimal_needs_both_proofs(columns, status):
    assert row(**columns).status == status
