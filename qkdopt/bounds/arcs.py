"""The network that the bound's paths run in: arcs, and the item that each stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qkdopt.problem import Problem
from qkdopt.problem.coefficients import IntArray
from qkdopt.problem.load_states import co_direction

# (link, direction against its signal, class) of an item.
Item = tuple[int, int, int]


@dataclass(frozen=True)
class Arcs:
    """Both directions of travel over every link, sorted by the node that they leave.

    Parameters
    ----------
    start
        ``(N + 1,)`` arcs that leave node n are ``start[n]:start[n + 1]``.
    target
        ``(A,)`` node that each arc leads to.
    link, against
        ``(A,)`` link of each arc, and 1 where it runs against the link's quantum signal.
    item
        ``(C, A)`` item of a class's lightpaths over an arc.
    key
        ``(A,)`` whether the link has QKD.
    source, sink
        ``(C,)`` ends of the demands of each class.
    """

    start: IntArray
    target: IntArray
    link: IntArray
    against: IntArray
    item: IntArray
    key: NDArray[np.bool_]
    source: IntArray
    sink: IntArray


def build_arcs(problem: Problem, members: Sequence[Sequence[int]], number: dict[Item, int]) -> Arcs:
    """Lay out the arcs of a network.

    Parameters
    ----------
    problem
        The problem.
    members
        Demands of each of the C classes.
    number
        Number of each item; items of "class" C stand for all classes that have none of their own.
    """
    network, demands = problem.instance.network, problem.instance.demands
    position = {node.id: n for n, node in enumerate(network.nodes)}
    every = sorted(
        (position[(link.a, link.b)[d]], position[(link.b, link.a)[d]], e, d)
        for e, link in enumerate(network.links)
        for d in (0, 1)
    )
    against = [int(d != co_direction(problem.tables, e)) for _, _, e, d in every]
    arcs = [(e, side) for (_, _, e, _), side in zip(every, against, strict=True)]
    classes = len(members)
    item = [
        [number.get((*arc, c), number.get((*arc, classes), -1)) for arc in arcs]
        for c in range(classes)
    ]
    leaving = [n for n, _, _, _ in every]
    return Arcs(
        start=np.searchsorted(leaving, np.arange(len(network.nodes) + 1)).astype(np.int64),
        target=np.array([n for _, n, _, _ in every], dtype=np.int64),
        link=np.array([e for e, _ in arcs], dtype=np.int64),
        against=np.array(against, dtype=np.int64),
        item=np.array(item, dtype=np.int64).reshape(classes, len(arcs)),
        key=problem.tables.candidate_count[[e for e, _ in arcs]] > 0,
        source=np.array([position[demands[m[0]].source] for m in members], dtype=np.int64),
        sink=np.array([position[demands[m[0]].target] for m in members], dtype=np.int64),
    )
