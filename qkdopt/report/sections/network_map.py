"""The network as a map: links coloured by key rate, as wide as they are loaded; and its table."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from qkdopt.instance import Link, NodeId
from qkdopt.plotting.network import node_places
from qkdopt.plotting.styles import RATE_COLOURS
from qkdopt.report.facts import Facts
from qkdopt.report.frame import Section, render
from qkdopt.report.table import Column, Table, Value, noise_column, rate_column, share_column
from qkdopt.report.text import candidate_name, counted, kbps, shortened

WIDTH, LEAST_HEIGHT, MOST_HEIGHT = 900.0, 300.0, 720.0
# The most for a network of few nodes.
FEW_NODES, LOW_HEIGHT = 12, 440.0
MARGIN = 60.0
THINNEST, WIDEST = 2.0, 9.0
# How far parallel links bend apart.
BEND = 26.0
CHARACTER, LINE, LONGEST_LABEL = 7.2, 14.0, 18

Point = tuple[float, float]
# Left, top, right, bottom.
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class DrawnLink:
    """A link of the map: its path, its width, the class of its colour, what it says."""

    number: int
    path: str
    width: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class DrawnNode:
    """A node of the map; no label where it would cover another."""

    x: float
    y: float
    title: str
    label: str
    label_x: float
    label_y: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Swatch:
    """An entry of the legend."""

    kind: str
    width: float
    text: str


def network_section(facts: Facts) -> Section:
    """Build map and table of links."""
    places, height = _places(facts)
    body = render(
        "network.html",
        width=WIDTH,
        height=height,
        links=list(_drawn_links(facts, places)),
        nodes=list(_drawn_nodes(facts, places)),
        swatches=list(_swatches(facts)),
        links_table=links_table(facts),
        label=shortened(facts.label),
    )
    return Section(name="network", title="Network", body=body)


def _places(facts: Facts) -> tuple[dict[NodeId, Point], float]:
    """Return where each node is drawn, and the height of the map."""
    raw = node_places(facts.instance)
    nodes = facts.instance.network.nodes
    if all(node.lat is not None and node.lon is not None for node in nodes):
        # Degrees of longitude are shorter than those of latitude.
        middle = sum(y for _, y in raw.values()) / len(raw)
        raw = {name: (x * math.cos(math.radians(middle)), y) for name, (x, y) in raw.items()}
    low_x, high_x = min(x for x, _ in raw.values()), max(x for x, _ in raw.values())
    low_y, high_y = min(y for _, y in raw.values()), max(y for _, y in raw.values())
    span_x, span_y = high_x - low_x or 1.0, high_y - low_y or 1.0
    scale_x = (WIDTH - 2.0 * MARGIN) / span_x
    most = LOW_HEIGHT if len(nodes) <= FEW_NODES else MOST_HEIGHT
    height = min(max(scale_x * span_y + 2.0 * MARGIN, LEAST_HEIGHT), most)
    scale = min(scale_x, (height - 2.0 * MARGIN) / span_y)
    left, top = (WIDTH - scale * span_x) / 2.0, (height - scale * span_y) / 2.0
    return {
        name: (left + scale * (x - low_x), top + scale * (high_y - y))
        for name, (x, y) in raw.items()
    }, height


def _drawn_links(facts: Facts, places: dict[NodeId, Point]) -> Iterator[DrawnLink]:
    lit = {name: len(channels) for name, channels in facts.lit.items()}
    most = max(lit.values(), default=0) or 1
    parallel: dict[frozenset[NodeId], list[str]] = defaultdict(list)
    for link in facts.instance.network.links:
        parallel[frozenset((link.a, link.b))].append(link.id)
    for number, link in enumerate(facts.instance.network.links):
        beside = parallel[frozenset((link.a, link.b))]
        bend = BEND * (beside.index(link.id) - (len(beside) - 1) / 2.0)
        ends = sorted((link.a, link.b), key=str)
        yield DrawnLink(
            number=number,
            path=_curve(places[ends[0]], places[ends[1]], bend),
            width=round(THINNEST + (WIDEST - THINNEST) * lit[link.id] / most, 1),
            kind=_kind(facts, link),
            title=_link_title(facts, link),
        )


def _curve(start: Point, end: Point, bend: float) -> str:
    (x0, y0), (x1, y1) = start, end
    length = math.hypot(x1 - x0, y1 - y0) or 1.0
    x = (x0 + x1) / 2.0 - 2.0 * bend * (y1 - y0) / length
    y = (y0 + y1) / 2.0 + 2.0 * bend * (x1 - x0) / length
    middle = f"Q{x:.1f} {y:.1f} " if bend else "L"
    return f"M{x0:.1f} {y0:.1f}{middle}{x1:.1f} {y1:.1f}"


def _kind(facts: Facts, link: Link) -> str:
    rate = facts.report.link_skr_bps.get(link.id)
    if rate is None:
        return "no-qkd"
    if not rate > 0.0:
        return "no-key"
    step = rate / _highest(facts) * len(RATE_COLOURS)
    return f"rate-{min(len(RATE_COLOURS) - 1, int(step))}"


def _highest(facts: Facts) -> float:
    return max(facts.report.link_skr_bps.values(), default=0.0) or 1.0


def _link_title(facts: Facts, link: Link) -> str:
    rate = facts.report.link_skr_bps.get(link.id)
    key = "no QKD" if rate is None else kbps(rate) if rate > 0.0 else "no key"
    return (
        f"{shortened(link.id)}: {key}, {counted(len(facts.lit[link.id]), 'lightpath')} over "
        f"{link.length_km:g} km"
    )


def _drawn_nodes(facts: Facts, places: dict[NodeId, Point]) -> Iterator[DrawnNode]:
    taken = [(x - 8.0, y - 8.0, x + 8.0, y + 8.0) for x, y in places.values()]
    lines = list(_points_on_links(facts, places))
    for node in facts.instance.network.nodes:
        x, y = places[node.id]
        name = facts.node_names[node.id]
        label = name if len(name) <= LONGEST_LABEL else f"{name[: LONGEST_LABEL - 1]}…"
        place = _label_place(x, y, CHARACTER * len(label), taken, lines)
        shown = place is not None
        label_x, label_y, anchor = place or (x, y, "middle")
        yield DrawnNode(
            round(x, 1), round(y, 1), name, label if shown else "", round(label_x, 1),
            round(label_y, 1), anchor,
        )  # fmt: skip


def _points_on_links(facts: Facts, places: dict[NodeId, Point]) -> Iterator[Point]:
    """Yield points along every link, which labels had better not cover."""
    for link in facts.instance.network.links:
        (x0, y0), (x1, y1) = places[link.a], places[link.b]
        steps = max(2, int(math.hypot(x1 - x0, y1 - y0) / LINE))
        for k in range(1, steps):
            yield x0 + (x1 - x0) * k / steps, y0 + (y1 - y0) * k / steps


def _label_place(
    x: float, y: float, width: float, taken: list[Box], lines: list[Point]
) -> tuple[float, float, str] | None:
    """Return where a label covers no other and no node, and least of the links; it is then taken.

    None where every place covers a label or a node.
    """
    best: tuple[int, tuple[float, float, str], Box] | None = None
    for label_x, label_y, anchor, left in (
        (x, y - 12.0, "middle", x - width / 2.0),
        (x, y + 22.0, "middle", x - width / 2.0),
        (x + 12.0, y + 5.0, "start", x + 12.0),
        (x - 12.0, y + 5.0, "end", x - 12.0 - width),
    ):
        box = (left, label_y - LINE + 3.0, left + width, label_y + 3.0)
        if box[0] < 0.0 or box[2] > WIDTH or any(_overlap(box, other) for other in taken):
            continue
        covered = sum(box[0] < px < box[2] and box[1] < py < box[3] for px, py in lines)
        if best is None or covered < best[0]:
            best = covered, (label_x, label_y, anchor), box
    if best is None:
        return None
    taken.append(best[2])
    return best[1]


def _overlap(one: Box, other: Box) -> bool:
    across = one[0] < other[2] and other[0] < one[2]
    return across and one[1] < other[3] and other[1] < one[3]


def _swatches(facts: Facts) -> Iterator[Swatch]:
    kinds = Counter(_kind(facts, link) for link in facts.instance.network.links)
    step = 1e-3 * _highest(facts) / len(RATE_COLOURS)
    for k in range(len(RATE_COLOURS)):
        if any(kind.startswith("rate-") for kind in kinds):
            yield Swatch(f"rate-{k}", 6.0, f"{k * step:.1f}–{(k + 1) * step:.1f} kbit/s")
    if kinds["no-key"]:
        yield Swatch("no-key", 4.0, "no key")
    if kinds["no-qkd"]:
        yield Swatch("no-qkd", 4.0, "no QKD channel at work")
    most = max((len(channels) for channels in facts.lit.values()), default=0)
    if most:
        yield Swatch("plain", THINNEST, "thin: no light")
        yield Swatch("plain", WIDEST, f"wide: {counted(most, 'lightpath')}")


def links_table(facts: Facts) -> Table:
    """Return one row a link."""
    limits = Counter(row.bottleneck for row in facts.result.demands if row.served)
    rows = [_row(facts, link, limits[link.id]) for link in facts.instance.network.links]
    columns = (
        Column(key="link", title="Link"),
        Column(key="a", title="From"),
        Column(key="b", title="To"),
        Column(key="length_km", title="Length", unit="km", style=",.1f"),
        Column(key="loss_db", title="Loss", unit="dB", style=".2f"),
        Column(key="working_channel", title="QKD channel"),
        rate_column("skr_bps", "Key rate"),
        share_column("qber", "QBER"),
        noise_column("noise_per_gate", "Noise"),
        Column(key="lightpaths", title="Lightpaths"),
        Column(key="demands", title="Demands"),
        Column(key="limits_demands", title="Limits", unit="demands"),
    )
    return Table(name="links", caption="Links: one row each", columns=columns, rows=rows)


def _row(facts: Facts, link: Link, limits: int) -> tuple[Value, ...]:
    row, candidate = facts.working.get(link.id), facts.working_candidate(link)
    return (
        link.id, facts.node_names[link.a], facts.node_names[link.b], link.length_km,
        facts.instance.loss_db(link),
        None if candidate is None else candidate_name(facts.instance, candidate),
        *((None, None, None) if row is None else (row.skr_bps, row.qber, row.noise_per_gate)),
        len(facts.lit[link.id]), facts.crossing[link.id], limits,
    )  # fmt: skip
