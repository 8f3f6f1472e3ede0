"""Instances on which a solve once went wrong (``tests/cases``): right now, by every formulation."""

from __future__ import annotations

from pathlib import Path

import pytest

import qkdopt
from qkdopt.adapters import adapter_of
from qkdopt.result import Objective
from tests.brute_force import Oracle
from tests.corners.enumeration import Enumeration
from tests.corners.judge import WAYS as EVERY_WAY
from tests.corners.judge import run
from tests.tiers import slow_beyond

CASES = Path(__file__).parent.parent / "cases"
GAP = 1e-3
WAYS = [
    ("joint", "highs"),
    ("joint", "scip"),
    pytest.param("joint", "cp-sat", marks=pytest.mark.slow),  # to its limit of 20 s
    ("textbook", "highs"),
    ("cp-sat", "cp-sat"),
]
# Found by the corner generator: the objective, and the way that went wrong.
FOUND: list[tuple[str, Objective, str]] = [
    ("corner_715", "mean", "joint/highs"),
    ("corner_1481", "max-min", "textbook/cbc"),
    ("corner_2509", "link-sum", "joint/cbc"),
    ("corner_2528", "max-min", "textbook/cbc"),
    ("corner_2692", "mean", "load-state/highs"),
    ("corner_3404", "mean", "textbook/cbc"),
    ("corner_3420", "mean", "textbook/glpk"),
    ("corner_3780", "link-sum", "textbook/glpk"),
    ("corner_4364", "mean", "auto"),
    ("corner_4482", "mean", "load-state/highs"),
    ("corner_3034000", "mean", "textbook/scip"),
]


def judged(name: str, objective: str, *, time_limit: float = 60.0, **options):
    """Solve, and compare value and bound with enumeration."""
    instance = qkdopt.read_instance(CASES / f"{name}.json")
    best = Oracle(instance, objective).best()
    result = qkdopt.solve(
        instance, objective=objective, gap=GAP, threads=1, time_limit=time_limit, **options
    )
    assert qkdopt.check(instance, result).faults == ()
    assert not result.faults
    assert result.value.served == result.bound.served == max(best)
    assert result.bound.objective_bps >= best[max(best)] * (1.0 - 1e-12)
    assert result.value.objective_bps >= best[max(best)] * (1.0 - GAP)
    return result


@pytest.mark.parametrize("seed", slow_beyond(2, [0, 5, 6, 7, 114]))
@pytest.mark.parametrize(
    "name", ["joint_link_sum_bound_too_low", "joint_table_bound_too_low", "table_corner"]
)
def test_no_seed_makes_a_bound_too_low(name, seed):
    assert judged(name, "link-sum", strategy="milp", seed=seed).status == "optimal"


@pytest.mark.parametrize(("formulation", "solver"), WAYS)
@pytest.mark.parametrize(
    "name", sorted({path.stem for path in CASES.glob("*.json")} - {name for name, *_ in FOUND})
)
def test_every_formulation_answers(name, formulation, solver):
    judged(
        name, "link-sum", strategy="milp", formulation=formulation, solver=solver, time_limit=20.0
    )


@pytest.mark.parametrize(("name", "objective", "way"), FOUND)
def test_what_the_corner_generator_found_stays_right(name, objective, way):
    _, _, solver = way.partition("/")
    if solver and not adapter_of(solver).available():
        pytest.skip(f"{way} is not installed")
    instance = qkdopt.read_instance(CASES / f"{name}.json")
    enumeration = Enumeration(instance, objective).run()
    way = next(one for one in EVERY_WAY if one.name == way)
    assert run(instance, objective, way, enumeration, time_limit=20.0).faults == []
