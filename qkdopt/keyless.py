"""Demands without key: those that no plan can give any, and what can be done about the others."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import networkx as nx
import numpy as np

from qkdopt.problem import Problem
from qkdopt.routes import Route


def keyless_demands(problem: Problem) -> tuple[int, ...]:
    """Return positions of demands without key in every plan.

    Their own lightpaths, on the quietest channels, and nothing else lit: where that leaves no
    candidate route with key on every link, no plan does. With ``relay = widest`` the key may go
    along any links that have key in the dark.
    """
    demands = problem.instance.demands
    if problem.instance.qkd.relay == "widest":
        graph = nx.Graph()
        graph.add_nodes_from(node.id for node in problem.instance.network.nodes)
        graph.add_edges_from(
            (link.a, link.b)
            for e, link in enumerate(problem.instance.network.links)
            if _rate_alone(problem, e, 0, 0) > 0.0
        )
        return tuple(
            r for r, demand in enumerate(demands)
            if not nx.has_path(graph, demand.source, demand.target)
        )  # fmt: skip

    @cache
    def has_key(e: int, direction: int, channels: int) -> bool:
        return _rate_alone(problem, e, direction, channels) > 0.0

    def lives(route: Route, channels: int) -> bool:
        return all(
            has_key(e, 0 if forward else 1, channels)
            for e, forward in zip(route.links, route.forward, strict=True)
        )

    return tuple(
        r
        for r, demand in enumerate(demands)
        if not any(lives(route, demand.channels) for route in problem.routes[r])
    )


def _rate_alone(problem: Problem, e: int, direction: int, channels: int) -> float:
    """Best key rate [bit/s] of a link with so many lightpaths in one direction and none else."""
    tables = problem.tables
    best = 0.0
    for q in range(int(tables.candidate_count[e])):
        free = tables.usable[e, direction].copy()
        if tables.disturbs[e, direction]:
            free &= ~tables.blocks[e, q]
        if free.sum() < channels:
            continue
        own = np.sort(tables.noise[e, direction, free, q])[:channels].sum()
        noise = np.array([tables.floor[e, q] + own])
        best = max(best, float(tables.skr_bps(noise, tables.transmittance[e, q, None])[0]))
    return best


def advice_lines(problem: Problem, without_key: int) -> Iterator[str]:
    """Yield what a planner can do about served demands without key."""
    never = len(keyless_demands(problem))
    if never:
        yield (
            f"{never} have no key in any plan over {problem.instance.routes.k} candidate routes: "
            "shorter links, better receivers, larger routes.k"
        )
    if without_key > never:
        yield (
            f"noise leaves {'others' if never else 'them'} without: less launch power, narrower "
            "filters, fewer demands, or min_skr_bps to block them"
        )


__all__ = ["advice_lines", "keyless_demands"]
