"""The report of results: each beside its instance, recomputed, on one page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from qkdopt.checker.in_place import planned_instance
from qkdopt.errors import ResultError
from qkdopt.instance import Instance
from qkdopt.report.facts import Facts, checked_facts
from qkdopt.report.frame import Chapter, Page, Section
from qkdopt.report.saved_plans import STRATEGY, saved_plan_facts
from qkdopt.report.sections.assumptions import assumptions_section
from qkdopt.report.sections.demands import demands_section
from qkdopt.report.sections.equipment import equipment_section
from qkdopt.report.sections.headline import headline_section
from qkdopt.report.sections.network_map import network_section
from qkdopt.report.sections.noise import noise_section
from qkdopt.report.sections.over_time import over_time_section
from qkdopt.report.sections.side_by_side import side_by_side_section
from qkdopt.report.sections.simulation import simulation_sections, simulations_section
from qkdopt.report.sections.spectrum import spectrum_section
from qkdopt.report.simulations import SimulationFacts, checked_simulation
from qkdopt.report.text import counted, shortened
from qkdopt.result import InstanceRef, Result, SavedPlan
from qkdopt.runtime.files import validate_writable, write_text_whole
from qkdopt.simulation import SimulationOutcome
from qkdopt.simulation.record import SimulationRecord

# What a page shows.
AnyResult = Result | SavedPlan | SimulationOutcome | SimulationRecord

# In the order of reading; those of a plan are left out where there is none.
SECTIONS = (
    headline_section, network_section, spectrum_section, demands_section, noise_section,
    over_time_section, equipment_section, assumptions_section,
)  # fmt: skip
WITHOUT_PLAN = (headline_section, over_time_section, assumptions_section)
# A saved plan has no history.
SAVED = tuple(build for build in SECTIONS if build is not over_time_section)


def write_report(
    path: str | Path,
    results: AnyResult | Sequence[AnyResult],
    *,
    instances: Instance | Iterable[Instance],
    labels: Sequence[str] | None = None,
) -> None:
    """Write results as one HTML page that needs no network: numbers, map, spectrum, tables.

    Every number of a plan is recomputed by :func:`qkdopt.check` first.

    Parameters
    ----------
    path
        File of the page.
    results
        One result of a plan or a simulation, a saved plan, or several to stand side by side.
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
    several = [results] if isinstance(results, AnyResult) else list(results)
    known = [instances] if isinstance(instances, Instance) else list(instances)
    names = default_labels(several) if labels is None else labels
    write_text_whole(path, report_page(several, known, names).to_html())


def report_page(
    results: Sequence[AnyResult], instances: Sequence[Instance], labels: Sequence[str]
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
    references = [reference_of(result) for result in results]
    missing = [
        f"{label}: no instance {shortened(ref.name)} with hash {ref.sha256[:12]}... among those "
        "given; expected the instance of the result"
        for label, ref in zip(labels, references, strict=True)
        if ref.sha256 not in by_hash
    ]
    if missing or not results:
        raise ResultError("report", missing or ["no results; expected at least one"])
    every = [
        _checked(label, by_hash[ref.sha256], result)
        for label, ref, result in zip(labels, references, results, strict=True)
    ]
    return Page(title=_title(references), subtitle=_subtitle(every), chapters=_chapters(every))


def reference_of(result: AnyResult) -> InstanceRef:
    """Return which instance a result is of; around an earlier plan, the one that was given."""
    if isinstance(result, Result | SavedPlan):
        if result.around is not None:
            return result.instance.model_copy(update={"sha256": result.around.given_sha256})
        return result.instance
    if isinstance(result, SimulationOutcome):
        return InstanceRef(name=result.instance, sha256=result.instance_sha256)
    return InstanceRef(name=result.instance, sha256=result.sha256)


def _checked(label: str, instance: Instance, result: AnyResult) -> Facts | SimulationFacts:
    if isinstance(result, Result):
        return checked_facts(label, planned_instance(instance, result), result)
    if isinstance(result, SavedPlan):
        return saved_plan_facts(label, instance, result)
    if isinstance(result, SimulationOutcome):
        result = SimulationRecord.model_validate_json(json.dumps(result.to_json_dict()))
    return checked_simulation(label, instance, result)


def default_labels(results: Sequence[AnyResult]) -> list[str]:
    """Name results by instance and strategy, with a number where several have one name."""
    names = [f"{reference_of(result).name}, {_strategy(result)}" for result in results]
    times = Counter(names)
    return [
        name if times[name] == 1 else f"{name} ({number})"
        for number, name in enumerate(names, start=1)
    ]


def _strategy(result: AnyResult) -> str:
    if isinstance(result, SavedPlan):
        return STRATEGY
    return result.options.strategy if isinstance(result, SimulationOutcome) else result.strategy


def _title(references: Sequence[InstanceRef]) -> str:
    if len(references) == 1:
        return references[0].name
    names = {ref.name for ref in references}
    where = next(iter(names)) if len(names) == 1 else counted(len(names), "instance")
    return f"{counted(len(references), 'result')} of {where}"


def _subtitle(every: Sequence[Facts | SimulationFacts]) -> str:
    if len(every) > 1:
        return "Data and quantum keys on the same fibres"
    facts = every[0]
    if isinstance(facts, SimulationFacts):
        what, preset = "Simulation of dynamic traffic", facts.record.preset
        strategy = facts.record.strategy
    else:
        what, preset = "Plan", facts.result.instance.preset
        strategy = facts.result.strategy
    source = (
        f"saved for objective {facts.result.objective}"
        if isinstance(facts, Facts) and facts.saved
        else f"strategy {shortened(strategy)}"
    )
    return (
        f"{what} for data and quantum keys on the same fibres: {source}, "
        f"preset {shortened(preset or 'none')}"
    )


def _chapters(every: Sequence[Facts | SimulationFacts]) -> list[Chapter]:
    chapters = []
    if len(every) > 1:
        chapters.append(Chapter(name="all", title="", sections=list(_side_by_side(every))))
    for number, facts in enumerate(every, start=1):
        title = shortened(facts.label) if len(every) > 1 else ""
        chapters.append(Chapter(name=f"r{number}", title=title, sections=_sections(facts)))
    return chapters


def _side_by_side(every: Sequence[Facts | SimulationFacts]) -> Iterator[Section]:
    plans = [facts for facts in every if isinstance(facts, Facts)]
    simulations = [facts for facts in every if isinstance(facts, SimulationFacts)]
    if plans:
        yield side_by_side_section(plans)
    if simulations:
        yield simulations_section(simulations)


def _sections(facts: Facts | SimulationFacts) -> list[Section]:
    if isinstance(facts, SimulationFacts):
        return simulation_sections(facts)
    if facts.saved:
        return [build(facts) for build in SAVED]
    kinds = SECTIONS if facts.result.value is not None else WITHOUT_PLAN
    return [build(facts) for build in kinds]
