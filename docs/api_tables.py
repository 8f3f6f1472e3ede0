"""Write the rows of ``docs/api.md``: what each public name is, from its docstring.

``python docs/api_tables.py`` rewrites the texts; which name stands in which table is the page's.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import qkdopt

PAGE = Path(__file__).parent / "api.md"
ROW = re.compile(r"^\| `(\w+)` \| .* \|$", flags=re.MULTILINE)


def summary(name: str) -> str:
    """Return the first paragraph of a public name's docstring, as a table has it."""
    text = inspect.getdoc(getattr(qkdopt, name)) or ""
    first = " ".join(text.split("\n\n")[0].split()).replace("``", "`")
    first = re.sub(r":meth:`~?([^`]+)`", r"`\1()`", first)
    first = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", first)
    return (first[:1].lower() + first[1:]).rstrip(".")


def page(text: str) -> str:
    """Return the page with the texts of its rows written again."""
    return ROW.sub(lambda row: f"| `{row[1]}` | {summary(row[1])} |", text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
