"""Candidate routes that an instance lists itself: paths of its network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qkdopt.instance.base import NodeId
    from qkdopt.instance.model import Instance


def validate_given_routes(instance: Instance) -> Iterator[str]:
    """Yield each given route that is no simple path of the network, or is given twice."""
    given = instance.routes.given or ()
    joined = {frozenset((link.a, link.b)) for link in instance.network.links}
    known = {node.id for node in instance.network.nodes}
    for number, path in enumerate(given):
        for fault in _path_faults(path, known, joined):
            yield f"routes.given[{number}] = {list(path)}: {fault}"
    for path, times in Counter(given).items():
        if times > 1:
            yield f"routes.given: {list(path)} is given {times} times; expected once"


def _path_faults(
    path: tuple[NodeId, ...], known: set[NodeId], joined: set[frozenset[NodeId]]
) -> Iterator[str]:
    strangers = [node for node in path if node not in known]
    if strangers:
        yield f"{strangers[0]!r} is no node; expected ids of nodes (a number given as text?)"
        return
    if len(set(path)) < len(path):
        yield "visits a node twice; expected a simple path"
    for a, b in pairwise(path):
        if a != b and frozenset((a, b)) not in joined:
            yield f"no link joins {a!r} and {b!r}; expected neighbours"
