"""Nodes that wait to be expanded, the largest bound first, in bounded memory.

A node's prices and cuts are a megabyte on a network of 20 nodes, and a run of hours leaves hundreds
of thousands of nodes. Those that are expanded last give theirs up: what they were improved from,
the root's, is kept once for all of them, and finds theirs again when their turn comes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import replace

from qkdopt.bounds.expansion import Node

# Prices and cuts of waiting nodes [bytes]. By size, not by the clock: runs repeat.
MOST_STATE_BYTES = 2**30


class NodeQueue:
    """Waiting nodes, the largest bound first.

    Parameters
    ----------
    root
        The first node; its prices and cuts are kept for those that give theirs up.
    most_bytes
        Memory of prices and cuts [bytes] from which half of them are given up.
    """

    def __init__(self, root: Node, most_bytes: int | None = None) -> None:
        self._root_state = root.state
        self._most_bytes = MOST_STATE_BYTES if most_bytes is None else most_bytes
        # Compared by numbers alone, so that no signal can come between the steps of the heap.
        self._heap = [(-root.value_bps, 0, root)]
        self._bytes = root.own_bytes

    def __len__(self) -> int:
        return len(self._heap)

    def __iter__(self) -> Iterator[tuple[float, int, Node]]:
        """Yield the negative bound, the number and the node itself of each, in no order."""
        return iter(self._heap)

    @property
    def state_bytes(self) -> int:
        """Memory of the prices and cuts of the nodes [bytes]."""
        return self._bytes

    @property
    def rough(self) -> int:
        """Number of nodes that have given up their prices and cuts."""
        return sum(node.rough for _, _, node in self._heap)

    def first(self) -> tuple[int, Node] | None:
        """Return number and node of the largest bound; None where none waits."""
        return self._heap[0][1:] if self._heap else None

    def push(self, number: int, node: Node) -> None:
        """Add a node; of equal bounds the lowest number comes first."""
        heapq.heappush(self._heap, (-node.value_bps, number, node))
        self._bytes += node.own_bytes

    def pop(self) -> None:
        """Take out the node of the largest bound."""
        _, _, node = heapq.heappop(self._heap)
        self._bytes -= node.own_bytes

    def release(self) -> None:
        """Give up prices and cuts beyond half of the limit, of the smallest bounds, if it is met.

        Bounds and windows stay, so that the bound of the tree does too.
        """
        if self._bytes <= self._most_bytes:
            return
        kept, heap = 0, []
        # In order of the bounds, which is a heap too.
        for value, number, node in sorted(self._heap, key=lambda entry: entry[:2]):
            own = node.own_bytes
            if own and kept + own > self._most_bytes // 2:
                heap.append((value, number, replace(node, state=self._root_state, rough=True)))
            else:
                heap.append((value, number, node))
                kept += own
        self._heap, self._bytes = heap, kept
