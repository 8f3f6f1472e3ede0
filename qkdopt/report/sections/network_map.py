"""The network of one result: its map, and its table of links."""

from __future__ import annotations

from collections import Counter

from qkdopt.instance import Link
from qkdopt.report.facts import Facts
from qkdopt.report.frame import Section, render
from qkdopt.report.sections.map_drawing import NetworkMap
from qkdopt.report.table import Column, Table, Value, noise_column, rate_column, share_column
from qkdopt.report.text import candidate_name


def network_section(facts: Facts) -> Section:
    """Build map and table of links."""
    drawing = NetworkMap(
        instance=facts.instance,
        label=facts.label,
        skr_bps=facts.report.link_skr_bps,
        lightpaths={name: len(channels) for name, channels in facts.lit.items()},
    )
    body = render(
        "network.html", drawing=drawing.to_html(), links_table=links_table(facts), pick=True
    )
    return Section(name="network", title="Network", body=body)


def links_table(facts: Facts) -> Table:
    """Return one row a link."""
    limits = Counter(row.bottleneck for row in facts.result.demands if row.served)
    named = any(link.qkd_system for link in facts.instance.network.links)
    rows = [
        _row(facts, link, limits[link.id], named=named) for link in facts.instance.network.links
    ]
    columns = (
        Column(key="link", title="Link"),
        Column(key="a", title="From"),
        Column(key="b", title="To"),
        Column(key="length_km", title="Length", unit="km", style=",.1f"),
        Column(key="loss_db", title="Loss", unit="dB", style=".2f"),
        *([Column(key="qkd_system", title="QKD system")] if named else []),
        Column(key="working_channel", title="QKD channel"),
        rate_column("skr_bps", "Key rate"),
        share_column("qber", "QBER"),
        noise_column("noise_per_gate", "Noise"),
        Column(key="lightpaths", title="Lightpaths"),
        Column(key="demands", title="Demands"),
        Column(key="limits_demands", title="Limits", unit="demands"),
    )
    return Table(name="links", caption="Links: one row each", columns=columns, rows=rows)


def _row(facts: Facts, link: Link, limits: int, *, named: bool) -> tuple[Value, ...]:
    row, candidate = facts.working.get(link.id), facts.working_candidate(link)
    return (
        link.id, facts.node_names[link.a], facts.node_names[link.b], link.length_km,
        facts.instance.loss_db(link),
        *((link.qkd_system,) if named else ()),
        None if candidate is None else candidate_name(facts.instance, candidate),
        *((None, None, None) if row is None else (row.skr_bps, row.qber, row.noise_per_gate)),
        len(facts.lit[link.id]), facts.crossing[link.id], limits,
    )  # fmt: skip
