"""The content of a source: bytes, text, or what the text parses to."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from qkdopt.errors import InstanceError

MOST_BYTES = 50_000_000
STDIN = "-"
NO_FILE = "no such file; expected a network: a file, a folder, or a TopoHub name (sndlib/polska)"
MARKS = (  # longer marks first: that of UTF-16 begins that of UTF-32
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)
# First bytes of files that are no network, or not one that is read, with what to do.
BINARY = {
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls); save it as .xlsx or CSV",
    b"\x1f\x8b": "a gzip archive; unpack it first",
    b"BZh": "a bzip2 archive; unpack it first",
    b"\xfd7zXZ": "an xz archive; unpack it first",
    b"7z\xbc\xaf": "a 7-Zip archive; unpack it first",
    b"%PDF": "a PDF; export the table in it as CSV",
    b"\x89PNG": "a picture; expected the data that it was drawn from",
    b"\xff\xd8\xff": "a picture; expected the data that it was drawn from",
    b"PAR1": "a Parquet file; write it as CSV",
    b"SQLite format 3": "an SQLite database (a GeoPackage?); export its tables as CSV",
}

Kind = Literal["archive", "xml", "json", "text"]


@dataclass(frozen=True)
class Content:
    """What a source holds.

    Parameters
    ----------
    where
        Name of the source, for messages.
    kind
        A zip archive, XML, JSON or other text.
    data
        Its bytes.
    text
        Its text; empty for an archive and for XML, whose own encoding counts.
    tree
        Root of the XML, or the data of the JSON.
    faults
        What is wrong with it as XML or JSON and stops no reader: keys that are given twice.
    """

    where: str
    kind: Kind
    data: bytes
    text: str = ""
    tree: Any = None
    faults: list[str] = field(default_factory=list)


def read_bytes(path: str | Path) -> bytes:
    """Return the bytes of a file, or of standard input for ``-``.

    Raises
    ------
    InstanceError
        The file is missing, a folder, larger than :data:`MOST_BYTES` or not readable.
    """
    where = "standard input" if str(path) == STDIN else str(path)
    try:
        if str(path) == STDIN:
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise InstanceError(where, [NO_FILE]) from None
    except IsADirectoryError:
        raise InstanceError(where, ["is a folder; expected a file"]) from None
    except (OSError, ValueError) as problem:
        raise InstanceError(where, [f"not readable: {problem}"]) from None
    if len(data) > MOST_BYTES:
        fault = f"larger than {MOST_BYTES // 1_000_000} MB; expected a network (the wrong file?)"
        raise InstanceError(where, [fault])
    return data


def content_of(data: bytes, where: str, encoding: str | None = None) -> Content:
    """Tell archive, XML, JSON and other text apart, and parse the first three.

    Parameters
    ----------
    data
        Bytes of the source.
    where
        Name of the source, for messages.
    encoding
        Of the text; None for UTF-8, or what a byte order mark or the XML itself says.

    Raises
    ------
    InstanceError
        The source is empty, of a kind that is not read, no text, or broken XML or JSON.
    """
    from qkdopt.io.importers.xml_tree import parse_xml
    from qkdopt.io.reading import parse_json

    if not data.strip():
        raise InstanceError(where, ["is empty; expected a network"])
    for mark, name in BINARY.items():
        if data.startswith(mark):
            raise InstanceError(where, [f"is {name}"])
    if data.startswith(b"PK\x03\x04"):
        return Content(where, "archive", data)
    if encoding is None and data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return Content(where, "xml", data, tree=parse_xml(data, where))
    text = text_of(data, where, encoding).replace("\r\n", "\n").replace("\r", "\n")
    start = text.lstrip()[:1]
    if start == "<":
        data = _without_declaration(text).encode()
        return Content(where, "xml", data, tree=parse_xml(data, where))
    if start in ("{", "["):
        faults: list[str] = []
        tree = parse_json(text, where, faults, InstanceError)
        return Content(where, "json", data, text, tree, faults)
    return Content(where, "text", data, text)


def text_of(data: bytes, where: str, encoding: str | None = None) -> str:
    """Decode text; a byte order mark counts more than ``encoding``.

    Parameters
    ----------
    data
        The bytes.
    where
        Name of their file, for messages.
    encoding
        Name of an encoding; None for UTF-8.

    Raises
    ------
    InstanceError
        A byte that the encoding does not have, or the bytes of no text.
    """
    named = encoding or "utf-8"
    for mark, name in MARKS:
        if data.startswith(mark):
            named = name
            break
    try:
        text = data.decode(named)
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        fault = (
            f"line {line}, byte {problem.start}: {data[problem.start]:#04x} is no {named.upper()}; "
            "expected UTF-8 text (an older encoding, as Excel writes? --encoding cp1252 reads it; "
            "or a binary file?)"
        )
        raise InstanceError(where, [fault]) from None
    except (LookupError, UnicodeError, ValueError):
        fault = f"encoding = {named!r}; expected a text encoding such as utf-8 or cp1252"
        raise InstanceError(where, [fault]) from None
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        fault = f"line {line}: holds a zero byte; expected text (a binary file?)"
        raise InstanceError(where, [fault])
    return text


def _without_declaration(text: str) -> str:
    """Take an XML declaration away: its encoding no longer holds for decoded text."""
    text = text.lstrip()
    return text.split("?>", 1)[-1] if text.startswith("<?xml") else text
