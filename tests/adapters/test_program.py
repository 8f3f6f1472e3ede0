"""Programs as arrays, their MPS text, and the bounds of outcomes."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest

from qkdopt.adapters import Outcome, SizeLimit, Status, program_of_model
from qkdopt.adapters.conformance import knapsack, random_program
from qkdopt.adapters.glpk import _values
from qkdopt.adapters.mps import write_mps
from qkdopt.adapters.solver import check_by_start, safe_bound
from qkdopt.adapters.text_output import bound_of_optimum, outward

MPS = """NAME qkdopt
ROWS
 N cost
 L r0
 E rone
COLUMNS
 M0 'MARKER' 'INTORG'
 c0 cost -6.0
 c0 r0 4.0
 c1 cost -8.0
 c1 r0 5.0
 M2 'MARKER' 'INTEND'
 c2 cost -0.5
 one cost -100.0
 one rone 1.0
RHS
 RHS r0 8.0
 RHS rone 1.0
BOUNDS
 LO BND c0 0.0
 UP BND c0 1.0
 FX BND c1 1.0
 MI BND c2
 UP BND c2 3.5
 UP BND one 2.0
ENDATA
"""


def small() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(2), domain=pyo.Binary)
    m.x[1].setlb(1)
    m.z = pyo.Var(bounds=(None, 3.5))
    m.capacity = pyo.Constraint(expr=4.0 * m.x[0] + 5.0 * m.x[1] <= 8.0)
    m.goal = pyo.Objective(expr=100.0 + 6.0 * m.x[0] + 8.0 * m.x[1] + 0.5 * m.z, sense=pyo.maximize)
    return m


def test_a_model_becomes_arrays_in_its_own_sense():
    program, columns = program_of_model(small())
    assert [column.name for column in columns] == ["x[0]", "x[1]", "z"]
    assert program.cost.tolist() == [6.0, 8.0, 0.5]
    assert (program.offset, program.maximise) == (100.0, True)
    assert program.integer.tolist() == [True, True, False]
    assert program.row_kinds.tolist() == ["L"]
    assert program.name(2) == "z"
    assert program.objective(np.array([0.0, 1.0, 2.0])) == 109.0
    assert program.bounded
    assert not program.linear


def test_mps_is_a_minimisation_with_every_bound(tmp_path):
    write_mps(program_of_model(small())[0], tmp_path / "program.mps")
    assert (tmp_path / "program.mps").read_text(encoding="ascii") == MPS


@pytest.mark.parametrize("seed", range(30))
def test_one_sided_programs_have_the_same_points(seed):
    program = random_program(seed)
    one_sided = program.one_sided()
    rng = np.random.default_rng(seed)
    assert "R" not in one_sided.row_kinds
    for _ in range(20):
        point = program.lower + (program.upper - program.lower) * rng.random(program.columns)
        assert one_sided.violation(point) == pytest.approx(program.violation(point))


@pytest.mark.parametrize(
    ("point", "violation"),
    [
        ((1.0, 0.0, 1.0, 0.0), 0.0),
        ((1.0, 1.0, 0.0, 0.0), 1.0 / 8.0),
        ((0.5, 0.0, 0.0, 0.0), 0.5),
        ((-2.0, 0.0, 0.0, 0.0), 2.0),
    ],
)
def test_violation_counts_rows_bounds_and_integrality(point, violation):
    assert program_of_model(knapsack())[0].violation(np.array(point)) == pytest.approx(violation)


@pytest.mark.parametrize(
    ("incumbent", "bound", "maximise", "safe"),
    [
        (10.0, 12.0, True, 12.0),
        (10.0, 10.0 - 1e-7, True, 10.0),
        (10.0, -12.0, True, None),
        (10.0, 8.0, False, 8.0),
        (10.0, 12.0, False, None),
        (None, 8.0, False, 8.0),
        (10.0, None, False, None),
    ],
)
def test_a_bound_that_the_incumbent_beats_is_none(incumbent, bound, maximise, safe):
    assert safe_bound(incumbent, bound, maximise=maximise) == safe


def test_printed_bounds_are_moved_outward():
    assert outward(3.0, 2.0, 1.0, 6) == (3.0, pytest.approx(2.0 - 2e-5))
    assert outward(-3.0, -4.0, -1.0, 6) == (3.0, pytest.approx(4.0 + 4e-5))
    assert outward(None, None, -1.0, 6) == (None, None)


def test_the_bound_of_an_optimum_is_the_better_of_gap_and_log():
    program = program_of_model(knapsack())[0]
    best = np.array([0.0, 1.0, 1.0, 0.0])
    assert bound_of_optimum(program, best, 113.0, 0.5) == 113.0
    assert bound_of_optimum(program, best, 113.0, 0.0) == 112.0
    assert bound_of_optimum(program, best, None, 0.0) == 112.0
    assert bound_of_optimum(program, None, 113.0, 0.0) == 113.0


def outcome_of(status: Status, incumbent: float | None, bound: float | None) -> Outcome:
    return Outcome(
        status=status,
        incumbent=incumbent,
        bound=bound,
        has_solution=incumbent is not None,
        start_accepted=None,
        nodes=None,
        seconds=0.0,
        solver="any",
        version="1",
        message="end",
    )


@pytest.mark.parametrize(
    ("incumbent", "bound", "gap"),
    [(10.0, 12.0, 0.2), (-10.0, -8.0, 0.2), (0.0, 0.0, 0.0), (0.0, 1.0, None), (None, 1.0, None)],
)
def test_gap_is_relative_to_the_incumbent(incumbent, bound, gap):
    outcome = outcome_of(Status.LIMIT, incumbent, bound)
    assert outcome.gap == (None if gap is None else pytest.approx(gap))


def test_a_feasible_start_disproves_infeasibility_and_bounds_below_it():
    program = program_of_model(knapsack())[0]
    feasible, broken = np.array([0.0, 1.0, 1.0, 0.0]), np.ones(4)
    infeasible = outcome_of(Status.INFEASIBLE, None, None)
    disproved = check_by_start(program, infeasible, feasible)
    assert disproved.status is Status.FAILED
    assert disproved.message == "end, but the start is feasible"
    assert check_by_start(program, infeasible, broken) is infeasible
    assert check_by_start(program, infeasible, None) is infeasible
    low, high = (outcome_of(Status.LIMIT, None, bound) for bound in (100.0, 113.0))
    assert check_by_start(program, low, feasible).bound is None
    assert check_by_start(program, high, feasible).bound == 113.0


def test_size_limits_count_what_they_name():
    assert SizeLimit(columns=2, rows=3).allows(rows=3, columns=2)
    assert not SizeLimit(columns=2, rows=3).allows(rows=4, columns=2)
    assert not SizeLimit(total=4).allows(rows=2, columns=3)
    assert str(SizeLimit(total=4)) == "4 rows and columns together"


def test_a_glpk_file_that_breaks_off_holds_nothing(tmp_path):
    program = program_of_model(knapsack())[0]
    path = tmp_path / "solution.txt"
    text = "c Problem: qkdopt\n" + "".join(
        f"j {column + 1} 1\n" for column in range(program.columns)
    )
    path.write_text(text + "e o f\n", encoding="ascii")
    assert _values(path, program).tolist() == [1.0] * program.columns
    for length in (0, len(text) // 2, len(text) - 2, len(text)):
        path.write_text(text[:length], encoding="ascii")
        assert _values(path, program) is None
    path.unlink()
    assert _values(path, program) is None
