"""Search routes first: anneal them without channels, give them channels, polish both.

Where links are full the routes decide which of them keep a key rate at all. With channels in
the way a search hardly gets from one such choice to another; without them it does in seconds, and
most routings found so have channels that cost little.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qkdopt.heuristics.annealing.anneal import Search
from qkdopt.heuristics.local_search import polish
from qkdopt.heuristics.route_annealing.anneal import RouteSearch
from qkdopt.heuristics.route_annealing.colouring import colour_best
from qkdopt.heuristics.route_annealing.recolouring import recolour_rest
from qkdopt.heuristics.schedule import CHUNK_MOVES, Schedule
from qkdopt.heuristics.spectrum import drop_below_min_rate
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import IntArray
from qkdopt.problem.plan import Plan, assess

# Share of a run for the routes alone.
ROUTES_SHARE = 0.35
# Share of that in which all demands are routed, where some were blocked; most often all fit.
ROUTES_SHARE_OF_ALL = 0.6
# Share of a run at which those that first fit left without channels are given up.
RECOLOURED_SHARE = 0.45
# Share of a run at which the channels of these routes are settled; then both may change.
CHANNELS_SHARE = 0.85
# Temperatures as shares of the mean key rate of the links: routes alone (the hot ones are below),
# then their channels, then both.
ROUTES_COLD = 0.002
CHANNELS_HOT, CHANNELS_COLD = 0.05, 0.0005
POLISH_HOT, POLISH_COLD = 0.002, 0.0005
# Keys that all share change by little where channels change: by more than this share of those
# temperatures, channels of the best routes lose needs that they could meet.
SHARED_KEYS_HEAT = {"key-served": 0.03, "key-delivered": 0.1, "key-factor": 0.1}
# Routes are heated and cooled several times, and the best of all is kept: where links are full one
# cooling scatters by some per cent. Each time from a temperature and a first penalty, in turns:
# what a lightpath too many costs, in mean key rates of a link. It is little at first, so that links
# can be given up and taken back, and in the end more than any routing gains by it.
COOLINGS = ((0.2, 1.0), (0.4, 0.3), (0.4, 1.0)) * 2
PENALTY_LAST = 10.0
# How often in each cooling triples of fibres are looked at that the routes crowd.
TRIPLE_SEARCHES = 4
COLOURINGS = 200


def route_search(
    problem: Problem,
    *,
    seed: int,
    start: Plan,
    seconds: float | None = None,
    moves: int | None = None,
    should_stop: Callable[[], bool] | None = None,
    all_demands: bool = True,
) -> Plan:
    """Improve a plan by its routes; never returns one that serves fewer demands, or a worse one.

    Parameters
    ----------
    problem
        The problem.
    seed
        Random seed; with ``moves``, the same seed gives the same plan.
    start
        Plan to begin with.
    seconds
        Time [s]; None for 1 s. Without meaning where ``moves`` are given.
    moves
        Number of moves, rounded up to whole chunks; None for a time limit.
    should_stop
        Called after every chunk of moves; returns whether to end. None to run to the end.
    all_demands
        Whether demands that the start blocks are routed too, if the links have room for all.
    """
    if not start.served:
        return start
    schedule = Schedule(seconds, moves, should_stop)
    paths = _paths(problem, seed, start, schedule, all_demands=all_demands)
    search = Search.begin(problem, start, seed)
    search.begin_at(*colour_best(search, paths, np.random.default_rng(seed), COLOURINGS, schedule))
    paths = recolour_rest(search, paths, schedule, RECOLOURED_SHARE)
    lost = (search.state.path < 0) & (search.arrays.demands[:, 3] == 1)
    if schedule.stopped or lost.any():
        return start
    _anneal_channels(search, paths, problem, start, schedule)
    if any(demand.min_skr_bps for demand in problem.instance.demands):
        # The search goes from plan to plan that keeps every demand's least rate.
        plan = search.best()
        plan = drop_below_min_rate(problem, list(plan.routes), list(plan.channels))
        search = Search.begin(problem, plan, seed)
    heat = SHARED_KEYS_HEAT.get(problem.objective, 1.0)
    return polish(problem, search, start, schedule, hot=heat * POLISH_HOT, cold=heat * POLISH_COLD)


def _paths(
    problem: Problem, seed: int, start: Plan, schedule: Schedule, *, all_demands: bool
) -> IntArray:
    """``(R,)`` best paths found: of all demands if asked for and if they fit, else of the start's.

    Parameters
    ----------
    problem, seed, start, schedule, all_demands
        As for :func:`route_search`.
    """
    typical_bps = max(1.0, float(assess(problem, start).link_skr_bps.mean()))
    if all_demands and start.served < sum(map(bool, problem.routes)):
        routing = RouteSearch.begin(problem, start, seed, all_demands=True)
        routing = _anneal(routing, schedule, ROUTES_SHARE_OF_ALL * ROUTES_SHARE, typical_bps)
        if routing.fits:
            return _anneal(routing, schedule, ROUTES_SHARE, typical_bps).best_path
    routing = RouteSearch.begin(problem, start, seed)
    return _anneal(routing, schedule, ROUTES_SHARE, typical_bps).best_path


def _anneal_channels(
    search: Search, paths: IntArray, problem: Problem, start: Plan, schedule: Schedule
) -> None:
    """Anneal the channels of annealed routes; the search goes on from the best of them.

    With the routes free as well, the search leaves the good ones before it has found the channels
    that they need.

    Parameters
    ----------
    search
        The search, on these routes; changed in place.
    paths
        ``(R,)`` path of each demand; those that have no channel there yet may get one.
    problem, start, schedule
        As for :func:`route_search`.
    """
    typical_bps = max(1.0, float(assess(problem, start).link_skr_bps.mean()))
    typical_bps *= SHARED_KEYS_HEAT.get(problem.objective, 1.0)
    fixed = search.on_paths(paths)
    first = schedule.share
    while (share := schedule.share) < CHANNELS_SHARE and not schedule.stopped:
        cooled = (share - first) / (CHANNELS_SHARE - first)
        heat = typical_bps * CHANNELS_HOT * (CHANNELS_COLD / CHANNELS_HOT) ** cooled
        fixed.anneal(CHUNK_MOVES, heat, heat)
        schedule.count(CHUNK_MOVES)
    search.back_to_best()


def _anneal(
    routing: RouteSearch, schedule: Schedule, until: float, typical_bps: float
) -> RouteSearch:
    """Cool from now until a share of the schedule is over; return the search as it is then.

    Parameters
    ----------
    routing
        The search over routes.
    schedule
        How far the whole search has come.
    until
        Share of it at which the routes are cold.
    typical_bps
        Typical key rate of a link [bit/s].
    """
    first, due = schedule.share, 0.0
    while (share := schedule.share) < until and not schedule.stopped:
        passed = len(COOLINGS) * (share - first) / (until - first)
        if passed >= due:
            routing, due = routing.without_crowds(), passed + 1.0 / TRIPLE_SEARCHES
        turn, cooled = divmod(passed, 1.0)
        hot, penalty_first = COOLINGS[int(turn)]
        heat = typical_bps * hot * (ROUTES_COLD / hot) ** cooled
        penalty = typical_bps * penalty_first * (PENALTY_LAST / penalty_first) ** cooled
        routing.anneal(CHUNK_MOVES, heat, penalty)
        schedule.count(CHUNK_MOVES)
    return routing
