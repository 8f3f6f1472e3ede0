"""The integer relaxation for CP-SAT: the claim of its docstring, and what it is for."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from qkdopt.adapters import Limits, Program, Status, adapter_of
from qkdopt.adapters.conformance import random_program
from qkdopt.adapters.scaling import OBJECTIVE_CAPACITY, ROW_CAPACITY, Grid, implied_bounds
from qkdopt.errors import UnsupportedError

needs_cp_sat = pytest.mark.skipif(find_spec("ortools") is None, reason="ortools is not installed")
LIMITS = Limits(seconds=5.0, gap=1e-9)
seeds = st.integers(0, 2**32)


def parts(program):
    matrix = program.matrix
    for row in range(program.rows):
        part = slice(matrix.indptr[row], matrix.indptr[row + 1])
        yield row, matrix.indices[part], matrix.data[part]


def total(scaled, point) -> int:
    """Exact value of an integer expression."""
    pairs = zip(scaled.coefficients.tolist(), point[scaled.columns].tolist(), strict=True)
    return sum(coefficient * value for coefficient, value in pairs)


@given(seed=seeds, draw=seeds)
def test_the_nearest_grid_point_of_a_feasible_point_is_feasible(seed, draw):
    program = random_program(seed)
    rng = np.random.default_rng(draw)
    point = program.lower + (program.upper - program.lower) * rng.random(program.columns)
    point = np.where(program.integer, np.rint(point), point)
    activity = program.matrix @ point
    # Rows that hold at the point with nothing to spare.
    program = replace(program, row_lower=activity, row_upper=activity)
    grid = Grid(program)
    nearest = grid.to_integers(point)
    assert (grid.lower <= nearest).all()
    assert (nearest <= grid.upper).all()
    for row, columns, data in parts(program):
        scaled = grid.scaled(columns, data, ROW_CAPACITY)
        value = total(scaled, nearest)
        assert scaled.at_least(activity[row]) <= value <= scaled.at_most(activity[row])
        assert abs(value - scaled.scale * activity[row]) <= scaled.error + 1e-9 * abs(value)


@given(seed=seeds)
def test_the_objective_is_never_below_the_bound_made_of_its_integers(seed):
    program = random_program(seed)
    grid = Grid(program)
    rng = np.random.default_rng(seed)
    point = program.lower + (program.upper - program.lower) * rng.random(program.columns)
    point = np.where(program.integer, np.rint(point), point)
    scaled = grid.scaled(np.arange(program.columns), program.descent, OBJECTIVE_CAPACITY)
    value = total(scaled, grid.to_integers(point))
    assert abs(value) < 2**53
    assert scaled.below(value) <= program.descent @ point + 1e-12


@needs_cp_sat
@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_bounds_are_never_below_the_optimum_nor_incumbents_above_it(seed):
    program = random_program(seed)
    outcome, values = adapter_of("cp-sat").solve_program(program, LIMITS)
    truth = adapter_of("highs").solve_program(program, LIMITS)[0]
    sign = 1.0 if program.maximise else -1.0
    assert outcome.status in (Status.OPTIMAL, Status.LIMIT)
    # What HiGHS's own tolerances let it gain.
    margin = 1e-5 * max(1.0, abs(truth.incumbent))
    assert sign * outcome.bound >= sign * truth.incumbent - margin
    if values is not None:
        assert sign * outcome.incumbent <= sign * truth.bound + margin
        assert program.violation(values) <= 1e-6
        assert outcome.incumbent == program.objective(values)


def test_integer_rows_stay_as_they_are():
    program = random_program(3)
    program = replace(program, integer=np.ones(program.columns, dtype=bool))
    columns = np.arange(program.columns)
    scaled = Grid(program).scaled(columns, np.full(program.columns, 12.0), ROW_CAPACITY)
    assert scaled.coefficients.tolist() == [1] * program.columns
    assert (scaled.at_least(-24.0), scaled.at_most(35.9)) == (-2, 2)


@pytest.mark.parametrize(
    ("high", "fault"), [(np.inf, "column 1 has none"), (1e18, "column 1 goes up to 1e")]
)
def test_columns_without_usable_bounds_are_refused(high, fault):
    program = random_program(5)
    upper = program.upper.copy()
    upper[1] = high
    with pytest.raises(UnsupportedError, match=fault):
        Grid(replace(program, upper=upper))


@given(seed=seeds, draw=seeds)
def test_implied_bounds_lose_no_feasible_point(seed, draw):
    program = random_program(seed)
    rng = np.random.default_rng(draw)
    point = program.lower + (program.upper - program.lower) * rng.random(program.columns)
    activity = program.matrix @ point
    program = replace(
        program,
        lower=np.where(rng.random(program.columns) < 0.3, -np.inf, program.lower),
        upper=np.where(rng.random(program.columns) < 0.3, np.inf, program.upper),
        row_lower=np.where(rng.random(program.rows) < 0.5, -np.inf, activity),
        row_upper=activity,
    )
    tighter = implied_bounds(program)
    assert (tighter.lower <= point).all()
    assert (point <= tighter.upper).all()
    given_low, given_high = np.isfinite(program.lower), np.isfinite(program.upper)
    assert (tighter.lower[given_low] == program.lower[given_low]).all()
    assert (tighter.upper[given_high] == program.upper[given_high]).all()


def test_a_chain_of_rows_bounds_what_hangs_on_it():
    # 0 <= u <= 1, 0 <= n <= 5 u, -1 <= k - n <= 2, with n and k free above, k also below.
    program = Program(
        cost=np.zeros(3),
        offset=0.0,
        maximise=False,
        lower=np.array([0.0, 0.0, -np.inf]),
        upper=np.array([1.0, np.inf, np.inf]),
        integer=np.array([True, False, False]),
        matrix=csr_array(np.array([[-5.0, 1.0, 0.0], [0.0, -1.0, 1.0]])),
        row_lower=np.array([-np.inf, -1.0]),
        row_upper=np.array([0.0, 2.0]),
    )
    tighter = implied_bounds(program)
    assert tighter.upper == pytest.approx([1.0, 5.0, 7.0])
    assert tighter.lower == pytest.approx([0.0, 0.0, -1.0])
