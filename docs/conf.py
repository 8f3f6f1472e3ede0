"""Configuration of the documentation site: ``python -m sphinx -W -b html docs docs/_build``."""

from __future__ import annotations

import os
import re
import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from reference_pages import write_reference_pages
from sphinx.application import Sphinx

os.environ.setdefault("MPLBACKEND", "Agg")

project = "qkdopt"
author = "The qkdopt developers"
project_copyright = "The qkdopt developers, Apache-2.0"
release = version = installed_version("qkdopt")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinxcontrib.bibtex",
    "sphinx_gallery.gen_gallery",
    "mathml",
]
exclude_patterns = ["_build", "gallery/*", "generated/gallery/*.ipynb", "**/README.md"]
# -- Markdown -------------------------------------------------------------------------------

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]

# -- Python -----------------------------------------------------------------------------------

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_type_aliases = {
    name: name
    for name in (
        "AnyPlan", "ArrayLike", "Candidate", "FloatArray", "NodeId", "Objective", "RouteScope",
        "Strategy",
    )
}  # fmt: skip
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
maximum_signature_line_length = 80

# -- bibliography, formulas, gallery ----------------------------------------------------------

bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "unsrt"
html_math_renderer = "mathml"
sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "generated/gallery",
    "filename_pattern": r"plot_",
    "abort_on_example_error": True,
    "remove_config_comments": True,
    "show_memory": False,
    "capture_repr": (),
    "write_computation_times": False,
    "show_signature": False,
    "download_all_examples": False,
    "min_reported_time": 5,
    "within_subsection_order": "FileNameSortKey",
}

# -- HTML -------------------------------------------------------------------------------------

html_theme = "furo"
html_title = "qkdopt"
html_static_path: list[str] = []
html_copy_source = False
html_show_sourcelink = False

write_reference_pages()


def list_further_pages(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the pages that no list of the index names in the place of the line ``*``."""
    if docname == "index":
        listed = set(source[0].splitlines())
        pages = sorted(path.stem for path in Path(app.srcdir).glob("*.md"))
        further = [name for name in pages if name not in listed | {"index"}]
        source[0] = source[0].replace("\n*\n", "\n" + "".join(f"{name}\n" for name in further))


def keep_initials(*arguments: Any) -> None:
    """Keep the initial of a first author: at the start of a line it would number a list."""
    lines = arguments[-1]
    lines[:] = [re.sub(r"^(\s*\.\. \[\d+\] )(?=[A-Z]\.)", r"\1\\", line) for line in lines]


def name_aliases(*arguments: Any) -> tuple[str | None, str | None] | None:
    """Name a type inside another one as outside of it."""
    signature, returned = arguments[-2:]
    if "TypeAliasForwardRef" not in f"{signature}{returned}":
        return None
    named = re.compile(r"TypeAliasForwardRef\('(\w+)'\)")
    return signature and named.sub(r"\1", signature), returned and named.sub(r"\1", returned)


def setup(app: Sphinx) -> None:
    """Connect what happens while pages are read."""
    app.connect("autodoc-process-docstring", keep_initials, priority=400)
    app.connect("autodoc-process-signature", name_aliases)
    app.connect("source-read", list_further_pages)
