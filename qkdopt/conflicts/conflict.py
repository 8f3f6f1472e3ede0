"""Deletion filter: groups of rules that cannot hold together, none of which is spare."""

from __future__ import annotations

from collections.abc import Sequence

from qkdopt.conflicts.feasibility import Feasibility, FeasibilityOracle
from qkdopt.conflicts.groups import Group, Groups


def conflict_of(oracle: FeasibilityOracle, chunks: Sequence[Sequence[Group]]) -> Groups:
    """Drop groups while what is left stays infeasible.

    Parameters
    ----------
    oracle
        Decides feasibility; it has proved all groups together infeasible.
    chunks
        Every group once. A chunk is dropped whole where that keeps the conflict, and halved
        otherwise; the first are dropped most readily.

    Returns
    -------
    Groups
        Infeasible together. Groups of an undecided query are kept.
    """
    kept = frozenset(group for chunk in chunks for group in chunk)
    waiting = [list(chunk) for chunk in reversed(chunks) if chunk]
    while waiting and oracle.seconds_left > 0.0:
        chunk = waiting.pop()
        rest = kept.difference(chunk)
        if oracle.decide(rest) is Feasibility.INFEASIBLE:
            kept = rest
        elif len(chunk) > 1:
            middle = len(chunk) // 2
            waiting += [chunk[middle:], chunk[:middle]]
    return kept


def is_irreducible(oracle: FeasibilityOracle, conflict: Groups) -> bool:
    """Confirm by completed solves: infeasible together, feasible without any one group."""
    if oracle.decide(conflict) is not Feasibility.INFEASIBLE:
        return False
    return all(oracle.decide(conflict - {group}) is Feasibility.FEASIBLE for group in conflict)
