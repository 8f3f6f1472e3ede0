"""What :func:`qkdopt.solve` offers: our own strategy, DS-QKD, and MIP solvers on whole models.

``auto`` is what a plain ``qkdopt solve`` runs. ``ds-qkd`` and ``ds-qkd-synergistic`` are the
published heuristics as this project reads them (``docs/reproduction.md``). The others hand a whole
model to a solver: ``joint`` is this project's tightened model, not one from the literature;
``textbook`` is the same problem with one big-M for every "if", as a first model would be written;
``cp-sat`` is a model of this project for CP-SAT. All of these start from the DS-QKD plan.
"""

from __future__ import annotations

from dataclasses import dataclass

import qkdopt
from benchmarks.methods.method import Answer, Limits, Method
from qkdopt.optimize.result_parts import plan_of_result
from qkdopt.problem import Problem


@dataclass(frozen=True)
class Solve:
    """A call of :func:`qkdopt.solve` with these options.

    Parameters
    ----------
    strategy, formulation, solver
        See :func:`qkdopt.solve`.
    """

    strategy: str
    formulation: str = "joint"
    solver: str = "highs"

    def __call__(self, problem: Problem, limits: Limits) -> Answer:
        """Solve the problem's instance; its bound is for as many demands as the plan serves.

        Parameters
        ----------
        problem
            The problem.
        limits
            Time limit [s], threads and seed.
        """
        result = qkdopt.solve(
            problem.instance,
            strategy=self.strategy,
            formulation=self.formulation,
            solver=self.solver,
            objective=problem.objective,
            time_limit=limits.seconds,
            threads=limits.threads,
            seed=limits.seed,
        )
        plan = None if result.value is None else plan_of_result(problem, result)
        note = "; ".join((result.status, *result.notes))
        if result.bound is None:
            return Answer(plan, note=note)
        return Answer(plan, result.bound.objective_bps, result.bound.served, note)


SCIP = {"library": "pyscipopt", "install": "pip install pyscipopt"}
CP_SAT = {"library": "ortools", "install": "pip install ortools"}

METHODS = (
    Method("auto", Solve("auto")),
    Method("local-search", Solve("local-search")),
    Method("ds-qkd", Solve("ds-qkd"), timed=False),
    Method("ds-qkd-synergistic", Solve("ds-qkd-synergistic"), timed=False),
    Method("joint-highs", Solve("milp", "joint", "highs")),
    Method("joint-scip", Solve("milp", "joint", "scip"), **SCIP),
    Method("textbook-highs", Solve("milp", "textbook", "highs")),
    Method("cp-sat", Solve("milp", "cp-sat", "cp-sat"), **CP_SAT),
)
