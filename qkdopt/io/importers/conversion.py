"""The one place where a draft becomes an instance: lengths, merges, demands, preset, report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import networkx as nx

from qkdopt.errors import InstanceError
from qkdopt.instance import FibreType, Instance, NodeId
from qkdopt.instance.generation import PRESETS, NetworkBuilder
from qkdopt.io.importers.demand_list import demand_rows, matrix_of
from qkdopt.io.importers.directions import merged_directions, without_loops, without_zero_links
from qkdopt.io.importers.draft import Draft, DraftDemand, DraftLink, DraftNode
from qkdopt.io.importers.fibre_types import (
    default_type,
    type_phrases,
    types_by_id,
    with_default,
    with_types,
)
from qkdopt.io.importers.lengths import Lengths, on_globe
from qkdopt.io.importers.names import Names
from qkdopt.io.importers.options import ImportOptions
from qkdopt.io.importers.qkd_systems import system_phrases
from qkdopt.io.importers.report import ImportReport, read_phrases, some
from qkdopt.io.importers.values import Reading, counted

Id = TypeVar("Id", bound=NodeId)
# Decoy-state links of 50 dB; what each link gives is `instance info`'s to say.
LONG_KM = 250.0


def instance_of(
    draft: Draft, name: str, where: str, options: ImportOptions
) -> tuple[Instance, ImportReport]:
    """Return the instance of a draft, and the account of what was done.

    Parameters
    ----------
    draft
        What a reader found.
    name
        Of the instance.
    where
        Name of the source, for messages.
    options
        What the caller decides.

    Raises
    ------
    InstanceError
        With every fault.
    """
    reading = Reading(where)
    reading.assumed += draft.assumed
    nodes, links, demands, default, provenance = _network(draft, options, reading)
    reading.stop()
    fibre_phrases = type_phrases(links)
    links = with_default(links, default, reading)
    rows = demand_rows(demands, nodes, links, draft.traffic_gbps, options, reading)
    _validate_lightpaths(rows, options, reading)
    reading.stop()
    globe = on_globe(nodes, draft)
    source = "; ".join(filter(None, (draft.source, *provenance)))
    builder = _builder(name, source, nodes, links, rows, globe=globe)
    _note_ids(links, rows, reading)
    instance = _built(builder, draft, demands, options, reading)
    if not globe:
        reading.leave_out("places of nodes in a drawing (an instance has degrees)")
    elif draft.coordinates == "unknown" and any(node.x is not None for node in nodes):
        reading.assumed.append("places of nodes are longitude and latitude, for drawing")
    return instance, _report(draft, instance, fibre_phrases, options, reading)


def _validate_lightpaths(
    rows: Sequence[DraftDemand], options: ImportOptions, reading: Reading
) -> None:
    """Keep a fault for demands with more lightpaths than the grid has channels."""
    if options.per_lightpath is None:
        return
    most: int = options.channels or PRESETS[options.preset]()["grid"].model_dump()["channels"]
    beyond = [row for row in rows if (row.channels or 1) > most]
    if beyond:
        largest = max(beyond, key=lambda row: row.channels or 1)
        reading.fault(
            f"{counted(len(beyond), 'demand')} of more lightpaths than the {most} channels of the "
            f"grid, {largest.where} of {largest.channels:,}; expected a larger --per-lightpath "
            "(traffic in Mbit/s, and the file does not say so?) or more --channels"
        )


def _network(
    draft: Draft, options: ImportOptions, reading: Reading
) -> tuple[tuple[DraftNode, ...], list[DraftLink], list[DraftDemand], FibreType | None, list[str]]:
    """Return nodes, links and demands with names resolved and lengths set.

    The last two are the fibre type of links that name none, and where lengths come from.
    """
    names = Names(draft, reading)
    links = names.resolve(draft.links, ("a", "b"))
    demands = names.resolve(draft.demands, ("source", "target"))
    reading.stop()
    if len(names.nodes) < 2 or not links:
        reading.fault(
            f"{counted(len(names.nodes), 'node')} and {counted(len(links), 'link')}; expected at "
            "least two nodes and a link"
        )
        reading.stop()
    if draft.coordinates == "degrees" and not on_globe(names.nodes, draft):
        if options.lengths == "plane":
            reading.assumed.append("places of nodes are a drawing's, as --lengths plane says")
        else:
            _refuse_places(names.nodes, reading)
    fibre_db_per_km: float = PRESETS[options.preset]()["fibre"].model_dump()["loss_db_per_km"]
    default = default_type(options.fibre_type, draft, reading)
    links = with_types(links, draft, reading)
    reading.stop()
    if default is not None and default.loss_db_per_km is not None:
        fibre_db_per_km = default.loss_db_per_km
    types = types_by_id(draft.fibres)
    lengths = Lengths(draft, names.nodes, options, reading, fibre_db_per_km, types)
    links = lengths.of(without_loops(links, reading))
    links = merged_directions(links, names.nodes, draft.directed, options, reading)
    merged = without_zero_links(names.nodes, links, demands, options, reading)
    return *merged, default, lengths.provenance


def _refuse_places(nodes: Sequence[DraftNode], reading: Reading) -> None:
    """Keep a fault for each node whose longitude or latitude is none."""
    for node in nodes:
        for name, value, most in (("longitude", node.x, 180.0), ("latitude", node.y, 90.0)):
            if value is not None and abs(value) > most:
                reading.fault(
                    f"node {node.id}: {name} = {value:g}; expected -{most:g} to {most:g} degrees "
                    "(exchanged? --lengths plane --length-scale KM where places are a drawing's, "
                    "with the km in one of its units)"
                )


def _builder(
    name: str,
    source: str,
    nodes: Sequence[DraftNode],
    links: Sequence[DraftLink],
    demands: Sequence[DraftDemand],
    *,
    globe: bool,
) -> NetworkBuilder:
    builder = NetworkBuilder(name, source=source)
    for node in nodes:
        lon, lat = (node.x, node.y) if globe else (None, None)
        builder.add_node(node.id, label=node.label, lat=lat, lon=lon)
    ids = _unique([link.id for link in links])
    for link, link_id in zip(links, ids, strict=True):
        assert link.length_km is not None
        builder.add_link(
            link.a,
            link.b,
            length_km=link.length_km,
            link_id=link_id,
            loss_db=link.loss_db,
            loss_db_per_km=link.loss_db_per_km,
            fibre=link.fibre,
            launch_dbm=link.launch_dbm,
            qkd=link.qkd,
            candidates=link.candidates if link.qkd else None,
            qkd_direction=link.qkd_direction,
            qkd_system=link.qkd_system if link.qkd else None,
        )
    demand_ids = _unique([demand.id for demand in demands])
    for demand, demand_id in zip(demands, demand_ids, strict=True):
        builder.add_demand(
            demand.source,
            demand.target,
            channels=demand.channels or 1,
            min_skr_bps=demand.min_skr_bps,
            demand_id=demand_id,
        )
    return builder


def _note_ids(links: Sequence[DraftLink], demands: Sequence[DraftDemand], reading: Reading) -> None:
    """Note names that are made, and given ones that are not used for it."""
    for what, made, ids in (
        ("link", "links are named by their ends", [link.id for link in links]),
        ("demand", "demands are numbered", [demand.id for demand in demands]),
    ):
        if ids and None in _unique(ids):
            reading.assumed.append(made)
            if any(ids):
                reading.leave_out(f"ids of {what}s: not all have one of their own")


def _unique(ids: Sequence[Id | None]) -> Sequence[Id | None]:
    """Return ids where each row has one of its own; else none, and rows are named by their ends."""
    given = [one for one in ids if one is not None]
    complete = len(given) == len(ids) and len({str(one) for one in given}) == len(given)
    return ids if complete else [None] * len(ids)


def _built(
    builder: NetworkBuilder,
    draft: Draft,
    demands: Sequence[DraftDemand],
    options: ImportOptions,
    reading: Reading,
) -> Instance:
    """Return the instance with its hardware and, where the file has a matrix, that for traffic."""
    try:
        instance = builder.instance(
            preset=options.preset,
            channels=options.channels,
            candidates=options.candidates,
            reserve=options.reserve,
            layout=options.layout,
            launch_dbm=options.launch_dbm,
            k=options.k,
            route_order=options.route_order,
            fibres=draft.fibres,
            qkd_systems=draft.qkd_systems,
            load_erlang=options.load_erlang,
        )
        matrix = matrix_of(demands, reading)
        if matrix:
            instance = instance.replace(
                traffic={"load_erlang": instance.load_erlang, "matrix": matrix}
            )
    except InstanceError as error:
        raise InstanceError(reading.where, error.faults) from None
    return instance


def _report(
    draft: Draft,
    instance: Instance,
    fibre_phrases: tuple[str, ...],
    options: ImportOptions,
    reading: Reading,
) -> ImportReport:
    used = [*reading.assumed, f"light, fibre and QKD of preset {options.preset}"]
    left_out = [*draft.left_out, *reading.left_out]
    return ImportReport(
        source=reading.where,
        format=draft.format,
        read=(*read_phrases(instance), *fibre_phrases, *system_phrases(instance)),
        assumed=tuple(used),
        left_out=tuple(left_out),
        warnings=tuple(_warnings(instance)),
    )


def _warnings(instance: Instance) -> list[str]:
    """Return what is allowed and seldom meant: no demands, parts without a link, long links."""
    found = list(instance.warnings())
    if not instance.demands:
        found.append("no demands: --demands N draws some, --demands-file reads them")
    graph = nx.Graph([(link.a, link.b) for link in instance.network.links])
    graph.add_nodes_from(node.id for node in instance.network.nodes)
    parts = list(nx.connected_components(graph))
    if len(parts) > 1:
        part = {node: k for k, nodes in enumerate(parts) for node in nodes}
        apart = sum(part[demand.source] != part[demand.target] for demand in instance.demands)
        lonely = [str(node) for nodes in parts if len(nodes) == 1 for node in nodes]
        alone = f", {some(lonely)} without any link" if lonely else ""
        found.append(
            f"the network has {len(parts)} parts{alone}; {counted(apart, 'demand')} without a route"
        )
    long = [link.id for link in instance.network.links if link.qkd and link.length_km > LONG_KM]
    if long:
        found.append(
            f"{counted(len(long), 'link')} longer than {LONG_KM:g} km, over which hardly any key "
            f"survives ({some(long)}); --length-scale 0.01 keeps the shape of a backbone, as the "
            "DS-QKD study does"
        )
    return found
