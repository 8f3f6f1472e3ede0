"""The glossary and the code hold the same names."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith(("| term", "| ---"))
]
# Words that a reader of the field would have to decode. As a part of any name of ours.
RETIRED = frozenset(
    [
        "told",
        "asked",
        "errand",
        "trouble",
        "patience",
        "fate",
        "blow",
        "struck",
        "wound",
        "mend",
        "damage",
        "darken",
        "darkened",
        "hears",
        "heard",
        "disturbs",
        "judge",
        "verdict",
        "ground",
        "homeless",
        "hopeless",
        "wanting",
        "bearable",
        "dearest",
        "quietest",
        "crowding",
        "placing",
        "tuned",
        "knob",
        "knobs",
        "inlined",
        "bare",
        "moment",
        "moments",
        "pressure",
        "mine",
        "whoever",
    ]
)
# Names of rules, as they stand in exported and reviewed LP texts.
RULES = frozenset(("key_where_asked", "c8_key_where_asked"))
# As a whole name.
NO_NAMES = frozenset(("together", "whoever", "looks", "told", "asked"))


@cache
def defined_names() -> dict[str, set[str]]:
    """Return every name that the package defines, and the files that do."""
    names = defaultdict(set)
    for path in sorted((ROOT / "qkdopt").rglob("*.py")):
        where = path.relative_to(ROOT).as_posix()
        names[path.stem].add(where)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names[node.name].add(where)
            elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
                names[node.id if isinstance(node, ast.Name) else node.attr].add(where)
            elif isinstance(node, ast.arg):
                names[node.arg].add(where)
    return names


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_term_is_found_in_the_code(row):
    assert len(row) == 3, row
    identifiers = re.findall(r"`(\w+)`", row[2])
    assert identifiers
    assert not [name for name in identifiers if name not in defined_names()]


def test_no_term_has_two_meanings():
    terms = [term for row in ROWS for term in row[0].split(", ")]
    assert len(terms) > 40
    assert len(terms) == len(set(terms))


def words_of(name: str) -> set[str]:
    """Split a name at underscores and capitals."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def test_no_retired_word_is_left_in_a_name():
    left = {
        name: sorted(where)
        for name, where in defined_names().items()
        if (words_of(name) & RETIRED or name.lower() in NO_NAMES) and name not in RULES
    }
    assert not left
