"""Column generation over wavelength configurations, as known from wavelength assignment.

A configuration is a set of link-disjoint candidate routes that one channel carries at the same
time (Jaumard, Meyer and Thiongane 2009). A linear master picks at most one configuration a
channel; pricing finds, for every channel, the configuration with the highest reduced cost, a
weighted set of link-disjoint routes, as a small MIP; once none has a positive one, or time is
short, the master is solved again with whole numbers over the configurations at hand. That is no
branch and price: it may miss the best plan of its own model. The linear solution is rounded, too:
the heaviest configuration of each channel, and first fit for the demands that those leave out.

**The surrogate.** The master is linear, the key rate is not. Around the best plan so far (at first
DS-QKD's) every link is taken to work on the plan's QKD channel and to lose key in proportion to
the noise of what is lit on it. A served demand counts ``SERVED_REWARD`` times the highest link
rate, so that serving more comes first, plus the rate that its route has in that plan; a route in a
configuration costs, summed over its links,

    slope of the link's rate x noise of the channel x demands that the link slows

where a demand is shared out among the links of its route, most of it to the slowest. Far from the
plan the surrogate is wrong, so a demand that keeps its route counts a little more (``INERTIAS``).
Both plans are then judged by exact rates, every link on its best QKD channel; the next round is
made around the better one, or, if neither is better, with another inertia. The best of all
exactly judged plans is returned. Nothing is random.

**What its linear program proves.** With no configuration left to price in, the linear program's
value limits the *surrogate*, for the QKD channels of that round. It limits neither the key rate of
any plan nor the number served (with other QKD channels other channels are dark), so no bound is
reported; the values of both masters are in the note.

What differs from the published method: the objective; the candidate routes are the instance's K
shortest, as for every method here, not free flows; a demand of several channels takes one route;
guard bands are dark; demands that the master leaves out come last, by first fit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from benchmarks.methods.configurations import (
    Configuration,
    ConfigurationMaster,
    DemandClass,
    demand_classes,
)
from benchmarks.methods.method import Answer, Deadline, Limits, Method
from benchmarks.methods.placement import Placement
from benchmarks.methods.surrogate import linearised
from qkdopt.heuristics import ds_qkd
from qkdopt.problem import Problem
from qkdopt.problem.plan import BLOCKED, Plan, assess
from qkdopt.units import FloatArray

# Share of the time left that the linear program of a round may take, and its whole numbers then.
LINEAR_SHARE, WHOLE_SHARE = 0.2, 0.2
# What a demand that keeps its route counts in addition, in units of the highest link rate: the next
# one after each round without a better plan.
INERTIAS = (0.3, 0.2, 0.1, 0.05)
# Rounds without a better plan after which it ends.
STALLED_ROUNDS = 10


def column_generation(problem: Problem, limits: Limits) -> Answer:
    """Generate configurations, pick among them in whole numbers, judge exactly, begin again.

    Parameters
    ----------
    problem
        The problem.
    limits
        Time limit [s] and threads of HiGHS; nothing is random.
    """
    deadline = Deadline(limits.seconds)
    rounds = Rounds(problem, limits.threads)
    while not deadline.over and rounds.stalled < STALLED_ROUNDS and any(problem.routes):
        rounds.next(deadline)
    return Answer(rounds.best, note=" | ".join(rounds.notes))


class Rounds:
    """Rounds of column generation, each on the surrogate around the plan before.

    Parameters
    ----------
    problem
        The problem.
    threads
        Threads of HiGHS.
    """

    def __init__(self, problem: Problem, threads: int) -> None:
        self._problem = problem
        self._threads = threads
        self._classes = demand_classes(problem)
        self._placement = Placement(problem)
        self.best = ds_qkd(problem)
        self._columns: set[Configuration] = set(configurations_of(self._classes, self.best))
        self.stalled = 0
        self._misses = 0
        self.notes: list[str] = []

    def next(self, deadline: Deadline) -> None:
        """Do one round; the best plan so far stays.

        Parameters
        ----------
        deadline
            When to stop.
        """
        master = ConfigurationMaster(
            self._problem,
            self._classes,
            linearised(self._problem, self.best),
            sorted_columns(self._columns),
            demands_on_routes(self._classes, self.best),
            INERTIAS[self._misses % len(INERTIAS)],
            self._threads,
        )
        complete = master.generate(Deadline(LINEAR_SHARE * deadline.left))
        weighted = master.weighted()
        start = configurations_of(self._classes, self.best)
        used, counts, value = master.whole(start, WHOLE_SHARE * deadline.left)
        self._columns.update(weighted, used)
        heaviest = heaviest_of_channels(weighted)
        better = self._keep_better(heaviest, demands_carried(self._classes, heaviest))
        better = self._keep_better(used, counts) or better
        self.stalled = 0 if better else self.stalled + 1
        self._misses += not better
        self.notes.append(
            f"surrogate {master.value:.4f} (linear, {'complete' if complete else 'incomplete'}), "
            f"{value:.4f} (whole); best {assess(self._problem, self.best).objective_bps:.1f} bit/s"
        )

    def _keep_better(self, used: Iterable[Configuration], counts: FloatArray) -> bool:
        """Judge the plan of some configurations exactly; keep it, and return whether it is better.

        Parameters
        ----------
        used
            Configurations, at most one a channel.
        counts
            ``(P,)`` demands on each route, no more than the configurations carry.
        """
        plan = self._planned(used, counts)
        self._columns.update(configurations_of(self._classes, plan))
        better = assess(self._problem, plan).key > assess(self._problem, self.best).key
        self.best = plan if better else self.best
        return better

    def _planned(self, used: Iterable[Configuration], counts: FloatArray) -> Plan:
        """Return the plan of the master's choice; whom it leaves out comes last, by first fit."""
        demands = len(self._problem.routes)
        routes, channels = [BLOCKED] * demands, [()] * demands
        lit = channels_of_routes(used)
        for one in self._classes:
            waiting = iter(one.demands)
            for p in range(len(one.routes)):
                for _ in range(int(counts[one.first + p])):
                    r = next(waiting)
                    routes[r] = p
                    channels[r] = tuple(lit[one.first + p].pop(0) for _ in range(one.channels))
        order = sorted(range(demands), key=lambda r: routes[r] == BLOCKED)
        return self._placement.plan(order, [max(0, p) for p in routes], channels)


