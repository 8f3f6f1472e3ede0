"""Candidate routes: the K shortest in km, by networkx, with a documented tie-break.

Equal lengths are ordered by number of hops, then by the sequence of node positions in
the instance, then by link positions: the tie-break alone moves blocking by a factor of
1.2 to 1.3 on USNET (``benchmarks/tie_breaks.py``), so it is part of the problem and not left
to a library's internals. Routes of fewest hops, another problem, block 1.5 to 3 times less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import NamedTuple

import networkx as nx

from qkdopt.instance import Instance, NodeId

# Lengths that agree to a nanometre are the same length summed in another order.
LENGTH_DIGITS = 9


class Hop(NamedTuple):
    """One link of a route as light travels it.

    Parameters
    ----------
    link
        Position of the link in the instance.
    direction
        0 in the link's file order a -> b, 1 against it.
    fibre
        0, or 1 for direction 1 in layout pair: what its channels are shared with.
    """

    link: int
    direction: int
    fibre: int


@dataclass(frozen=True, slots=True)
class Route:
    """One simple path from source to target.

    Parameters
    ----------
    nodes
        Node ids, source first.
    links
        Link positions in the instance, one per hop.
    forward
        Per hop, whether light travels in the link's file order a -> b.
    length_km
        Sum of the link lengths [km].
    pair
        Whether each direction has a fibre of its own (layout pair).
    """

    nodes: tuple[NodeId, ...]
    links: tuple[int, ...]
    forward: tuple[bool, ...]
    length_km: float
    pair: bool

    @property
    def hops(self) -> tuple[Hop, ...]:
        """Links, directions and fibres in the order of travel."""
        directions = (0 if forward else 1 for forward in self.forward)
        return tuple(
            Hop(link, direction, direction if self.pair else 0)
            for link, direction in zip(self.links, directions, strict=True)
        )

    def direction_over(self, link: int) -> int:
        """Direction of travel over a link that the route crosses."""
        return next(hop.direction for hop in self.hops if hop.link == link)


def candidate_routes(instance: Instance, k: int | None = None) -> tuple[tuple[Route, ...], ...]:
    """Candidate routes of every demand, in the order of ``instance.demands``.

    ``k`` defaults to the instance's own; where more are asked for, the shortest routes follow
    those that the instance gives. A demand between parts of the network that are not joined has
    none; two demands with the same ends share one tuple.
    """
    wanted = instance.routes.k if k is None else k
    finder = RouteFinder(instance)
    found: dict[tuple[NodeId, NodeId], tuple[Route, ...]] = {}
    for demand in instance.demands:
        ends = (demand.source, demand.target)
        if ends not in found:
            found[ends] = finder.candidates(*ends, wanted, more=k is not None)
    return tuple(found[demand.source, demand.target] for demand in instance.demands)


def every_route(instance: Instance, most: int) -> tuple[tuple[Route, ...], ...] | None:
    """All simple paths of every demand, candidates first; None where one has more than ``most``."""
    finder = RouteFinder(instance)
    found: dict[tuple[NodeId, NodeId], tuple[Route, ...]] = {}
    for demand in instance.demands:
        ends = (demand.source, demand.target)
        if ends not in found:
            found[ends] = finder.candidates(*ends, most + 1, more=True)
        if len(found[ends]) > most:
            return None
    return tuple(found[demand.source, demand.target] for demand in instance.demands)


def route_over(instance: Instance, nodes: Sequence[NodeId], links: tuple[int, ...]) -> Route | None:
    """Return the simple path through these nodes over these links; None where there is none.

    Parameters
    ----------
    instance
        The instance.
    nodes, links
        Node ids in the order of travel, and positions of the links between them.
    """
    network = instance.network
    if len(nodes) != len(links) + 1 or len(set(nodes)) != len(nodes):
        return None
    for e, ends in zip(links, pairwise(nodes), strict=True):
        if {network.links[e].a, network.links[e].b} != set(ends):
            return None
    return Route(
        nodes=tuple(nodes),
        links=links,
        forward=tuple(network.links[e].a == n for e, n in zip(links, nodes[:-1], strict=True)),
        length_km=sum(network.links[e].length_km for e in links),
        pair=instance.fibre.layout == "pair",
    )


class RouteFinder:
    """Shortest simple paths of one instance's network."""

    def __init__(self, instance: Instance) -> None:
        self._links = instance.network.links
        self._pair = instance.fibre.layout == "pair"
        self._position = {node.id: i for i, node in enumerate(instance.network.nodes)}
        self._parallel: dict[frozenset[NodeId], list[int]] = {}
        self._graph = nx.Graph()
        self._graph.add_nodes_from(self._position)
        for index, link in enumerate(self._links):
            self._parallel.setdefault(frozenset((link.a, link.b)), []).append(index)
            shortest = self._graph.get_edge_data(link.a, link.b, {"km": float("inf")})["km"]
            self._graph.add_edge(link.a, link.b, km=min(shortest, link.length_km))
        self._routes = instance.routes
        self._by_hops = instance.routes.order == "hops"

    def candidates(
        self, source: NodeId, target: NodeId, k: int, *, more: bool = False
    ) -> tuple[Route, ...]:
        """Return the candidate routes between two nodes: those given, or else the ``k`` first.

        Parameters
        ----------
        source, target
            Ids of two different nodes of the network.
        k
            Number of routes where none are given.
        more
            Whether the shortest routes follow those given, up to ``k`` in all.
        """
        given = tuple(
            route
            for nodes in self._routes.given_between(source, target)
            for route in sorted(self._variants(nodes), key=self._key)
        )
        if given and not more:
            return given
        others = [route for route in self.shortest(source, target, k) if route not in given]
        return (*given, *others[: max(0, k - len(given))])

    def shortest(self, source: NodeId, target: NodeId, k: int) -> tuple[Route, ...]:
        """Return the ``k`` first routes in (km, hops, node order, link order), or by hops first.

        Parameters
        ----------
        source, target
            Ids of two different nodes of the network.
        k
            Number of routes; fewer are returned where there are no more, none between nodes that
            are not joined.
        """
        best: list[Route] = []
        for route in self._by_length(source, target):
            # networkx yields by length; ties with the k-th must still be seen and ordered.
            if len(best) >= k and route[0] > self._key(sorted(best, key=self._key)[k - 1])[0]:
                break
            best.extend(route[1])
        return tuple(sorted(best, key=self._key)[:k])

    def _by_length(
        self, source: NodeId, target: NodeId
    ) -> Iterator[tuple[float, tuple[Route, ...]]]:
        """Yield (km or hops of the first variant, all variants over parallel links), rising."""
        if not nx.has_path(self._graph, source, target):
            return
        weight = None if self._by_hops else "km"
        for nodes in nx.shortest_simple_paths(self._graph, source, target, weight=weight):
            routes = tuple(self._variants(tuple(nodes)))
            yield min(self._key(route)[0] for route in routes), routes

    def _variants(self, nodes: tuple[NodeId, ...]) -> Iterator[Route]:
        hops = list(pairwise(nodes))
        for links in product(*(self._parallel[frozenset(hop)] for hop in hops)):
            yield Route(
                nodes=nodes,
                links=links,
                forward=tuple(
                    self._links[link].a == start
                    for link, (start, _) in zip(links, hops, strict=True)
                ),
                length_km=sum(self._links[link].length_km for link in links),
                pair=self._pair,
            )

    def _key(self, route: Route) -> tuple[float, float, tuple[int, ...], tuple[int, ...]]:
        order = tuple(self._position[node] for node in route.nodes)
        length_km, hops = round(route.length_km, LENGTH_DIGITS), len(route.links)
        first, second = (hops, length_km) if self._by_hops else (length_km, hops)
        return first, second, order, route.links
