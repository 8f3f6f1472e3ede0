"""Branching on link loads: where the relaxation mixes load states, split them.

A node allows each link a window of loads. Its bound is the dual over the states in the
window, continued from the parent's prices; the bound of the tree is the largest over open
nodes, so it can be read at any moment. Nodes are expanded by a team
(:mod:`qkdopt.bounds.node_team`), several at a time; one that is out counts as open until its
children stand for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field

import numpy as np

from qkdopt.bounds.bundle import BundleState
from qkdopt.bounds.dual import DualData
from qkdopt.bounds.expansion import Branching, Expansion, Node
from qkdopt.bounds.node_queue import NodeQueue
from qkdopt.bounds.node_team import NodeTeam

# How often it is looked whether time is up while others expand nodes.
POLL_SECONDS = 0.02
# What is given to them to come to the end of an evaluation of the dual when it is.
HALT_SECONDS = 0.5
# A node that has been away for so long is expanded here too, by a thread with nothing else to do
# or where the bound waits for it: the first answer counts.
AWAY_SECONDS = 3.0


@dataclass(eq=False)
class _Out:
    """A node that is being expanded: here, away, or both."""

    node: Node
    number: int
    here: Future[Expansion] | None = None
    away: Future[object] | None = None
    since: float = field(default_factory=time.monotonic)
    found: Expansion | None = None


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
        self._branching = Branching(data, served)
        node = self._branching.root(root)
        self._waiting = NodeQueue(node)
        self._out: dict[int, _Out] = {}
        self._settled_bps = -np.inf
        self._bound_bps = node.value_bps
        self._done = False
        self._torn = False
        self._last = 0
        self.nodes = 1
        self.expansions = 0

    @property
    def bound_bps(self) -> float:
        """Valid bound on the total: the worst of the open and of the closed nodes."""
        return self._bound_bps

    @property
    def waiting(self) -> NodeQueue:
        """Nodes that wait to be expanded."""
        return self._waiting

    @property
    def done(self) -> bool:
        """Whether branching can lower the bound no further."""
        return self._done

    def expand(
        self,
        cutoff_bps: float,
        should_stop: Callable[[], bool],
        team: NodeTeam | None = None,
    ) -> None:
        """Split the nodes with the largest bounds; children below ``cutoff_bps`` are closed.

        A team without a batch goes on with other nodes when this returns, until it is halted; with
        a batch all of it is done, and who did it makes no difference.

        Parameters
        ----------
        cutoff_bps
            Bound on the total [bit/s] that is good enough.
        should_stop
            Called often, in this thread; when true, children keep the best bound found so far.
        team
            Who expands nodes; None for this thread, one at a time.
        """
        team = team or NodeTeam()
        # The node stays open until its children stand for it: an interruption at any point,
        # Ctrl-C included, must leave a valid bound.
        if self._torn:
            self._recall()
        self._torn = True
        try:
            if team.alone:
                for k, out in enumerate(self._take(team.batch or 1)):
                    if k == 0 or not should_stop():
                        found = self._branching.expand(out.node, cutoff_bps, should_stop)
                        self._absorb(out, found, cutoff_bps)
                self._recall()
            else:
                self._expand_in_team(cutoff_bps, should_stop, team)
        except BaseException:
            team.halt()
            raise
        self._torn = False

    def halt(self, team: NodeTeam) -> None:
        """End what a team has under way; its nodes wait again, for whoever goes on."""
        team.halt()
        self._recall()

    def _expand_in_team(
        self, cutoff_bps: float, should_stop: Callable[[], bool], team: NodeTeam
    ) -> None:
        team.prepare(self._branching.data)
        batch = self._take(team.batch) if team.batch else None
        while batch is None or any(out.found is None for out in batch):
            if batch is None:
                self._take(team.slots - len(self._out))
            self._hand_over(cutoff_bps, team)
            self._wait(POLL_SECONDS)
            self._collect(team)
            if should_stop():
                team.halt()
                self._wait(HALT_SECONDS, everything=True)
                self._collect(team)
                self._absorb_found(cutoff_bps)
                self._recall()
                return
            if batch is None and any(out.found is not None for out in self._outs()):
                break
            if not self._out:
                break
        self._absorb_found(cutoff_bps)

    def _outs(self) -> list[_Out]:
        return list(self._out.values())

    def _take(self, count: int) -> list[_Out]:
        """Take out the nodes with the largest bounds, of those that keep the tree's up."""
        taken: list[_Out] = []
        while len(taken) < count and (first := self._waiting.first()) is not None:
            number, node = first
            if node.value_bps <= self._settled_bps:
                break
            if number not in self._out:
                self._out[number] = _Out(node, number)
                taken.append(self._out[number])
            self._waiting.pop()
        return taken

    def _recall(self) -> None:
        """Let the nodes that are out wait again, whoever expands them."""
        for out in self._outs():
            for future in (out.here, out.away):
                if future is not None:
                    future.cancel()
            self._waiting.push(out.number, out.node)
            del self._out[out.number]

    def _hand_over(self, cutoff_bps: float, team: NodeTeam) -> None:
        """Give nodes to whoever has time; the best ones are expanded here."""
        outs = [out for out in self._outs() if out.found is None]
        here = sum(out.here is not None for out in outs)
        away = sum(out.away is not None for out in outs)
        for out in outs:
            if out.here is None and out.away is None:
                if here < team.threads:
                    out.here, here = self._begin_here(out, cutoff_bps, team), here + 1
                elif away < team.slots_away:
                    out.away = team.submit_away(self._branching.served, out.node, cutoff_bps)
                    out.since, away = time.monotonic(), away + (out.away is not None)
        for out in self._late(outs):
            if here < team.threads:
                out.here, here = self._begin_here(out, cutoff_bps, team), here + 1

    def _late(self, outs: list[_Out]) -> Iterator[_Out]:
        now = time.monotonic()
        return (out for out in outs if out.here is None and now - out.since > AWAY_SECONDS)

    def _begin_here(self, out: _Out, cutoff_bps: float, team: NodeTeam) -> Future[Expansion]:
        return team.submit_here(self._branching.expand, out.node, cutoff_bps)

    def _wait(self, seconds: float, *, everything: bool = False) -> None:
        """Wait for an answer; for all that are here where ``everything`` is asked for."""
        outs = [out for out in self._outs() if out.found is None]
        futures: list[Future[object]] = [f for out in outs if (f := out.here) is not None]  # type: ignore[misc]
        if everything:
            wait(futures, seconds)
            return
        futures += [out.away for out in outs if out.away is not None]
        if futures:
            wait(futures, seconds, FIRST_COMPLETED)
        else:
            time.sleep(seconds)

    def _collect(self, team: NodeTeam) -> None:
        """Note what was found; what was lost is to be done again."""
        for out in self._outs():
            if out.here is not None and out.here.done() and not out.here.cancelled():
                out.found = out.found or out.here.result()
            if out.away is None:
                continue
            if out.away.done():
                found = team.result_away(out.away)
                out.found, out.away = out.found or found, None
            elif team.lost_away:
                out.away = None

    def _absorb_found(self, cutoff_bps: float) -> None:
        """Let children stand for their parents, in the order in which these were taken."""
        for out in self._outs():
            if out.found is not None:
                self._absorb(out, out.found, cutoff_bps)

    def _absorb(self, out: _Out, found: Expansion, cutoff_bps: float) -> None:
        """Let children stand for their parent: they come in before it goes out."""
        for child in found.children:
            if child.value_bps > cutoff_bps:
                self._last += 1
                self._waiting.push(self._last, child)
            else:
                self._settled_bps = max(self._settled_bps, child.value_bps)
        if found.settled:
            self._settled_bps = max(self._settled_bps, out.node.value_bps)
        self._out.pop(out.number, None)
        if out.away is not None:
            out.away.cancel()
        self.nodes += 0 if found.settled else 2
        self.expansions += 1
        self._waiting.release()
        first = self._waiting.first()
        open_bps = [] if first is None else [first[1].value_bps]
        open_bps += [other.node.value_bps for other in self._outs()]
        self._bound_bps = max([self._settled_bps, *open_bps])
        self._done = not open_bps or max(open_bps) <= self._settled_bps
