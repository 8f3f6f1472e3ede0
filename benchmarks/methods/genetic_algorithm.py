"""A genetic algorithm of pymoo on routes and priorities, decoded by first fit.

A chromosome has two genes a demand, both in [0, 1]: which of its candidate routes it tries first,
and its place in the order in which demands are placed. Decoding is first fit from channel 0, on the
other routes where the first has no room; each link then works on its best QKD channel. The fitness
is exact: the number served first, then the objective. Crossover (SBX), mutation (polynomial),
tournament and survival are pymoo's defaults for real variables; the first population holds the
chromosome that DS-QKD amounts to (file order, shortest route first) and is random otherwise. It
proves nothing. Decoding is Python around compiled steps, in one thread, whatever threads are
given; a decoder compiled as a whole would see many more plans in the same time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.methods.method import Answer, Deadline, Limits, Method
from benchmarks.methods.placement import Placement
from qkdopt.problem import Problem
from qkdopt.problem.plan import Plan, assess
from qkdopt.units import FloatArray

POPULATION = 60
# Generations without a better plan after which it ends.
STALLED_GENERATIONS = 100
# Stands for a rate above any of a demand: one more demand served counts more than all rates.
HIGHEST_RATE_BPS = 1e9


def genetic_algorithm(problem: Problem, limits: Limits) -> Answer:
    """Breed plans until the time limit, or until they have stopped becoming better.

    Parameters
    ----------
    problem
        The problem.
    limits
        Time limit [s] and seed.
    """
    decoder, deadline = Decoder(problem), Deadline(limits.seconds)
    decoder.fitness(_first_fit_chromosome(problem))
    if not any(problem.routes):
        return Answer(decoder.best)
    # Their import takes a second: only where they are used.
    from pymoo.core.evaluator import Evaluator
    from pymoo.problems.static import StaticProblem

    genes = _genes(2 * len(problem.routes))
    algorithm, generations = _algorithm(problem, genes, limits.seed), 0
    while not deadline.over and generations - decoder.improved < STALLED_GENERATIONS:
        population = algorithm.ask()
        fitness = []
        for chromosome in population.get("X"):
            if deadline.over:
                return Answer(decoder.best, note=_note(generations, decoder))
            fitness.append([decoder.fitness(chromosome)])
        Evaluator().eval(StaticProblem(genes, F=np.array(fitness)), population)
        algorithm.tell(infills=population)
        generations += 1
        decoder.note_generation(generations)
    return Answer(decoder.best, note=_note(generations, decoder))


class Decoder:
    """Turns chromosomes into plans and remembers the best of them.

    Parameters
    ----------
    problem
        The problem.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._placement = Placement(problem)
        self._counts = np.array([len(routes) for routes in problem.routes])
        self._best_key: tuple[int, float] = (-1, 0.0)
        self.best: Plan | None = None
        self.decoded = 0
        self.improved = 0
        self._noted_key = self._best_key

    def fitness(self, chromosome: FloatArray) -> float:
        """Return what is minimised: demands served count first, then the objective [bit/s].

        Parameters
        ----------
        chromosome
            ``(2 R,)`` route genes, then priority genes, all in [0, 1].
        """
        route_genes, priorities = np.split(chromosome, 2)
        routes = np.minimum((route_genes * self._counts).astype(int), self._counts - 1)
        order = np.argsort(priorities, kind="stable")
        plan = self._placement.plan(order.tolist(), np.maximum(routes, 0).tolist())
        key = assess(self._problem, plan).key
        self.decoded += 1
        if key > self._best_key:
            self.best, self._best_key = plan, key
        return -(key[0] * HIGHEST_RATE_BPS + key[1])

    def note_generation(self, number: int) -> None:
        """Keep the number of the generation where the best plan became better.

        Parameters
        ----------
        number
            Number of the generation that was decoded last.
        """
        if self._best_key > self._noted_key:
            self.improved, self._noted_key = number, self._best_key


def _first_fit_chromosome(problem: Problem) -> FloatArray:
    """``(2 R,)`` file order, shortest route first."""
    demands = len(problem.routes)
    return np.concatenate([np.zeros(demands), np.linspace(0.0, 1.0, demands)])


def _genes(count: int) -> Any:
    """Return pymoo's description of the genes: real, in [0, 1]."""
    from pymoo.core.problem import Problem as Genes

    return Genes(n_var=count, n_obj=1, xl=0.0, xu=1.0)


def _algorithm(problem: Problem, genes: Any, seed: int) -> Any:
    """Return pymoo's genetic algorithm, ready to be asked for its first population."""
    from pymoo.algorithms.soo.nonconvex.ga import GA
    from pymoo.termination import get_termination

    first = np.random.default_rng(seed).random((POPULATION, genes.n_var))
    first[0] = _first_fit_chromosome(problem)
    algorithm = GA(pop_size=POPULATION, sampling=first, eliminate_duplicates=True)
    algorithm.setup(genes, termination=get_termination("n_gen", np.inf), seed=seed, verbose=False)
    return algorithm


def _note(generations: int, decoder: Decoder) -> str:
    return f"{generations} generations, {decoder.decoded} plans decoded"


METHOD = Method("genetic-algorithm", genetic_algorithm, "pymoo", "pip install 'qkdopt[comparison]'")
