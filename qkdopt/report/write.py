"""The report of results: each beside its instance, recomputed, on one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from qkdopt.errors import ResultError
from qkdopt.instance import Instance
from qkdopt.report.facts import Facts, checked_facts
from qkdopt.report.frame import Chapter, Page
from qkdopt.report.sections.assumptions import assumptions_section
from qkdopt.report.sections.demands import demands_section
from qkdopt.report.sections.equipment import equipment_section
from qkdopt.report.sections.headline import headline_section
from qkdopt.report.sections.network_map import network_section
from qkdopt.report.sections.noise import noise_section
from qkdopt.report.sections.over_time import over_time_section
from qkdopt.report.sections.side_by_side import side_by_side_section
from qkdopt.report.sections.spectrum import spectrum_section
from qkdopt.report.text import counted
from qkdopt.result import Result
from qkdopt.runtime.files import validate_writable, write_text_whole

# In the order of reading; those of a plan are left out where there is none.
SECTIONS = (
    headline_section, network_section, spectrum_section, demands_section, noise_section,
    over_time_section, equipment_section, assumptions_section,
)  # fmt: skip
WITHOUT_PLAN = (headline_section, over_time_section, assumptions_section)


def write_report(
    path: str | Path,
    results: Result | Sequence[Result],
    *,
    instances: Instance | Iterable[Instance],
    labels: Sequence[str] | None = None,
) -> None:
    """Write results as one HTML page that needs no network: numbers, map, spectrum, tables.

    Every number is recomputed by :func:`qkdopt.check` first.

    Parameters
    ----------
    path
        File of the page.
    results
        One result, or several to stand side by side.
    instances
        Instances of the results, in any order: each result finds its own by the hash.
    labels
        What the page calls each result; by default instance and strategy.

    Raises
    ------
    ResultError
        A result has no instance among those given.
    RefusedError
        The checker finds a fault in a result; nothing is written.
    UnsupportedError
        The page would be larger than 6 MB.
    OutputError
        The file cannot be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> result = qkdopt.solve(line, strategy="ds-qkd")
    >>> with TemporaryDirectory() as folder:
    ...     qkdopt.write_report(f"{folder}/page.html", result, instances=line)
    ...     Path(f"{folder}/page.html").read_text(encoding="utf-8")[:15]
    '<!DOCTYPE html>'
    """
    validate_writable(path)
    several = [results] if isinstance(results, Result) else list(results)
    known = [instances] if isinstance(instances, Instance) else list(instances)
    names = default_labels(several) if labels is None else labels
    write_text_whole(path, report_page(several, known, names).to_html())


def report_page(
    results: Sequence[Result], instances: Sequence[Instance], labels: Sequence[str]
) -> Page:
    """Build the page of results.

    Parameters
    ----------
    results
        At least one result.
    instances
        Their instances, in any order.
    labels
        Name of each result.

    Raises
    ------
    ResultError, RefusedError
        See :func:`write_report`.
    """
    by_hash = {instance.sha256(): instance for instance in instances}
    missing = [
        f"{label}: no instance {result.instance.name} with hash "
        f"{result.instance.sha256[:12]}... among those given; expected the instance of the result"
        for label, result in zip(labels, results, strict=True)
        if result.instance.sha256 not in by_hash
    ]
    if missing or not results:
        raise ResultError("report", missing or ["no results; expected at least one"])
    every = [
        checked_facts(label, by_hash[result.instance.sha256], result)
        for label, result in zip(labels, results, strict=True)
    ]
    return Page(title=_title(every), subtitle=_subtitle(every), chapters=_chapters(every))


def default_labels(results: Sequence[Result]) -> list[str]:
    """Name results by instance and strategy, with a number where several have one name."""
    names = [f"{result.instance.name}, {result.strategy}" for result in results]
    times = Counter(names)
    return [
        name if times[name] == 1 else f"{name} ({number})"
        for number, name in enumerate(names, start=1)
    ]


def _title(every: Sequence[Facts]) -> str:
    if len(every) == 1:
        return every[0].result.instance.name
    names = {facts.result.instance.name for facts in every}
    where = next(iter(names)) if len(names) == 1 else counted(len(names), "instance")
    return f"{counted(len(every), 'result')} of {where}"


def _subtitle(every: Sequence[Facts]) -> str:
    if len(every) > 1:
        return "Plans for data and quantum keys on the same fibres"
    result = every[0].result
    return (
        f"Plan for data and quantum keys on the same fibres: strategy {result.strategy}, "
        f"preset {result.instance.preset or 'none'}"
    )


def _chapters(every: Sequence[Facts]) -> list[Chapter]:
    chapters = []
    if len(every) > 1:
        chapters.append(Chapter(name="all", title="", sections=[side_by_side_section(every)]))
    for number, facts in enumerate(every, start=1):
        kinds = SECTIONS if facts.result.value is not None else WITHOUT_PLAN
        chapters.append(
            Chapter(
                name=f"r{number}",
                title=facts.label if len(every) > 1 else "",
                sections=[build(facts) for build in kinds],
            )
        )
    return chapters
