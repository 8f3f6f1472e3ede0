"""Every relative link of the documentation points to a file that exists."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parent.parent.parent
# Pages written by hand: what the site's build generates is no part of the repository.
DOCS = [
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "how_to").glob("*.md")),
]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *DOCS,
    *(
        ROOT / folder / "README.md"
        for folder in ("notebooks", "instances", "benchmarks", "solvers")
    ),
]
# [text](target), ![image](target "title"), and [name]: target.
LINKS = re.compile(r"\]\(<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*<?([^\s>]+)", flags=re.MULTILINE)
BLOCKS = re.compile(r"^```[\s\S]*?^```|^ {4,}.*$", flags=re.MULTILINE)
SPANS = re.compile(r"`([^`\n]+)`")
# Files named in code spans, from the root of the repository; no patterns, no names of schemas.
FOLDERS = "benchmarks|docs|instances|notebooks|qkdopt|solvers|studies|tests"
NAMED = re.compile(rf"(?!qkdopt/\w+/\d)(?:{FOLDERS})/[\w./-]*|[\w-]+\.md")


def targets(text: str) -> list[str]:
    """Relative targets of links, without the place in the page; code has none."""
    found = [one or other for one, other in LINKS.findall(SPANS.sub("", BLOCKS.sub("", text)))]
    paths = [target.split("#")[0] for target in found if not re.match(r"[a-z]+:", target)]
    return [unquote(path) for path in paths if path]


def named(text: str) -> list[str]:
    """Files of the repository that code spans name."""
    return [span for span in SPANS.findall(BLOCKS.sub("", text)) if NAMED.fullmatch(span)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_to_a_file(page):
    dead = [
        target
        for target in targets(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert not dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_are_named_exist(page):
    missing = [
        name
        for name in named(page.read_text(encoding="utf-8"))
        if not (ROOT / name).exists() and not (page.parent / name).exists()
    ]
    assert not missing


def test_links_are_found():
    text = (
        "See [one](docs/a.md#part), ![two](images/b.png 'b'), [three](https://example.org),\n"
        "[four](#here), `[five](no.md)`, [six][6].\n\n    [seven](no.md)\n\n"
        "```\n[eight](no.md)\n```\n[6]: c%20d.md\n"
    )
    assert targets(text) == ["docs/a.md", "images/b.png", "c d.md"]
    assert targets((ROOT / "docs" / "sensitivity.md").read_text(encoding="utf-8")) == [
        "images/sensitivity.png", "design.md", "calibrate.md",
    ]  # fmt: skip
    assert named("`docs/a.md`, `docs/*.md`, `NOTES.md` and `qkdopt solve`") == [
        "docs/a.md", "NOTES.md",
    ]  # fmt: skip
