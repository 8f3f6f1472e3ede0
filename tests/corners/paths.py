"""Candidate routes by listing every simple path: for networks of a handful of links."""

from __future__ import annotations

from collections.abc import Iterator

from qkdopt.instance import Instance

# Per hop: position of the link, and whether light travels from its end a to its end b.
Hops = tuple[tuple[int, bool], ...]


def shortest_routes(instance: Instance, source, target) -> list[Hops]:
    """The K first in (km to 9 digits, hops, positions of nodes, positions of links).

    With ``order = "hops"`` these come before the km. Of a pair of nodes with given routes these in
    their order, over every choice of parallel links, whatever K is.
    """
    position = {node.id: n for n, node in enumerate(instance.network.nodes)}
    links = instance.network.links

    def rank(path: tuple[tuple, Hops]) -> tuple:
        nodes, hops = path
        km = round(sum(links[e].length_km for e, _ in hops), 9)
        size = (len(hops), km) if instance.routes.order == "hops" else (km, len(hops))
        return *size, [position[n] for n in nodes], [e for e, _ in hops]

    paths = sorted(_simple_paths(instance, (source,), target, ()), key=rank)
    given = [
        hops
        for listed in instance.routes.given or ()
        for nodes, hops in paths
        if nodes == tuple(listed)
    ]
    return given or [hops for _, hops in paths[: instance.routes.k]]


def _simple_paths(
    instance: Instance, nodes: tuple, target, hops: Hops
) -> Iterator[tuple[tuple, Hops]]:
    if nodes[-1] == target:
        yield nodes, hops
        return
    for e, link in enumerate(instance.network.links):
        for here, there, forward in ((link.a, link.b, True), (link.b, link.a, False)):
            if here == nodes[-1] and there not in nodes:
                yield from _simple_paths(
                    instance, (*nodes, there), target, (*hops, (e, forward))
                )  # fmt: skip


def all_paths(instance: Instance, source, target) -> list[Hops]:
    """Hops of every simple path."""
    return [hops for _, hops in _simple_paths(instance, (source,), target, ())]


def node_paths(instance: Instance, source, target) -> list[tuple]:
    """Nodes of every simple path, each once however many parallel links it has."""
    return list(dict.fromkeys(nodes for nodes, _ in _simple_paths(instance, (source,), target, ())))
