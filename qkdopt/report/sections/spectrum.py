"""The spectrum: links by channels, as shapes that differ in form and colour, and as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qkdopt.instance import Link, OffGridCandidate
from qkdopt.report.facts import Facts
from qkdopt.report.frame import Section, render
from qkdopt.report.table import Column, Table
from qkdopt.report.text import ranges, shortened, thz

CELL = 12
DARK, GUARD, ALONG, AGAINST, WORKING = ".", "g", ">", "<", "w"
NAMES = {
    ALONG: "lit, a to b",
    AGAINST: "lit, b to a",
    WORKING: "working QKD channel",
    GUARD: "guard band, dark",
    "c": "other candidate",
}
# Paths of one cell from its upper left corner.
SHAPES = {
    ALONG: "h6l4 5-4 5h-6z",
    AGAINST: "m10 0h-6l-4 5 4 5h6z",
    WORKING: "m5-1 6 6-6 6-6-6z",
    GUARD: "m0 9 9-9M{x} {y}m4 9 5-5M{x} {y}m0 5 5-5",
    "c": "m4 4h2v2h-2z",
}
CLASSES = {ALONG: "along", AGAINST: "against", WORKING: "working", GUARD: "guard", "c": "spare"}
# From what lies below to what lies on it.
ORDER = (GUARD, "c", ALONG, AGAINST, WORKING)
# Rows of one path.
BAND = 4
LONGEST_LABEL = 18
CHARACTER = 7
# Room for columns of numbers, every so many.
TICKS = (1, 5, 10, 20, 50, 100, 200)
MOST_TICKS = 16


@dataclass(frozen=True, slots=True)
class FibreRow:
    """One row: a link, or one fibre of it in layout ``pair``.

    Parameters
    ----------
    link
        The link.
    label
        Name of the row.
    kinds
        ``W`` characters: what each channel is used for.
    spares
        Candidates on the grid that are not at work.
    demands
        Position of the demand on each lit channel.
    off_grid_thz
        Frequency of the working channel [THz] where it is off the grid; else None.
    quantum
        Whether the quantum signal is in this fibre.
    """

    link: Link
    label: str
    kinds: str
    spares: tuple[int, ...]
    demands: dict[int, int]
    off_grid_thz: float | None
    quantum: bool


def spectrum_section(facts: Facts) -> Section:
    """Build the spectrum of one result."""
    rows = list(fibre_rows(facts))
    paths = list(_paths(rows))
    drawn = {kind for kind, _ in paths}
    labels = [_label(row) for row in rows]
    channels = facts.instance.grid.channels
    off_grid = any(row.off_grid_thz is not None for row in rows)
    body = render(
        "spectrum.html",
        cell=CELL,
        labels=labels,
        margin=12 + CHARACTER * max(map(len, labels)),
        titles=[shortened(row.label) for row in rows],
        width=channels * CELL,
        height=len(rows) * CELL,
        ticks=_ticks(channels),
        paths=[(CLASSES[kind], path) for kind, path in paths],
        legend=[(CLASSES[kind], shape(kind, 0, 0), NAMES[kind]) for kind in ORDER if kind in drawn],
        off_grid=[_off_grid(row) for row in rows] if off_grid else [],
        pair=facts.instance.fibre.layout == "pair",
        first_thz=thz(facts.instance.grid.first_thz),
        spacing_ghz=f"{facts.instance.grid.spacing_ghz:g}",
        label=shortened(facts.label),
        table=spectrum_table(facts, rows),
    )
    return Section(name="spectrum", title="Spectrum", body=body, data=_data(facts, rows))


def fibre_rows(facts: Facts) -> Iterator[FibreRow]:
    """Yield the rows of the spectrum: links, or both fibres of each."""
    position = {demand.id: r for r, demand in enumerate(facts.instance.demands)}
    carried: dict[tuple[str, bool], dict[int, int]] = {}
    for path in facts.result.lightpaths:
        for name, start in zip(path.links, path.route, strict=False):
            along = facts.links[name].a == start
            for channel in path.channels:
                carried.setdefault((name, along), {})[channel] = position[path.demand]
    for link in facts.instance.network.links:
        both = [carried.get((link.id, along), {}) for along in (True, False)]
        if facts.instance.fibre.layout == "single":
            yield _row(facts, link, link.id, both, quantum=True)
        else:
            for along, arrow in ((True, "a→b"), (False, "b→a")):
                lit = [both[0], {}] if along else [{}, both[1]]
                quantum = along == (link.qkd_direction == "a->b")
                yield _row(facts, link, f"{link.id} {arrow}", lit, quantum=quantum)


def _row(
    facts: Facts, link: Link, label: str, lit: Sequence[dict[int, int]], *, quantum: bool
) -> FibreRow:
    instance = facts.instance
    kinds = [DARK] * instance.grid.channels
    working = facts.working_candidate(link) if quantum else None
    candidates = instance.candidates_of(link) if quantum else ()
    reserved = candidates if instance.qkd.reserve == "all" else (working,)
    for candidate in reserved:
        if candidate is not None:
            for channel in range(instance.grid.channels):
                if instance.is_dark_near(channel, candidate):
                    kinds[channel] = GUARD
    for kind, channels in zip((ALONG, AGAINST), lit, strict=True):
        for channel in channels:
            kinds[channel] = kind
    if isinstance(working, int):
        kinds[working] = WORKING
    spares = tuple(c for c in candidates if isinstance(c, int) and c != working)
    off_grid = working.frequency_thz if isinstance(working, OffGridCandidate) else None
    return FibreRow(link, label, "".join(kinds), spares, lit[0] | lit[1], off_grid, quantum)


def _paths(rows: Sequence[FibreRow]) -> Iterator[tuple[str, str]]:
    """Yield a path a kind of cell and band of rows, what lies on others later.

    Bands, since a browser goes through a whole path to draw any part of it.
    """
    for first in range(0, len(rows), BAND):
        parts: dict[str, list[str]] = {kind: [] for kind in ORDER}
        for e, row in enumerate(rows[first : first + BAND], start=first):
            for channel, kind in enumerate(row.kinds):
                if kind != DARK:
                    parts[kind].append(shape(kind, channel, e))
            for channel in row.spares:
                if row.kinds[channel] in (DARK, GUARD):
                    parts["c"].append(shape("c", channel, e))
        yield from ((kind, "".join(path)) for kind, path in parts.items() if path)


def shape(kind: str, channel: int, row: int) -> str:
    """Return the path of one cell."""
    x, y = CELL * channel + 1, CELL * row + 1
    return f"M{x} {y}{SHAPES[kind].format(x=x, y=y)}"


def _ticks(channels: int) -> list[int]:
    step = next((step for step in TICKS if channels / step <= MOST_TICKS), 500)
    return list(range(0, channels, step))


def _label(row: FibreRow) -> str:
    """Return the name of a row, cut to what the margin holds; the direction stays."""
    way = row.label.removeprefix(row.link.id)
    name = row.link.id
    return (name if len(name) <= LONGEST_LABEL else f"{name[: LONGEST_LABEL - 1]}…") + way


def _off_grid(row: FibreRow) -> str:
    return "" if row.off_grid_thz is None else f"QKD at {thz(row.off_grid_thz)}"


def _data(facts: Facts, rows: Sequence[FibreRow]) -> dict[str, object]:
    """Return what the pointer reads out."""
    grid = facts.instance.grid
    return {
        "cell": CELL,
        "thz": [round(grid.frequency_thz(w), 6) for w in range(grid.channels)],
        "rows": [
            {"label": shortened(row.label), "kinds": row.kinds, "spares": row.spares}
            | {"demands": [[channel, r] for channel, r in sorted(row.demands.items())]}
            for row in rows
        ],
        "demands": [
            f"{shortened(demand.id)}: {facts.node_names[demand.source]} to "
            f"{facts.node_names[demand.target]}"
            for demand in facts.instance.demands
        ],
        "names": {**NAMES, DARK: "dark"},
    }


def spectrum_table(facts: Facts, rows: Sequence[FibreRow]) -> Table:
    """Return one row a fibre, channels as ranges."""

    def channels(row: FibreRow, kind: str) -> str:
        return ranges(w for w, here in enumerate(row.kinds) if here == kind)

    values = [
        (
            row.label, channels(row, ALONG), channels(row, AGAINST),
            channels(row, WORKING) if row.off_grid_thz is None else thz(row.off_grid_thz),
            channels(row, GUARD), _candidates(facts, row), len(row.demands),
            row.kinds.count(DARK),
        )
        for row in rows
    ]  # fmt: skip
    columns = (
        Column(key="fibre", title="Fibre" if facts.instance.fibre.layout == "pair" else "Link"),
        Column(key="lit_a_to_b", title="Lit, a to b"),
        Column(key="lit_b_to_a", title="Lit, b to a"),
        Column(key="working", title="Working QKD channel"),
        Column(key="guard_band", title="Guard band"),
        Column(key="candidates", title="Other candidates"),
        Column(key="lit", title="Lit", unit="channels"),
        Column(key="free", title="Free", unit="channels"),
    )
    return Table(
        name="spectrum", caption="Channels of each fibre, numbered from 0 at the lowest frequency",
        columns=columns, rows=values,
    )  # fmt: skip


def _candidates(facts: Facts, row: FibreRow) -> str:
    """Spell candidates that are not at work, off the grid too."""
    working = facts.working_candidate(row.link)
    others = [
        thz(candidate.frequency_thz)
        for candidate in facts.instance.candidates_of(row.link)
        if isinstance(candidate, OffGridCandidate) and row.quantum and candidate != working
    ]
    return ", ".join(filter(None, [ranges(row.spares), *others]))
