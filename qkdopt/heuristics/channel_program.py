r"""Channels of fixed routes by an integer program: exact in the channels, linear in the noise.

With routes and working QKD channels fixed, noise is a sum over lightpaths, and for small changes
the key rate falls in proportion to it. What is left is to give each lightpath a channel,

.. math:: \min \sum_{r, w} c_{rw} x_{rw}, \qquad \sum_w x_{rw} = b_r, \qquad
    \sum_{r \ni f} x_{rw} \le 1 \quad \forall f, w

for fibres ``f``, with the key rate that a lightpath costs the demands behind each link,
:math:`c_{rw} = \sum_{e \in r} n_e |g_e'| \eta_{e w}`: ``n_e`` demands have their slowest link in
``e``, ``g'`` is the slope of the key rate, ``eta`` the noise of the channel. The program's linear
relaxation is nearly integral, so that HiGHS proves it in a second where annealing, two channels at
a time, comes only near.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import highspy
import numpy as np

from qkdopt.heuristics.spectrum import drop_below_min_rate
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import BoolArray, IntArray
from qkdopt.problem.network_tables import guard_blocks
from qkdopt.problem.plan import BLOCKED, NO_QKD, Assessment, Plan, assess
from qkdopt.runtime.output import one_highs
from qkdopt.units import FloatArray

# Relative step of noise for the slope of the key rate.
STEP = 1e-3
# Links that are slowest for nobody count a little: they may become so.
LEAST_WEIGHT = 0.02
# Relative gap at which the program is solved: far below what the linear cost is worth.
GAP = 1e-4
# Most lightpaths times channels: a second or a few for HiGHS.
MOST_CHOICES = 12_000
# The noise is that of the plan before; once or twice more and it is the plan's own.
PASSES = 4
# Most branching nodes; most programs are solved at the root.
NODES = 200


@dataclass(frozen=True)
class ChannelCosts:
    """What each channel costs each served demand, at the noise of a plan.

    Parameters
    ----------
    demands
        ``(D,)`` positions of the served demands.
    cost
        ``(D, W)`` key rate lost by a lightpath [bit/s of the objective's total].
    allowed
        ``(D, W)`` channels that may be lit on every hop, guard bands kept.
    fibres
        ``(D, rows)`` row 2 e + fibre of each hop, -1 beyond the last.
    """

    demands: IntArray
    cost: FloatArray
    allowed: BoolArray
    fibres: IntArray


def channel_costs(problem: Problem, plan: Plan) -> ChannelCosts:
    """Linearise the objective at a plan's noise, for channels beside its working candidates.

    Parameters
    ----------
    problem
        The problem, with objective ``mean`` or ``link-sum``.
    plan
        The plan: its routes, its working candidates, and the noise at which key rates are linear.
    """
    tables, blocks = problem.tables, guard_blocks(problem.tables)
    working = np.array(plan.working)
    has_key, column = working != NO_QKD, np.where(working == NO_QKD, 0, working)
    every = np.arange(len(working))
    exact = assess(problem, plan)
    weight = _demands_behind(problem, plan, exact) * -_slopes(problem, exact, column)
    weight = np.where(has_key, weight, 0.0)
    noise = tables.noise[every, :, :, column] * weight[:, None, None]
    free = tables.usable & ~((blocks[every, :, :, column] > 0) & has_key[:, None, None])
    served = np.array([r for r, route in enumerate(plan.routes) if route != BLOCKED])
    longest = max(len(problem.routes[r][plan.routes[r]].links) for r in served)
    cost = np.zeros((len(served), noise.shape[2]))
    allowed = np.ones(cost.shape, dtype=np.bool_)
    fibres = np.full((len(served), longest), -1)
    for row, r in enumerate(served):
        allowed[row] &= problem.open_channels(int(r), problem.routes[r][plan.routes[r]])
        for k, (e, direction, fibre) in enumerate(problem.routes[r][plan.routes[r]].hops):
            cost[row] += noise[e, direction]
            allowed[row] &= free[e, direction]
            fibres[row, k] = 2 * e + fibre
    return ChannelCosts(served, cost, allowed, fibres)


def _demands_behind(problem: Problem, plan: Plan, exact: Assessment) -> FloatArray:
    """``(E,)`` weight of each link's key rate in the objective's total."""
    if problem.objective == "link-sum":
        return np.ones(len(plan.working))
    behind = np.full(len(plan.working), LEAST_WEIGHT)
    np.add.at(behind, exact.bottleneck[exact.bottleneck >= 0], 1.0)
    return behind


def _slopes(problem: Problem, exact: Assessment, column: IntArray) -> FloatArray:
    """``(E,)`` change of each link's key rate with noise [bit/s per click a gate], not positive."""
    tables = problem.tables
    every = tables.link_numbers
    transmittance = tables.transmittance[every, column]
    step = np.maximum(exact.noise * STEP, 1e-15)
    less = np.maximum(exact.noise - step, 0.0)
    rise = tables.skr_bps(every, exact.noise + step, transmittance)
    fall = tables.skr_bps(every, less, transmittance)
    return np.minimum(0.0, (rise - fall) / (exact.noise + step - less))


def assign_channels(problem: Problem, plan: Plan, *, seconds: float | None = None) -> Plan | None:
    """Give a plan's routes the channels that the program finds best; None if it finds none.

    The plan returned has every link at its best candidate, and no demand below its floor.

    Parameters
    ----------
    problem
        The problem, with objective ``mean`` or ``link-sum``.
    plan
        Plan that serves at least one demand.
    seconds
        Time limit of the solver [s]; None for none.
    """
    costs = channel_costs(problem, plan)
    channels = _solve(problem, costs, seconds)
    if channels is None:
        return None
    chosen: list[tuple[int, ...]] = [() for _ in plan.routes]
    for row, r in enumerate(costs.demands):
        chosen[r] = tuple(int(w) for w in np.flatnonzero(channels[row]))
    return drop_below_min_rate(problem, list(plan.routes), chosen)


def improve_channels(problem: Problem, plan: Plan, *, seconds: float | None = None) -> Plan:
    """Improve a plan by its channels until the program finds none better.

    Parameters
    ----------
    problem
        The problem. With objective ``max-min`` or ``key-factor``, or more than ``MOST_CHOICES``
        lightpaths times channels, the plan is returned as it is.
    plan
        Plan to begin with.
    seconds
        Time limit [s]; None for none.
    """
    choices = plan.served * problem.instance.grid.channels
    if problem.objective in ("max-min", "key-factor") or not 0 < choices <= MOST_CHOICES:
        return plan
    started = time.monotonic()
    for _ in range(PASSES):
        left = None if seconds is None else seconds - (time.monotonic() - started)
        if left is not None and left <= 0.0:
            break
        other = assign_channels(problem, plan, seconds=left)
        if other is None or assess(problem, other).rank <= assess(problem, plan).rank:
            break
        plan = other
    return plan


def _solve(problem: Problem, costs: ChannelCosts, seconds: float | None) -> BoolArray | None:
    """``(D, W)`` channels chosen; None where the program is infeasible or time is up."""
    rows, columns = np.nonzero(costs.allowed)
    number = np.full(costs.allowed.shape, -1)
    number[rows, columns] = np.arange(len(rows))
    each = [number[row][costs.allowed[row]] for row in range(len(number))]
    shared = _shared(costs, number)
    wide = [problem.instance.demands[r].channels for r in costs.demands]
    lower = np.array([*wide, *[-np.inf] * len(shared)], dtype=np.float64)
    upper = np.array([*wide, *[1.0] * len(shared)], dtype=np.float64)
    if any(len(part) < count for part, count in zip(each, wide, strict=True)):
        return None
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(rows), len(lower)
    program.col_cost_ = costs.cost[rows, columns]
    program.col_lower_, program.col_upper_ = np.zeros(len(rows)), np.ones(len(rows))
    program.row_lower_, program.row_upper_ = lower, upper
    program.integrality_ = [highspy.HighsVarType.kInteger] * len(rows)
    lines = [*each, *shared]
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_ = np.cumsum([0, *map(len, lines)]).astype(np.int32)
    program.a_matrix_.index_ = np.concatenate(lines).astype(np.int32)
    program.a_matrix_.value_ = np.ones(sum(map(len, lines)))
    with one_highs() as solver:
        for option, value in (("threads", 1), ("mip_rel_gap", GAP), ("mip_max_nodes", NODES)):
            solver.setOptionValue(option, value)
        if seconds is not None:
            solver.setOptionValue("time_limit", max(0.01, seconds))
        solver.passModel(program)
        solver.run()
        if solver.getInfo().primal_solution_status != highspy.kSolutionStatusFeasible:
            return None
        values = np.array(solver.getSolution().col_value)
    chosen = np.zeros(costs.allowed.shape, dtype=np.bool_)
    chosen[rows, columns] = values > 0.5
    return chosen


def _shared(costs: ChannelCosts, number: IntArray) -> list[IntArray]:
    """Return the variables of each fibre and channel that more than one lightpath may want."""
    lines = []
    for fibre in np.unique(costs.fibres[costs.fibres >= 0]):
        over = number[(costs.fibres == fibre).any(axis=1)]
        lines += [column[column >= 0] for column in over.T if (column >= 0).sum() > 1]
    return lines
