"""The documentation site: its pages, what is generated for it, and that all of it can be built.

The build itself, with warnings as errors, is a step of ``.ci/run``.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module

import pytest

import qkdopt
from qkdopt.instance import Instance
from qkdopt.io.schema import SCHEMAS
from tests.docs.test_links import DOCS, ROOT

sys.path.insert(0, str(ROOT / "docs"))
api_tables, reference_pages, validation_tables = map(
    import_module, ("api_tables", "reference_pages", "validation_tables")
)
INDEX = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
COMMAND = "-m sphinx -W"


def listed() -> list[str]:
    """Return the lines of all lists of pages."""
    lists = re.findall(r"```\{toctree\}\n(.*?)```", INDEX, flags=re.DOTALL)
    return [line for text in lists for line in text.splitlines() if not line.startswith(":")]


def test_no_page_is_in_two_lists_and_those_in_none_have_a_place():
    for page in DOCS:
        name = page.relative_to(ROOT / "docs").with_suffix("").as_posix()
        in_folder = "/" in name
        assert listed().count(name) == 1 if in_folder else listed().count(name) <= 1, name
    assert listed().count("*") == 1


def test_every_page_of_a_list_exists():
    pages = {f"generated/{name.removesuffix('.md')}" for name in reference_pages.pages()}
    pages |= {page.relative_to(ROOT / "docs").with_suffix("").as_posix() for page in DOCS}
    pages.add("generated/gallery/index")
    assert [name for name in listed() if not name.endswith("*") and name not in pages] == []


def test_contributors_and_ci_build_the_site_with_warnings_as_errors():
    for name in (".ci/run", "CONTRIBUTING.md"):
        assert COMMAND in (ROOT / name).read_text(encoding="utf-8"), name


def test_formulas_need_no_script_of_others():
    pytest.importorskip("sphinx")
    mathml = import_module("mathml")
    text = mathml.mathml(r"Q_\mu = Y_0 + 1 - e^{-\eta\mu}", block=True)
    assert text.startswith("<math")
    with pytest.raises(Exception, match="formula"):
        mathml.mathml(r"\nosuchcommand{x}", block=False)


def test_every_command_is_in_the_reference():
    text = reference_pages.commands_page()
    for command in ("solve", "instance best-known", "design protect", "study run", "simulate"):
        assert f"`qkdopt {command}`" in text
    assert "--time-limit <float>" in text


@pytest.mark.parametrize("file", SCHEMAS)
def test_every_field_of_a_format_is_in_the_reference(file):
    text = reference_pages.format_page(file)
    model = SCHEMAS[file]
    for name, field in model.model_fields.items():
        assert f"| `{field.alias or name}` |" in text


def test_ranges_and_defaults_are_those_of_the_models():
    text = reference_pages.format_page("instance-1.json")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, flags=re.MULTILINE))
    default = Instance.model_fields["qkd"].default.guard_ghz
    assert rows["guard_ghz"].startswith(f"number | GHz | `{default}` | >= 0, <= 5000 | Full width")
    assert rows["relay"].startswith(
        '`"lightpath"`, `"widest"`, `"flow"` |  | `"lightpath"` |  | A demand'
    )
    assert rows["length_km"].startswith("number | km | required | >= 0.001, <= 20000")
    assert "[Traffic](#instance-traffic) or null" in rows["traffic"]


def test_every_public_name_is_in_the_reference():
    text = reference_pages.python_page()
    for name in qkdopt.__all__:
        if name != "__version__":
            assert re.search(rf"(auto(function|class):: |`)qkdopt\.{name}\b", text), name
    assert "autoclass:: qkdopt.instance.generation" in text  # qkdopt.Network, by its own name


def test_the_rows_of_the_interface_are_the_docstrings():
    text = api_tables.PAGE.read_text(encoding="utf-8")
    assert api_tables.page(text) == text, "run python docs/api_tables.py"


def test_the_tables_of_the_validation_are_computed():
    text = validation_tables.PAGE.read_text(encoding="utf-8")
    computed = validation_tables.page(text, leave=("blocking",))
    assert computed == text, "run python docs/validation_tables.py"


@pytest.mark.slow
def test_the_blocking_of_the_validation_is_simulated():
    text = validation_tables.PAGE.read_text(encoding="utf-8")
    assert validation_tables.page(text) == text, "run python docs/validation_tables.py"


def test_another_figure_would_show():
    text = validation_tables.PAGE.read_text(encoding="utf-8")
    wrong = text.replace("| about 142 | 142.0 |", "| about 142 | 141.0 |")
    assert wrong != text
    assert validation_tables.page(wrong, leave=("blocking",)) == text
