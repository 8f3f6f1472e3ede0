"""Equipment by site: transmitters, receivers and filters, by channel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from qkdopt.instance import Candidate, Link, NodeId
from qkdopt.report.facts import Facts
from qkdopt.report.frame import Section, render
from qkdopt.report.table import Column, Table, Value
from qkdopt.report.text import ranges

DATA_TX, DATA_RX = "data transmitter", "data receiver"
ADD, DROP = "add filter", "drop filter"
QKD_TX, QKD_RX = "QKD transmitter", "QKD receiver"
QKD_ADD, QKD_DROP = "QKD add filter", "QKD drop filter"
KINDS = (DATA_TX, DATA_RX, QKD_TX, QKD_RX, ADD, DROP, QKD_ADD, QKD_DROP)

# Site, kind, channel (None off the grid), frequency [THz], towards which site.
Item = tuple[NodeId, str, int | None, float, str]


def equipment_section(facts: Facts) -> Section:
    """Build both tables of equipment."""
    items = list(equipment(facts))
    widths = sorted({qkd.filter_ghz for qkd in facts.instance.qkd_in_use()})
    body = render(
        "equipment.html",
        filter_ghz=" or ".join(f"{width:g}" for width in widths),
        spacing_ghz=f"{facts.instance.grid.spacing_ghz:g}",
        sites=sites_table(facts, items),
        parts=parts_table(facts, items),
    )
    return Section(name="equipment", title="Equipment by site", body=body)


def equipment(facts: Facts) -> Iterator[Item]:
    """Yield every piece that the plan uses, one at a time."""
    grid = facts.instance.grid
    for path in facts.result.lightpaths:
        source, target = path.route[0], path.route[-1]
        for channel in path.channels:
            frequency = grid.frequency_thz(channel)
            far, near = facts.node_names[path.route[1]], facts.node_names[path.route[-2]]
            yield source, DATA_TX, channel, frequency, far
            yield source, ADD, channel, frequency, far
            yield target, DROP, channel, frequency, near
            yield target, DATA_RX, channel, frequency, near
    for link in facts.instance.network.links:
        candidate = facts.working_candidate(link)
        if candidate is not None:
            yield from _quantum_items(facts, link, candidate)


def _quantum_items(facts: Facts, link: Link, candidate: Candidate) -> Iterator[Item]:
    along = link.qkd_direction == "a->b"
    sender, receiver = (link.a, link.b) if along else (link.b, link.a)
    channel = candidate if isinstance(candidate, int) else None
    frequency = facts.instance.candidate_thz(candidate)
    for site, other, kinds in (
        (sender, receiver, (QKD_TX, QKD_ADD)),
        (receiver, sender, (QKD_DROP, QKD_RX)),
    ):
        for kind in kinds:
            yield site, kind, channel, frequency, facts.node_names[other]


def sites_table(facts: Facts, items: list[Item]) -> Table:
    """Return one row a site with the number of each kind, and a row of sums."""
    counts = Counter((site, kind) for site, kind, *_ in items)
    columns = (
        Column(key="site", title="Site"),
        *(Column(key=kind.replace(" ", "_") + "s", title=f"{_title(kind)}s") for kind in KINDS),
        Column(key="data_channels", title="Data channels added or dropped"),
    )
    rows: list[tuple[Value, ...]] = []
    for node in facts.instance.network.nodes:
        channels = {
            channel for site, kind, channel, *_ in items
            if site == node.id and kind in (DATA_TX, DATA_RX) and channel is not None
        }  # fmt: skip
        rows.append(
            (
                facts.node_names[node.id],
                *(counts[node.id, kind] for kind in KINDS),
                ranges(channels) or None,
            )
        )
    return Table(name="sites", caption="Sites: pieces of each kind", columns=columns, rows=rows)


def parts_table(facts: Facts, items: list[Item]) -> Table:
    """Return one row for each site, kind, channel and direction, with the number of pieces."""
    counts = Counter(items)
    columns = (
        Column(key="site", title="Site"),
        Column(key="kind", title="Kind", choice=True),
        Column(key="channel", title="Channel"),
        Column(key="frequency_thz", title="Frequency", unit="THz", style=".10g"),
        Column(key="towards", title="Towards"),
        Column(key="pieces", title="Pieces"),
    )
    order = {node.id: k for k, node in enumerate(facts.instance.network.nodes)}
    ordered = sorted(
        counts.items(), key=lambda pair: (order[pair[0][0]], KINDS.index(pair[0][1]), *pair[0][3:])
    )
    rows = [
        (facts.node_names[site], kind, channel, frequency, towards, count)
        for (site, kind, channel, frequency, towards), count in ordered
    ]
    return Table(name="equipment", caption="Pieces by channel", columns=columns, rows=rows)


def _title(kind: str) -> str:
    return kind[0].upper() + kind[1:]
