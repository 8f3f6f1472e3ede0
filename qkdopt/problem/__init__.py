"""The problem that models and heuristics work on: routes, coefficients, plans and their rates."""

from qkdopt.problem.problem import Problem, build_problem

__all__ = ["Problem", "build_problem"]
