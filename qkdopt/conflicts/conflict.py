"""Deletion filter: groups of rules that cannot hold together, none of which is spare."""

from __future__ import annotations

from collections.abc import Sequence

from qkdopt.conflicts.feasibility import Feasibility, FeasibilityOracle
from qkdopt.conflicts.groups import Group, Groups


def conflict_of(judge: FeasibilityOracle, chunks: Sequence[Sequence[Group]]) -> Groups:
    """Drop groups while what is left stays infeasible.

    Parameters
    ----------
    judge
        Decides; it has found all groups together infeasible.
    chunks
        Every group once. A chunk is dropped whole where that keeps the conflict, and halved
        otherwise; the first are dropped most readily.

    Returns
    -------
    Groups
        Infeasible together. When a question stayed open, its groups are kept.
    """
    kept = frozenset(group for chunk in chunks for group in chunk)
    waiting = [list(chunk) for chunk in reversed(chunks) if chunk]
    while waiting and judge.left > 0.0:
        chunk = waiting.pop()
        rest = kept.difference(chunk)
        if judge.verdict(rest) is Feasibility.INFEASIBLE:
            kept = rest
        elif len(chunk) > 1:
            middle = len(chunk) // 2
            waiting += [chunk[middle:], chunk[:middle]]
    return kept


def is_irreducible(judge: FeasibilityOracle, conflict: Groups) -> bool:
    """Confirm by completed solves: infeasible together, feasible without any one group."""
    if judge.verdict(conflict) is not Feasibility.INFEASIBLE:
        return False
    return all(judge.verdict(conflict - {group}) is Feasibility.FEASIBLE for group in conflict)
