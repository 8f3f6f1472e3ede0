"""Demands of an instance from the traffic of a file: drawn, divided, or as listed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import networkx as nx

from qkdopt.instance import Network, Node, NodeId, PairShare
from qkdopt.instance.generation import random_demands
from qkdopt.io.importers.draft import DraftDemand, DraftLink, DraftNode
from qkdopt.io.importers.options import ImportOptions
from qkdopt.io.importers.report import some
from qkdopt.io.importers.values import Reading, counted

Weights = dict[tuple[NodeId, NodeId], float]
# What floating-point division may exceed a whole number of lightpaths by.
ROUNDING = 1e-9
# So many lightpaths are a wrong unit; no grid has as many channels.
MOST_LIGHTPATHS = 1_000_000


def demand_rows(
    demands: Sequence[DraftDemand],
    nodes: Sequence[DraftNode],
    links: Sequence[DraftLink],
    traffic_gbps: float | None,
    options: ImportOptions,
    reading: Reading,
) -> list[DraftDemand]:
    """Return the demands that an instance gets, each with its number of lightpaths.

    Parameters
    ----------
    demands
        Those of the file.
    nodes, links
        The network, merged.
    traffic_gbps
        Gbit/s in one unit of the file's traffic; None where it names none.
    options
        ``demands`` draws that many, ``per_lightpath`` divides the traffic.
    reading
        Gets what is assumed and left out.
    """
    used = _used(demands, reading)
    if options.demands is not None:
        return _drawn(used, nodes, links, options, reading)
    if options.per_lightpath is not None:
        return _divided(used, traffic_gbps, options.per_lightpath, reading)
    plain = [demand for demand in used if demand.channels is None]
    if plain:
        volumes = any(demand.traffic is not None for demand in plain)
        how = ", whatever its traffic (--per-lightpath GBPS divides it)" if volumes else ""
        reading.assumed.append(f"{counted(len(plain), 'demand')} of one lightpath each{how}")
    return [demand.model_copy(update={"channels": demand.channels or 1}) for demand in used]


def matrix_of(demands: Sequence[DraftDemand], reading: Reading) -> tuple[PairShare, ...]:
    """Return the demand matrix of a file for the simulator; empty where it has none."""
    weights, both_ways = _weights(demands)
    if weights:
        ways = ", both ways alike" if both_ways else ""
        reading.assumed.append(f"simulated traffic follows the file's demand matrix{ways}")
    return tuple(
        PairShare(source=source, target=target, share=share)
        for (source, target), share in weights.items()
    )


def _used(demands: Sequence[DraftDemand], reading: Reading) -> list[DraftDemand]:
    used = []
    for demand in demands:
        if demand.source == demand.target:
            reading.leave_out("demand from a node to itself")
        elif demand.traffic == 0.0 and demand.channels is None:
            reading.leave_out("demand without traffic")
        else:
            used.append(demand)
    return used


def _divided(
    demands: Sequence[DraftDemand],
    traffic_gbps: float | None,
    per_lightpath: float,
    reading: Reading,
) -> list[DraftDemand]:
    """Return demands with as many lightpaths as their traffic fills, the last of them in part."""
    if not any(demand.traffic is not None for demand in demands):
        reading.fault(
            "--per-lightpath divides the traffic of demands, and none has any; expected a demand "
            "matrix, or --demands N to draw some"
        )
        return []
    if traffic_gbps is None:
        reading.assumed.append("traffic is in Gbit/s: the file names no unit")
    rows = []
    for demand in demands:
        channels = demand.channels
        if channels is None and demand.traffic is not None:
            gbps = demand.traffic * (1.0 if traffic_gbps is None else traffic_gbps)
            filled = math.ceil(min(gbps / per_lightpath, MOST_LIGHTPATHS) - ROUNDING)
            channels = max(1, filled)
        rows.append(demand.model_copy(update={"channels": channels or 1}))
    reading.assumed.append(f"a lightpath carries {per_lightpath:g} Gbit/s, as --per-lightpath says")
    return rows


def _drawn(
    demands: Sequence[DraftDemand],
    nodes: Sequence[DraftNode],
    links: Sequence[DraftLink],
    options: ImportOptions,
    reading: Reading,
) -> list[DraftDemand]:
    """Draw demands among nodes that links join: by the file's matrix, uniformly without one."""
    assert options.demands is not None
    network = _largest_part(nodes, links, reading)
    if len(network.nodes) < 2:
        return []
    weights, both_ways = _weights(demands)
    inside = {node.id for node in network.nodes}
    weights = {pair: share for pair, share in weights.items() if inside.issuperset(pair)}
    drawn = random_demands(
        network,
        options.demands,
        seed=options.seed,
        channels=options.channels_per_demand,
        weights=weights or None,
    )
    ways = ", both ways alike" if both_ways else ""
    how = f"by the file's demand matrix{ways}" if weights else "uniformly over pairs of nodes"
    reading.assumed.append(f"{counted(len(drawn), 'demand')} drawn {how}, seed {options.seed}")
    return [
        DraftDemand(
            where=f"demand {demand.id}",
            source=demand.source,
            target=demand.target,
            channels=demand.channels,
        )
        for demand in drawn
    ]


def _weights(demands: Sequence[DraftDemand]) -> tuple[Weights, bool]:
    """Return the traffic of each pair of nodes, and whether it counts both ways.

    A matrix that names no pair twice, once each way, is one of pairs without direction.
    """
    weights: Counter[tuple[NodeId, NodeId]] = Counter()
    for demand in demands:
        if demand.traffic and demand.source != demand.target:
            weights[demand.source, demand.target] += demand.traffic  # type: ignore[assignment]
    both_ways = bool(weights) and not any((b, a) in weights for a, b in weights)
    if both_ways:
        weights.update({(b, a): share for (a, b), share in weights.items()})
    return dict(weights), both_ways


def _largest_part(
    nodes: Sequence[DraftNode], links: Sequence[DraftLink], reading: Reading
) -> Network:
    """Return the largest part of the network within which every node reaches every other."""
    graph = nx.Graph([(link.a, link.b) for link in links])
    if not graph:
        return Network.model_construct(nodes=(), links=())
    part = max(nx.connected_components(graph), key=len)
    outside = [str(node.id) for node in nodes if node.id not in part]
    if outside:
        reading.assumed.append(
            f"demands are drawn in the largest connected part, without {some(outside)}"
        )
    return Network.model_construct(
        nodes=tuple(Node(id=node.id) for node in nodes if node.id in part), links=()
    )
