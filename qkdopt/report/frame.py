"""The frame of every page: one file, no outside resource, sections one after another.

Texts of the input reach the page through templates that escape them, data for scripts as JSON
without ``<``. A content security policy lets only the styles and scripts of this package run, by
their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from qkdopt.errors import UnsupportedError
from qkdopt.plotting.styles import COLOURS, RATE_COLOURS
from qkdopt.report.text import cleaned, counted, shortened

# Largest page: what a mail server and a phone take.
MAX_PAGE_BYTES = 6_000_000
# Characters of the sections of a page that takes a browser more than half a second.
LARGE = 600_000
SCRIPTS = ("table.js", "pointer.js", "spectrum.js", "noise.js", "page.js")
# What JSON may hold and HTML would read.
ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


@dataclass(frozen=True, kw_only=True)
class Section:
    """One section of a page.

    Parameters
    ----------
    name
        Last part of its anchor.
    title
        Heading.
    body
        HTML, made by a template.
    data
        What its scripts read; None for nothing.
    """

    name: str
    title: str
    body: Markup
    data: Any = None


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """Sections about one thing, such as one result.

    Parameters
    ----------
    name
        First part of the anchors in it.
    title
        Heading; empty where the page has one chapter of this kind.
    sections
        In the order of reading.
    """

    name: str
    title: str
    sections: Sequence[Section]


@dataclass(frozen=True, kw_only=True)
class Page:
    """A whole page.

    Parameters
    ----------
    title
        Title and first heading.
    subtitle
        What a reader sees below it.
    chapters
        In the order of reading.
    """

    title: str
    subtitle: str = ""
    chapters: Sequence[Chapter] = field(default_factory=tuple)

    def to_html(self) -> str:
        """Return the text of the page.

        Raises
        ------
        UnsupportedError
            It is larger than :data:`MAX_PAGE_BYTES`.
        """
        style, script = style_text(), script_text()
        text = render(
            "page.html",
            page=self,
            title=shortened(self.title),
            policy=policy(style, script),
            style=Markup(style),
            script=Markup(script),
            data=embedded(self._data()),
        )
        size = len(text.encode())
        if size > MAX_PAGE_BYTES:
            way_out = (
                "the network is too large for a page: qkdopt export writes plan and key rates as "
                "tables and maps"
                if len(self.chapters) == 1
                else f"{counted(len(self.chapters), 'chapter')} on one page: report fewer results "
                "at a time"
            )
            raise UnsupportedError(
                f"the page would have {size / 1e6:.1f} MB, more than {MAX_PAGE_BYTES / 1e6:g} MB; "
                f"{way_out}"
            )
        return text

    @property
    def is_large(self) -> bool:
        """Return whether a browser had better lay out what is on the screen alone."""
        sections = [section for chapter in self.chapters for section in chapter.sections]
        return sum(len(section.body) for section in sections) > LARGE

    def _data(self) -> dict[str, Any]:
        return {
            f"{chapter.name}-{section.name}": section.data
            for chapter in self.chapters
            for section in chapter.sections
            if section.data is not None
        }


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("qkdopt.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _finalized(value: Any) -> Any:
    """Return a value as a template shows it: text of any input without what acts around it."""
    return cleaned(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def render(template: str, **values: Any) -> Markup:
    """Fill a template; whatever is no HTML already is escaped."""
    return Markup(_environment().get_template(template).render(**values))


def embedded(data: Any) -> Markup:
    """Return data as JSON that holds nothing which HTML would read."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escape in ESCAPES.items():
        text = text.replace(character, escape)
    return Markup(text)


def style_text() -> str:
    """Return the style sheet, its colours first."""
    names = {f"--curve-{k}": colour for k, colour in enumerate(COLOURS)}
    names |= {f"--rate-{k}": colour for k, colour in enumerate(RATE_COLOURS)}
    palette = ";".join(f"{name}:{colour}" for name, colour in names.items())
    return f":root{{{palette}}}\n{_asset('page.css')}"


def script_text() -> str:
    """Return all scripts, each in a scope of its own."""
    return "".join(f"(() => {{\n{_asset(name)}}})();\n" for name in SCRIPTS)


def policy(style: str, script: str) -> str:
    """Return the content security policy: nothing but this style and this script."""
    return (
        f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _asset(name: str) -> str:
    return files("qkdopt.report").joinpath("assets", name).read_text(encoding="utf-8")
