"""Best first over all sets: the set with the highest limit is looked into next.

A set's limit begins as the number of demands that its links have room for, and is tightened in
steps: the load-state bound, that bound branched, and its own plan solved to proof. When the
highest limit is no better than the best plan, no set is.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from qkdopt.bounding import LoadStateBound, refuse_unsupported
from qkdopt.errors import UnsupportedError, UsageError
from qkdopt.exact_sets.best_set import BestSet
from qkdopt.exact_sets.putting import with_set
from qkdopt.exact_sets.static import static_plan
from qkdopt.instance import Instance
from qkdopt.load_state.classes import build_relaxation
from qkdopt.load_state.served import served_bound
from qkdopt.model.loads import refuse_uncovered
from qkdopt.plan import Plan, assess
from qkdopt.problem import Problem, build_problem
from qkdopt.solving.clock import Clock
from qkdopt.solving.incumbent import Incumbent
from qkdopt.solving.load_states import LoadStateRun
from qkdopt.solving.milp import JointRun

# Branching nodes on a set's loads before its plan is solved to proof.
NODES = 200
# Of the gap, for the proof of one set: the rest is for the comparison of sets.
PROOF_SHARE = 0.5


@dataclass
class Contender:
    """A set, and what no plan with it exceeds.

    Parameters
    ----------
    channels, problem
        The set, and the instance with it.
    served, bound_bps
        No plan serves more demands, and none that serves so many is worth more.
    step
        How far its limits have been tightened.
    """

    channels: tuple[int, ...]
    problem: Problem
    served: int
    bound_bps: float = math.inf
    step: int = 0
    loads: LoadStateBound | None = None
    plan: Plan | None = None

    @property
    def limit(self) -> tuple[int, float]:
        """What sets are looked into by, highest first."""
        return self.served, self.bound_bps

    @property
    def done(self) -> bool:
        """Whether its limits can be tightened no further."""
        return self.step > LAST_STEP


LAST_STEP = 2


@dataclass
class SetRace:
    """All sets of one instance, and the best of them so far."""

    best: BestSet
    solver: str
    seed: int
    contenders: list[Contender] = field(default_factory=list)
    proved: int = 0

    def run(self, instance: Instance, sets: Iterable[tuple[int, ...]]) -> None:
        """Look into sets until none can be better than the best, or time is up."""
        for channels in sets:
            problem = build_problem(with_set(instance, channels))
            served = served_bound(build_relaxation(problem))
            self.contenders.append(Contender(channels, problem, served))
        for contender in self._highest_first():
            if contender.done or not self.best.beaten_by(*contender.limit):
                break
            if self.best.plan is not None and self.best.left <= 0.0:
                break
            self._tighten(contender)
            self.best.report(f"sets: {self.proved} of {len(self.contenders)} solved", self.bound)

    def _highest_first(self) -> Iterator[Contender]:
        def entry(number: int) -> tuple[int, float, int]:
            served, bound_bps = self.contenders[number].limit
            return -served, -bound_bps, number

        heap = [entry(number) for number in range(len(self.contenders))]
        heapq.heapify(heap)
        while heap:
            number = heap[0][2]
            yield self.contenders[number]
            heapq.heapreplace(heap, entry(number))

    @property
    def served_bound(self) -> int:
        """No set serves more demands."""
        return max([self.best.key[0], *(c.served for c in self.contenders)])

    @property
    def bound(self) -> float | None:
        """No set is worth more at the best one's number served; None while nothing limits it."""
        if self.served_bound > self.best.key[0]:
            return None
        highest = self.bound_over(self.contenders)
        return highest if math.isfinite(highest) else None

    def judged(self) -> list[Contender]:
        """List the sets that are not better than the best by more than the gap."""
        return [c for c in self.contenders if not self.best.beaten_by(*c.limit)]

    def bound_over(self, some: Iterable[Contender]) -> float:
        """No set of some is worth more at the best one's number served; its value at least."""
        served, value = self.best.key
        return max([value, *(c.bound_bps for c in some if c.served == served)])

    def _tighten(self, c: Contender) -> None:
        c.step += 1
        if c.step == 1:
            self._bound_loads(c)
        elif c.step == LAST_STEP:
            self._search(c)
            self._branch_loads(c)
        else:
            self._prove(c)

    def _bound_loads(self, c: Contender) -> None:
        """Bound a set by its load states; one demand fewer where so many have no room."""
        try:
            refuse_unsupported(c.problem)
        except UnsupportedError:
            return
        hint = self.best.plan
        rates = assess(self._best_problem(c), hint or static_plan(c.problem, seed=self.seed))
        c.loads = LoadStateBound(c.problem, c.served, rates.demand_skr_bps)
        try:
            if not c.loads.closed:
                c.loads.tighten(self._worth(c), self.best.gap, lambda: False)
        except UsageError:
            c.served, c.step = c.served - 1, 0
            return
        c.bound_bps = _or_inf(c.loads.objective_bps)

    def _best_problem(self, c: Contender) -> Problem:
        return self.best.problem or c.problem

    def _search(self, c: Contender) -> None:
        c.plan = static_plan(c.problem, seed=self.seed)
        self.best.offer(c.channels, c.problem, c.plan)

    def _branch_loads(self, c: Contender) -> None:
        while c.loads is not None and not c.loads.closed and c.loads.nodes < NODES:
            if not self.best.beaten_by(*c.limit) or self.best.left <= 0.0:
                return
            c.loads.tighten(self._worth(c), self.best.gap, lambda: False)
            c.bound_bps = min(c.bound_bps, _or_inf(c.loads.objective_bps))

    def _worth(self, c: Contender) -> float:
        """Objective that a set has to beat at its number served [bit/s]."""
        return self.best.key[1] if self.best.key[0] == c.served else 0.0

    def _prove(self, c: Contender) -> None:
        """Solve a set's own plan, or until it cannot be the best; what is proved is kept."""
        assert c.plan is not None  # searched in the step before
        incumbent = Incumbent(c.problem)
        incumbent.offer(c.plan)
        clock = Clock(max(1.0, self.best.left), PROOF_SHARE * self.best.gap)
        run = self._formulation(incumbent, clock)
        run.run()
        self.best.offer(c.channels, c.problem, incumbent.best()[0])
        self.proved += 1
        bound = run.as_bound()
        if bound.served > c.served:
            return
        # The objective's bound is for the incumbent's number served.
        same = bound.served == incumbent.best()[1].served
        bound_bps = _or_inf(bound.objective_bps if same else None)
        c.bound_bps = bound_bps if bound.served < c.served else min(c.bound_bps, bound_bps)
        c.served = bound.served

    def _formulation(self, incumbent: Incumbent, clock: Clock) -> JointRun | LoadStateRun:
        """Load states where they hold, for they are the fastest; else the joint MILP."""
        joint = JointRun(incumbent, clock, solver=self.solver, seed=self.seed, threads=1)
        try:
            refuse_uncovered(incumbent.problem)
        except UnsupportedError:
            return joint
        return LoadStateRun(
            incumbent, clock, joint, solver=self.solver, seed=self.seed, threads=1,
            beat=self.best.key,
        )  # fmt: skip


def _or_inf(value: float | None) -> float:
    return math.inf if value is None else value
