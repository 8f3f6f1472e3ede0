"""Proved upper bounds on the exact, nonlinear problem (``docs/bounds.md``).

``B(S)`` limits the objective of every plan that serves exactly ``S`` demands over the
candidate routes, or over all simple paths; a second bound limits ``S`` itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from copy import copy

import numpy as np

from qkdopt.bounds.branching import LoadTree
from qkdopt.bounds.bundle import BundleState, first_state, improve
from qkdopt.bounds.classes import Relaxation, build_relaxation
from qkdopt.bounds.compilation import bound_compiled, compile_bound
from qkdopt.bounds.dual import DualData, dual_data
from qkdopt.bounds.key_bound import KeyBound
from qkdopt.bounds.keyless import any_key
from qkdopt.bounds.levels import level_edges, level_stages, refined_state
from qkdopt.bounds.listing import carried_prices, list_paths
from qkdopt.bounds.node_team import BATCH, NodeTeam, open_team
from qkdopt.bounds.served import served_bound
from qkdopt.errors import UnsupportedError, UsageError
from qkdopt.instance import Instance
from qkdopt.problem import Problem, RouteScope, build_problem
from qkdopt.problem.key_shares import KEY_OBJECTIVES
from qkdopt.result import Bound, Objective
from qkdopt.runtime.signals import graceful_sigint
from qkdopt.units import FloatArray

RATE_LEVELS = 10
ROOT_ITERATIONS = 400
ROOT_TOLERANCE = 1e-4
# Of the stages with few levels: what is left is found sooner with more.
STAGE_TOLERANCE = 5e-4
# Most times that paths join the listed routes at the root, and the least relative decrease of the
# bound for which they do once more.
LISTING_ROUNDS = 4
LISTING_GAIN = 2e-4


class LoadStateBound:
    """The load-state bound of one problem at one number served, tightened step by step.

    Parameters
    ----------
    problem
        The problem; ``relay = widest`` is covered for the objective ``link-sum`` only.
    served
        ``S``, how many demands plans serve.
    rates_bps
        Key rates of the demands in a known plan: they place the rate levels.
    relaxation
        The problem's, where it was built before.

    Raises
    ------
    UnsupportedError
        No bound covers this combination of relay and objective.
    """

    def __init__(
        self,
        problem: Problem,
        served: int,
        rates_bps: FloatArray,
        relaxation: Relaxation | None = None,
    ) -> None:
        validate_supported(problem)
        self.problem = problem
        self.relaxation = relaxation or build_relaxation(problem)
        self.served_limit = served_bound(self.relaxation)
        self._hint_bps = rates_bps
        self._data: DualData | None = None
        self._earlier: BundleState | None = None
        self._stages: list[FloatArray | None] = []
        self._stage = 0
        self.team: NodeTeam | None = None
        """Who expands nodes; None for the thread that tightens."""
        self._begin(served)

    def at_number(self, served: int) -> LoadStateBound:
        """Return the bound at another number served, begun at the prices that this one came to.

        Prices that are good for one number are good for the next: the first evaluation has a
        bound that is nearly as tight.
        """
        self.halt()
        other = copy(self)
        other._earlier = self._root_state or self._earlier
        other._begin(served)
        return other

    def _begin(self, served: int) -> None:
        objective = self.problem.objective
        self.for_served = served
        self._value_bps: float = np.inf
        self._root_state: BundleState | None = None
        self._tree: LoadTree | None = None
        self._open = True
        if objective == "max-min" and served > 0:
            self._rates = np.unique(np.concatenate([s.rate_bps for s in self.relaxation.states]))
            self._low, self._high = 0, len(self._rates)
            self._value_bps = float(self._rates[-1])
        elif objective != "link-sum" and (served == 0 or not any_key(self.relaxation)):
            self._value_bps, self._open = 0.0, False

    @property
    def objective_bps(self) -> float | None:
        """The bound on the objective so far; None while there is none."""
        total = self._value_bps
        if self._tree is not None:
            total = self._tree.bound_bps
        elif self._root_state is not None:
            # Every evaluation counts, also where the root was never done.
            total = min(total, self._root_state.value_bps)
        if not np.isfinite(total):
            return None
        return total / self.for_served if self._per_demand else total

    @property
    def closed(self) -> bool:
        """Whether more time can tighten it no further."""
        return not self._open if self._tree is None else self._tree.done

    @property
    def tree(self) -> LoadTree | None:
        """The branching; None before it begins."""
        return self._tree

    @property
    def nodes(self) -> int:
        """Branching nodes so far."""
        return 0 if self._tree is None else self._tree.nodes

    @property
    def expansions(self) -> int:
        """Nodes that were split so far."""
        return 0 if self._tree is None else self._tree.expansions

    @property
    def method(self) -> str:
        """How the bound was proved, in words."""
        if self.problem.objective == "max-min":
            return "link loads at a threshold rate, linear program, safe duals"
        paths = ", shortest paths" if self.relaxation.arcs is not None else ""
        return f"load states, Lagrangian dual{paths}, branching on loads ({self.nodes} nodes)"

    def as_bound(self) -> Bound:
        """Return the bound as results record it."""
        return Bound(
            objective_bps=self.objective_bps,
            served=self.served_limit,
            method=self.method,
            routes=self.problem.route_set,
        )

    def tighten(self, incumbent_bps: float, gap: float, should_stop: Callable[[], bool]) -> None:
        """Do one step: the root relaxation first, then one branching.

        Whatever ends the step, what was proved by then stays.

        Parameters
        ----------
        incumbent_bps
            Objective of the best plan with this number served.
        gap
            What cannot beat the incumbent by more than this relative gap is not branched on.
        should_stop
            Called often; true ends the step.
        """
        if self.problem.objective == "max-min":
            self._bisect(should_stop)
            return
        scale = self.for_served if self._per_demand else 1
        cutoff_bps = incumbent_bps * scale / (1.0 - 0.5 * gap) if gap < 1.0 else np.inf
        if self._tree is None:
            self._tree = self._root(cutoff_bps, should_stop)
        else:
            self._tree.expand(cutoff_bps, should_stop, self.team)

    def halt(self) -> None:
        """End what the team has under way; nothing that was proved is lost."""
        if self._tree is not None and self.team is not None:
            self._tree.halt(self.team)

    @property
    def _per_demand(self) -> bool:
        return self.problem.objective == "mean" and self.for_served > 0

    def _root(self, cutoff_bps: float, should_stop: Callable[[], bool]) -> LoadTree:
        # The levels stay where they are, for prices are prices of levels.
        self._stages = self._stages or level_stages(self._level_edges())
        self._data = self._data or dual_data(self.relaxation, self._stages[0])
        self._root_state = self._first_state(self._data)
        while True:
            last = self._stage == len(self._stages) - 1
            self._improve_root(cutoff_bps, ROOT_TOLERANCE if last else STAGE_TOLERANCE, should_stop)
            if last or self._root_state.value_bps <= cutoff_bps or should_stop():
                break
            self._refine()
        if self.relaxation.arcs is not None:
            self._list_paths(cutoff_bps, should_stop)
        return LoadTree(self._data, self.for_served, self._root_state)

    def _level_edges(self) -> FloatArray | None:
        if self.problem.objective != "mean":
            return None
        rates = np.concatenate([states.rate_bps for states in self.relaxation.states])
        highest = max(float(rates.max(initial=0.0)), 1.0)
        served = self._hint_bps[self._hint_bps > 0.0]
        hint = np.minimum(served, highest) if len(served) else np.array([highest / 2.0])
        return level_edges(hint, highest, RATE_LEVELS)

    def _first_state(self, data: DualData) -> BundleState:
        rates = np.concatenate([states.rate_bps for states in self.relaxation.states])
        state = first_state(data, float(rates.mean()) if len(rates) else 1.0)
        if self._earlier is not None:
            state.prices, state.sigma = self._earlier.prices.copy(), self._earlier.sigma
            state.step = self._earlier.step
        return state

    def _refine(self) -> None:
        """Go on with the levels of the next stage."""
        assert self._data is not None
        assert self._root_state is not None
        finer = dual_data(self.relaxation, self._stages[self._stage + 1])
        state = refined_state(self._root_state, self._data, finer)
        self._data, self._root_state, self._stage = finer, state, self._stage + 1

    def _improve_root(
        self, cutoff_bps: float, tolerance: float, should_stop: Callable[[], bool]
    ) -> None:
        data, state = self._data, self._root_state
        assert data is not None
        assert state is not None
        feasible = improve(
            data, self.for_served, state, np.ones(len(data.loads), dtype=np.bool_),
            iterations=ROOT_ITERATIONS, tolerance=tolerance,
            should_stop=lambda value: value <= cutoff_bps or should_stop(),
        )  # fmt: skip
        if not feasible:
            raise UsageError(f"no plan serves {self.for_served} demands: the links lack the room")

    def _list_paths(self, cutoff_bps: float, should_stop: Callable[[], bool]) -> None:
        """Give paths of the relaxed solution items of their own, as long as the bound falls."""
        for _ in range(LISTING_ROUNDS):
            state = self._root_state
            assert state is not None
            longer = list_paths(self.problem, self.relaxation, state.cuts)
            if longer is self.problem or state.value_bps <= cutoff_bps or should_stop():
                return
            relaxation = build_relaxation(longer)
            data = dual_data(relaxation, self._stages[self._stage])
            following = first_state(data, 1.0)
            following.prices = carried_prices(state.prices, self.relaxation, relaxation)
            following.sigma, following.step = state.sigma, state.step
            # Whatever interrupts the next round, this one's bound stays.
            self._value_bps = min(self._value_bps, state.value_bps)
            following.value_bps = state.value_bps
            self.problem, self.relaxation = longer, relaxation
            self._data, self._root_state = data, following
            self._improve_root(cutoff_bps, ROOT_TOLERANCE, should_stop)
            if following.value_bps >= state.value_bps * (1.0 - LISTING_GAIN):
                return

    def _bisect(self, should_stop: Callable[[], bool]) -> None:
        """Look for the largest rate at which the links in use still have room for S demands."""
        # served_bound falls with the rate, so bisection finds the last rate that leaves room.
        while self._high - self._low > 1:
            middle = (self._low + self._high) // 2
            if served_bound(self.relaxation, float(self._rates[middle])) >= self.for_served:
                self._low = middle
            else:
                self._high = middle
            self._value_bps = float(self._rates[self._high - 1])
            if should_stop():
                break
        self._open = self._high - self._low > 1


AnyBound = LoadStateBound | KeyBound


def open_bound(
    problem: Problem,
    served: int,
    rates_bps: FloatArray,
    relaxation: Relaxation | None = None,
) -> AnyBound:
    """Begin the bound that covers a problem's objective.

    Parameters
    ----------
    problem, served, rates_bps, relaxation
        As for :class:`LoadStateBound`.

    Raises
    ------
    UnsupportedError
        No bound covers the problem.
    """
    validate_supported(problem)
    if problem.objective in KEY_OBJECTIVES:
        return KeyBound(problem, served, relaxation)
    return LoadStateBound(problem, served, rates_bps, relaxation)


def validate_supported(problem: Problem) -> None:
    """Raise :class:`UnsupportedError` where no bound is known to hold."""
    if problem.objective in KEY_OBJECTIVES and problem.any_route:
        raise UnsupportedError(
            f"no bound covers routes = all with objective {problem.objective}; use the candidate "
            "routes (docs/bounds.md has the table)"
        )
    if problem.instance.qkd.relay == "widest" and problem.objective != "link-sum":
        raise UnsupportedError(
            f"no bound covers relay = widest with objective {problem.objective}: the key may "
            "avoid the demand's own route; use relay = lightpath or objective link-sum "
            "(docs/bounds.md has the table)"
        )


def bound(
    instance: Instance,
    *,
    served: int | None = None,
    objective: Objective | None = None,
    routes: RouteScope = "candidates",
    time_limit: float = 60.0,
    interruption: threading.Event | None = None,
    threads: int | None = None,
    node_limit: int | None = None,
    scheduler: str | None = None,
) -> Bound:
    """Prove upper bounds without looking for a plan.

    Parameters
    ----------
    instance
        The instance.
    served
        Number of demands the bounded plans serve; by default as many as can be shown
        possible, ``bound.served``.
    objective
        What is bounded; None for ``mean``, or ``key-factor`` where keys are shared.
    routes
        Which routes the bounded plans may take: the candidate routes of the instance, or ``all``
        simple paths.
    time_limit
        Seconds after which the bound so far is returned; the first compilation on a machine is
        no part of them.
    interruption
        Is set by Ctrl-C, which then ends the run with the bound so far; without it Ctrl-C raises
        ``KeyboardInterrupt``.
    threads
        Cores to use; None for all.
    node_limit
        Ends the run after so many expanded nodes instead of a time: then the bound is the same
        whatever the threads and workers. None for the time limit.
    scheduler
        Address of a Dask scheduler whose workers take part; None for this machine alone.

    Raises
    ------
    UnsupportedError
        No bound covers the instance's relay with this objective.
    UsageError
        More demands are to be served than can be, no threads or nodes are given, or no scheduler
        answers.

    Examples
    --------
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> proved = qkdopt.bound(line, time_limit=1.0)
    >>> proved.served, proved.objective_bps > 0.0
    (6, True)
    """
    if threads is not None and threads < 1:
        raise UsageError(f"threads = {threads}; expected at least 1")
    if node_limit is not None and node_limit < 0:
        raise UsageError(f"node limit = {node_limit}; expected at least 0")
    if not time_limit >= 0.0:
        raise UsageError(f"time limit = {time_limit:g}; expected 0 s or more")
    deadline = time.monotonic() + time_limit
    problem = build_problem(instance, objective, routes)
    # The bound on shared keys has no kernels.
    kernels = problem.objective not in KEY_OBJECTIVES
    if kernels and not bound_compiled(any_route=problem.any_route):
        began = time.monotonic()
        compile_bound(any_route=problem.any_route)
        deadline += time.monotonic() - began
    stop = interruption or threading.Event()

    def over() -> bool:
        return stop.is_set() or (node_limit is None and time.monotonic() >= deadline)

    validate_supported(problem)
    relaxation = build_relaxation(problem)
    limit = served_bound(relaxation)
    if served is not None and not 0 <= served <= limit:
        raise UsageError(f"served = {served}; expected 0 to {limit}, the most that can be served")
    count = limit if served is None else served
    run = open_bound(problem, count, _typical_rates(relaxation), relaxation)
    batch = None if node_limit is None else BATCH
    with (
        open_team(threads, scheduler, batch=batch) as team,
        graceful_sigint(stop) if interruption is not None else nullcontext(),
    ):
        run.team, left = team, node_limit
        first = True
        # One evaluation at least: it is what bounds the objective at all.
        while not run.closed and (first or (not over() and left != 0)):
            if left:
                team.batch = min(BATCH, left)
            run.tighten(0.0, 0.0, over)
            left = None if node_limit is None else node_limit - run.expansions
            first = False
        note = team.note
    proved = run.as_bound()
    return proved.model_copy(update={"method": f"{proved.method}; {note}"}) if note else proved


def _typical_rates(relaxation: Relaxation) -> FloatArray:
    """Rates of lightly loaded links, to place the levels when no plan is known."""
    return np.array([np.median(s.rate_bps) for s in relaxation.states if len(s.rate_bps)])


__all__ = ["AnyBound", "LoadStateBound", "bound", "open_bound", "validate_supported"]
