"""Ways to solve an instance, ours and others', each as one function with the same limits.

``METHODS`` holds them by name. A method takes a problem and its limits and returns an answer: a
plan and, where it proves one, a bound on the exact objective.
"""

from benchmarks.methods import column_generation, genetic_algorithm, solve_strategies
from benchmarks.methods.method import Answer, Limits, Method

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        *solve_strategies.METHODS,
        column_generation.METHOD,
        genetic_algorithm.METHOD,
    )
}

__all__ = ["METHODS", "Answer", "Limits", "Method"]
