"""What the numbers of a study stand on: hardware, sources of the equations, its options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qkdopt.instance import Instance
from qkdopt.report.frame import Section, render
from qkdopt.report.sections.assumptions import citations, hardware_statements, parameters_table
from qkdopt.report.table import Column, Table
from qkdopt.report.text import passage


def study_assumptions_section(
    instance: Instance, question: Mapping[str, Any], notes: Sequence[str]
) -> Section:
    """Build assumptions, sources and options of a study.

    Parameters
    ----------
    instance
        Instance whose hardware the study is about.
    question
        Plain data of options and environment.
    notes
        Statements about the numbers, after those of the hardware.
    """
    columns = (Column(key="fact", title="Fact"), Column(key="value", title="Value", wide=True))
    body = render(
        "assumptions.html",
        statements=[*hardware_statements(instance), *notes],
        citations=list(citations(instance)),
        source=passage(instance.network.source),
        description=passage(instance.description),
        changes=(),
        parameters=parameters_table(instance),
        provenance=Table(
            name="provenance", caption="Options and versions", columns=columns,
            rows=list(_facts(question)),
        ),
    )  # fmt: skip
    return Section(name="assumptions", title="Assumptions and sources", body=body)


def _facts(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield one fact a value, those of an object below its name."""
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from _facts(value, f"{prefix}{name}.")
        elif isinstance(value, list | tuple) and any(isinstance(one, Mapping) for one in value):
            numbered = {str(number): one for number, one in enumerate(value, start=1)}
            yield from _facts(numbered, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", passage("none" if value is None else _spelled(value))


def _spelled(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_spelled, value)) or "none"
    return f"{value:.10g}" if isinstance(value, float) else str(value)
