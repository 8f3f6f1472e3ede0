"""Phrases that sentences are made of: names, counts, rates, cuts."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qkdopt.conflicts.cut import Cut
from qkdopt.conflicts.feasibility_query import FeasibilityQuery
from qkdopt.conflicts.groups import exact_kbps
from qkdopt.conflicts.limits import Fibre, capacity, is_quantum, max_channels
from qkdopt.problem import Problem
from qkdopt.problem.light_in_place import available_channels
from qkdopt.problem.routes import Route

SHOWN = 15


def listed(names: Sequence[str], word: str = "and") -> str:
    """Join names: ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def routes_of(problem: Problem, demand: int) -> str:
    """Name the routes that were considered: all that there are, or the K candidates.

    Fewer than K candidates are every simple path between the demand's ends.
    """
    routes, ends = problem.instance.routes, problem.instance.demands[demand]
    count = len(problem.routes[demand])
    every = count < routes.k and not routes.given_between(ends.source, ends.target)
    if count == 1:
        return "its only route" if every else "its only candidate route"
    return "every route" if every else f"each of its {count} candidate routes"


def names_of(problem: Problem, demands: Sequence[int]) -> str:
    """Name demands by their ids, the first few of many."""
    ids = [str(problem.instance.demands[r].id) for r in demands]
    if len(ids) == 1:
        return f"demand {ids[0]}"
    if len(ids) > SHOWN:
        ids = [*ids[: SHOWN - 1], f"{len(ids) - SHOWN + 1} more"]
    return f"demands {listed(ids)}"


def lightpaths(count: int) -> str:
    """Count lightpaths."""
    return f"{count} lightpath{'' if count == 1 else 's'}"


def fibre_name(problem: Problem, fibre: Fibre) -> str:
    """Name a link, and the fibre of a pair by its direction."""
    link = problem.instance.network.links[fibre[0]]
    if problem.instance.fibre.layout == "single":
        return f"link {link.id}"
    ends = (link.a, link.b) if fibre[1] == 0 else (link.b, link.a)
    return f"link {link.id} (fibre {ends[0]} to {ends[1]})"


def route_name(route: Route) -> str:
    """Name a route by its nodes."""
    return "-".join(str(node) for node in route.nodes)


def at_most_kbps(rate_bps: float, below_bps: float) -> str:
    """Format an upper limit on a rate, rounded up, with digits enough to be below another rate."""
    if rate_bps <= 0.0:
        return "no key"
    for digits in range(3, 12):
        scale = 10.0 ** (digits - 1 - math.floor(math.log10(rate_bps)))
        shown = math.ceil(rate_bps * scale) / scale
        if shown < below_bps:
            break
    return f"at most {exact_kbps(shown)}"


def channels_left(query: FeasibilityQuery, fibre: Fibre) -> str:
    """Say what the capacity of a fibre is: channels less those that are closed and guard bands."""
    instance = query.problem.instance
    channel_count = available_count(query.problem, fibre)
    taken = channel_count - max_channels(query, fibre)
    channels = f"{channel_count} channel{'' if channel_count == 1 else 's'}"
    closed = instance.grid.channels - channel_count
    if closed:
        channels += f" (of {instance.grid.channels}, {closed} unavailable or lit already)"
    if taken <= 0 or not is_quantum(query.problem.tables, fibre):
        return channels
    if instance.qkd.reserve == "all":
        return f"{channels}, of which the guard bands of its reserved QKD candidates take {taken}"
    return f"{channels}, of which the guard band of its QKD channel takes at least {taken}"


def available_count(problem: Problem, fibre: Fibre) -> int:
    """Count the channels of a fibre that light of a demand may use, guard bands not counted."""
    link, number = fibre
    direction = [int(f) for f in problem.tables.fibres].index(number)
    return int(available_channels(problem.instance)[link, direction].sum())


def cut_words(query: FeasibilityQuery, cut: Cut) -> str:
    """Describe a cut: its demands, its fibres, lightpaths required and capacity."""
    problem = query.problem
    who, load = names_of(problem, cut.demands), lightpaths(cut.required_count)
    what = [fibre_name(problem, fibre) for fibre in cut.fibres]
    if len(cut.fibres) == 1:
        must = "all must cross" if len(cut.demands) > 1 else "must cross"
        left = channels_left(query, cut.fibres[0])
        return f"{who} ({load}) {must} {what[0]}, which has room for {cut.capacity}: {left}"
    capacities = [
        f"{capacity(query, fibre)} ({channels_left(query, fibre)})" for fibre in cut.fibres
    ]
    return (
        f"every candidate route of {who} ({load}) crosses {listed(what, 'or')}, which have room "
        f"for {cut.capacity} together: {list_capacities(what, capacities)}"
    )


def list_capacities(names: Sequence[str], capacities: Sequence[str]) -> str:
    """List the capacity of each fibre, once where all are the same."""
    if len(names) > 1 and len(set(capacities)) == 1:
        return f"each {capacities[0]}"
    return listed(
        [f"{name} for {capacity}" for name, capacity in zip(names, capacities, strict=True)]
    )
