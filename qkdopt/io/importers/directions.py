"""Links out of directions: two listed ways become one link, and 0 km joins no two nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from networkx.utils import UnionFind

from qkdopt.instance import NodeId
from qkdopt.io.importers.draft import DraftDemand, DraftLink, DraftNode
from qkdopt.io.importers.options import ImportOptions
from qkdopt.io.importers.report import some
from qkdopt.io.importers.values import Reading, counted

Pair = tuple[NodeId, NodeId]
COMPARED = ("length_km", "loss_db", "loss_db_per_km", "launch_dbm")


def without_loops(links: Iterable[DraftLink], reading: Reading) -> list[DraftLink]:
    """Return the links that join two nodes; the others carry nothing, and are left out."""
    kept = []
    for link in links:
        if link.a == link.b:
            reading.leave_out("link from a node to itself")
        else:
            kept.append(link)
    return kept


def merged_directions(
    links: Sequence[DraftLink],
    nodes: Sequence[DraftNode],
    directed: bool | None,
    options: ImportOptions,
    reading: Reading,
) -> list[DraftLink]:
    """Return one link for the two directions that a file lists; parallel links stay apart.

    Parameters
    ----------
    links
        Rows of the file.
    nodes
        In whose order the ends of a merged link stand.
    directed
        Whether the format lists directions; None where it does not say.
    options
        ``directions`` decides where the format does not.
    reading
        Gets the asymmetries, and a fault where nothing decides.
    """
    order = {node.id: k for k, node in enumerate(nodes)}
    pairs: dict[Pair, tuple[list[DraftLink], list[DraftLink]]] = {}
    for link in links:
        along = order[link.a] < order[link.b]
        pair = (link.a, link.b) if along else (link.b, link.a)
        pairs.setdefault(pair, ([], []))[not along].append(link)
    if not _merges(pairs, directed, options, reading):
        _report_parallel(links, reading)
        return list(links)
    result, single = [], []
    for forward, backward in pairs.values():
        for both in _matched(forward, backward):
            _validate_types(both, reading)
            result.append(_both(*both) if len(both) > 1 else both[0])
            single += [both[0].where] if len(both) == 1 else []
    _report(pairs, single, len(result), reading)
    _report_parallel(result, reading)
    return result


def _merges(
    pairs: dict[Pair, tuple[list[DraftLink], list[DraftLink]]],
    directed: bool | None,
    options: ImportOptions,
    reading: Reading,
) -> bool:
    """Whether opposite rows are the directions of one link, by option, format or symmetry."""
    if options.directions != "auto":
        return options.directions == "merge"
    if directed is not None:
        return directed
    opposite = [rows for rows in pairs.values() if rows[0] and rows[1]]
    if not opposite:
        return False
    if all(len(forward) == len(backward) for forward, backward in pairs.values()):
        return True
    first, second = opposite[0][0][0], opposite[0][1][0]
    reading.fault(
        f"{first.where} and {second.where} join {first.a} and {first.b} in opposite directions, "
        f"as {len(opposite)} of {len(pairs)} pairs of nodes do; expected all or none, or "
        "--directions merge (two directions of one link) or --directions keep (parallel links)"
    )
    return False


def _matched(forward: list[DraftLink], backward: list[DraftLink]) -> list[tuple[DraftLink, ...]]:
    """Match the directions of parallel links by length and loss, in whatever order they stand."""

    def key(link: DraftLink) -> tuple[Any, ...]:
        return (link.length_km or 0.0, link.loss_db or 0.0, link.fibre or "", link.id or "")

    forward, backward = sorted(forward, key=key), sorted(backward, key=key)
    both: list[tuple[DraftLink, ...]] = list(zip(forward, backward, strict=False))
    short = min(len(forward), len(backward))
    return [*both, *((link,) for link in (*forward[short:], *backward[short:]))]


def _validate_types(both: tuple[DraftLink, ...], reading: Reading) -> None:
    """Keep a fault where directions of one link name different types of fibre or QKD systems."""
    for field, words in (("fibre", "fibre types"), ("qkd_system", "QKD systems")):
        types = {name: link.where for link in both if (name := getattr(link, field)) is not None}
        if len(types) > 1:
            (one, here), (other, there) = types.items()
            reading.fault(
                f"{here} and {there} are directions of {both[0].a}-{both[0].b} with the {words} "
                f"{one} and {other}; expected one (parallel links? --directions keep)"
            )


def _both(forward: DraftLink, backward: DraftLink) -> DraftLink:
    """Return one link with the larger of two values each: it promises no key that is not there."""
    change: dict[str, Any] = {
        name: max(values)
        for name in COMPARED
        if (
            values := [
                v for v in (getattr(forward, name), getattr(backward, name)) if v is not None
            ]
        )
    }
    if change.get("loss_db") is not None:
        change["loss_db_per_km"] = None
    change["qkd"] = forward.qkd and backward.qkd
    change["fibre"] = forward.fibre or backward.fibre
    change["qkd_system"] = forward.qkd_system or backward.qkd_system
    return forward.model_copy(update=change)


def _report(
    pairs: dict[Pair, tuple[list[DraftLink], list[DraftLink]]],
    single: list[str],
    count: int,
    reading: Reading,
) -> None:
    """Note how directions were merged, and where they differ."""
    reading.assumed.append(f"{counted(count, 'link')}, one for two directions in the file")
    if single:
        alone = counted(len(single), "link")
        reading.assumed.append(f"{alone} listed in one direction run in both: {some(single)}")
    uneven: dict[str, list[str]] = {}
    for forward, backward in pairs.values():
        for both in _matched(forward, backward):
            for name in COMPARED if len(both) > 1 else ():
                values = [getattr(link, name) for link in both]
                if values[0] != values[1]:
                    shown = " and ".join("none" if v is None else f"{v:g}" for v in values)
                    uneven.setdefault(name, []).append(f"{both[0].a}-{both[0].b} ({shown})")
    for name, where in uneven.items():
        reading.assumed.append(
            f"{name} differs between the directions of {counted(len(where), 'link')}, the larger "
            f"counts: {some(where)}"
        )


def _report_parallel(links: Iterable[DraftLink], reading: Reading) -> None:
    times = Counter(tuple(sorted((str(link.a), str(link.b)))) for link in links)
    parallel = [f"{a}-{b} ({count})" for (a, b), count in times.items() if count > 1]
    if parallel:
        reading.assumed.append(f"parallel links between the same nodes: {some(parallel)}")


def without_zero_links(
    nodes: tuple[DraftNode, ...],
    links: Sequence[DraftLink],
    demands: Sequence[DraftDemand],
    options: ImportOptions,
    reading: Reading,
) -> tuple[tuple[DraftNode, ...], list[DraftLink], list[DraftDemand]]:
    """Return the network with the ends of 0 km links made one node, or a fault for them."""
    zero = [link for link in links if link.length_km == 0.0]
    if not zero:
        return nodes, list(links), list(demands)
    if options.zero_links == "refuse":
        names = [f"{link.where} ({link.a}-{link.b})" for link in zero]
        reading.fault(
            f"{len(zero)} of {len(links)} links have a length of 0 km: {some(names)}; expected "
            "their lengths, or --zero-links merge, which makes one node of both ends (or "
            "--lengths great-circle where nodes have longitude and latitude)"
        )
        return nodes, list(links), list(demands)
    return _merged_nodes(nodes, links, demands, zero, reading)


def _merged_nodes(
    nodes: tuple[DraftNode, ...],
    links: Sequence[DraftLink],
    demands: Sequence[DraftDemand],
    zero: list[DraftLink],
    reading: Reading,
) -> tuple[tuple[DraftNode, ...], list[DraftLink], list[DraftDemand]]:
    groups: Any = UnionFind(node.id for node in nodes)
    for link in zero:
        groups.union(link.a, link.b)
    first: dict[Any, NodeId] = {}
    for node in nodes:
        first.setdefault(groups[node.id], node.id)
    place = {node.id: first[groups[node.id]] for node in nodes}
    gone = [f"{name} into {kept}" for name, kept in place.items() if name != kept]
    reading.assumed.append(f"nodes joined by 0 km are one: {some(gone)}")
    kept_links = []
    for link in links:
        a, b = place[link.a], place[link.b]
        if a != b:
            kept_links.append(link.model_copy(update={"a": a, "b": b}))
    inside = len(links) - len(kept_links) - len(zero)
    if inside:
        reading.leave_out(f"{inside} links inside merged nodes")
    kept_demands = []
    for demand in demands:
        source, target = place[demand.source], place[demand.target]
        if source == target:
            reading.leave_out("demand inside a merged node")
        else:
            kept_demands.append(demand.model_copy(update={"source": source, "target": target}))
    return tuple(node for node in nodes if place[node.id] == node.id), kept_links, kept_demands
