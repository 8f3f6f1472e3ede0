"""Branching on link loads: where the relaxation mixes load states, split them.

A node allows each link a window of loads. Its bound is the dual over the states in the
window, continued from the parent's prices; the bound of the tree is the largest over open
nodes, so it can be read at any moment.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qkdopt.bounds.bundle import BundleState, improve
from qkdopt.bounds.dual import DualData
from qkdopt.problem.coefficients import IntArray
from qkdopt.units import FloatArray

CHILD_ITERATIONS = 40
CHILD_TOLERANCE = 3e-5
# Mixed by less than this many lightpaths on average, a link's load counts as settled.
SETTLED = 0.01


@dataclass(order=True)
class _Node:
    priority: float
    number: int
    window: IntArray = field(compare=False)
    state: BundleState = field(compare=False)


class LoadTree:
    """Best-first branch and bound over windows of link loads.

    Parameters
    ----------
    data
        The relaxation.
    served
        Number of demands that plans serve.
    root
        An improved state over all load states.
    """

    def __init__(self, data: DualData, served: int, root: BundleState) -> None:
        self._data = data
        self._served = served
        rel = data.relaxation
        self._link = np.repeat(np.arange(len(rel.states)), np.diff(data.state_start))
        self._load = _branching_load(data)
        self._rates = np.concatenate([states.rate_bps for states in rel.states])
        self._crosses = _routes_over_links(data)
        window = np.zeros((len(rel.states), 2), dtype=np.int64)
        window[:, 1] = [self._load[self._link == e].max() for e in range(len(rel.states))]
        self._open = [_Node(-root.value_bps, 0, window, root.packed())]
        self._settled_bps = -np.inf
        self.nodes = 1

    @property
    def bound_bps(self) -> float:
        """Valid bound on the total: the worst of the open and of the closed nodes."""
        best_open = -self._open[0].priority if self._open else -np.inf
        return max(best_open, self._settled_bps)

    @property
    def done(self) -> bool:
        """Whether branching can lower the bound no further."""
        return not self._open or -self._open[0].priority <= self._settled_bps

    def expand(self, cutoff_bps: float, should_stop: Callable[[], bool]) -> None:
        """Split the node with the largest bound; children below ``cutoff_bps`` are closed.

        When ``should_stop`` interrupts, children keep the best bound found so far, which
        is never above their parent's.
        """
        # The node stays open until its children stand for it: an interruption at any point,
        # Ctrl-C included, must leave a valid bound.
        node = self._open[0]
        split = self._split(node)
        children = [] if split is None else self._children(node, *split, cutoff_bps, should_stop)
        closed = [node.priority] if split is None else []
        closed += [child.priority for child in children if -child.priority <= cutoff_bps]
        rest = [other for other in self._open if other is not node]
        rest += [child for child in children if -child.priority > cutoff_bps]
        heapq.heapify(rest)
        self._settled_bps = max([self._settled_bps, *(-priority for priority in closed)])
        self._open = rest

    def _children(
        self,
        node: _Node,
        link: int,
        cut: int,
        cutoff_bps: float,
        should_stop: Callable[[], bool],
    ) -> list[_Node]:
        """Bound both sides of a cut; a side that no plan reaches is left out."""
        children = []
        for low, high in ((node.window[link, 0], cut), (cut + 1, node.window[link, 1])):
            window = node.window.copy()
            window[link] = low, high
            state = node.state.unpacked()
            feasible = improve(
                self._data,
                self._served,
                state,
                (self._load >= window[self._link, 0]) & (self._load <= window[self._link, 1]),
                iterations=CHILD_ITERATIONS,
                tolerance=CHILD_TOLERANCE,
                should_stop=lambda value: value <= cutoff_bps or should_stop(),
            )
            self.nodes += 1
            if feasible:
                state.value_bps = min(state.value_bps, -node.priority)
                children.append(_Node(-state.value_bps, self.nodes, window, state.packed()))
        return children

    def _split(self, node: _Node) -> tuple[int, int] | None:
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
