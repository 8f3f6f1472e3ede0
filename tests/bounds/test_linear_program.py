"""The linear program of the bounds against one solved by hand and by scipy."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csc_array

from qkdopt.bounds.linear_program import Columns, cheapest


def test_columns_are_solved_with_their_prices():
    # Two of x and one of y at least: 2 x + y >= 4, y <= 3; x costs 3 and y costs 1.
    columns = Columns()
    columns.add(3.0, [0], [2.0])
    columns.add(1.0, [0], [1.0], high=3.0)
    found = columns.cheapest(np.array([4.0]), np.array([np.inf]))
    assert found is not None
    assert found.value.tolist() == [0.5, 3.0]
    # One more of the row takes half an x more.
    assert found.dual.tolist() == [1.5]


def test_no_solution_is_none():
    columns = Columns()
    columns.add(1.0, [0], [1.0], high=1.0)
    assert columns.cheapest(np.array([2.0]), np.array([np.inf])) is None


def test_random_programs_agree_with_scipy():
    generator = np.random.default_rng(3)
    solved = 0
    for _ in range(20):
        matrix = np.round(generator.normal(size=(5, 8)), 2) * (generator.random((5, 8)) < 0.6)
        cost, top = generator.random(8), generator.random(5)
        found = cheapest(
            -cost, csc_array(matrix), np.zeros(8), np.ones(8), np.full(5, -np.inf), top
        )
        expected = linprog(-cost, A_ub=matrix, b_ub=top, bounds=[(0, 1)] * 8)
        assert found is not None
        assert np.isclose(-cost @ found.value, expected.fun)
        assert np.allclose(found.dual, expected.ineqlin.marginals, atol=1e-7)
        solved += 1
    assert solved == 20
