"""Formats: told apart by content, each with its reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qkdopt.errors import InstanceError
from qkdopt.io.importers.content import Content
from qkdopt.io.importers.draft import Draft
from qkdopt.io.importers.recognition import recognise


@dataclass(frozen=True)
class Format:
    """A format that is read.

    Parameters
    ----------
    label
        What people call it.
    kind
        Kind of content that it comes in.
    read
        Reads the content, with the name of the attribute that holds lengths where one is given.
    """

    label: str
    kind: str
    read: Callable[[Content, str | None], Draft]


def _gml(content: Content, length_field: str | None) -> Draft:
    from qkdopt.io.importers.gml import read_gml

    return read_gml(content, length_field)


def _graphml(content: Content, length_field: str | None) -> Draft:
    from qkdopt.io.importers.graphml import read_graphml

    return read_graphml(content, length_field)


def _node_link(content: Content, length_field: str | None) -> Draft:
    from qkdopt.io.importers.node_link import read_node_link

    return read_node_link(content, length_field)


def _gnpy(content: Content, _: str | None) -> Draft:
    from qkdopt.io.importers.gnpy import read_gnpy

    return read_gnpy(content)


def _net2plan(content: Content, _: str | None) -> Draft:
    from qkdopt.io.importers.net2plan import read_net2plan

    return read_net2plan(content)


def _sndlib_native(content: Content, _: str | None) -> Draft:
    from qkdopt.io.importers.sndlib_native import read_sndlib_native

    return read_sndlib_native(content)


def _sndlib_xml(content: Content, _: str | None) -> Draft:
    from qkdopt.io.importers.sndlib_xml import read_sndlib_xml

    return read_sndlib_xml(content)


FORMATS: dict[str, Format] = {
    "sndlib-native": Format("SNDlib native", "text", _sndlib_native),
    "sndlib-xml": Format("SNDlib XML", "xml", _sndlib_xml),
    "graphml": Format("GraphML", "xml", _graphml),
    "gml": Format("GML", "text", _gml),
    "node-link": Format("node-link JSON", "json", _node_link),
    "gnpy": Format("GNPy JSON", "json", _gnpy),
    "net2plan": Format("Net2Plan", "xml", _net2plan),
}
# Tables need files beside them, and are read by :mod:`qkdopt.io.importers.sources`.
TABLES: dict[str, str] = {"csv": "text", "xlsx": "archive"}
NAMES = (*FORMATS, *TABLES)


def format_of(content: Content, chosen: str | None) -> str:
    """Return the name of the format that content is in.

    Parameters
    ----------
    content
        What the source holds.
    chosen
        The caller's word; None where the content decides.

    Raises
    ------
    InstanceError
        Content of no format that is read, with what it looks like; or not of the kind that the
        chosen format comes in.
    """
    if chosen is None:
        return recognise(content)
    kind = FORMATS[chosen].kind if chosen in FORMATS else TABLES[chosen]
    if content.kind != kind:
        fault = f"holds {content.kind}; expected {kind}, as {chosen} is"
        raise InstanceError(content.where, [fault])
    return chosen
