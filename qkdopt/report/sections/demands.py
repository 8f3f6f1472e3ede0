"""Demands: route, channels, key rate, bottleneck, and the reason where there is no light or key."""

from __future__ import annotations

from collections import Counter

from qkdopt.instance import Demand
from qkdopt.report.facts import Facts
from qkdopt.report.frame import Section, render
from qkdopt.report.reasons import BLOCKED, reason_of
from qkdopt.report.table import Column, Table, Value, rate_column
from qkdopt.report.text import counted, ranges

WITH_KEY, WITHOUT_KEY, NOT_SERVED = "with key", "without key", "blocked"


def demands_section(facts: Facts) -> Section:
    """Build the table of demands, and a count of reasons."""
    reasons = Counter(row.blocked_by for row in facts.result.demands if not row.served)
    causes = [
        f"{counted(count, 'demand')} blocked by {reason or 'an unrecorded reason'}"
        + (f": {BLOCKED[reason]}" if reason else "")
        for reason, count in reasons.most_common()
    ]
    body = render(
        "demands.html",
        causes=causes,
        demands=demands_table(facts),
        shares=facts.instance.qkd.relay == "lightpath",
        shared=facts.shares_keys,
    )
    return Section(name="demands", title="Demands", body=body)


def demands_table(facts: Facts) -> Table:
    """Return one row a demand."""
    rows = [_row(facts, demand) for demand in facts.instance.demands]
    columns = (
        Column(key="demand", title="Demand"),
        Column(key="source", title="From"),
        Column(key="target", title="To"),
        Column(key="state", title="State", choice=True),
        rate_column("need_bps", "Need"),
        rate_column("skr_bps", "Key rate"),
        rate_column("shared_skr_bps", "Shared key rate"),
        Column(key="bottleneck", title="Bottleneck"),
        Column(key="route", title="Route", wide=True),
        Column(key="length_km", title="Length", unit="km", style=",.1f"),
        Column(key="channels", title="Channels"),
        Column(key="reason", title="Reason", wide=True),
    )
    table = Table(name="demands", caption="Demands: one row each", columns=columns, rows=rows)
    apart = facts.instance.qkd.relay == "lightpath" and not facts.shares_keys
    empty = [] if apart else ["shared_skr_bps"]
    if not facts.shares_keys:
        empty.append("need_bps")
    return table.without(*empty, *([] if any(row[-1] for row in rows) else ["reason"]))


def state_of(facts: Facts, demand: Demand) -> str:
    """Return whether a demand is served with key, without, or blocked."""
    outcome = facts.outcomes[demand.id]
    if not outcome.served:
        return NOT_SERVED
    return WITH_KEY if outcome.skr_bps > 0.0 else WITHOUT_KEY


def _row(facts: Facts, demand: Demand) -> tuple[Value, ...]:
    outcome, path = facts.outcomes[demand.id], facts.lightpaths.get(demand.id)
    served = path is not None
    return (
        str(demand.id),
        facts.node_names[demand.source],
        facts.node_names[demand.target],
        state_of(facts, demand),
        outcome.need_bps,
        outcome.skr_bps if served else None,
        facts.shared_skr_bps(demand.id),
        outcome.bottleneck if served else None,
        "–".join(facts.node_names[node] for node in path.route) if path else None,
        sum(facts.links[name].length_km for name in path.links) if path else None,
        ranges(path.channels) if path else None,
        reason_of(facts, demand) or None,
    )
