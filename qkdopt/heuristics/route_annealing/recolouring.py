"""Channels for demands that first fit left out: others give way, and find other channels."""

from __future__ import annotations

import numpy as np

from qkdopt.heuristics.annealing.anneal import Search
from qkdopt.heuristics.annealing.arrays import NONE
from qkdopt.heuristics.route_annealing.recolouring_kernel import recolour
from qkdopt.heuristics.schedule import CHUNK_MOVES, Schedule
from qkdopt.problem.coefficients import IntArray

# Steps that take about as long as a chunk of moves.
STEPS = 500
# So many times without one more demand served, and those that wait may take other paths.
STALE_ROUNDS = 60


def recolour_rest(search: Search, path: IntArray, schedule: Schedule, until: float) -> IntArray:
    """Serve more of the demands on given paths, if possible all; the search goes on from there.

    Returns ``(R,)`` paths: as given, but for demands that found channels on another one alone.

    Channels may come out worse: annealing them is what comes next.

    Parameters
    ----------
    search
        Search at the channels that first fit found; changed in place.
    path
        ``(R,)`` path of each demand that is to have channels; -1 when blocked.
    schedule, until
        Share of the schedule at which to end; before that, where all are served.
    """
    a, s = search.arrays, search.state
    given, wide, slots = path, a.demands[:, 2], s.channel.shape[1]
    left_out = np.flatnonzero((path >= 0) & (s.path < 0))
    lightpaths = [int(r) * slots + slot for r in left_out for slot in range(int(wide[r]))]
    waiting = np.full(s.channel.size, NONE, dtype=np.int64)
    waiting[: len(lightpaths)] = lightpaths
    counts = np.array([len(lightpaths), len(lightpaths), 0], dtype=np.int64)
    channel, occupant, blockers = s.channel.copy(), s.occupant.copy(), s.blockers.copy()
    tabu = np.zeros((s.channel.size, a.usable.shape[1]), dtype=np.int64)
    path, best_path, best_channel = path.copy(), s.path.copy(), s.channel.copy()
    served, stale = int((best_path >= 0).sum()), 0
    going_on = True
    while going_on:
        # Once in any case: whoever compiles the kernels beforehand has nobody waiting.
        recolour(
            STEPS, stale >= STALE_ROUNDS, a.demands, a.path_start, a.hops, a.usable, a.blocks,
            a.groups, path, channel, occupant, blockers, waiting, tabu, counts, s.random,
        )  # fmt: skip
        schedule.count(CHUNK_MOVES)
        stale += 1
        lit = (path >= 0) & ((channel >= 0).sum(axis=1) == wide)
        if lit.sum() > served:
            served, stale = int(lit.sum()), 0
            best_path = np.where(lit, path, NONE)
            best_channel = np.where(lit[:, None], channel, NONE)
        going_on = bool(counts[0]) and schedule.share < until and not schedule.stopped
    if served > (s.path >= 0).sum():
        search.begin_at(best_path, best_channel)
    return np.where(s.path >= 0, s.path, given)
