"""Nodes of the branching on workers elsewhere.

A worker receives the relaxation once and keeps it by its hash; a node goes there as its window and
packed state, and its children come back so. Any worker finds the same children, and one with
kernels of other sources finds none.
"""

from __future__ import annotations

import hashlib
import pickle
import threading
import zlib
from concurrent.futures import Future
from functools import lru_cache
from typing import Any

from qkdopt.bounds.dual import DualData
from qkdopt.bounds.expansion import Branching, Expansion, Node
from qkdopt.jobs.shared import held
from qkdopt.jobs.watched import WatchedWorkers
from qkdopt.jobs.workers import Workers
from qkdopt.runtime.compiled import source_digest

# Nodes for every thread of a worker: the next one is there while the last one's children leave.
NODES_PER_THREAD = 2
# Relaxations that a worker keeps unpacked.
KEPT = 4


class RemoteNodes:
    """Workers of a cluster that expand nodes.

    Parameters
    ----------
    workers
        Executor of the cluster.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._data: DualData | None = None
        self._watched: WatchedWorkers | None = None
        self.reserved = 0
        """Threads of the cluster that do other work."""

    def prepare(self, data: DualData) -> None:
        """Send the relaxation to every worker, unless they have it; they are ready some time later.

        Parameters
        ----------
        data
            The relaxation.
        """
        if data is self._data or self.lost:
            return
        self.close()
        packed = _packed((source_digest(), data))
        name = f"qkdopt-relaxation-{hashlib.sha256(packed).hexdigest()}"
        self._data, self._watched = data, WatchedWorkers(self._workers, name, packed)

    @property
    def slots(self) -> int:
        """Nodes that the workers take at this moment; 0 before they are ready and when lost."""
        if self._watched is None:
            return 0
        return NODES_PER_THREAD * max(0, self._watched.threads - self.reserved)

    @property
    def lost(self) -> str:
        """Why the workers are given up; empty while they are not."""
        return "" if self._watched is None else self._watched.lost

    def submit(self, served: int, node: Node, cutoff_bps: float) -> Future[Any] | None:
        """Let a worker expand a node of the relaxation sent last; None where none takes it.

        Parameters
        ----------
        served
            Number of demands that plans serve.
        node
            The node.
        cutoff_bps
            Bound on the total [bit/s] that is good enough.
        """
        assert self._watched is not None
        return self._watched.submit(
            expand_on_worker, self._watched.name, served, _packed(node), cutoff_bps
        )

    def result(self, future: Future[Any]) -> Expansion | None:
        """Return the children; None where the node is to be expanded again."""
        assert self._watched is not None
        packed = self._watched.result(future)
        if packed is None:
            return None
        found: Expansion = _unpacked(packed)
        return found

    def close(self) -> None:
        """Let the workers forget the relaxation."""
        if self._watched is not None:
            self._watched.close()


def expand_on_worker(name: str, served: int, node: bytes, cutoff_bps: float) -> bytes:
    """Expand a node in a process that holds its relaxation under a name.

    Parameters
    ----------
    name
        Name of the relaxation.
    served
        Number of demands that plans serve.
    node
        The node, packed.
    cutoff_bps
        Bound on the total [bit/s] that is good enough.
    """
    with _building:
        branching = _branching(name, served)
    return _packed(branching.expand(_unpacked(node), cutoff_bps, lambda: False))


_building = threading.Lock()


@lru_cache(maxsize=KEPT)
def _branching(name: str, served: int) -> Branching:
    sources, data = _unpacked(held(name))
    if sources != source_digest():
        raise RuntimeError("the worker has another version of qkdopt")
    return Branching(data, served)


def _packed(what: object) -> bytes:
    """Pickle and compress: half of the entries of cuts are zeros."""
    return zlib.compress(pickle.dumps(what, pickle.HIGHEST_PROTOCOL), 1)


def _unpacked(packed: bytes) -> Any:
    return pickle.loads(zlib.decompress(packed))
