"""Best first over all sets: the set with the highest limit is looked into next.

A set's limit begins as all demands, and is tightened in steps: the number of demands that its links
have room for, the load-state bound, that bound branched, and its own plan solved to proof. When the
highest limit is no better than the best plan, no set is. A problem takes up to a megabyte and a
tenth of a second, so sets have one only while they are looked into.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from qkdopt.bounds.bound import AnyBound, open_bound
from qkdopt.bounds.classes import Relaxation, build_relaxation
from qkdopt.bounds.served import served_bound
from qkdopt.channel_sets.exact.best_set import BestSet
from qkdopt.channel_sets.exact.candidate_sets import with_channel_set
from qkdopt.channel_sets.exact.static import static_plan
from qkdopt.errors import UnsupportedError, UsageError
from qkdopt.instance import Instance
from qkdopt.milp.loads import validate_coverage
from qkdopt.optimize.clock import Clock
from qkdopt.optimize.incumbent import Incumbent
from qkdopt.optimize.load_states import LoadStateRun
from qkdopt.optimize.milp import JointRun
from qkdopt.problem import Problem, build_problem
from qkdopt.problem.plan import Plan, assess
from qkdopt.result import Objective

# Branching nodes on a set's loads before its plan is solved to proof.
NODES = 200
# Of the gap, for the proof of one set: the rest is for the comparison of sets.
PROOF_SHARE = 0.5


@dataclass
class Contender:
    """A set, and what no plan with it exceeds.

    Parameters
    ----------
    channels
        The set.
    served, bound_bps
        No plan serves more demands, and none that serves so many is worth more.
    step
        How far its limits have been tightened.
    """

    channels: tuple[int, ...]
    served: int
    bound_bps: float = math.inf
    step: int = 0
    plan: Plan | None = None

    @property
    def limit(self) -> tuple[int, float]:
        """What sets are looked into by, highest first."""
        return self.served, self.bound_bps

    @property
    def done(self) -> bool:
        """Whether its limits can be tightened no further."""
        return self.step > LAST_STEP


@dataclass
class _Built:
    """The problem of a set, and its load states once they are asked for."""

    contender: Contender
    problem: Problem

    @cached_property
    def relaxation(self) -> Relaxation:
        return build_relaxation(self.problem)


# Room, load states, those branched; what comes after is the proof.
ROOM, LOADS, LAST_STEP = 1, 2, 3


@dataclass
class SetRace:
    """All sets of one instance, and the best of them so far."""

    instance: Instance
    best: BestSet
    solver: str
    seed: int
    objective: Objective = "mean"
    contenders: list[Contender] = field(default_factory=list)
    proved: int = 0
    _built: _Built | None = None

    def run(self, sets: Iterable[tuple[int, ...]]) -> None:
        """Look into sets until none can be better than the best, or time is up."""
        demands = len(self.instance.demands)
        self.contenders = [Contender(channels, demands) for channels in sets]
        # There is something to beat, and to answer with, before any set is bounded.
        self._search(self.contenders[0])
        for contender in self._highest_first():
            if contender.done or not self.best.beaten_by(*contender.limit):
                break
            if self.best.left <= 0.0:
                break
            self._tighten(contender)
            self.best.report(f"sets: {self.proved} of {len(self.contenders)} solved", self.bound)

    def _highest_first(self) -> Iterator[Contender]:
        def entry(number: int) -> tuple[int, float, bool, int]:
            c = self.contenders[number]
            # Of equal ones those of unknown room: it is cheap, and limits the number served.
            return -c.served, -c.bound_bps, c.step >= ROOM, number

        heap = [entry(number) for number in range(len(self.contenders))]
        heapq.heapify(heap)
        while heap:
            number = heap[0][-1]
            yield self.contenders[number]
            heapq.heapreplace(heap, entry(number))

    @property
    def served_bound(self) -> int:
        """No set serves more demands."""
        return max([self.best.key[0], *(c.served for c in self.contenders)])

    @property
    def bound(self) -> float | None:
        """Bound on all sets at the best set's number served; None while nothing limits it."""
        if self.served_bound > self.best.key[0]:
            return None
        highest = self.bound_over(self.contenders)
        return highest if math.isfinite(highest) else None

    @property
    def description(self) -> str:
        """How many sets were looked into, in words."""
        total, bounded = len(self.contenders), sum(c.step >= ROOM for c in self.contenders)
        bounded_of = "" if bounded == total else f"{bounded} of "
        return f"{bounded_of}{total} sets by load states, {self.proved} of them by their own plans"

    def judged(self) -> list[Contender]:
        """List the sets that are not better than the best by more than the gap."""
        return [c for c in self.contenders if not self.best.beaten_by(*c.limit)]

    def bound_over(self, contenders: Iterable[Contender]) -> float:
        """Bound the value of these sets at the best set's number served; its value at least."""
        served, value = self.best.key
        return max([value, *(c.bound_bps for c in contenders if c.served == served)])

    def _tighten(self, c: Contender) -> None:
        c.step += 1
        if c.step == ROOM:
            c.served = min(c.served, served_bound(self._built_for(c).relaxation))
        elif c.step == LOADS:
            self._bound_loads(c)
        elif c.step == LAST_STEP:
            self._search(c)
            self._branch_loads(c)
        else:
            self._prove(c)

    def _bound_loads(self, c: Contender) -> None:
        """Bound a set by its load states; one demand fewer where so many have no room."""
        loads = self._loads(c)
        if loads is None:
            return
        try:
            if not loads.closed:
                loads.tighten(self._value_to_beat(c), self.best.gap, self._over)
        except UsageError:
            c.served, c.step = c.served - 1, ROOM
            return
        c.bound_bps = _or_inf(loads.objective_bps)

    def _loads(self, c: Contender) -> AnyBound | None:
        """Return a set's load-state bound, still loose; None where load states do not hold."""
        problem = self._problem(c)
        assert self.best.problem is not None  # the first set was searched
        assert self.best.plan is not None
        rates = assess(self.best.problem, self.best.plan)
        try:
            return open_bound(
                problem, c.served, rates.demand_skr_bps, self._built_for(c).relaxation
            )
        except UnsupportedError:
            return None

    def _over(self) -> bool:
        return self.best.left <= 0.0

    def _problem(self, c: Contender) -> Problem:
        return self._built_for(c).problem

    def _built_for(self, c: Contender) -> _Built:
        """Return what is built of the set that is being looked into, and of that alone."""
        if self._built is None or self._built.contender is not c:
            instance = with_channel_set(self.instance, c.channels)
            self._built = _Built(c, build_problem(instance, self.objective))
        return self._built

    def _search(self, c: Contender) -> None:
        problem = self._problem(c)
        c.plan = static_plan(problem, seed=self.seed)
        self.best.offer(c.channels, problem, c.plan)

    def _branch_loads(self, c: Contender) -> None:
        """Branch a set's bound, begun anew: kept for every set it would fill the memory."""
        loads = self._loads(c)
        while loads is not None and not loads.closed and loads.nodes < NODES:
            if not self.best.beaten_by(*c.limit) or self.best.left <= 0.0:
                return
            loads.tighten(self._value_to_beat(c), self.best.gap, self._over)
            c.bound_bps = min(c.bound_bps, _or_inf(loads.objective_bps))

    def _value_to_beat(self, c: Contender) -> float:
        """Objective that a set has to beat at its number served [bit/s]."""
        return self.best.key[1] if self.best.key[0] == c.served else 0.0

    def _prove(self, c: Contender) -> None:
        """Solve a set's own plan, or until it cannot be the best; what is proved is kept."""
        assert c.plan is not None  # searched in the step before
        problem = self._problem(c)
        incumbent = Incumbent(problem)
        incumbent.offer(c.plan)
        seconds = max(0.1, self.best.left)
        clock = Clock(seconds, PROOF_SHARE * self.best.gap, stop=self.best.stop)
        run = self._formulation(c, incumbent, clock)
        run.run()
        self.best.offer(c.channels, problem, incumbent.best()[0])
        self.proved += 1
        bound = run.as_bound()
        if bound.served > c.served:
            return
        # The objective's bound is for the incumbent's number served.
        same = bound.served == incumbent.best()[1].served
        bound_bps = _or_inf(bound.objective_bps if same else None)
        c.bound_bps = bound_bps if bound.served < c.served else min(c.bound_bps, bound_bps)
        c.served = bound.served

    def _formulation(
        self, c: Contender, incumbent: Incumbent, clock: Clock
    ) -> JointRun | LoadStateRun:
        """Load states where they hold, for they are the fastest; else the joint MILP."""
        joint = JointRun(incumbent, clock, solver=self.solver, seed=self.seed, threads=1)
        try:
            validate_coverage(incumbent.problem)
        except UnsupportedError:
            return joint
        return LoadStateRun(
            incumbent, clock, joint, solver=self.solver, seed=self.seed, threads=1,
            beat=self.best.key, relaxation=self._built_for(c).relaxation,
        )  # fmt: skip


def _or_inf(value: float | None) -> float:
    return math.inf if value is None else value
