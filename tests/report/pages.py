"""Pages to test: small results, and what a page holds, read back from its HTML."""

from __future__ import annotations

import json
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import qkdopt
from qkdopt.instance import Instance
from qkdopt.io import parse_instance
from qkdopt.report.write import default_labels, report_page
from qkdopt.result import Result
from tests.small_instances import instance_of

SMALL = Path(__file__).parent.parent.parent / "instances" / "small"
# Whatever a page might take for markup, script, template, path or another direction of writing.
HOSTILE = (
    "</script><script>alert(1)</script>",
    "\"><img src=x onerror='alert(2)'>",
    "<!--<script>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt; & <b>",
    '=HYPERLINK("http://example.org")',
    "\u202eright to left\u202c \u05d0\u05d1 \u200f",
    "javascript:alert(3)",
    "nul\x00bell\x07",
    "long " * 2000,
)


@cache
def solved(name: str) -> tuple[Instance, Result]:
    """Return a small instance with the baseline's plan of it."""
    instance = qkdopt.read_instance(SMALL / f"{name}.json")
    return instance, qkdopt.solve(instance, strategy="ds-qkd")


@cache
def hostile() -> tuple[Instance, Result]:
    """Return an instance and a result in which every text that no check compares is hostile."""
    text = HOSTILE
    links = [(f"{text[k]} {k}", k, (k + 1) % 10, 8.0 + k) for k in range(10)]
    instance = instance_of(
        links,
        [(k, (k + 3) % 10) for k in range(10)],
        name=text[0], channels=8, description=text[1], preset=text[0],
    )  # fmt: skip
    data = instance.to_json_dict()
    for k, node in enumerate(data["network"]["nodes"]):
        node["label"] = text[k]
    for k, demand in enumerate(data["demands"]):
        demand["id"] = f"{text[k]}{k}"
    data["network"]["source"] = text[1]
    instance = parse_instance(json.dumps(data))
    result = qkdopt.solve(instance, strategy="ds-qkd")
    spoiled = result.to_json_dict()
    spoiled |= {"notes": list(text), "faults": [text[0]]}
    spoiled["strategy"] = text[0]
    spoiled["environment"] = {
        "versions": {text[0]: text[1]}, "cpu": text[0], "platform": text[1],
    }  # fmt: skip
    for point in spoiled["history"]:
        point["phase"] = text[0]
    return instance, Result.model_validate_json(json.dumps(spoiled))


def html_of(*pairs: tuple[Instance, Result]) -> str:
    """Return the page of results."""
    results = [result for _, result in pairs]
    instances = [instance for instance, _ in pairs]
    return report_page(results, instances, default_labels(results)).to_html()


class Reader(HTMLParser):
    """Reads a page back: its tags, its text, its tables by exact values.

    Parameters
    ----------
    text
        The page.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.tables: dict[str, list[list[dict[str, str]]]] = {}
        self._name, self._keys, self._row = "", [], []
        self._cell: list[str] | None = None
        self._exact: str | None = None
        self._raw = ""
        self.data = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        self._raw = tag if tag in ("style", "script") else ""
        if given.get("id") == "data":
            self._raw = "data"
        if "data-name" in given:
            self._name, self._keys = str(given["data-name"]), []
            self.tables.setdefault(self._name, []).append([])
        if "data-key" in given:
            self._keys.append(str(given["data-key"]))
        elif tag in ("td", "th") and given.get("scope") != "col":
            self._cell, self._exact = [], given.get("data-v")
        if tag == "tr":
            self._row = []

    def handle_data(self, data: str) -> None:
        if self._raw:
            self.data += data if self._raw == "data" else ""
        else:
            self.text += data
            if self._cell is not None:
                self._cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            self._row.append("".join(self._cell) if self._exact is None else self._exact)
            self._cell = None
        if tag == "tr" and self._row:
            row = dict(zip(self._keys, self._row, strict=True))
            self.tables[self._name][-1].append(row)

    def table(self, name: str) -> list[dict[str, str]]:
        """Return the first table of a name."""
        return self.tables[name][0]


def number(text: str) -> float | None:
    """Return the number of a cell; None where it has none."""
    return float(text) if text else None


def spoil(result: Result, **changes: Any) -> Result:
    """Return a result with other values in its ``value``."""
    assert result.value is not None
    return result.model_copy(update={"value": result.value.model_copy(update=changes)})
