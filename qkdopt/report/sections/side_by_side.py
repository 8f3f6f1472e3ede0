"""Several results side by side: one row each, and each demand's key rate in all of them."""

from __future__ import annotations

from collections.abc import Sequence

from qkdopt.report.facts import Facts
from qkdopt.report.frame import Section, render
from qkdopt.report.table import Column, Table, Value, rate_column, share_column


def side_by_side_section(every: Sequence[Facts]) -> Section:
    """Build the comparison of several results."""
    same = len({facts.result.instance.sha256 for facts in every}) == 1
    objectives = {facts.result.objective for facts in every}
    body = render(
        "side_by_side.html",
        same=same,
        one_objective=len(objectives) == 1,
        results=results_table(every),
        demands=rates_table(every) if same else None,
    )
    return Section(name="results", title="Results side by side", body=body)


def results_table(every: Sequence[Facts]) -> Table:
    """Return one row a result."""
    columns = (
        Column(key="result", title="Result"),
        Column(key="instance", title="Instance"),
        Column(key="strategy", title="Strategy"),
        Column(key="objective", title="Objective"),
        Column(key="served", title="Served"),
        Column(key="demands", title="Demands"),
        Column(key="without_key", title="Without key"),
        rate_column("mean_skr_bps", "Mean"),
        rate_column("worst_skr_bps", "Worst"),
        rate_column("mean_skr_per_request_bps", "Per request"),
        Column(key="gain", title="Gain", unit="%", scale=100.0, style="+.1f"),
        rate_column("bound_bps", "Bound"),
        share_column("gap", "Gap"),
        Column(key="seconds", title="Time", unit="s", style=".1f"),
    )
    return Table(
        name="results", caption="Results: one row each", columns=columns,
        rows=[_row(facts) for facts in every],
    )  # fmt: skip


def _row(facts: Facts) -> tuple[Value, ...]:
    result, value, bound = facts.result, facts.result.value, facts.result.bound
    achieved: tuple[Value, ...] = (None,) * 5
    if value is not None:
        achieved = (
            facts.report.without_key, value.mean_skr_bps, value.worst_skr_bps,
            value.mean_skr_per_request_bps,
            None if result.baseline is None else result.baseline.gain,
        )  # fmt: skip
    return (
        facts.label, result.instance.name, result.strategy, result.objective,
        None if value is None else value.served, len(facts.instance.demands), *achieved,
        None if bound is None else bound.objective_bps, result.gap,
        None if facts.saved else result.seconds,
    )  # fmt: skip


def rates_table(every: Sequence[Facts]) -> Table:
    """Return each demand's key rate in every result of one instance; none where it is blocked."""
    first = every[0]
    columns = (
        Column(key="demand", title="Demand"),
        Column(key="source", title="From"),
        Column(key="target", title="To"),
        *(
            rate_column(f"skr_bps_{number}", f"{number}: {facts.label}")
            for number, facts in enumerate(every, start=1)
        ),
    )
    rows = [
        (
            str(demand.id), first.node_names[demand.source], first.node_names[demand.target],
            *(
                facts.outcomes[demand.id].skr_bps if facts.outcomes[demand.id].served else None
                for facts in every
            ),
        )
        for demand in first.instance.demands
    ]  # fmt: skip
    return Table(
        name="demand_rates", caption="Key rate of each demand in every result",
        columns=columns, rows=rows,
    )  # fmt: skip
