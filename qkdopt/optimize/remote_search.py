"""Restarts of the search on workers elsewhere: other seeds, from the best plan so far."""

from __future__ import annotations

import hashlib
import pickle
import threading
import time
from concurrent.futures import Future
from dataclasses import replace
from functools import lru_cache
from typing import Any

from qkdopt.heuristics.rounds import SearchRounds
from qkdopt.instance import Instance
from qkdopt.jobs.shared import held
from qkdopt.jobs.watched import WatchedWorkers
from qkdopt.jobs.workers import Workers
from qkdopt.optimize.clock import Clock
from qkdopt.optimize.incumbent import Incumbent
from qkdopt.problem import Problem, build_problem
from qkdopt.problem.plan import Plan
from qkdopt.runtime.compiled import source_digest

# One thread of the cluster in so many searches, and one at least; the others expand nodes.
THREADS_PER_SEARCH = 4
# A restart ends by itself, whether anybody waits for it or not.
SHARE, LONGEST_SECONDS = 0.3, 60.0
SHORTEST_SECONDS = 1.0
# Seeds of restarts lie apart from those of the rounds here.
FIRST_SEED = 10_000
# Problems that a worker keeps built.
KEPT = 2


class RemoteSearch:
    """Keeps restarts going and offers what they find.

    Parameters
    ----------
    workers
        Executor of the cluster.
    incumbent
        Best plan so far, improved in place.
    clock
        Limits of the run.
    seed
        Random seed of the first restart; each takes the next one.
    """

    def __init__(self, workers: Workers, incumbent: Incumbent, clock: Clock, seed: int) -> None:
        self._incumbent = incumbent
        self._clock = clock
        self._seed = seed + FIRST_SEED
        problem = incumbent.problem
        instance = problem.instance.model_dump_json()
        # Plans number the routes that are listed here, the bound's own paths among them.
        listed = (problem.objective, problem.routes, problem.scope, problem.complete)
        data = pickle.dumps((source_digest(), instance, *listed))
        name = f"qkdopt-problem-{hashlib.sha256(data).hexdigest()}"
        self._watched = WatchedWorkers(workers, name, data)
        self._under_way: list[Future[Any]] = []

    @property
    def threads(self) -> int:
        """Threads of the cluster that search."""
        threads = self._watched.threads
        return max(1, threads // THREADS_PER_SEARCH) if threads else 0

    @property
    def lost(self) -> str:
        """Why the workers are given up; empty while they are not."""
        return self._watched.lost

    def step(self) -> None:
        """Offer the plans that have arrived, and begin restarts where threads are free."""
        for future in [one for one in self._under_way if one.done()]:
            self._under_way.remove(future)
            plan = self._watched.result(future)
            if plan is not None:
                self._incumbent.offer(plan)
        seconds = min(SHARE * self._clock.left, LONGEST_SECONDS)
        while seconds >= SHORTEST_SECONDS and len(self._under_way) < self.threads:
            future_or_none = self._watched.submit(
                search_on_worker, self._watched.name, self._incumbent.best()[0], self._seed, seconds
            )
            if future_or_none is None:
                return
            self._seed += 1
            self._under_way.append(future_or_none)

    def close(self) -> None:
        """Wait for nothing that is under way, and let the workers forget the instance."""
        for future in self._under_way:
            future.cancel()
        self._watched.close()


def search_on_worker(name: str, start: Plan, seed: int, seconds: float) -> Plan:
    """Search in rounds in a process that holds the instance under a name.

    Parameters
    ----------
    name
        Name of the instance.
    start
        Plan to begin with.
    seed
        Random seed.
    seconds
        Time for all rounds [s].
    """
    with _building:
        problem = _problem(name)
    rounds, plan = SearchRounds(problem, seed), start
    until = time.monotonic() + seconds
    while not rounds.idle and (left := until - time.monotonic()) > 0.1 * SHORTEST_SECONDS:
        plan = rounds.search(plan, seconds=max(0.1, rounds.share() * left))
    return plan


_building = threading.Lock()


@lru_cache(maxsize=KEPT)
def _problem(name: str) -> Problem:
    sources, instance, objective, routes, scope, complete = pickle.loads(held(name))
    if sources != source_digest():
        # Its physics, and so its idea of a better plan, may be another.
        raise RuntimeError("the worker has another version of qkdopt")
    problem = build_problem(Instance.model_validate_json(instance), objective)
    return replace(problem, routes=routes, scope=scope, complete=complete)
