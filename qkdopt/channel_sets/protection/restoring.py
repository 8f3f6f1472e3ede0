"""Restoration: where the demands of a cut link go, so that everyone keeps the floor.

Taking a demand away only raises rates and frees channels. So when the demands placed so far
cannot be restored, no more of them can: the search may give a branch up at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from qkdopt.channel_sets.protection.light_paths import Assignment, Assignments, ProtectedNetwork
from qkdopt.problem.network_state import NetworkState, copy_state

Restored = dict[int, Assignment]


@dataclass
class Budget:
    """How many placings may still be tried; whether one search was cut short by it."""

    left: int
    cut_short: bool = False

    def spend(self) -> bool:
        """Try one more; False when none is left."""
        if self.left <= 0:
            self.cut_short = True
            return False
        self.left -= 1
        return True


@dataclass
class Protection:
    """Placed demands that keep the floor under every single failure, and how.

    Parameters
    ----------
    net
        Problem and floor.
    assignments
        Routes and channels of the demands, by position.
    restored
        Per link that may be cut, the new routes and channels of its demands.
    """

    net: ProtectedNetwork
    assignments: dict[int, Assignment] = field(default_factory=dict)
    restored: dict[int, Restored] = field(default_factory=dict)

    def place(self, r: int, assignment: Assignment, budget: Budget) -> bool:
        """Add a demand if every demand then keeps its minimum key rate under every failure.

        Return whether it was added; otherwise nothing changes. A demand for which the budget ends
        before every cut has a restoration is not added.

        Parameters
        ----------
        r
            Position of the demand.
        assignment
            Its candidate route, by number, and its channels, all of them free.
        budget
            Trials left for the restorations of all links together; reduced in place.
        """
        assignments = {**self.assignments, r: assignment}
        lit = self.net.lit(assignments)
        if not self.net.keeps_receivers(assignments, lit):
            return False
        restored = {}
        for f in self.net.links:
            found = self._restoration(assignments, lit, f, budget)
            if found is None:
                return False
            restored[f] = found
        self.assignments, self.restored = assignments, restored
        return True

    def broken_by(
        self, r: int, assignment: Assignment, budget: Budget
    ) -> tuple[list[int], list[int]]:
        """Return the links whose failures some demand does not survive, with one more demand.

        Parameters
        ----------
        r, assignment, budget
            See :meth:`place`; the demand is not added.

        Returns
        -------
        receivers
            Positions of the links whose working receiver some demand cannot do without.
        cuts
            Positions of the links whose cut has no restoration, or none before the budget ended.
        """
        assignments = {**self.assignments, r: assignment}
        lit = self.net.lit(assignments)
        cuts = [f for f in self.net.links if self._restoration(assignments, lit, f, budget) is None]
        return list(self.net.lost_receivers(assignments, lit)), cuts

    def remove(self, r: int) -> None:
        """Take a demand away: the others keep what they have."""
        del self.assignments[r]
        self.restored = {
            f: {other: at for other, at in found.items() if other != r}
            for f, found in self.restored.items()
        }

    def copy(self) -> Protection:
        """Return a copy that may go its own way."""
        return Protection(self.net, dict(self.assignments), dict(self.restored))

    def _restoration(
        self, assignments: Assignments, lit: NetworkState, f: int, budget: Budget
    ) -> Restored | None:
        """Restore the demands of a cut link: as before if that still does, else from scratch."""
        known = self.restored.get(f, {})
        waiting = affected(self.net, assignments, f)
        if not waiting and self.net.problem.instance.qkd.relay == "lightpath":
            return {}
        kept = self._relit(assignments, lit, f, known)
        if kept is not None:
            more = restore(
                self.net,
                assignments,
                kept,
                f,
                [r for r in waiting if r not in known],
                known,
                budget,
            )
            if more is not None:
                return more
        start = _unaffected(self.net, assignments, lit, f)
        return restore(self.net, assignments, start, f, waiting, {}, budget)

    def _relit(
        self, assignments: Assignments, lit: NetworkState, f: int, known: Assignments
    ) -> NetworkState | None:
        """Light of the earlier restoration beside all that stays; None where they clash."""
        lit = _unaffected(self.net, assignments, lit, f)
        for r, assignment in known.items():
            if not self.net.free(lit, r, assignment[0])[list(assignment[1])].all():
                return None
            self.net.switch(lit, r, assignment, 1)
        return lit


def affected(net: ProtectedNetwork, assignments: Assignments, f: int) -> list[int]:
    """Return the demands whose lightpaths cross a link, those with the fewest other routes first.

    Parameters
    ----------
    net
        Problem and minimum key rate.
    assignments
        Route and channels of each placed demand, by its position.
    f
        Position of the link.
    """

    def ways(r: int) -> tuple[int, int]:
        return sum(f not in route.links for route in net.problem.routes[r]), r

    return sorted((r for r, at in assignments.items() if f in net.route(r, at).links), key=ways)


def _unaffected(
    net: ProtectedNetwork, assignments: Assignments, lit: NetworkState, f: int
) -> NetworkState:
    rest = copy_state(lit)
    for r in affected(net, assignments, f):
        net.switch(rest, r, assignments[r], -1)
    return rest


def restore(
    net: ProtectedNetwork,
    assignments: Assignments,
    lit: NetworkState,
    f: int,
    waiting: list[int],
    known: Assignments,
    budget: Budget,
) -> Restored | None:
    """Place the waiting demands off a cut link, one after the other, with backtracking.

    Parameters
    ----------
    net
        Problem and minimum key rate.
    assignments
        Route and channels of each demand before the cut, by its position.
    lit
        Light of the demands that do not cross the link, and of those of ``known``; not changed.
    f
        Position of the cut link.
    waiting
        Positions of the demands to place, in this order.
    known
        New routes and channels of demands that cross the link and are restored already.
    budget
        Trials left; reduced in place.

    Returns
    -------
    restored
        New routes and channels of the demands of ``known`` and ``waiting``, by position. None
        where no restoration keeps every demand's minimum key rate, or where the budget ended
        first: then ``budget.cut_short`` is true.
    """
    everyone = {r: at for r, at in assignments.items() if f not in net.route(r, at).links} | dict(
        known
    )

    def descend(k: int) -> bool:
        if not net.survives(everyone, net.rates(lit)[:, 0], f):
            return False
        if k == len(waiting):
            return True
        r = waiting[k]
        for assignment in net.options(r, lit, f):
            if not budget.spend():
                return False
            net.switch(lit, r, assignment, 1)
            everyone[r] = assignment
            if descend(k + 1):
                return True
            net.switch(lit, r, assignment, -1)
            del everyone[r]
        return False

    lit = copy_state(lit)
    if not descend(0):
        return None
    return {r: everyone[r] for r in [*known, *waiting]}
