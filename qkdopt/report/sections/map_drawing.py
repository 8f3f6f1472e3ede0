"""Drawing of a network: links in the colour of their key rate, as wide as they are loaded."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from qkdopt.instance import Instance, Link, NodeId
from qkdopt.plotting.network import node_places
from qkdopt.plotting.styles import RATE_COLOURS
from qkdopt.report.frame import render
from qkdopt.report.text import counted, kbps, shortened

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


@dataclass(frozen=True, kw_only=True)
class NetworkMap:
    """What a map shows.

    Parameters
    ----------
    instance
        Its network is drawn.
    label
        What the page calls the map.
    skr_bps
        Key rate by link [bit/s]; a link without one runs no QKD.
    lightpaths
        Lightpaths by link: a count, or a mean over time.
    """

    instance: Instance
    label: str
    skr_bps: Mapping[str, float]
    lightpaths: Mapping[str, float]

    def to_html(self) -> Markup:
        """Return the drawing with its legend."""
        places, height = _places(self.instance)
        return render(
            "map.html",
            width=WIDTH,
            height=height,
            links=list(_drawn_links(self, places)),
            nodes=list(_drawn_nodes(self.instance, places)),
            swatches=list(_swatches(self)),
            label=shortened(self.label),
        )

    @property
    def highest_bps(self) -> float:
        """Return the highest key rate of any link; 1 where none has key."""
        return max(self.skr_bps.values(), default=0.0) or 1.0

    @property
    def most_lightpaths(self) -> float:
        """Return the most lightpaths of any link."""
        return max(self.lightpaths.values(), default=0.0)


def _places(instance: Instance) -> tuple[dict[NodeId, Point], float]:
    """Return where each node is drawn, and the height of the map."""
    raw = node_places(instance)
    nodes = instance.network.nodes
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


def _drawn_links(drawn: NetworkMap, places: dict[NodeId, Point]) -> Iterator[DrawnLink]:
    most = drawn.most_lightpaths or 1.0
    parallel: dict[frozenset[NodeId], list[str]] = defaultdict(list)
    for link in drawn.instance.network.links:
        parallel[frozenset((link.a, link.b))].append(link.id)
    for number, link in enumerate(drawn.instance.network.links):
        beside = parallel[frozenset((link.a, link.b))]
        bend = BEND * (beside.index(link.id) - (len(beside) - 1) / 2.0)
        ends = sorted((link.a, link.b), key=str)
        yield DrawnLink(
            number=number,
            path=_curve(places[ends[0]], places[ends[1]], bend),
            width=round(THINNEST + (WIDEST - THINNEST) * drawn.lightpaths[link.id] / most, 1),
            kind=_kind(drawn, link),
            title=_link_title(drawn, link),
        )


def _curve(start: Point, end: Point, bend: float) -> str:
    (x0, y0), (x1, y1) = start, end
    length = math.hypot(x1 - x0, y1 - y0) or 1.0
    x = (x0 + x1) / 2.0 - 2.0 * bend * (y1 - y0) / length
    y = (y0 + y1) / 2.0 + 2.0 * bend * (x1 - x0) / length
    middle = f"Q{x:.1f} {y:.1f} " if bend else "L"
    return f"M{x0:.1f} {y0:.1f}{middle}{x1:.1f} {y1:.1f}"


def _kind(drawn: NetworkMap, link: Link) -> str:
    rate = drawn.skr_bps.get(link.id)
    if rate is None:
        return "no-qkd"
    if not rate > 0.0:
        return "no-key"
    step = rate / drawn.highest_bps * len(RATE_COLOURS)
    return f"rate-{min(len(RATE_COLOURS) - 1, int(step))}"


def _link_title(drawn: NetworkMap, link: Link) -> str:
    rate = drawn.skr_bps.get(link.id)
    key = "no QKD" if rate is None else kbps(rate) if rate > 0.0 else "no key"
    return (
        f"{shortened(link.id)}: {key}, {_lightpaths(drawn.lightpaths[link.id])} over "
        f"{link.length_km:g} km"
    )


def _drawn_nodes(instance: Instance, places: dict[NodeId, Point]) -> Iterator[DrawnNode]:
    taken = [(x - 8.0, y - 8.0, x + 8.0, y + 8.0) for x, y in places.values()]
    lines = list(_points_on_links(instance, places))
    for node in instance.network.nodes:
        x, y = places[node.id]
        name = shortened(node.label or node.id)
        label = name if len(name) <= LONGEST_LABEL else f"{name[: LONGEST_LABEL - 1]}…"
        place = _label_place(x, y, CHARACTER * len(label), taken, lines)
        shown = place is not None
        label_x, label_y, anchor = place or (x, y, "middle")
        yield DrawnNode(
            round(x, 1), round(y, 1), name, label if shown else "", round(label_x, 1),
            round(label_y, 1), anchor,
        )  # fmt: skip


def _points_on_links(instance: Instance, places: dict[NodeId, Point]) -> Iterator[Point]:
    """Yield points along every link, which labels had better not cover."""
    for link in instance.network.links:
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


def _swatches(drawn: NetworkMap) -> Iterator[Swatch]:
    kinds = Counter(_kind(drawn, link) for link in drawn.instance.network.links)
    step = 1e-3 * drawn.highest_bps / len(RATE_COLOURS)
    for k in range(len(RATE_COLOURS)):
        if any(kind.startswith("rate-") for kind in kinds):
            yield Swatch(f"rate-{k}", 6.0, f"{k * step:.1f}–{(k + 1) * step:.1f} kbit/s")
    if kinds["no-key"]:
        yield Swatch("no-key", 4.0, "no key")
    if kinds["no-qkd"]:
        yield Swatch("no-qkd", 4.0, "no QKD channel at work")
    if drawn.most_lightpaths > 0.0:
        yield Swatch("plain", THINNEST, "thin: no light")
        yield Swatch("plain", WIDEST, f"wide: {_lightpaths(drawn.most_lightpaths)}")


def _lightpaths(count: float) -> str:
    """Spell a number of lightpaths, or a mean over time."""
    if isinstance(count, int):
        return counted(count, "lightpath")
    return f"{count:.1f} lightpaths on average"
