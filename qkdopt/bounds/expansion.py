"""What the branching does with one node: bound both sides of a cut through a window of loads.

It depends on nothing but the node: whoever computes it, in whatever thread, process or machine, and
in whatever order, the children are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qkdopt.bounds.bundle import BundleState, improve
from qkdopt.bounds.dual import DualData
from qkdopt.problem.coefficients import IntArray
from qkdopt.units import FloatArray

CHILD_ITERATIONS = 40
CHILD_TOLERANCE = 3e-5
# Least proximal weight of a child at first, beside the mean key rate of a demand: at the weight
# that a converged parent ends with, its prices would hardly move.
CHILD_STEP = 0.4
# Before a node counts as settled, it is improved by so many iterations; from this relative decrease
# on it is another node, to be looked at again.
SETTLING_ITERATIONS, SETTLING_TOLERANCE = 200, 1e-6
SETTLING_GAIN = 1e-5
# Mixed by less than this many lightpaths on average, a link's load counts as settled.
SETTLED = 0.01


@dataclass(frozen=True)
class Node:
    """A window of loads on every link, and the bound over the states in it.

    Parameters
    ----------
    value_bps
        Valid bound on the total key rate [bit/s].
    window
        ``(E, 2)`` fewest and most lightpaths in the fibre of the quantum signal.
    state
        Prices and cuts for the children to begin with, packed.
    rough
        Whether these are the root's: they are improved within the window before it is split.
    """

    value_bps: float
    window: IntArray
    state: BundleState
    rough: bool = False

    @property
    def own_bytes(self) -> int:
        """Memory of prices and cuts that no other node shares [bytes]."""
        return 0 if self.rough else self.state.nbytes


@dataclass(frozen=True)
class Expansion:
    """Children that stand for their parent.

    Parameters
    ----------
    children
        Nodes that together hold every plan of the parent; a side that no plan reaches is left out.
    settled
        Whether the parent has no link left to branch on: it has no children, and stays as it is.
    """

    children: tuple[Node, ...] = ()
    settled: bool = False


class Branching:
    """Splits nodes of one relaxation at one number served.

    Parameters
    ----------
    data
        The relaxation.
    served
        Number of demands that plans serve.
    """

    def __init__(self, data: DualData, served: int) -> None:
        self._data = data
        self._served = served
        rel = data.relaxation
        self._link = np.repeat(np.arange(len(rel.states)), np.diff(data.state_start))
        self._load = _branching_load(data)
        self._crosses = _routes_over_links(data)

    @property
    def data(self) -> DualData:
        """The relaxation."""
        return self._data

    @property
    def served(self) -> int:
        """Number of demands that plans serve."""
        return self._served

    def root(self, state: BundleState) -> Node:
        """Return the node of all loads, from an improved state over all load states."""
        links = len(self._data.relaxation.states)
        window = np.zeros((links, 2), dtype=np.int64)
        window[:, 1] = [self._load[self._link == e].max() for e in range(links)]
        return Node(state.value_bps, window, state.packed())

    def expand(self, node: Node, cutoff_bps: float, should_stop: Callable[[], bool]) -> Expansion:
        """Split a node where its relaxed solution mixes loads, and bound both sides.

        Parameters
        ----------
        node
            The node; it is left as it is.
        cutoff_bps
            A child is improved until its bound [bit/s] is no larger.
        should_stop
            Called often; when true, children keep the best bound found so far, which is never
            above their parent's.
        """
        if node.rough:
            improved = self._of_its_own(node, cutoff_bps, should_stop)
            if improved is None:
                return Expansion()
            if improved.value_bps <= cutoff_bps:
                return Expansion((improved,))
            node = improved
        split = self._split(node)
        if split is None:
            return self._settle(node, cutoff_bps, should_stop)
        return Expansion(tuple(self._children(node, *split, cutoff_bps, should_stop)))

    def _of_its_own(
        self, node: Node, cutoff_bps: float, should_stop: Callable[[], bool]
    ) -> Node | None:
        """Return a node with prices and cuts of its own window; None where no plan is in it."""
        state = self._improved(
            node, node.window, cutoff_bps, should_stop,
            iterations=CHILD_ITERATIONS, tolerance=CHILD_TOLERANCE,
        )  # fmt: skip
        return None if state is None else Node(state.value_bps, node.window, state.packed())

    def _settle(self, node: Node, cutoff_bps: float, should_stop: Callable[[], bool]) -> Expansion:
        """Bound a node without mixed loads once more, where its prices may be rough."""
        state = self._improved(
            node, node.window, cutoff_bps, should_stop,
            iterations=SETTLING_ITERATIONS, tolerance=SETTLING_TOLERANCE,
        )  # fmt: skip
        if state is None:
            return Expansion()
        if node.value_bps - state.value_bps <= SETTLING_GAIN * abs(node.value_bps):
            return Expansion(settled=True)
        return Expansion((Node(state.value_bps, node.window, state.packed()),))

    def _improved(
        self,
        node: Node,
        window: IntArray,
        cutoff_bps: float,
        should_stop: Callable[[], bool],
        *,
        iterations: int,
        tolerance: float,
    ) -> BundleState | None:
        """Return the node's state, improved within a window; None where no plan is in it."""
        state = node.state.unpacked()
        typical_bps = node.value_bps / max(1, self._served)
        state.step = max(state.step, CHILD_STEP * typical_bps)
        feasible = improve(
            self._data,
            self._served,
            state,
            (self._load >= window[self._link, 0]) & (self._load <= window[self._link, 1]),
            iterations=iterations,
            tolerance=tolerance,
            should_stop=lambda value: value <= cutoff_bps or should_stop(),
        )
        state.value_bps = min(state.value_bps, node.value_bps)
        return state if feasible else None

    def _children(
        self,
        node: Node,
        link: int,
        cut: int,
        cutoff_bps: float,
        should_stop: Callable[[], bool],
    ) -> list[Node]:
        """Bound both sides of a cut; a side that no plan reaches is left out."""
        children = []
        for low, high in ((node.window[link, 0], cut), (cut + 1, node.window[link, 1])):
            window = node.window.copy()
            window[link] = low, high
            state = self._improved(
                node, window, cutoff_bps, should_stop,
                iterations=CHILD_ITERATIONS, tolerance=CHILD_TOLERANCE,
            )  # fmt: skip
            if state is not None:
                children.append(Node(state.value_bps, window, state.packed()))
        return children

    def _split(self, node: Node) -> tuple[int, int] | None:
        """Choose the link whose mixture of loads pretends most key rate, and where to cut."""
        flow, drawn = self._route_totals(node.state)
        best, choice = 0.0, None
        for e in range(len(node.window)):
            low, high = node.window[e]
            weights, loads, against = self._mixture(node.state, e)
            if low == high or not len(weights):
                continue
            mean = float(weights @ loads)
            mixed = float(weights @ np.abs(loads - mean))
            if mixed < SETTLED:
                continue
            real = self._rate_at(e, mean, float(weights @ against))
            pretended = np.maximum(0.0, drawn - flow * real)[self._crosses[e]].sum()
            score = mixed * 1e-3 + float(pretended)
            if score > best:
                cut = min(max(int(np.floor(mean)), int(low)), int(high) - 1)
                best, choice = score, (e, cut)
        return choice

    def _mixture(self, state: BundleState, link: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Weights of the link's states in the relaxed solution, their loads and counter part."""
        cuts = state.cuts
        count = cuts.count[link]
        weights, chosen = cuts.weight[link, :count], cuts.state[link, :count]
        loads = self._load[chosen].astype(np.float64)
        return weights, loads, self._data.loads[chosen, 1].astype(np.float64)

    def _route_totals(self, state: BundleState) -> tuple[FloatArray, FloatArray]:
        """``(P,)`` demands, and key rate drawn, on each route in the relaxed solution."""
        rel = self._data.relaxation
        cuts, links = state.cuts, len(rel.states)
        flow, drawn = np.zeros(len(rel.route_class)), np.zeros(len(rel.route_class))
        for b in range(links, len(cuts.count)):
            count = cuts.count[b]
            route, weight = cuts.route[b, :count], cuts.weight[b, :count]
            used = route >= 0
            np.add.at(flow, route[used], weight[used] * rel.class_count[b - links])
            np.add.at(drawn, route[used], (weight * cuts.constant[b, :count])[used])
        return flow, drawn

    def _rate_at(self, link: int, load: float, against: float) -> float:
        """Key rate of a link at a fractional load with its usual share of counter light."""
        states = self._data.relaxation.states[link]
        first = self._data.state_start[link]
        totals = self._load[first : first + len(states.rate_bps)]
        rates = []
        for whole in (int(np.floor(load)), int(np.floor(load)) + 1):
            matching = np.flatnonzero(totals == whole)
            if not len(matching):
                return 0.0
            counter = against / load * whole if load > 0.0 else 0.0
            nearest = matching[np.abs(states.loads[matching, 1] - counter).argmin()]
            rates.append(float(states.rate_bps[nearest]))
        return float(rates[0] + (load - np.floor(load)) * (rates[1] - rates[0]))


def _branching_load(data: DualData) -> IntArray:
    """``(N,)`` load to branch on: lightpaths in the fibre of the quantum signal."""
    return np.concatenate([states.disturbing for states in data.relaxation.states])


def _routes_over_links(data: DualData) -> list[NDArray[np.int64]]:
    """Routes that cross each link."""
    rel = data.relaxation
    link_of_item = np.searchsorted(rel.item_start[:, 2], np.arange(rel.items), side="right")
    route_of_use = np.repeat(np.arange(len(rel.route_class)), np.diff(rel.route_start))
    return [
        np.unique(route_of_use[link_of_item[rel.route_item] == e])
        for e in range(len(rel.item_start))
    ]
