"""Local search: serve as many demands as it can, then polish by annealing.

Kempe chains exchange two channels along everything they touch, so that a demand can move
to any route and channel; the score is the exact objective, kept incrementally in compiled
code.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from qkdopt.heuristics.annealing.anneal import Search
from qkdopt.heuristics.first_fit import ds_qkd
from qkdopt.heuristics.spectrum import drop_below_min_rate
from qkdopt.problem import Problem
from qkdopt.problem.plan import Plan, assess

CHUNK_MOVES = 20_000
# Share of a run that only tries to serve more, while anything is blocked.
SERVING_SHARE = 0.3
# Temperatures as shares of the typical key rate of a demand.
HOT, COLD = 0.2, 0.002

Schedule = Callable[[], float]


def local_search(
    problem: Problem,
    *,
    seed: int,
    seconds: float | None = None,
    moves: int | None = None,
    start: Plan | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Plan:
    """Improve a plan; never returns one that serves fewer demands than the start.

    Parameters
    ----------
    problem
        The problem.
    seed
        Random seed; with ``moves``, the same seed gives the same plan.
    seconds
        Time [s]; None for 1 s. Without meaning where ``moves`` are given.
    moves
        Number of moves, rounded up to whole chunks of ``CHUNK_MOVES``; None for a time limit.
    start
        Plan to begin with; None for the DS-QKD baseline.
    should_stop
        Called after every chunk of moves; returns whether to end. None to run to the end.

    Notes
    -----
    With ``relay = widest`` the search scores demands along their own routes, a lower
    limit on their rate; the plan is then compared with the start by the exact objective.
    """
    first = ds_qkd(problem) if start is None else start
    if not any(problem.routes):
        return first
    search = Search.begin(problem, first, seed)
    schedule = _by_moves(moves) if moves is not None else _by_clock(seconds or 1.0)
    typical = max(1.0, float(assess(problem, first).link_skr_bps.mean()))
    share = schedule()
    while share < 1.0 and not (should_stop is not None and should_stop()):
        heat = typical * HOT * (COLD / HOT) ** _cooling(share, search, len(problem.routes))
        search.anneal(CHUNK_MOVES, heat, heat)
        share = schedule()
    found = search.best()
    plan = drop_below_min_rate(problem, list(found.routes), list(found.channels))
    return plan if assess(problem, plan).key > assess(problem, first).key else first


def _cooling(share: float, search: Search, demands: int) -> float:
    """How far to have cooled: not at all while blocked demands are tried first."""
    blocked = search.served < demands
    waiting = SERVING_SHARE if blocked else 0.0
    return max(0.0, (share - waiting) / (1.0 - waiting))


def _by_clock(seconds: float) -> Schedule:
    started = time.monotonic()
    return lambda: (time.monotonic() - started) / seconds


def _by_moves(moves: int) -> Schedule:
    done = -CHUNK_MOVES

    def share() -> float:
        nonlocal done
        done += CHUNK_MOVES
        return done / moves

    return share
