"""Why a demand is blocked."""

from __future__ import annotations

from qkdopt.heuristics.spectrum import Spectrum, spectrum_of
from qkdopt.problem import Problem
from qkdopt.problem.plan import BLOCKED, Plan
from qkdopt.result import BlockedBy


def explain_blocked(problem: Problem, plan: Plan) -> dict[int, BlockedBy]:
    """Give the reason of every demand that a plan does not serve, by its position.

    ``no free channel``: every route lacks channels that are dark end to end. ``guard
    band``: dark ones exist, but around QKD channels that are kept. ``no receiver
    channel``: lighting them would leave a link no legal candidate. ``minimum key rate``:
    there is room, but not for the key rate that is asked for.
    """
    spectrum = spectrum_of(problem, plan)
    return {
        r: _reason(problem, spectrum, r)
        for r, number in enumerate(plan.routes)
        if number == BLOCKED
    }


def _reason(problem: Problem, spectrum: Spectrum, r: int) -> BlockedBy:
    demand = problem.instance.demands[r]
    routes = [spectrum.route_number(r, p) for p in range(len(problem.routes[r]))]
    count = demand.channels
    if not any(spectrum.dark(route).sum() >= count for route in routes):
        return "no free channel"
    if not any((spectrum.dark(p) & spectrum.unreserved(p)).sum() >= count for p in routes):
        return "guard band"
    if not spectrum.has_room(r):
        return "no receiver channel"
    # With room left, only a floor, or working channels that are not retuned, can block.
    return "minimum key rate" if demand.min_skr_bps else "guard band"
