"""Break tables (CSV) by their rows and columns, and markup (XML) by its elements."""

from __future__ import annotations

import random
from copy import deepcopy
from xml.etree import ElementTree as ET

CELLS = [
    "", " ", "NaN", "inf", "-inf", "1e999", "-1", "0", "1e-320", "9" * 400, "9" * 5000, "1,5",
    "1.5",    "1e308", "1e15", "1e16", "-0.0", "x" * 3000, '"', '""', '"a', "ä", "\x00",
    "a\tb", "=1+1", "#",
    "true", "no", "3-5", "1;2", "3..5", "all", "None", "0x10", "1_000", "\u00a0", "\u2212" + "3",
    "a b",    "1e3", "40", "41", "12", "2", "NaN(1)", "\ufeff", "'", "\\", "||", "a->b", "G.652.D",
]  # fmt: skip
MOST_ROWS = 3000

Rows = list[list[str]]


def changed_table(text: str, generator: random.Random) -> str:
    """Return a table with one change of its cells, rows, columns or separators."""
    separator = max(",;\t", key=text.count)
    rows = [line.split(separator) for line in text.splitlines()] or [[""]]
    change = generator.choice(TABLE_CHANGES)
    return change(rows, generator, separator)


def _joined(rows: Rows, separator: str, end: str = "\n") -> str:
    return end.join(separator.join(row) for row in rows) + end


def _cell(rows: Rows, generator: random.Random, separator: str) -> str:
    row = generator.choice(rows)
    if row:
        row[generator.randrange(len(row))] = generator.choice(CELLS)
    return _joined(rows, separator)


def _column_of_one_value(rows: Rows, generator: random.Random, separator: str) -> str:
    k, value = generator.randrange(len(rows[0])), generator.choice(CELLS)
    for row in rows[1:]:
        if k < len(row):
            row[k] = value
    return _joined(rows, separator)


def _swapped_cells(rows: Rows, generator: random.Random, separator: str) -> str:
    a, b = generator.choice(rows), generator.choice(rows)
    j, k = generator.randrange(max(1, len(a))), generator.randrange(max(1, len(b)))
    if a and b:
        a[j], b[k] = b[k], a[j]
    return _joined(rows, separator)


def _no_column(rows: Rows, generator: random.Random, separator: str) -> str:
    k = generator.randrange(len(rows[0]))
    return _joined([row[:k] + row[k + 1 :] for row in rows], separator)


def _column_twice(rows: Rows, generator: random.Random, separator: str) -> str:
    k = generator.randrange(len(rows[0]))
    return _joined([[*row, *row[k : k + 1]] for row in rows], separator)


def _no_row(rows: Rows, generator: random.Random, separator: str) -> str:
    del rows[generator.randrange(len(rows))]
    return _joined(rows, separator)


def _row_again(rows: Rows, generator: random.Random, separator: str) -> str:
    times = generator.choice([1, 1, 1, 40, MOST_ROWS])
    place = generator.randrange(len(rows))
    return _joined(rows[:place] + [generator.choice(rows)] * times + rows[place:], separator)


def _long_row(rows: Rows, generator: random.Random, separator: str) -> str:
    generator.choice(rows).extend([generator.choice(CELLS)] * generator.choice([1, 3, 2000]))
    return _joined(rows, separator)


def _other_separator(rows: Rows, generator: random.Random, separator: str) -> str:
    return _joined(rows, generator.choice([",", ";", "\t", " ", "|", "::"]))


def _other_ends(rows: Rows, generator: random.Random, separator: str) -> str:
    return _joined(rows, separator, generator.choice(["\r\n", "\r", "\n\n", "\x0b", "\u2028", ""]))


def _shuffled(rows: Rows, generator: random.Random, separator: str) -> str:
    generator.shuffle(rows)
    return _joined(rows, separator)


def _quoted(rows: Rows, generator: random.Random, separator: str) -> str:
    row = generator.choice(rows)
    row[:] = [f'"{cell}"' for cell in row]
    if generator.random() < 0.3:
        row[-1] = row[-1].rstrip('"')
    return _joined(rows, separator)


TABLE_CHANGES = [
    _cell, _cell, _cell, _cell, _column_of_one_value, _swapped_cells, _no_column, _column_twice,
    _no_row, _row_again, _long_row, _other_separator, _other_ends, _shuffled, _quoted,
]  # fmt: skip


def changed_markup(text: str, generator: random.Random) -> str:
    """Return XML with one change of its elements, attributes or texts."""
    try:
        root = ET.fromstring(text)
    except (ET.ParseError, ValueError):
        return text
    elements = list(root.iter())
    generator.choice(MARKUP_CHANGES)(elements, generator)
    try:
        return ET.tostring(root, encoding="unicode")
    except (TypeError, ValueError, RecursionError):
        return text


def _attribute(elements: list[ET.Element], generator: random.Random) -> None:
    having = [element for element in elements if element.attrib]
    if having:
        element = generator.choice(having)
        element.set(generator.choice(list(element.attrib)), generator.choice(CELLS))


def _no_attribute(elements: list[ET.Element], generator: random.Random) -> None:
    having = [element for element in elements if element.attrib]
    if having:
        element = generator.choice(having)
        del element.attrib[generator.choice(list(element.attrib))]


def _text(elements: list[ET.Element], generator: random.Random) -> None:
    generator.choice(elements).text = generator.choice(CELLS)


def _no_child(elements: list[ET.Element], generator: random.Random) -> None:
    parent = generator.choice([element for element in elements if len(element)] or elements)
    if len(parent):
        del parent[generator.randrange(len(parent))]


def _child_again(elements: list[ET.Element], generator: random.Random) -> None:
    parent = generator.choice([element for element in elements if len(element)] or elements)
    if len(parent):
        child = generator.choice(list(parent))
        size = sum(1 for _ in child.iter())
        times = min(generator.choice([1, 1, 1, 20, 500]), MOST_ROWS // size)
        parent.extend(deepcopy(child) for _ in range(times))


def _moved(elements: list[ET.Element], generator: random.Random) -> None:
    leaves = [element for element in elements if not len(element)]
    if leaves:
        generator.choice(elements).append(deepcopy(generator.choice(leaves)))


def _other_tag(elements: list[ET.Element], generator: random.Random) -> None:
    generator.choice(elements).tag = generator.choice(elements).tag


def _deep(elements: list[ET.Element], generator: random.Random) -> None:
    element = generator.choice(elements)
    for _ in range(generator.choice([1, 60, 300])):
        element = ET.SubElement(element, str(element.tag))


MARKUP_CHANGES = [
    _attribute, _attribute, _no_attribute, _text, _text, _no_child, _child_again, _moved,
    _other_tag, _deep,
]  # fmt: skip
