"""Build the joint MILP: this file is its table of contents."""

from __future__ import annotations

from pyomo.common.gc_manager import PauseGC

from qkdopt.milp import constraints, objectives, shared_keys, textbook
from qkdopt.milp.linearise import Linearised
from qkdopt.milp.strengthen import load_states, splits_cleanly
from qkdopt.milp.variables import (
    JointModel,
    declare_lightpaths,
    declare_moves,
    declare_rates,
    declare_working,
)
from qkdopt.problem import Problem

OBJECTIVES = {
    "mean": objectives.total_rate,
    "link-sum": objectives.link_sum,
    "max-min": objectives.worst_rate,
    **shared_keys.OBJECTIVES,
}


def build_joint(
    problem: Problem,
    segments: dict[tuple[int, int], Linearised],
    *,
    served: int | None,
    strengthen: bool = True,
) -> JointModel:
    """Build the joint MILP of a problem.

    Parameters
    ----------
    problem
        The problem.
    segments
        Linearised key rates, by (link, candidate).
    served
        Number of demands that are served: the objective is then the problem's own. None to
        maximise the number served instead.
    strengthen
        Whether the load-state rows (C10) are added.
    """
    # A large model is millions of live objects: a third of the time would go to scanning them.
    with PauseGC():
        return _assemble_joint(problem, segments, served=served, strengthen=strengthen)


def _assemble_joint(
    problem: Problem,
    segments: dict[tuple[int, int], Linearised],
    *,
    served: int | None,
    strengthen: bool,
) -> JointModel:
    m = _declare_shared(problem, segments, served)
    m.c2_one_lightpath = constraints.one_lightpath(m)
    if served is None and not has_min_rates(problem):
        m.goal = objectives.most_served(m)
        return m
    declare_rates(m)
    m.c5_one_piece = constraints.one_piece(m)
    m.c5_piece_range = constraints.piece_range(m)
    m.c5_noise_of_link = constraints.noise_of_link(m)
    m.c6_rate_of_link = constraints.rate_of_link(m)
    if problem.instance.qkd.relay == "lightpath":
        m.c7_relay_on_lightpath = constraints.relay_on_lightpath(m)
    if strengthen and splits_cleanly(m):
        m.c10_load_states = load_states(m)
    return _add_objective(m, served)


def build_textbook(
    problem: Problem, segments: dict[tuple[int, int], Linearised], *, served: int | None
) -> JointModel:
    """Build the textbook variant, with one big-M per "if".

    Parameters
    ----------
    problem
        The problem.
    segments
        Linearised key rates, by (link, candidate).
    served
        Number of demands that are served; None to maximise it instead.
    """
    with PauseGC():
        return _assemble_textbook(problem, segments, served=served)


def _assemble_textbook(
    problem: Problem, segments: dict[tuple[int, int], Linearised], *, served: int | None
) -> JointModel:
    m = _declare_shared(problem, segments, served)
    m.c2_no_clash = textbook.no_clash(m)
    m.c3_dark_guard_band = textbook.dark_guard_band(m)
    if served is None and not has_min_rates(problem):
        m.goal = objectives.most_served(m)
        return m
    textbook.declare_noise(m)
    m.c5_one_piece = constraints.one_piece(m)
    m.c5_piece_if_chosen = textbook.piece_if_chosen(m)
    m.c5_noise_if_working = textbook.noise_if_working(m)
    m.c6_rate_if_chosen = textbook.rate_if_chosen(m)
    if problem.instance.qkd.relay == "lightpath":
        m.c7_relay_if_chosen = textbook.relay_if_chosen(m)
    return _add_objective(m, served)


def _declare_shared(
    problem: Problem, segments: dict[tuple[int, int], Linearised], served: int | None
) -> JointModel:
    """Declare what all formulations share: routes, channels, working candidates."""
    m = JointModel(problem, segments, served=served)
    declare_lightpaths(m)
    declare_working(m)
    m.c1_one_route = constraints.one_route(m)
    m.c1_channels_of_route = constraints.channels_of_route(m)
    m.c4_one_working = constraints.one_working(m)
    if problem.staying or problem.movables:
        m.c17_in_place = constraints.serves_in_place(m)
    if problem.movables and problem.moves_limit is not None:
        declare_moves(m)
        m.c18_moved = constraints.moved_from_place(m)
        m.c18_number_moved = constraints.number_moved(m)
    return m


def _add_objective(m: JointModel, served: int | None) -> JointModel:
    """Add what all formulations share: key rates of demands, and the objective."""
    m.c7_rate_on_route = constraints.rate_on_route(m)
    relay = m.problem.instance.qkd.relay
    if relay == "widest":
        m.c7_relay_widest = constraints.relay_widest(m)
    elif relay == "lightpath":
        _no_key_without_qkd(m)
    if shared_keys.shares_keys(m):
        m.c19_shared = shared_keys.key_flows(m) if relay == "flow" else shared_keys.key_of_link(m)
    m.c8_least_rate = constraints.least_rate(m)
    m.c8_no_slow_link = constraints.no_slow_link(m)
    m.c8_key_where_asked = constraints.key_where_asked(m)
    if served is None:
        m.goal = objectives.most_served(m)
    else:
        if served or m.RP:
            m.c9_number_served = constraints.number_served(m, served)
        m.goal = OBJECTIVES[m.problem.objective](m)
    return m


def min_size(
    problem: Problem, segments: dict[tuple[int, int], Linearised], *, served: int | None
) -> tuple[int, int]:
    """Count the rows and columns that the joint MILP and its textbook variant have at least.

    The model is not built: a solver's licence may be too small for it.

    Parameters
    ----------
    problem
        The problem.
    segments
        Linearised key rates, by (link, candidate).
    served
        Number of demands that are served; None where it is maximised.

    Returns
    -------
    rows, columns
        Lower limits on the size of either model.
    """
    routes = [(r, route) for r, listed in enumerate(problem.routes) for route in listed]
    channels = sum(int(problem.open_channels(r, route).sum()) for r, route in routes)
    columns = len(routes) + channels + len(segments)
    rows = len(problem.routes) + len(routes)
    if served is not None or has_min_rates(problem):
        segment_count = sum(len(curve.upper) for curve in segments.values())
        columns += 2 * segment_count
        rows += segment_count + len(segments)
    return rows, columns


def has_min_rates(problem: Problem) -> bool:
    """Return whether any demand has a minimum key rate."""
    return any(demand.min_skr_bps for demand in problem.instance.demands)


def _no_key_without_qkd(m: JointModel) -> None:
    """Fix the rate of routes over links without QKD to zero."""
    with_key = set(m.E)
    for r, p in m.RP:
        if not with_key.issuperset(m.problem.routes[r][p].links):
            m.z[r, p].fix(0.0)
