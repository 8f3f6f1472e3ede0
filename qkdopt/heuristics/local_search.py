"""Local search: serve as many demands as it can, then polish by annealing.

Kempe chains exchange two channels along everything they touch, so that a demand can move
to any route and channel; the score is the exact objective, kept incrementally in compiled
code.
"""

from __future__ import annotations

from collections.abc import Callable

from qkdopt.heuristics.annealing.anneal import Search
from qkdopt.heuristics.first_fit import ds_qkd
from qkdopt.heuristics.schedule import CHUNK_MOVES, Schedule
from qkdopt.heuristics.spectrum import drop_below_min_rate
from qkdopt.problem import Problem
from qkdopt.problem.plan import Plan, assess

# Share of a run that only tries to serve more, while anything is blocked.
SERVING_SHARE = 0.3
# Temperatures as shares of the typical key rate of a demand.
HOT, COLD = 0.2, 0.002


def local_search(
    problem: Problem,
    *,
    seed: int,
    seconds: float | None = None,
    moves: int | None = None,
    start: Plan | None = None,
    should_stop: Callable[[], bool] | None = None,
    hot: float = HOT,
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
    hot
        First temperature, as a share of the typical key rate of a demand.

    Notes
    -----
    With ``relay = widest`` the search scores demands along their own routes, a lower
    limit on their rate; the plan is then compared with the start by the exact objective.
    """
    first = ds_qkd(problem) if start is None else start
    if not any(problem.routes):
        return first
    search = Search.begin(problem, first, seed)
    schedule = Schedule(seconds, moves, should_stop)
    return polish(problem, search, first, schedule, hot=hot, cold=min(hot, COLD))


def polish(
    problem: Problem,
    search: Search,
    start: Plan,
    schedule: Schedule,
    *,
    hot: float,
    cold: float,
) -> Plan:
    """Anneal a search by its schedule; return its best plan, or the start if that is better.

    Parameters
    ----------
    problem
        The problem.
    search
        The search, where it begins.
    start
        What the plan is compared with, and whose key rates set the temperatures.
    schedule
        How far it has come.
    hot, cold
        Temperatures now and at the end, as shares of a typical key rate of ``start``.
    """
    typical = max(1.0, float(assess(problem, start).link_skr_bps.mean()))
    first = schedule.share
    while (share := schedule.share) < 1.0 and not schedule.stopped:
        cooled = _cooling((share - first) / (1.0 - first), search, len(problem.routes))
        heat = typical * hot * (cold / hot) ** cooled
        search.anneal(CHUNK_MOVES, heat, heat)
        schedule.count(CHUNK_MOVES)
    best = search.best()
    plan = drop_below_min_rate(problem, list(best.routes), list(best.channels))
    return plan if assess(problem, plan).rank > assess(problem, start).rank else start


def _cooling(share: float, search: Search, demands: int) -> float:
    """How far to have cooled: not at all while blocked demands are tried first."""
    blocked = search.served < demands
    waiting = SERVING_SHARE if blocked else 0.0
    return max(0.0, (share - waiting) / (1.0 - waiting))
