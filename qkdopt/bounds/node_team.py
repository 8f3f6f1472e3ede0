"""Who expands nodes: threads of this process, and workers elsewhere.

The kernels run without Python's lock, so threads share out cores.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from qkdopt.bounds.dual import DualData
from qkdopt.bounds.expansion import Expansion, Node
from qkdopt.bounds.remote_nodes import RemoteNodes
from qkdopt.jobs.workers import open_workers
from qkdopt.runtime.cores import available_cores

# Nodes that a run with a node limit expands at once, whoever there is to do it: enough for a small
# machine, few enough that hardly one is expanded which the next bounds would have spared.
BATCH = 4
# In results, before the reason.
CLUSTER_LOST = "the cluster took part until it was lost: "


class NodeTeam:
    """Threads, and a cluster where there is one; alone, a single thread needs no other.

    Parameters
    ----------
    threads
        Nodes that are expanded in this process at a time.
    remote
        Workers elsewhere; None for none.
    batch
        Nodes that are expanded between two looks at the bounds, whatever the team: the outcome then
        depends on the number alone. None for as many as the team takes, each followed at once by
        the next.
    """

    def __init__(
        self, threads: int = 1, remote: RemoteNodes | None = None, batch: int | None = None
    ) -> None:
        self.threads = threads
        self.batch = batch
        self._remote = remote
        self._pool: ThreadPoolExecutor | None = None
        self._halted = threading.Event()

    @property
    def alone(self) -> bool:
        """Whether the calling thread does everything."""
        return self.threads == 1 and self._remote is None

    @property
    def slots(self) -> int:
        """Nodes that the team takes at a time at this moment."""
        return self.threads + self.slots_away

    @property
    def slots_away(self) -> int:
        """Nodes that workers elsewhere take at a time at this moment."""
        return 0 if self._remote is None else self._remote.slots

    @property
    def lost_away(self) -> bool:
        """Whether what workers elsewhere have will not come back."""
        return self._remote is not None and bool(self._remote.lost)

    def prepare(self, data: DualData) -> None:
        """Let workers elsewhere receive the relaxation, meanwhile."""
        if self._remote is not None:
            self._remote.prepare(data)

    def submit_here(
        self, expand: Callable[..., Expansion], node: Node, cutoff_bps: float
    ) -> Future[Expansion]:
        """Expand a node in a thread of this process, until the team is halted.

        Parameters
        ----------
        expand
            Expands a node; called with it, the cutoff and what says whether to stop.
        node
            The node.
        cutoff_bps
            Parts that promise no more than this [bit/s] are dropped.
        """
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="nodes")
        return self._pool.submit(expand, node, cutoff_bps, self._halted.is_set)

    def submit_away(self, served: int, node: Node, cutoff_bps: float) -> Future[Any] | None:
        """Expand a node elsewhere; None where that is no longer possible.

        Parameters
        ----------
        served
            Number of demands served that the bound is for.
        node
            The node.
        cutoff_bps
            Parts that promise no more than this [bit/s] are dropped.
        """
        assert self._remote is not None
        return self._remote.submit(served, node, cutoff_bps)

    def result_away(self, future: Future[Any]) -> Expansion | None:
        """Return what workers elsewhere found; None where it is to be done again."""
        assert self._remote is not None
        return self._remote.result(future)

    def halt(self) -> None:
        """Let every thread end the node that it expands, with the bounds that it has."""
        self._halted.set()
        self._halted = threading.Event()

    @property
    def note(self) -> str:
        """What became of workers that were lost, in words; empty where none were."""
        lost = "" if self._remote is None else self._remote.lost
        return f"{CLUSTER_LOST}{lost}" if lost else ""

    def close(self) -> None:
        """End the threads, and let workers elsewhere go."""
        self.halt()
        if self._remote is not None:
            self._remote.close()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def open_team(
    threads: int | None, scheduler: str | None, *, batch: int | None
) -> Iterator[NodeTeam]:
    """Open a team of threads of this process, and of the workers of a Dask cluster.

    Parameters
    ----------
    threads
        Nodes that are expanded in this process at a time; None for one a core.
    scheduler
        Address of the cluster's scheduler; None for none.
    batch
        See :class:`NodeTeam`.

    Raises
    ------
    UsageError
        Dask is not installed, or the scheduler does not answer.
    """
    with ExitStack() as stack:
        remote = None
        if scheduler is not None:
            remote = RemoteNodes(stack.enter_context(open_workers(scheduler, None)))
        team = NodeTeam(threads or available_cores(), remote, batch)
        stack.callback(team.close)
        yield team