def channels_of_routes(used: Iterable[Configuration]) -> dict[int, list[int]]:
    """Return the channels, rising, on which configurations carry each route.

    Parameters
    ----------
    used
        Configurations, at most one a channel.
    """
    lit: dict[int, list[int]] = defaultdict(list)
    for configuration in sorted_columns(used):
        for route in configuration.routes:
            lit[route].append(configuration.channel)
    return lit


def heaviest_of_channels(weighted: Mapping[Configuration, float]) -> list[Configuration]:
    """Return the configuration of the highest weight on each channel.

    Parameters
    ----------
    weighted
        Configurations with their weights in a linear solution.
    """
    heaviest: dict[int, Configuration] = {}
    for column in sorted(weighted, key=lambda column: (weighted[column], column.routes)):
        heaviest[column.channel] = column
    return list(heaviest.values())


def demands_carried(classes: Sequence[DemandClass], used: Iterable[Configuration]) -> FloatArray:
    """``(P,)`` demands that configurations can carry on each route, no more than there are.

    Parameters
    ----------
    classes
        The demand classes.
    used
        Configurations, at most one a channel.
    """
    lit = channels_of_routes(used)
    counts = np.zeros(sum(len(one.routes) for one in classes))
    for one in classes:
        left = len(one.demands)
        for number in range(one.first, one.first + len(one.routes)):
            counts[number] = min(left, len(lit[number]) // one.channels)
            left -= int(counts[number])
    return counts


def demands_on_routes(classes: Sequence[DemandClass], plan: Plan) -> FloatArray:
    """``(P,)`` demands that a plan has on each route of all classes.

    Parameters
    ----------
    classes
        The demand classes of the plan's problem.
    plan
        The plan.
    """
    counts = np.zeros(sum(len(one.routes) for one in classes))
    for one in classes:
        for r in one.demands:
            if plan.routes[r] != BLOCKED:
                counts[one.first + plan.routes[r]] += 1.0
    return counts


def configurations_of(classes: Sequence[DemandClass], plan: Plan) -> list[Configuration]:
    """Return the configurations that a plan amounts to, one a channel in use.

    Parameters
    ----------
    classes
        The demand classes of the plan's problem.
    plan
        The plan.
    """
    lit: dict[int, set[int]] = defaultdict(set)
    for one in classes:
        for r in one.demands:
            for channel in plan.channels[r]:
                lit[channel].add(one.first + plan.routes[r])
    return [Configuration(channel, tuple(sorted(routes))) for channel, routes in lit.items()]


def sorted_columns(columns: Iterable[Configuration]) -> list[Configuration]:
    """Return configurations in an order that no set changes.

    Parameters
    ----------
    columns
        Configurations.
    """
    return sorted(columns, key=lambda column: (column.channel, column.routes))


METHOD = Method("column-generation", column_generation, "highspy", "pip install highspy")
