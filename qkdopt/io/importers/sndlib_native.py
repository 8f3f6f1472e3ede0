"""SNDlib's native format: sections of nodes, links and demands in parentheses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qkdopt.errors import InstanceError
from qkdopt.io.importers.content import Content
from qkdopt.io.importers.draft import Draft, DraftDemand, DraftLink, DraftNode
from qkdopt.io.importers.traffic_units import gbps_of
from qkdopt.io.importers.values import Reading, shown

TOKEN = re.compile(r"[()]|[^\s()]+")
SECTIONS = ("META", "NODES", "LINKS", "DEMANDS", "ADMISSIBLE_PATHS")

Row = tuple[int, list[str], list[str], list[str]]
"""Line, words before, inside and after the first parentheses of a row."""


def read_sndlib_native(content: Content) -> Draft:
    """Return the network of a file in SNDlib's native format.

    Raises
    ------
    InstanceError
        With every fault.
    """
    reading = Reading(content.where)
    sections = _sections(content.text, reading)
    for name in ("NODES", "LINKS"):
        if name not in sections:
            reading.fault(f"no section {name} (...); expected one")
    nodes = tuple(_nodes(sections.get("NODES", []), reading))
    links = tuple(_links(sections.get("LINKS", []), reading))
    demands = tuple(_demands(sections.get("DEMANDS", []), reading))
    if sections.get("ADMISSIBLE_PATHS"):
        reading.leave_out("admissible paths")
    reading.stop()
    return Draft(
        format="SNDlib native",
        nodes=nodes,
        links=links,
        demands=demands,
        traffic_gbps=gbps_of(_meta(sections.get("META", []), "unit")),
        assumed=tuple(reading.assumed),
        left_out=reading.left_out,
    )


def _sections(text: str, reading: Reading) -> dict[str, list[Row]]:
    """Return the rows of each section; what is nested in rows (paths) is passed over."""
    sections: dict[str, list[Row]] = {}
    current: list[Row] = []
    depth = 0
    for number, line in enumerate(text.splitlines(), start=1):
        words = TOKEN.findall(line.split("#", 1)[0])
        if not words or words[0].startswith("?"):
            continue
        if depth == 0:
            name = words[0].upper()
            if name not in SECTIONS or words[1:2] != ["("]:
                fault = f"line {number}: {shown(line.strip())}; expected a section such as NODES ("
                raise InstanceError(reading.where, [fault])
            current = sections.setdefault(name, [])
            words, depth = words[2:], 1
        if depth == 1 and words and words[0] != ")":
            current.append(_row(number, words))
        depth = max(0, depth + words.count("(") - words.count(")"))
    if depth:
        reading.fault("the last section has no end; expected a closing parenthesis")
    return sections


def _row(number: int, words: list[str]) -> Row:
    if "(" not in words:
        return number, words, [], []
    start = words.index("(")
    end = words.index(")", start) if ")" in words[start:] else len(words)
    return number, words[:start], words[start + 1 : end], words[end + 1 :]


def _meta(rows: list[Row], key: str) -> str | None:
    """Return the value of a line such as ``unit = MBITPERSEC``."""
    for _, before, _, _ in rows:
        name, _, value = " ".join(before).partition("=")
        if name.strip().lower() == key:
            return value.strip()
    return None


def _nodes(rows: list[Row], reading: Reading) -> Iterator[DraftNode]:
    for number, before, inside, _ in rows:
        where = f"line {number}"
        if len(before) != 1 or len(inside) not in (0, 2):
            reading.fault(f"{where}: expected a node such as Berlin ( 13.40 52.52 )")
            continue
        x, y = (reading.number(v, f"{where}: place") for v in inside) if inside else (None, None)
        yield DraftNode(id=reading.name(before[0], f"{where}: node"), x=x, y=y)


def _links(rows: list[Row], reading: Reading) -> Iterator[DraftLink]:
    for number, before, inside, _ in rows:
        where = f"line {number}"
        if len(before) != 1 or len(inside) != 2:
            reading.fault(f"{where}: expected a link such as L1 ( Berlin Hamburg ) ...")
            continue
        a, b = (reading.name(end, f"{where}: end") for end in inside)
        yield DraftLink(where=where, id=reading.name(before[0], f"{where}: link"), a=a, b=b)


def _demands(rows: list[Row], reading: Reading) -> Iterator[DraftDemand]:
    for number, before, inside, after in rows:
        where = f"line {number}"
        if len(before) != 1 or len(inside) != 2 or len(after) < 2:
            reading.fault(
                f"{where}: expected a demand such as D1 ( Berlin Hamburg ) 1 40.0 UNLIMITED"
            )
            continue
        source, target = (reading.name(end, f"{where}: end") for end in inside)
        yield DraftDemand(
            where=where,
            id=reading.name(before[0], f"{where}: demand"),
            source=source,
            target=target,
            traffic=reading.number(after[1], f"{where}: demand value", low=0.0),
        )
