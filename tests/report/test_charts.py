"""Charts: every value has its place, ticks are round and inside, paths hold what is drawn."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdopt.report.charts import axis_over, band_path, curve_kind, interval_path, line_path

VALUES = st.floats(-1e9, 1e9, allow_nan=False).filter(lambda value: value == 0 or abs(value) > 1e-6)


@given(st.lists(VALUES, min_size=1, max_size=20))
def test_every_value_and_every_tick_lies_inside(values):
    axis = axis_over(values, 340.0, 20.0)
    assert all(20.0 <= axis.place(value) <= 340.0 for value in values)
    ticks = axis.ticks()
    assert 1 <= len(ticks) <= 8
    assert all(19.9 <= float(place) <= 340.1 for place, _ in ticks)


def test_ticks_stand_where_their_values_are():
    axis = axis_over([0.0, 10.0], 0.0, 112.0)
    assert axis.ticks() == [
        ("6.0", "0"), ("26.0", "2"), ("46.0", "4"), ("66.0", "6"), ("86.0", "8"), ("106.0", "10"),
    ]  # fmt: skip


def test_an_axis_without_values_is_from_0_to_1():
    axis = axis_over([math.nan, math.inf], 0.0, 100.0)
    assert (axis.low, axis.high) == (0.0, 1.0)


def test_paths_hold_the_places_given():
    assert line_path([(1.0, 2.0), (3.0, 4.0)]) == "M1.0 2.0L3.0 4.0"
    assert band_path([(0.0, 1.0, 5.0), (9.0, 2.0, 6.0)]) == "M0.0 1.0L9.0 2.0L9.0 6.0L0.0 5.0z"
    assert band_path([]) == ""
    assert interval_path(10.0, 20.0, 5.0, vertical=False).endswith("M10.0 5.0H20.0")
    assert interval_path(10.0, 20.0, 5.0, vertical=True).endswith("M5.0 10.0V20.0")


def test_28_curves_differ_in_colour_or_dashes():
    assert len({curve_kind(number) for number in range(28)}) == 28


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0])
def test_one_value_has_room_on_both_sides(value):
    axis = axis_over([value], 0.0, 100.0)
    assert axis.place(value) == pytest.approx(50.0)
