"""A cluster that fails or goes silent when a test wants it to, and an instance to keep it busy."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache

from qkdopt.instance.generation import new_instance
from qkdopt.jobs.workers import WorkerProblem, Workers


@cache
def busy_instance():
    """One whose bound takes more than a few nodes."""
    return new_instance("busy", topology="nsfnet", seed=1, demands=30, length_scale=0.02)


class Cluster:
    """Stands in for a cluster: threads of this process that fail or go silent."""

    def __init__(self, *, failing=0, silent_after=None):
        self.pool = ThreadPoolExecutor(2)
        self.failing, self.silent_after = failing, silent_after
        self.submitted = 0
        self.done = 0

    def submit(self, function, *arguments):
        self.submitted += 1
        if self.silent_after is not None and self.submitted > self.silent_after:
            return Future()
        if self.submitted <= self.failing:
            lost = Future()
            lost.set_exception(RuntimeError("the worker was killed"))
            return lost

        def run():
            found = function(*arguments)
            self.done += 1
            return found

        return self.pool.submit(run)

    def problem(self):
        if self.silent_after is not None and self.submitted > self.silent_after:
            return WorkerProblem("no answer from the scheduler", 0.0)
        return None

    def workers(self):
        return Workers(self, lambda: 8, self.problem)
