"""Graphs of networkx: what its parsers raise becomes one error, what they return plain data."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from qkdopt.errors import InstanceError
from qkdopt.io.importers.graph import GraphData
from qkdopt.io.importers.values import Reading, label_of

T = TypeVar("T")
LONGEST_REASON = 200


def by_library(parse: Callable[[], T], where: str, form: str) -> T:
    """Return what a library parses.

    Parsers of networkx raise errors of a dozen classes on files that are none of theirs, from
    KeyError to RecursionError: each of them says that the file cannot be read.

    Raises
    ------
    InstanceError
        The library raised anything.
    """
    try:
        with warnings.catch_warnings():
            # Of keys without a type, styles and extensions: a network needs none of them.
            warnings.simplefilter("ignore")
            return parse()
    except InstanceError:
        raise
    except RecursionError:
        raise InstanceError(where, [f"is nested too deeply; expected {form}"]) from None
    except Exception as problem:
        reason = " ".join(str(problem).split())[:LONGEST_REASON] or type(problem).__name__
        if isinstance(problem, KeyError):
            reason = f"{reason} is missing or unknown"
        raise InstanceError(where, [f"not readable as {form}: {reason}"]) from None


def graph_data(graph: Any, form: str, reading: Reading) -> GraphData:
    """Return nodes and edges of a graph of networkx with their attributes."""
    nodes = [
        (reading.node_id(node, f"node {k}"), attributes)
        for k, (node, attributes) in enumerate(graph.nodes(data=True), start=1)
    ]
    edges = [
        (f"edge {k}", reading.node_id(a, f"edge {k}"), reading.node_id(b, f"edge {k}"), attributes)
        for k, (a, b, attributes) in enumerate(graph.edges(data=True), start=1)
    ]
    attributes = graph.graph
    names = (attributes.get(key) for key in ("Network", "label", "name", "Source", "source"))
    source = ", ".join(dict.fromkeys(filter(None, map(label_of, names))))
    return GraphData(form, nodes, edges, directed=graph.is_directed(), source=source)
