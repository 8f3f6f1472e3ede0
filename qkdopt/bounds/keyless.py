"""Demands without key: those that no plan can give any, and what can be done about the others."""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx

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
            if rate_beside(problem.tables, e, 0, 0) > 0.0
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
    for channels in {demand.channels for demand in demands}:
        graphs[channels] = nx.DiGraph()
        graphs[channels].add_nodes_from(node.id for node in network.nodes)
        graphs[channels].add_edges_from(
            (link.a, link.b) if d == 0 else (link.b, link.a)
            for e, link in enumerate(network.links)
            for d in (0, 1)
            if rate_beside(problem.tables, e, d, channels) > 0.0
        )
    return tuple(
        r for r, demand in enumerate(demands)
        if not nx.has_path(graphs[demand.channels], demand.source, demand.target)
    )  # fmt: skip


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


__all__ = ["advice_lines", "keyless_demands"]
