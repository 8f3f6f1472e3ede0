"""Joined segments enclose a piecewise-linear curve, within a tolerance, and are few."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdopt.milp.joined import join

NOISE = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])


def at(noise, ends, found):
    k = np.clip(np.searchsorted(found.left, noise, side="right") - 1, 0, len(found.left) - 1)
    share = (noise - found.left[k]) / (found.right[k] - found.left[k])
    return ends[k, 0] + share * (ends[k, 1] - ends[k, 0])


@given(st.lists(st.floats(0.0, 100.0), min_size=7, max_size=7), st.floats(0.0, 60.0))
def test_both_lines_enclose_the_curve(falls, tolerance):
    rate = np.cumsum(falls)[::-1]
    found = join(NOISE, rate, np.zeros(7, dtype=bool), tolerance)
    noise = np.linspace(0.0, 6.0, 121)[:-1]
    exact = np.interp(noise, NOISE, rate)
    assert np.all(at(noise, found.upper, found) >= exact - 1e-9)
    assert np.all(at(noise, found.lower, found) <= exact + 1e-9)
    assert found.error.max() <= tolerance * (1.0 + 2e-6)
    assert found.left[0] == 0.0
    assert found.right[-1] == 6.0
    assert np.array_equal(found.right[:-1], found.left[1:])


def test_a_straight_curve_is_one_segment_and_a_bend_another():
    nothing = np.zeros(7, dtype=bool)
    straight = join(NOISE, 60.0 - 10.0 * NOISE, nothing, 1e-6)
    assert len(straight.left) == 1
    bent = join(NOISE, np.array([60.0, 50.0, 40.0, 10.0, 6.0, 3.0, 0.0]), nothing, 1.0)
    assert bent.left.tolist() == [0.0, 2.0, 3.0]


def test_no_segment_crosses_a_bend_that_is_kept():
    kept = np.array([False, False, False, True, False, False, False])
    assert join(NOISE, 60.0 - 10.0 * NOISE, kept, 1e9).left.tolist() == [0.0, 3.0]


@pytest.mark.parametrize("tolerance", [0.0, 5.0, 100.0])
def test_of_a_curve_that_is_not_convex_the_upper_line_is_lifted(tolerance):
    rate = np.array([60.0, 59.0, 58.0, 20.0, 19.0, 18.0, 0.0])
    found = join(NOISE, rate, np.zeros(7, dtype=bool), tolerance)
    assert (len(found.left) == 1) == (tolerance == 100.0)
    if len(found.left) == 1:
        # 18 above the chord at 2, 10 below it at 3.
        assert found.upper[0, 0] == pytest.approx(78.0, rel=1e-5)
        assert found.lower[0, 0] == pytest.approx(50.0, rel=1e-5)
