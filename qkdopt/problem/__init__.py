"""The problem that models and heuristics work on: routes, coefficients, plans and their rates."""

from qkdopt.problem.problem import Problem, RouteScope, build_problem

__all__ = ["Problem", "RouteScope", "build_problem"]
