"""First fit of channels to given routes, one demand after another; compiled."""

from __future__ import annotations

from qkdopt.problem.network_state import add_guards
from qkdopt.runtime.compiled import njit, njit_noalloc


@njit_noalloc
def _fits(p, w, path_start, hops, usable, blocks, groups, occupant, blockers):
    """Whether a channel is free on a path and leaves every link of it a legal candidate."""
    if usable[p, w] == 0:
        return False
    for h in range(path_start[p], path_start[p + 1]):
        e, d = hops[h, 0], hops[h, 1]
        if occupant[hops[h, 2], w] >= 0:
            return False
        if groups[e, 0] < 0:
            continue
        legal = False
        for q in range(groups.shape[1]):
            if groups[e, q] < 0:
                break
            if blockers[e, q] == 0 and blocks[e, d, w, q] == 0:
                legal = True
                break
        if not legal:
            return False
    return True


@njit
def colour(
    order, channels, path, demands, path_start, hops, usable, blocks, groups, channel, occupant,
    blockers,
):  # fmt: skip
    """Give each demand in turn the first channels that fit.

    Parameters
    ----------
    order
        ``(R,)`` demands, first served first.
    channels
        ``(W,)`` channels in the order in which they are tried.
    path
        ``(R,)`` path of each demand; set to -1 where no channels fit.
    demands, path_start, hops, usable, blocks, groups
        Fields of :class:`qkdopt.heuristics.annealing.arrays.SearchArrays`.
    channel, occupant, blockers
        Fields of :class:`qkdopt.heuristics.annealing.arrays.SearchState`, of a dark network;
        written.
    """
    slots = channel.shape[1]
    for r in order:
        p = path[r]
        if p < 0:
            continue
        lit = 0
        for w in channels:
            if lit == demands[r, 2]:
                break
            if not _fits(p, w, path_start, hops, usable, blocks, groups, occupant, blockers):
                continue
            for h in range(path_start[p], path_start[p + 1]):
                e, d = hops[h, 0], hops[h, 1]
                occupant[hops[h, 2], w] = r * slots + lit
                add_guards(blocks, blockers, e, d, w, 1, blockers.shape[1])
            channel[r, lit] = w
            lit += 1
        if lit == demands[r, 2]:
            continue
        for slot in range(lit):
            w = channel[r, slot]
            for h in range(path_start[p], path_start[p + 1]):
                e, d = hops[h, 0], hops[h, 1]
                occupant[hops[h, 2], w] = -1
                add_guards(blocks, blockers, e, d, w, -1, blockers.shape[1])
            channel[r, slot] = -1
        path[r] = -1
