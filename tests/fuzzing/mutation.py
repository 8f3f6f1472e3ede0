"""Break a file by its structure, by its bytes, or as a whole: encodings, marks, sizes."""

from __future__ import annotations

import random
from collections.abc import Callable
from io import BytesIO
from zipfile import ZIP_STORED, BadZipFile, ZipFile
from zlib import error as ZlibError

from tests.fuzzing.byte_changes import mutated
from tests.fuzzing.tables import changed_markup, changed_table
from tests.fuzzing.trees import changed_tree, json_tree, to_json, to_toml, toml_tree

# How often one of so many inputs is broken in each way.
WAYS = ("structure", "structure", "structure", "structure", "bytes", "bytes", "whole")


def broken(data: bytes, suffix: str, generator: random.Random) -> bytes:
    """Return a file that is broken in one way, or several.

    Parameters
    ----------
    data
        The file as it is right.
    suffix
        Ending of its name, such as ``.json``, which says its structure.
    generator
        Draws what is changed.
    """
    for _ in range(generator.choice([1, 1, 1, 2, 3])):
        way = generator.choice(WAYS)
        if way == "structure":
            data = _by_structure(data, suffix, generator)
        elif way == "bytes":
            data = mutated(data, generator)
        else:
            data = _as_a_whole(data, generator)
    return data


def _by_structure(data: bytes, suffix: str, generator: random.Random) -> bytes:
    change = STRUCTURES.get(suffix)
    if change is None:
        return mutated(data, generator)
    try:
        return change(data, generator)
    except (
        ValueError,
        LookupError,
        RecursionError,
        BadZipFile,
        ZlibError,
        OSError,
        NotImplementedError,
    ):
        # An earlier change has left no structure.
        return mutated(data, generator)


def _json(data: bytes, generator: random.Random) -> bytes:
    tree = json_tree(data.decode())
    for _ in range(generator.choice([1, 1, 1, 2, 4])):
        tree = changed_tree(tree, generator)
    return to_json(tree).encode("utf-8", "surrogatepass")


def _toml(data: bytes, generator: random.Random) -> bytes:
    tree = toml_tree(data.decode())
    for _ in range(generator.choice([1, 1, 2])):
        tree = changed_tree(tree, generator)
    return to_toml(tree).encode("utf-8", "surrogatepass")


def _csv(data: bytes, generator: random.Random) -> bytes:
    return changed_table(data.decode(), generator).encode("utf-8", "surrogatepass")


def _xml(data: bytes, generator: random.Random) -> bytes:
    if generator.random() < 0.1:
        return _with_entities(data, generator)
    return changed_markup(data.decode(), generator).encode("utf-8", "surrogatepass")


def _with_entities(data: bytes, generator: random.Random) -> bytes:
    """Declare entities: one that grows without end, and one that is a file."""
    growing = "".join(f'<!ENTITY e{k} "&e{k - 1};&e{k - 1};&e{k - 1};">' for k in range(1, 30))
    doctype = generator.choice([
        f'<!DOCTYPE x [<!ENTITY e0 "aaaa">{growing}]>', "<!DOCTYPE x>",
        '<!DOCTYPE x [<!ENTITY e29 SYSTEM "file:///etc/hostname">]>', '<?xml version="9.9"?>',
        '<?xml version="1.0" encoding="utf-99"?>', '<?xml version="1.0" encoding="utf-16"?>',
    ])  # fmt: skip
    start = data.find(b"<", 2 + data.find(b"?>")) if data.startswith(b"<?xml") else 0
    return doctype.encode() + data[start:].replace(b"</", b"&e29;</", 1)


def _xlsx(data: bytes, generator: random.Random) -> bytes:
    """Change one of the parts of a workbook, all of which are XML."""
    with ZipFile(BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheets = [name for name in parts if "worksheets/" in name or "sharedStrings" in name]
    name = generator.choice(sheets if sheets and generator.random() < 0.7 else list(parts))
    change = generator.choice([_xml, _xml, mutated])
    parts[name] = change(parts[name], generator)
    if generator.random() < 0.1:
        del parts[generator.choice(list(parts))]
    target = BytesIO()
    with ZipFile(target, "w", ZIP_STORED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return target.getvalue()


STRUCTURES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    ".json": _json, ".toml": _toml, ".csv": _csv, ".xml": _xml, ".graphml": _xml, ".n2p": _xml,
    ".xlsx": _xlsx,
}  # fmt: skip


def _as_a_whole(data: bytes, generator: random.Random) -> bytes:
    return generator.choice(WHOLE)(data, generator)


def _encoded(data: bytes, generator: random.Random) -> bytes:
    """Write the text in another encoding, with its mark or without."""
    name = generator.choice(["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1", "cp037"])
    return data.decode("utf-8", "replace").encode(name, "replace")


def _cut(data: bytes, generator: random.Random) -> bytes:
    return data[: generator.randrange(len(data) + 1)]


def _twice(data: bytes, generator: random.Random) -> bytes:
    return data + data


def _marked(data: bytes, generator: random.Random) -> bytes:
    marks = [b"PK\x03\x04", b"\x1f\x8b", b"%PDF", b"\xff\xfe", b"\x00", b"<", b"[", b"{", b"#\n"]
    return generator.choice(marks) + data


def _nothing(data: bytes, generator: random.Random) -> bytes:
    return generator.choice(
        [b"", b"\n", b" " * 1000, b"\x00" * 1000, b"{}", b"[]", b"null", b"\xef"]
    )


def _much(data: bytes, generator: random.Random) -> bytes:
    """Return a long run of one piece: at most a megabyte, and seldom."""
    piece = generator.choice(
        [b"[", b'{"a":', b"(", b"<a>", b"1,", b"\n", b"a,b\n", b"9", b'"', b"[x]\n"]
    )
    times = generator.choice([100, 1000, 5000, 5000, 100_000])
    cut = generator.randrange(len(data) + 1)
    return data[:cut] + piece * times + data[cut:]


WHOLE: list[Callable[[bytes, random.Random], bytes]] = [
    _encoded, _encoded, _cut, _cut, _twice, _marked, _nothing, _much,
]  # fmt: skip
