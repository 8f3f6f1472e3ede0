"""Master and pricing of column generation over wavelength configurations, by HiGHS.

With classes ``d`` (``D_d`` demands with the same ends and width ``b_d``), routes ``p`` of a class,
``n_p`` demands on a route and ``z_c`` whether configuration ``c`` is used on its channel:

    maximise    sum_p value_p n_p - sum_c cost_c z_c
    M1          sum over configurations c with route p of z_c >= b_d n_p        dual: price_p
    M2          sum over routes p of class d of n_p <= D_d
    M3          sum over configurations c of channel w of z_c <= 1              dual: rent_w

``n_p`` is a sum of two columns: demands that stay on their route, and others. Pricing of channel
``w``: the link-disjoint routes with the largest sum of ``price_p - cost_pw``; they are a new column
where that is above ``rent_w``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import highspy
import numpy as np

from benchmarks.methods.method import Deadline
from benchmarks.methods.surrogate import Surrogate
from qkdopt.instance import NodeId
from qkdopt.problem import Problem
from qkdopt.problem.routes import Route
from qkdopt.runtime.output import new_highs
from qkdopt.units import FloatArray

# Reduced cost above which a configuration is a new column, in units of the highest link rate.
REDUCED_COST = 1e-4
# Weight below which a column of a linear solution counts as unused.
SMALLEST_WEIGHT = 1e-9
# What serving a demand counts, in units of the highest link rate.
SERVED_REWARD = 100.0
# The whole-numbered master is solved to this relative gap, of an objective ruled by the rewards.
INTEGER_GAP = 1e-6
INFINITY = highspy.kHighsInf
FEASIBLE = int(highspy.SolutionStatus.kSolutionStatusFeasible)


@dataclass(frozen=True)
class DemandClass:
    """Demands with the same ends and width: they share routes and values.

    Parameters
    ----------
    demands
        Their positions in the instance.
    channels
        Lightpaths of each of them.
    routes
        Their candidate routes.
    first
        Number of the first of these routes among those of all classes.
    """

    demands: tuple[int, ...]
    channels: int
    routes: tuple[Route, ...]
    first: int


def demand_classes(problem: Problem) -> list[DemandClass]:
    """Group the demands of a problem by ends and width."""
    groups: dict[tuple[NodeId, NodeId, int], list[int]] = {}
    for r, demand in enumerate(problem.instance.demands):
        groups.setdefault((demand.source, demand.target, demand.channels), []).append(r)
    classes, first = [], 0
    for (_, _, channels), members in groups.items():
        routes = problem.routes[members[0]]
        classes.append(DemandClass(tuple(members), channels, routes, first))
        first += len(routes)
    return classes


@dataclass(frozen=True)
class Configuration:
    """Link-disjoint routes on one channel.

    Parameters
    ----------
    channel
        The channel.
    routes
        Numbers of the routes among those of all classes, rising.
    """

    channel: int
    routes: tuple[int, ...]


class Pricing:
    """Finds the configuration of the highest weight on a channel: a packing of routes into links.

    Parameters
    ----------
    routes
        All routes of all classes.
    threads
        Threads of HiGHS.
    """

    def __init__(self, routes: Sequence[Route], threads: int) -> None:
        places = sorted({(hop.link, hop.fibre) for route in routes for hop in route.hops})
        row_of = {place: row for row, place in enumerate(places)}
        self._solver = _silent(threads)
        for _ in places:
            self._solver.addRow(-INFINITY, 1.0, 0, np.array([], np.int32), np.array([], float))
        for number, route in enumerate(routes):
            rows = np.array([row_of[hop.link, hop.fibre] for hop in route.hops], np.int32)
            self._solver.addCol(0.0, 0.0, 1.0, len(rows), rows, np.ones(len(rows)))
            self._solver.changeColIntegrality(number, highspy.HighsVarType.kInteger)
        self._solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
        self._solver.setOptionValue("mip_rel_gap", 0.0)
        self._numbers = np.arange(len(routes), dtype=np.int32)

    def heaviest(self, weights: FloatArray, seconds: float) -> tuple[tuple[int, ...], float]:
        """Return routes of the heaviest packing and a limit on its weight.

        Where time runs out the routes may weigh less than the limit.

        Parameters
        ----------
        weights
            ``(P,)`` weight of each route; those without a positive weight are left out.
        seconds
            Time limit [s].
        """
        count = len(weights)
        upper = (weights > 0.0).astype(float)
        if not upper.any():
            return (), 0.0
        self._solver.changeColsBounds(count, self._numbers, np.zeros(count), upper)
        self._solver.changeColsCost(count, self._numbers, np.maximum(weights, 0.0))
        self._solver.setOptionValue("time_limit", self._solver.getRunTime() + max(0.05, seconds))
        self._solver.run()
        chosen = np.array(self._solver.getSolution().col_value)
        info = self._solver.getInfo()
        if len(chosen) != count or info.primal_solution_status != FEASIBLE:
            return (), INFINITY
        return tuple(np.flatnonzero(chosen > 0.5).tolist()), float(info.mip_dual_bound)


class ConfigurationMaster:
    """Columns so far and the surrogate of one round: linear and whole-numbered solutions.

    Parameters
    ----------
    problem
        The problem.
    classes
        Its demand classes.
    surrogate
        What is maximised.
    columns
        Configurations to begin with; those that the surrogate does not allow are left out.
    kept, inertia
        ``(P,)`` demands that each route has in the plan that the surrogate is made around, and what
        each counts in addition that stays on such a route, in units of the highest link rate.
    threads
        Threads of HiGHS.
    """

    def __init__(
        self,
        problem: Problem,
        classes: Sequence[DemandClass],
        surrogate: Surrogate,
        columns: Iterable[Configuration],
        kept: FloatArray,
        inertia: float,
        threads: int,
    ) -> None:
        self._classes = classes
        self._threads = threads
        self._kept = kept
        self._channels = problem.instance.grid.channels
        self._routes = [route for one in classes for route in one.routes]
        self._unit = max(1.0, float(surrogate.rate_bps.max()))
        self._costs = (
            np.array([surrogate.route_costs_bps(route) for route in self._routes]) / self._unit
        )
        self._values = (
            np.array([surrogate.route_rate_bps(route) for route in self._routes]) / self._unit
            + SERVED_REWARD
        )
        self.columns: list[Configuration] = []
        self._known: set[Configuration] = set()
        self._solver = self._without_columns(inertia)
        self._fixed = self._solver.getNumCol()
        self.value = 0.0
        for column in columns:
            self._add(column)

    def _without_columns(self, inertia: float) -> highspy.Highs:
        """Return the master with its rows M1, M2, M3 and the columns of demands on routes.

        The first ``P`` are demands in all but those that stay, the next ``P`` those that stay.
        """
        solver, nothing = _silent(self._threads), (0, np.array([], np.int32), np.array([], float))
        for _ in self._routes:
            solver.addRow(0.0, INFINITY, *nothing)
        for one in self._classes:
            solver.addRow(-INFINITY, float(len(one.demands)), *nothing)
        for _ in range(self._channels):
            solver.addRow(-INFINITY, 1.0, *nothing)
        for extra, most in ((0.0, np.full(len(self._kept), INFINITY)), (inertia, self._kept)):
            for row, one in enumerate(self._classes, start=len(self._routes)):
                for number in range(one.first, one.first + len(one.routes)):
                    entries = np.array([-float(one.channels), 1.0])
                    rows = np.array([number, row], np.int32)
                    value = float(self._values[number]) + extra
                    solver.addCol(value, 0.0, float(most[number]), 2, rows, entries)
        solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
        return solver

    def _add(self, column: Configuration) -> bool:
        """Add a configuration; False where it is known, empty or not allowed."""
        cost = self._costs[list(column.routes), column.channel].sum()
        if not column.routes or column in self._known or not np.isfinite(cost):
            return False
        rent_row = len(self._routes) + len(self._classes) + column.channel
        rows = np.array([*column.routes, rent_row], np.int32)
        self._solver.addCol(-float(cost), 0.0, INFINITY, len(rows), rows, np.ones(len(rows)))
        self.columns.append(column)
        self._known.add(column)
        return True

    def generate(self, deadline: Deadline) -> bool:
        """Add columns until none is priced in; return whether that was reached in time.

        Parameters
        ----------
        deadline
            When to stop.
        """
        pricing = Pricing(self._routes, self._threads)
        while not deadline.over:
            self._solver.setOptionValue("time_limit", self._solver.getRunTime() + deadline.left)
            self._solver.run()
            if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return False
            self.value = self._solver.getInfo().objective_function_value
            added, complete = self._add_priced(pricing, deadline)
            if not added:
                return complete
        return False

    def _add_priced(self, pricing: Pricing, deadline: Deadline) -> tuple[bool, bool]:
        """Price every channel for which there is no new column from another one.

        Returns
        -------
        tuple
            Whether a column was added, and whether it is proved that none has to be.
        """
        weights, rents = self._weights_and_rents()
        supplied: set[int] = set()
        complete = True
        for channel in range(self._channels):
            if deadline.over:
                return bool(supplied), False
            if channel in supplied:
                continue
            routes, weight = pricing.heaviest(weights[:, channel], deadline.left)
            if weight - rents[channel] <= REDUCED_COST:
                continue
            complete = False
            # Channels differ little: what is best on one is often worth a column on others.
            reduced = weights[list(routes)].sum(axis=0) - rents
            for other in np.flatnonzero(reduced > REDUCED_COST):
                if self._add(Configuration(int(other), routes)):
                    supplied.add(int(other))
        return bool(supplied), complete

    def _weights_and_rents(self) -> tuple[FloatArray, FloatArray]:
        """``(P, W)`` weight of routes on channels, -inf where not allowed; ``(W,)`` rents."""
        duals = np.array(self._solver.getSolution().row_dual)
        # HiGHS has duals of rows ">=" below zero when it maximises.
        prices = np.maximum(0.0, -duals[: len(self._routes)])
        rents = np.maximum(0.0, duals[len(self._routes) + len(self._classes) :])
        return prices[:, None] - self._costs, rents

    def whole(
        self, start: Iterable[Configuration], seconds: float
    ) -> tuple[list[Configuration], FloatArray, float]:
        """Solve over the columns at hand in whole numbers.

        Parameters
        ----------
        start
            Configurations of the plan that the surrogate is made around: HiGHS starts from it.
        seconds
            Time limit [s].

        Returns
        -------
        tuple
            Configurations used, ``(P,)`` demands on each route, and the value in units of rewards;
            no configurations and value 0 where HiGHS found nothing in time.
        """
        solver, count = self._solver, self._solver.getNumCol()
        numbers = np.arange(count, dtype=np.int32)
        solver.changeColsIntegrality(
            count, numbers, np.full(count, int(highspy.HighsVarType.kInteger), np.uint8)
        )
        solver.setOptionValue("mip_rel_gap", INTEGER_GAP)
        solver.setOptionValue("time_limit", solver.getRunTime() + max(0.1, seconds))
        solver.setSolution(count, numbers, self._values_of(start))
        solver.run()
        values = np.array(solver.getSolution().col_value)
        if solver.getInfo().primal_solution_status != FEASIBLE or len(values) != count:
            return [], np.zeros(len(self._routes)), 0.0
        routes = len(self._routes)
        used = [self.columns[c] for c in np.flatnonzero(values[self._fixed :] > 0.5)]
        counts = np.rint(values[:routes]) + np.rint(values[routes : 2 * routes])
        return used, counts, solver.getInfo().objective_function_value

    def _values_of(self, start: Iterable[Configuration]) -> FloatArray:
        """Return a value for each column: the kept routes, and the configurations of their plan."""
        used = set(start)
        configurations = [float(column in used) for column in self.columns]
        return np.array([*np.zeros(len(self._kept)), *self._kept, *configurations])

    def weighted(self) -> dict[Configuration, float]:
        """Return the columns with a weight in the last linear solution, and their weights."""
        values = np.array(self._solver.getSolution().col_value)[self._fixed :]
        chosen = np.flatnonzero(values[: len(self.columns)] > SMALLEST_WEIGHT)
        return {self.columns[c]: float(values[c]) for c in chosen}


def _silent(threads: int) -> highspy.Highs:
    """Return HiGHS without its log."""
    solver: highspy.Highs = new_highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", threads)
    return solver
