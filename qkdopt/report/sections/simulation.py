"""Sections of a simulation: its figures with their intervals, its links averaged over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qkdopt.instance import Link
from qkdopt.report.frame import Section, render
from qkdopt.report.sections.assumptions import citations, hardware_statements, parameters_table
from qkdopt.report.sections.headline import Figure
from qkdopt.report.sections.map_drawing import NetworkMap
from qkdopt.report.simulations import SimulationFacts
from qkdopt.report.table import Column, Table, Value, rate_column, share_column
from qkdopt.report.text import counted, passage, shortened
from qkdopt.simulation.record import Interval, SimulatedLink, SimulationRecord

# Column -> heading, unit, factor and format of its values.
MEASURES = (
    ("mean_skr_bps", "Mean key rate at admission", "kbit/s", 1e-3, ".3f"),
    ("mean_skr_per_request_bps", "Key rate per request", "kbit/s", 1e-3, ".3f"),
    ("time_average_skr_bps", "Key rate averaged over time", "kbit/s", 1e-3, ".3f"),
    ("blocking", "Blocking", "%", 100.0, ".4f"),
    ("outage", "Served without key", "%", 100.0, ".4f"),
    ("switches_per_request", "Switches per request", "", 1.0, ".3f"),
)

# The same where requests draw keys.
KEY_MEASURES = (
    ("key_delivered_share", "Key delivered of what is asked for", "%", 100.0, ".4f"),
    ("key_delivered_bps", "Key delivered in the network", "kbit/s", 1e-3, ".3f"),
    ("empty_pool_share", "Time beside an empty pool", "%", 100.0, ".4f"),
    ("key_blocked", "Refused for want of key", "%", 100.0, ".4f"),
)


def _measures(record: SimulationRecord) -> tuple[tuple[str, str, str, float, str], ...]:
    return MEASURES if record.key_need_bps is None else MEASURES + KEY_MEASURES


def simulation_sections(facts: SimulationFacts) -> list[Section]:
    """Build the sections of one simulation."""
    return [_headline(facts), _network(facts), _assumptions(facts)]


def _headline(facts: SimulationFacts) -> Section:
    record = facts.record
    figures = [
        Figure(title, _spelled(getattr(record, name), unit, scale, style))
        for name, title, unit, scale, style in _measures(record)
    ]
    body = render(
        "headline.html", figures=figures, sentences=list(_sentences(record)), faults=(),
        notes=[passage(note) for note in record.notes], interrupted=record.interrupted,
    )  # fmt: skip
    return Section(name="headline", title="In short", body=body)


def _spelled(estimate: Interval, unit: str, scale: float, style: str) -> str:
    if estimate.value is None:
        return "none"
    spread = "" if estimate.ci95 is None else f" ± {scale * estimate.ci95:{style}}"
    return f"{scale * estimate.value:{style}}{spread} {unit}".rstrip()


def _sentences(record: SimulationRecord) -> Iterator[str]:
    choice = record.order if record.policy is None else record.policy
    yield (
        f"Dynamic traffic of {record.load_erlang:g} erlang: {record.requests:,} requests in "
        f"{counted(record.replications, 'replication')}, each after {record.warmup:,} of warm-up, "
        f"seed {record.seed}. Strategy {shortened(record.strategy)} ({shortened(choice)}), "
        f"retuning: {shortened(record.retune)}."
    )
    causes = [
        f"{100.0 * estimate.value:.4f} % by {shortened(cause)}"
        for cause, estimate in record.blocking_by_cause.items()
        if estimate.value
    ]
    yield f"Blocked: {', '.join(causes)}." if causes else "No request was blocked."
    if record.key_need_bps is not None:
        bridged = f", pools counted upon for {record.bridge_s:g} s" if record.bridge_s else ""
        yield (
            f"Each {shortened(record.key_per or 'request')} draws {record.key_need_bps:g} bit/s of "
            f"the keys of all links on its route, which requests share. Admission by "
            f"{shortened(record.admission or 'light')}{bridged}; mean holding time "
            f"{record.mean_holding_s:g} s."
        )
    yield (
        "Values are means with the half-width of their 95 % interval. Key rates are counted per "
        "request, each as if it had the links of its route to itself. A simulation cannot be "
        "recomputed by the checker; the same options and seed give it again."
    )


def _network(facts: SimulationFacts) -> Section:
    rows = {row.link: row for row in facts.record.links}
    drawing = NetworkMap(
        instance=facts.instance,
        label=facts.label,
        skr_bps={name: row.skr_bps for name, row in rows.items() if row.qber is not None},
        lightpaths={name: row.lightpaths for name, row in rows.items()},
    )
    drawn = facts.record.key_need_bps is not None
    table = Table(
        name="links", caption="Links, averaged over time",
        columns=(*LINK_COLUMNS, EMPTY_COLUMN) if drawn else LINK_COLUMNS,
        rows=[
            (*_link_row(link, rows[link.id]), *((rows[link.id].empty_pool_share,) if drawn else ()))
            for link in facts.instance.network.links
        ],
    )  # fmt: skip
    body = render("network.html", drawing=drawing.to_html(), links_table=table, pick=False)
    return Section(name="network", title="Network", body=body)


LINK_COLUMNS = (
    Column(key="link", title="Link"),
    Column(key="length_km", title="Length", unit="km", style=",.1f"),
    rate_column("skr_bps", "Key rate"),
    Column(key="skr_bps_ci95", title="95 %, half-width", unit="kbit/s", scale=1e-3, style=",.3f"),
    share_column("qber", "QBER"),
    Column(key="lightpaths", title="Lightpaths", style=".2f"),
    share_column("no_key_share", "Time without key"),
)
EMPTY_COLUMN = share_column("empty_pool_share", "Time with an empty pool")


def _link_row(link: Link, row: SimulatedLink) -> tuple[Value, ...]:
    return (
        link.id, link.length_km, row.skr_bps, row.skr_bps_ci95, row.qber, row.lightpaths,
        row.no_key_share,
    )  # fmt: skip


def _assumptions(facts: SimulationFacts) -> Section:
    instance, record = facts.instance, facts.record
    rows = [
        ("instance", record.instance), ("instance.sha256", record.sha256),
        ("seconds", f"{record.seconds:.1f}"),
        ("requests a second and core", f"{record.requests_per_second:,.0f}"),
        ("processor", record.environment.cpu), ("platform", record.environment.platform),
        *((f"version of {name}", text) for name, text in record.environment.versions.items()),
    ]  # fmt: skip
    columns = (Column(key="fact", title="Fact"), Column(key="value", title="Value"))
    body = render(
        "assumptions.html",
        statements=list(hardware_statements(instance)),
        citations=list(citations(instance)),
        source=passage(instance.network.source),
        description=passage(instance.description),
        changes=(),
        parameters=parameters_table(instance),
        provenance=Table(name="provenance", caption="The run", columns=columns, rows=rows),
    )
    return Section(name="assumptions", title="Assumptions and sources", body=body)


def simulations_section(every: Sequence[SimulationFacts]) -> Section:
    """Build the comparison of several simulations."""
    columns = [
        Column(key="simulation", title="Simulation"),
        Column(key="instance", title="Instance"),
        Column(key="strategy", title="Strategy"),
        Column(key="load_erlang", title="Load", unit="erlang", style="g"),
    ]
    measures = _compared(every)
    for name, title, unit, scale, style in measures:
        columns.append(Column(key=name, title=title, unit=unit, scale=scale, style=style))
        columns.append(Column(key=f"{name}_ci95", title="± 95 %", scale=scale, style=style))
    rows = [_row(facts, measures) for facts in every]
    table = Table(
        name="simulations", caption="Simulations: one row each", columns=columns, rows=rows
    )
    body = render("simulations.html", simulations=table)
    return Section(name="simulations", title="Simulations side by side", body=body)


def _compared(
    every: Sequence[SimulationFacts],
) -> tuple[tuple[str, str, str, float, str], ...]:
    """Measures that stand side by side: those of keys where any simulation has them."""
    return max((_measures(facts.record) for facts in every), key=len)


def _row(
    facts: SimulationFacts, measures: tuple[tuple[str, str, str, float, str], ...]
) -> list[Value]:
    record = facts.record
    row: list[Value] = [facts.label, record.instance, record.strategy, record.load_erlang]
    for name, *_ in measures:
        estimate: Interval | None = getattr(record, name)
        row += [None, None] if estimate is None else [estimate.value, estimate.ci95]
    return row
