"""Write the reference pages of the site: commands, file formats, Python interface.

Each is Markdown made from the package itself, so that none repeats by hand what the code says.
``conf.py`` calls :func:`write_reference_pages` before Sphinx reads its sources.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.cli import get_docs_for_click

from qkdopt.cli.app import app
from qkdopt.io.schema import SCHEMAS, json_schema

DOCS = Path(__file__).parent
FOLDER = DOCS / "generated"
FORMATS = {
    "instance-1.json": ("Instances", "An instance file holds network, hardware and demands."),
    "plan-1.json": ("Saved plans", "A saved plan is a result without its numbers."),
    "result-1.json": ("Results", "A result file holds a plan, its numbers, its bound and its run."),
}
PHYSICS = {
    "keyrate": "key rate",
    "raman": "Raman scattering",
    "noise": "clicks and other noise",
    "fwm": "four-wave mixing",
    "fibre": "launch power",
    "surface": "surfaces of key rates",
    "protocols.finite_key": "finite keys",
    "protocols.two_decoys": "finite keys, two decoys",
    "protocols.one_decoy": "finite keys, one decoy",
    "protocols.gaussian_cv": "CV-QKD",
}
UNITS = {
    "thz": "THz", "ghz": "GHz", "mhz": "MHz", "dbm": "dBm", "db": "dB", "db_per_km": "dB/km",
    "k": "K", "um2": "um^2", "ps": "ps", "km": "km", "nm": "nm", "per_km_nm": "1/(km nm)",
    "per_w_km": "1/(W km)", "ps_nm_km": "ps/(nm km)", "ps_nm2_km": "ps/(nm^2 km)", "s": "s",
    "per_gate": "per gate", "bps": "bit/s", "erlang": "erlang",
}  # fmt: skip
LIMITS = {
    "minimum": ">=", "exclusiveMinimum": ">", "gt": ">", "maximum": "<=", "exclusiveMaximum": "<",
}  # fmt: skip


# -- commands -------------------------------------------------------------------------------


def commands_page() -> str:
    """Return the reference of all commands, as Typer itself writes it."""
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="qkdopt")
    text = get_docs_for_click(obj=command, ctx=context, name="qkdopt", title="Commands")
    return f"{text}\n"


# -- file formats ---------------------------------------------------------------------------


def type_of(schema: dict[str, Any], page: str) -> str:
    """Return what a field may be, with links to the parts of the page that it is made of."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{label(name, page)})"
    if "anyOf" in schema:
        return " or ".join(type_of(option, page) for option in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        values = [schema["const"]] if "const" in schema else schema["enum"]
        return ", ".join(f"`{json.dumps(value)}`" for value in values)
    if schema.get("type") == "array":
        items = schema.get("items") or schema["prefixItems"][0]
        return f"list of {type_of(items, page)}"
    values = schema.get("additionalProperties")
    if isinstance(values, dict) and schema.get("type") == "object":
        return f"object of {type_of(values, page)}"
    return str(schema["type"])


def limits_of(schema: dict[str, Any]) -> str:
    """Return the range of a field."""
    # A bound of its own stands beside that of the field's kind, and is the narrower one.
    given = {sign: schema[name] for name, sign in LIMITS.items() if name in schema}
    if ">" in given:
        given.pop(">=", None)
    options = [limits_of(option) for option in schema.get("anyOf", [])]
    return ", ".join(
        [f"{sign} {value:g}" for sign, value in given.items()] + [*filter(None, options)]
    )


def unit_of(name: str) -> str:
    """Return the unit that the name of a field ends in; empty for none."""
    ends = [end for end in UNITS if name.endswith(f"_{end}")]
    return UNITS[max(ends, key=len)] if ends else ""


def default_of(schema: dict[str, Any], required: bool) -> str:
    """Return the default of a field."""
    if required:
        return "required"
    value = schema.get("default")
    return "its defaults" if isinstance(value, dict) else f"`{json.dumps(value)}`"


def cell(text: str) -> str:
    """Return a text that fits into a table's cell; double backticks become code spans."""
    return re.sub(r"``([^`]+)``", r"`\1`", " ".join(text.split())).replace("|", "\\|")


def label(name: str, page: str) -> str:
    """Return the label of a part: results and saved plans have parts of the same name."""
    return f"{page}-{name}".lower()


def part_lines(name: str, schema: dict[str, Any], page: str) -> Iterator[str]:
    """Yield the section of one part of a format."""
    yield f"({label(name, page)})=\n\n## {name}\n"
    yield cell(schema.get("description", "")) + "\n"
    if not schema.get("properties"):
        return
    yield "| field | type | unit | default | range | what it is |"
    yield "| --- | --- | --- | --- | --- | --- |"
    required = schema.get("required", [])
    for field, values in schema["properties"].items():
        cells = [
            f"`{field}`", type_of(values, page), unit_of(field),
            default_of(values, field in required), limits_of(values),
            values.get("description", ""),
        ]  # fmt: skip
        yield f"| {' | '.join(map(cell, cells))} |"
    yield ""


def format_page(file: str) -> str:
    """Return the page of one file format, field by field."""
    title, about = FORMATS[file]
    schema = json_schema(SCHEMAS[file])
    name = schema["properties"]["schema"]["default"]
    lines = [
        f"# {title}: `{name}`\n",
        f"{about} The JSON Schema is `qkdopt/data/schema/{file}`; fields that have their default "
        "may be left out, unknown ones are refused.\n",
        *part_lines(schema["title"], schema, schema["title"]),
    ]
    for part, values in schema["$defs"].items():
        lines += part_lines(part, values, schema["title"])
    return "\n".join(lines)


# -- Python -----------------------------------------------------------------------------------


def sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield heading and names of every section of ``api.md`` that has a table of names."""
    for part in text.split("\n## ")[1:]:
        names = re.findall(r"^\| `(\w+)` \|", part, flags=re.MULTILINE)
        if names:
            yield part.splitlines()[0], names


def directive(name: str) -> str:
    """Return the directive that documents a public name."""
    import qkdopt

    value = getattr(qkdopt, name)
    if not isinstance(value, type):
        return f"```{{eval-rst}}\n.. autofunction:: qkdopt.{name}\n```\n"
    from pydantic import BaseModel

    # Fields of files have pages of their own; another name of a class would hide its text.
    fields = "(**fields)" if issubclass(value, BaseModel) else ""
    path = f"qkdopt.{name}" if value.__name__ == name else f"{value.__module__}.{value.__name__}"
    alias = "" if value.__name__ == name else f"`qkdopt.{name}` is this class:\n\n"
    methods = [key for key, member in vars(value).items() if public_method(key, member)]
    shown = f"\n   :members: {', '.join(methods)}" if methods else ""
    return f"{alias}```{{eval-rst}}\n.. autoclass:: {path}{fields}{shown}\n```\n"


def public_method(name: str, member: object) -> bool:
    """Return whether a member of a class is a documented method or property."""
    inner = getattr(member, "__func__", member)
    callable_ = callable(inner) or isinstance(member, property)
    return callable_ and not name.startswith(("_", "model_")) and bool(inner.__doc__)


def python_page() -> str:
    """Return the reference of the public names, by the sections of ``api.md``."""
    lines = ["# Python reference\n", "[The Python interface](../api.md) has the overview.\n"]
    for heading, names in sections((DOCS / "api.md").read_text(encoding="utf-8")):
        lines += [f"## {heading}\n", *map(directive, names)]
    return "\n".join(lines)


def physics_page(module: str) -> str:
    """Return the page of a module of equations."""
    name = f"qkdopt.physics.{module}"
    lines = [f"# Equations: {PHYSICS[module]}\n\n`{name}`\n", "```{eval-rst}"]
    return "\n".join([*lines, f".. automodule:: {name}", "   :members:", "```\n"])


# Pages that stand beside what they are about, in other folders of the repository.
ELSEWHERE = {
    "instance_library.md": "instances/README.md",
    "solvers_compared.md": "solvers/README.md",
    "measured.md": "benchmarks/README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changes.md": "CHANGELOG.md",
}


def page_from_elsewhere(path: str) -> str:
    """Return a page of another folder, its links to images of the documentation led there."""
    text = (DOCS.parent / path).read_text(encoding="utf-8")
    return text.replace("](../docs/", "](../")


def pages() -> dict[str, str]:
    """Return every generated page by its file name."""
    return {
        "commands.md": commands_page(),
        **{
            f"{FORMATS[file][0].lower().replace(' ', '_')}.md": format_page(file)
            for file in FORMATS
        },
        "python.md": python_page(),
        **{f"physics_{module}.md": physics_page(module) for module in PHYSICS},
        **{name: page_from_elsewhere(path) for name, path in ELSEWHERE.items()},
    }


def write_reference_pages() -> None:
    """Write what has changed: Sphinx reads a page again when its file is newer."""
    FOLDER.mkdir(exist_ok=True)
    written = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in written:
            path.unlink()
    for name, text in written.items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
