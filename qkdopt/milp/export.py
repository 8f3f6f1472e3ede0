"""Write formulations as files that any solver reads, with readable names."""

from __future__ import annotations

from pathlib import Path

import pyomo.environ as pyo

from qkdopt.errors import UsageError
from qkdopt.milp.build import build_joint, build_textbook
from qkdopt.milp.linearise import linearise_links
from qkdopt.milp.loads import build_loads
from qkdopt.problem import Problem

KILO = 1e3
FORMATS = ("mps", "lp")
EXPORTED = ("joint", "textbook", "load-state")


def formulation_of(
    problem: Problem, name: str, *, served: int | None, tolerance_bps: float
) -> pyo.ConcreteModel:
    """Build a formulation by its name; an objective of key rates is in kbit/s.

    Parameters
    ----------
    problem
        The problem.
    name
        One of ``EXPORTED``; CP-SAT's own model is not a linear program.
    served
        Number of demands that are served; None to maximise it instead.
    tolerance_bps
        Largest error of the linearised key rates [bit/s]; not used by the load-state formulation.

    Raises
    ------
    UsageError
        The name is not one of ``EXPORTED``.
    """
    if name not in EXPORTED:
        raise UsageError(f"formulation = {name!r}; expected one of {', '.join(EXPORTED)}")
    if name == "load-state":
        model = build_loads(problem, served=served)
    else:
        build = build_textbook if name == "textbook" else build_joint
        model = build(problem, linearise_links(problem, tolerance_bps), served=served)
    if served is not None:
        # The model has its own unit of rate; in the file the objective is in kbit/s.
        model.goal.set_value(model.unit_bps / KILO * model.goal.expr)
    return model


def write_model(model: pyo.ConcreteModel, path: Path) -> None:
    """Write a model in the format of the file's suffix, with the names of its rules.

    Rates of links and demands are in units of the model's ``unit_bps``, the objective in kbit/s.
    """
    model.write(str(path), io_options={"symbolic_solver_labels": True})


def size_of(model: pyo.ConcreteModel) -> tuple[int, int]:
    """Return how many rows and columns a model has."""
    rows = sum(1 for _ in model.component_data_objects(pyo.Constraint, active=True))
    columns = sum(1 for _ in model.component_data_objects(pyo.Var))
    return rows, columns
