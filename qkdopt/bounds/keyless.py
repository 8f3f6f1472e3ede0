"""Demands without key: those that no plan can give any, and what can be done about the others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import networkx as nx
import numpy as np

from qkdopt.bounds.classes import Relaxation
from qkdopt.bounds.paths import best_paths
from qkdopt.problem import Problem
from qkdopt.problem.own_light import max_rates_bps, rate_beside


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
            if rate_beside(problem.standing_tables, e, 0, 0) > 0.0
        )
        return tuple(
            r for r, demand in enumerate(demands)
            if not nx.has_path(graph, demand.source, demand.target)
        )  # fmt: skip

    if problem.any_route:
        return _keyless_over_any_route(problem)
    max_skr_bps = max_rates_bps(problem)
    return tuple(
        r
        for r, routes in enumerate(problem.routes)
        if not any(max_skr_bps[r, p] > 0.0 for p in range(len(routes)))
    )


def _keyless_over_any_route(problem: Problem) -> tuple[int, ...]:
    """Return positions of demands whose own light leaves no path with key on every link."""
    network, demands = problem.instance.network, problem.instance.demands
    graphs = {}
    own = [0 if problem.stays(r) else demand.channels for r, demand in enumerate(demands)]
    for channels in set(own):
        graphs[channels] = nx.DiGraph()
        graphs[channels].add_nodes_from(node.id for node in network.nodes)
        graphs[channels].add_edges_from(
            (link.a, link.b) if d == 0 else (link.b, link.a)
            for e, link in enumerate(network.links)
            for d in (0, 1)
            if rate_beside(problem.standing_tables, e, d, channels) > 0.0
        )
    return tuple(
        r for r, demand in enumerate(demands)
        if not nx.has_path(graphs[own[r]], demand.source, demand.target)
    )  # fmt: skip


def any_key(relaxation: Relaxation) -> bool:
    """Whether any route has key under no more than the demand's own light."""
    rel = relaxation
    alone = [_rate_alone(rel, i, int(c)) for i, c in enumerate(rel.item_class)]
    if rel.arcs is not None:
        # Items that classes share have the rate beside one lightpath, which is no less.
        closed = np.where(np.array(alone) > 0.0, 0.0, np.inf)
        paths = best_paths(
            rel.arcs, rel.class_channels, np.zeros(0), closed, np.zeros((rel.items, 0))
        )
        return bool((paths.reward > -np.inf).any())
    return any(
        rel.route_key[p] and min(alone[i] for i in rel.route_item[first:end]) > 0.0
        for p, (first, end) in enumerate(pairwise(rel.route_start))
    )


def _rate_alone(relaxation: Relaxation, item: int, demand_class: int) -> float:
    """Best rate of an item's link when it carries at least the lightpaths of one demand."""
    link = int(np.searchsorted(relaxation.item_start[:, 2], item, side="right"))
    direction = int(item >= relaxation.item_start[link, 1])
    states = relaxation.states[link]
    carried = states.loads[:, direction] >= relaxation.class_channels[demand_class]
    return float(states.rate_bps[carried].max(initial=0.0))


def advice_lines(problem: Problem, without_key: int) -> Iterator[str]:
    """Yield what a planner can do about served demands without key."""
    never = len(keyless_demands(problem))
    if never:
        if problem.scope == "all":
            yield f"{never} have no key in any plan: shorter links, better receivers"
        else:
            yield (
                f"{never} have no key in any plan over {problem.instance.routes.k} candidate "
                "routes: shorter links, better receivers, larger routes.k"
            )
    if without_key > never:
        yield (
            f"noise leaves {'others' if never else 'them'} without: less launch power, narrower "
            "filters, fewer demands, or min_skr_bps to block them"
        )


__all__ = ["advice_lines", "any_key", "keyless_demands"]
