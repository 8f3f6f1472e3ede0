"""Small models with known answers, and random programs."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
from scipy.sparse import csr_array

from qkdopt.adapters import Program


def knapsack(sense: int = pyo.maximize) -> pyo.ConcreteModel:
    """Best 8 + 4 = 12 by items 1 and 2 with an offset of 100; the relaxation is above it."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(4), domain=pyo.Binary, initialize=0)
    value, weight = [6.0, 8.0, 4.0, 5.5], [4.0, 5.0, 3.0, 4.0]
    sign = 1.0 if sense == pyo.maximize else -1.0
    m.capacity = pyo.Constraint(expr=sum(weight[i] * m.x[i] for i in range(4)) <= 8.0)
    m.goal = pyo.Objective(
        expr=100.0 + sign * sum(value[i] * m.x[i] for i in range(4)), sense=sense
    )
    return m


def market_split(
    rows: int = 4, columns: int = 30, *, slack: bool = True, sense: int = pyo.minimize
) -> pyo.ConcreteModel:
    """Build a small equality problem that no solver closes in a second.

    With slack x = 0 is feasible; without, no solver finds a solution in a second either.

    Parameters
    ----------
    rows
        Number of equations.
    columns
        Number of binary variables.
    slack
        Whether the equations may be violated, at a cost of the violation.
    sense
        ``pyo.minimize`` for the total slack as objective; ``pyo.maximize`` for 10 less it, so that
        incumbent and bound have one sign.
    """
    rng = np.random.default_rng(7)
    a = rng.integers(0, 100, (rows, columns))
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(columns), domain=pyo.Binary, initialize=0)
    high = 2000.0 if slack else 0.0
    m.over = pyo.Var(range(rows), bounds=(0.0, high), initialize=0)
    m.under = pyo.Var(range(rows), bounds=(0.0, high), initialize=0)

    def row(m: pyo.ConcreteModel, i: int) -> object:
        total = sum(int(a[i, j]) * m.x[j] for j in range(columns))
        return total + m.under[i] - m.over[i] == int(a[i].sum()) // 2

    m.rows = pyo.Constraint(range(rows), rule=row)
    total = pyo.summation(m.over) + pyo.summation(m.under)
    m.goal = pyo.Objective(expr=10.0 - total if sense == pyo.maximize else total, sense=sense)
    return m


def random_program(seed: int) -> Program:
    """Draw a feasible program of a few columns, all bounded, some of them integer."""
    rng = np.random.default_rng(seed)
    columns, rows = int(rng.integers(2, 7)), int(rng.integers(1, 6))
    integer = rng.random(columns) < 0.5
    scale = 10.0 ** rng.integers(-1, 3)
    matrix = np.round(rng.normal(size=(rows, columns)) * scale, int(rng.integers(0, 5)))
    matrix[rng.random((rows, columns)) < 0.3] = 0.0
    lower = np.where(integer, rng.integers(-3, 1, columns), rng.uniform(-50.0, 0.0, columns))
    upper = np.where(integer, rng.integers(1, 5, columns), rng.uniform(1.0, 1000.0, columns))
    point = lower + (upper - lower) * rng.random(columns)
    point = np.where(integer, np.rint(point), point)
    activity = matrix @ point
    kinds, width = rng.integers(0, 4, rows), rng.uniform(0.0, 2.0, rows)
    low = np.select([kinds == 0, kinds == 3], [-np.inf, activity], activity - width)
    high = np.select([kinds == 1, kinds == 3], [np.inf, activity], activity + width)
    return Program(
        cost=np.round(rng.normal(size=columns) * 5.0, 2),
        offset=float(rng.integers(-5, 5)),
        maximise=bool(rng.random() < 0.5),
        lower=lower.astype(float),
        upper=upper.astype(float),
        integer=integer,
        matrix=csr_array(matrix),
        row_lower=low,
        row_upper=high,
    )
