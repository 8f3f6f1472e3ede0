"""The best plan so far, shared by the threads of a run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from qkdopt.problem import Problem
from qkdopt.problem.moves import equal_rates, keeps_in_place, moved_demands
from qkdopt.problem.plan import Assessment, Plan, assess


@dataclass
class Incumbent:
    """Keeps the better of every two plans: more demands served, then more objective.

    Of plans that are equal in both it keeps the one that moves fewer demands in place. A plan that
    leaves one of these out, gives one less than its least key rate or moves too many is refused.

    Parameters
    ----------
    problem
        The problem whose exact physics judge the plans.
    observer
        Called with the exact numbers of every better plan, in the thread that found it; None for
        nobody.
    """

    problem: Problem
    plan: Plan | None = None
    exact: Assessment | None = None
    observer: Callable[[Assessment], None] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def offer(self, plan: Plan) -> bool:
        """Take the plan if it is better; say whether it was."""
        exact = assess(self.problem, plan)
        if not keeps_in_place(self.problem, plan, exact):
            return False
        with self._lock:
            if self.exact is not None and not self._is_better(plan, exact):
                return False
            self.plan, self.exact = plan, exact
            if self.observer is not None:
                self.observer(exact)
            return True

    def _is_better(self, plan: Plan, exact: Assessment) -> bool:
        assert self.plan is not None
        assert self.exact is not None
        if not self.problem.movable or exact.served != self.exact.served:
            return exact.rank > self.exact.rank
        if equal_rates(exact.objective_bps, self.exact.objective_bps):
            moves = [len(moved_demands(self.problem, one)) for one in (plan, self.plan)]
            return moves[0] < moves[1]
        return exact.rank > self.exact.rank

    def best(self) -> tuple[Plan, Assessment]:
        """Return the best plan and its exact numbers; one must have been offered."""
        with self._lock:
            assert self.plan is not None
            assert self.exact is not None
            return self.plan, self.exact
