"""The bound on plans whose demands share keys: load states, linear programs, branching on loads.

``key-delivered`` and ``key-served`` have one program a node of the tree; ``key-factor`` a test at
each factor: whether so many demands can be served where each gets that much of its need.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qkdopt.bounds.classes import Relaxation, build_relaxation
from qkdopt.bounds.key_program import KeyProgram, Prices
from qkdopt.bounds.node_team import NodeTeam
from qkdopt.bounds.served import COUNT_MARGIN, served_bound
from qkdopt.errors import UsageError
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import BoolArray, IntArray
from qkdopt.problem.key_shares import MET
from qkdopt.result import Bound
from qkdopt.units import FloatArray

# The factor is bisected to this, relatively.
FACTOR_STEP = 1e-4
# Sums of weights are compared after this much rounding, relatively.
ROUND_OFF = 1e-12
# Rounding of a number of steps, and the share of one that is surely less than a whole step.
WHOLE, BELOW = 1e-6, 1.0 - 1e-3
# A node is no longer split where its mixtures of load states draw no more than this, relatively,
# beyond what some state lets be drawn, and loads are this near to whole ones.
SETTLED, NEAR = 1e-9, 1e-6


@dataclass(frozen=True)
class Node:
    """A part of the load states, and what the program of it came to.

    Parameters
    ----------
    allowed
        By link, the load states to choose from.
    value
        Bound on this part, in units of the program.
    prices
        Its dual prices; None where the program found none.
    """

    allowed: tuple[BoolArray, ...]
    value: float
    prices: Prices | None


class KeyBound:
    """The bound on one problem about shared keys at one number served, tightened step by step.

    Parameters
    ----------
    problem
        The problem, with an objective about shared keys, over candidate routes.
    served
        ``S``, how many demands plans serve.
    relaxation
        The problem's, where it was built before.
    """

    def __init__(self, problem: Problem, served: int, relaxation: Relaxation | None = None) -> None:
        self.problem = problem
        self.relaxation = relaxation or build_relaxation(problem)
        self.served_limit = served_bound(self.relaxation)
        self.team: NodeTeam | None = None
        self._begin(served)

    def at_number(self, served: int) -> KeyBound:
        """Return the bound at another number served."""
        other = KeyBound(self.problem, served, self.relaxation)
        other.team = self.team
        return other

    def _begin(self, served: int) -> None:
        self.for_served = served
        self.nodes = self.expansions = 0
        self._program = KeyProgram(self.problem, served)
        self._order = itertools.count()
        self._heap: list[tuple[float, int, Node]] = []
        self._settled = -np.inf
        self._value = np.inf
        self._needed = self.problem.needs.total_bps / self._program.unit
        # Factors known to be too high, and not known to be.
        self._high = self._low = 0.0
        self.closed = not (served and self._needed > 0.0)
        if self.closed:
            self._value = 0.0

    @property
    def _everything(self) -> tuple[BoolArray, ...]:
        return tuple(np.ones(len(s.loads), dtype=np.bool_) for s in self._program.states)

    @property
    def objective_bps(self) -> float | None:
        """The bound on the objective so far [bit/s]; None while there is none."""
        if not np.isfinite(self._value):
            return None
        value_bps, step_bps = max(0.0, self._value) * self._program.unit, self._step_bps
        if not step_bps:
            return value_bps
        # Weights are met or not: what lies between two sums of them no plan reaches. A need is met
        # by a little less than all of it, for which the program has a little less than its weight.
        return step_bps * math.floor(value_bps / MET / step_bps + WHOLE) * (1.0 + ROUND_OFF)

    @property
    def _step_bps(self) -> float:
        """What plans that are not worth the same differ by at least [bit/s]; 0 where not known."""
        served = self.problem.objective == "key-served"
        return self.problem.needs.step_bps if served else 0.0

    @property
    def method(self) -> str:
        """How the bound was proved, in words."""
        if self.problem.objective == "key-factor":
            return "load states, linear programs at a factor of all needs, safe duals"
        return f"load states, key prices, safe duals, branching on loads ({self.nodes} nodes)"

    def as_bound(self) -> Bound:
        """Return the bound as results record it."""
        return Bound(
            objective_bps=self.objective_bps,
            served=self.served_limit,
            method=self.method,
            routes=self.problem.route_set,
        )

    def halt(self) -> None:
        """End what is under way: there is nothing beside a step."""

    def tighten(self, incumbent_bps: float, gap: float, should_stop: Callable[[], bool]) -> None:
        """Do one step: the root first, then one branching; with ``key-factor`` the bisection.

        Parameters
        ----------
        incumbent_bps
            Objective of the best plan with this number served.
        gap
            What cannot beat the incumbent by more than this relative gap is not branched on.
        should_stop
            Called often; true ends the step.
        """
        if self.problem.objective == "key-factor":
            self._bisect(incumbent_bps / self._program.unit / self._needed, gap, should_stop)
            return
        # A plan that is better is so by a step at least.
        beaten_bps = max(incumbent_bps / (1.0 - 0.5 * gap), incumbent_bps + BELOW * self._step_bps)
        cutoff = beaten_bps / self._program.unit if gap < 1.0 else np.inf
        if not np.isfinite(self._value) and not self._heap:
            root = self._node(self._everything)
            if root is None:
                raise UsageError(f"no plan serves {self.for_served} demands: the links lack room")
            self._push(root)
        else:
            self._expand(cutoff)
        self._update(cutoff)

    def _update(self, cutoff: float) -> None:
        best = -self._heap[0][0] if self._heap else -np.inf
        self._value = min(self._value, max(best, self._settled))
        if best <= max(cutoff, self._settled):
            self.closed = True

    def _push(self, node: Node) -> None:
        heapq.heappush(self._heap, (-node.value, next(self._order), node))

    def _node(self, allowed: tuple[BoolArray, ...], limit: float = np.inf) -> Node | None:
        """Bound a part of the load states, by no more than ``limit``; None where it is empty."""
        self.nodes += 1
        program = self._program
        if not all(mask.any() for mask in allowed):
            return None
        prices = program.solve(list(allowed))
        if prices is None:
            # Infeasible, or the solver failed: only what the parent has is known for certain,
            # unless the links lack room for so many.
            return None if self._lacks_room(allowed) else Node(allowed, limit, None)
        value = program.value(prices, list(allowed))
        return Node(allowed, min(value, limit), prices)

    def _lacks_room(self, allowed: tuple[BoolArray, ...]) -> bool:
        """Whether it is certain that the states have no room for so many demands."""
        found = self._program.solve(list(allowed), 0.0)
        if found is None:
            return False
        most = self._program.value(found, list(allowed), 0.0)
        return most < self.for_served - 1.0 + COUNT_MARGIN

    def _expand(self, cutoff: float) -> None:
        value, _, node = heapq.heappop(self._heap)
        if -value <= cutoff:
            self._settled = max(self._settled, -value)
            return
        split = self._split(node)
        if split is None:
            self._settled = max(self._settled, node.value)
            return
        self.expansions += 1
        for part in split:
            child = self._node(part, node.value)
            if child is not None:
                self._push(child)

    def _split(self, node: Node) -> tuple[tuple[BoolArray, ...], ...] | None:
        """Divide the load states of the link whose mixture promises most; None where none does."""
        return self._halves(node.allowed, node.prices)

    def _halves(
        self, allowed: tuple[BoolArray, ...], prices: Prices | None
    ) -> tuple[tuple[BoolArray, ...], ...] | None:
        best, chosen = (0.0, 0.0), None
        for e, (states, mask) in enumerate(zip(self._program.states, allowed, strict=True)):
            if mask.sum() < 2:
                continue
            loads = states.loads[mask]
            if prices is None:
                middle, worth = loads.mean(axis=0), (float(mask.sum()), 0.0)
                spread = loads.std(axis=0)
            else:
                middle, spread = prices.loads[e], prices.spread[e]
                worth = self._promise(e, mask, prices)
            if worth <= best:
                continue
            cuts = self._cut(loads, middle, spread)
            if cuts is not None:
                best, chosen = worth, (e, *cuts)
        if chosen is None:
            return None
        e, weights, limit = chosen
        below = self._program.states[e].loads @ weights <= limit
        return tuple(
            tuple(mask & side if k == e else mask for k, mask in enumerate(allowed))
            for side in (below, ~below)
        )

    def _promise(self, e: int, mask: BoolArray, prices: Prices) -> tuple[float, float]:
        """Return what a mixture draws beyond a state, and how far its loads are from whole ones.

        The second counts where no link has any of the first: a state beside loads between whole
        ones has the key of the mixture, and no state has its loads.
        """
        states, middle = self._program.states[e], prices.loads[e]
        near = np.abs(states.loads - middle).max(axis=1) < 1.0
        honest = states.drawn_bps[near & mask].max(initial=0.0)
        excess = max(0.0, prices.drawn_bps[e] - honest) / self._program.unit
        # Without a price on its key a link's mixture costs nothing.
        beyond = excess * float(prices.key[e]) + 1e-6 * excess
        between = float(np.abs(middle - np.round(middle)).max())
        broken = between * (1e-3 + float(prices.key[e])) if between > NEAR else 0.0
        return (beyond if beyond > SETTLED else 0.0), broken

    @staticmethod
    def _cut(
        loads: IntArray, middle: FloatArray, spread: FloatArray
    ) -> tuple[IntArray, float] | None:
        """Direction and limit that divide the loads at the relaxed solution; None where none do."""
        options = [np.array([1, 1]), np.array([1, 0]), np.array([0, 1])]
        options.sort(key=lambda w: -float(w @ spread) / float(w.sum()) ** 0.5)
        for weights in options:
            projected = loads @ weights
            limit = float(np.floor(middle @ weights + 1e-9))
            limit = min(max(limit, float(projected.min())), float(projected.max()) - 1.0)
            if projected.min() <= limit < projected.max():
                return weights, limit
        return None

    def _bisect(self, incumbent: float, gap: float, should_stop: Callable[[], bool]) -> None:
        """Look for the least factor at which so many demands are proved not to be served."""
        if not self._high:
            self._low, self._high = 0.0, self._highest()
            self._note_high(self._high)
            return
        # Factors below the incumbent's have a plan: no proof is to be had there.
        self._low = max(self._low, incumbent)
        while self._high > self._low * (1.0 + FACTOR_STEP) and not should_stop():
            if self._low > 0.0 and self._high <= self._low / (1.0 - 0.5 * gap):
                break
            middle = (self._high * self._low) ** 0.5 if self._low > 0.0 else 0.5 * self._high
            if middle < 1e-12 * self._highest():
                middle = 0.0
            if self._beyond(middle):
                self._note_high(middle)
            else:
                self._low = middle
            if middle == 0.0:
                # Proved to be none, or not to be proved: there is nothing in between.
                break
        if not should_stop():
            self.closed = True

    def _note_high(self, factor: float) -> None:
        self._high = factor
        self._value = min(self._value, factor * self._needed)

    def _highest(self) -> float:
        """Return a factor that no plan exceeds: all key of all links for the least need."""
        needs = [one.need_bps for one in self._program.classes if one.need_bps > 0.0]
        if not needs:
            return 1.0
        most = sum(float(s.rate_bps.max(initial=0.0)) for s in self._program.states)
        return max(most, 1e-12) / min(needs) * (1.0 + 1e-9)

    def _beyond(self, factor: float) -> bool:
        """Whether it is certain that no plan serves so many with more than this factor."""
        program = self._program
        allowed = []
        for states in program.states:
            mask = states.rate_bps * (1.0 + 1e-12) >= factor * states.least_bps
            if not mask.any():
                return True
            allowed.append(mask)
        self.nodes += 1
        prices = program.solve(allowed, factor)
        if prices is None:
            return False
        most = program.value(prices, allowed, factor)
        return most < self.for_served - 1.0 + COUNT_MARGIN


__all__ = ["KeyBound"]
