"""Sections of a ranking of channel sets: the ranking, the frontier, the scenarios, the winner."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qkdopt.channel_sets.objective import count_of_keys
from qkdopt.report.data_frames import finite, frame_table
from qkdopt.report.frame import Section, render
from qkdopt.report.sections.design_charts import (
    MOST_SETS,
    channel_chart,
    frontier_chart,
    ranking_chart,
)
from qkdopt.report.sections.headline import Figure
from qkdopt.report.table import Column, Table, rate_column, share_column
from qkdopt.report.text import kbps, percent, shortened

if TYPE_CHECKING:
    import pandas as pd

    from qkdopt.channel_sets.diagnostics import ChannelDiagnostics


def _spread(key: str, unit: str, scale: float = 1.0, style: str = ",.3f") -> Column:
    return Column(key=key, title="± 95 %", unit=unit, scale=scale, style=style)


def _percent(key: str, title: str) -> Column:
    return Column(key=key, title=title, unit="%", style="+.3f")


STYLES = {
    "name": Column(key="name", title="Set"),
    "channels": Column(key="channels", title="Channels by link", wide=True),
    "found_by": Column(key="found_by", title="Found by", choice=True),
    "mean_skr_bps": rate_column("mean_skr_bps", "Key rate, served only"),
    "mean_skr_bps_ci95": _spread("mean_skr_bps_ci95", "kbit/s", 1e-3),
    "mean_skr_per_request_bps": rate_column("mean_skr_per_request_bps", "Key rate per request"),
    "ci95": _spread("ci95", "kbit/s", 1e-3),
    "blocking": share_column("blocking", "Blocking"),
    "blocking_ci95": _spread("blocking_ci95", "%", 100.0),
    "outage": share_column("outage", "Served without key"),
    "criterion": rate_column("criterion", "Criterion"),
    "criterion_ci95": _spread("criterion_ci95", "kbit/s", 1e-3),
    "paired_gain_percent": _percent("paired_gain_percent", "Gain over the baseline"),
    "paired_ci95": _spread("paired_ci95", "%"),
    "verdict": Column(key="verdict", title="Against the baseline", choice=True),
    "loss_to_best_percent": _percent("loss_to_best_percent", "Loss to the best"),
    "loss_ci95": _spread("loss_ci95", "%"),
    "as_good_as_best": Column(key="as_good_as_best", title="Not below the best", choice=True),
    "scenario": Column(key="scenario", title="Scenario", choice=True),
    "on_frontier": Column(key="on_frontier", title="On the frontier", choice=True),
    "best_of_size": Column(key="best_of_size", title="Best of its number", choice=True),
    "buys_percent": _percent("buys_percent", "Gain over the best with fewer"),
    "buys_ci95": _spread("buys_ci95", "%"),
}
# A criterion of gains is no rate.
LEAST_GAIN = {
    "criterion": Column(key="criterion", title="Least ratio to the baseline", style=".5f"),
    "criterion_ci95": _spread("criterion_ci95", "", style=".5f"),
}


def ranking_section(ranking: pd.DataFrame, question: dict[str, Any]) -> Section:
    """Build the ranking: its first set, the gains with their intervals, every set.

    Parameters
    ----------
    ranking
        Rows of :func:`qkdopt.channel_sets.ranking.rank`, the best first.
    question
        Plain data of problem and options.
    """
    styles = STYLES | (LEAST_GAIN if question["criterion"] == "least-gain" else {})
    frame = ranking.drop(columns="placement", errors="ignore")
    frame = frame[["name", *(name for name in frame.columns if name != "name")]]
    body = render(
        "design_ranking.html",
        figures=list(_figures(ranking)),
        statements=list(_statements(ranking, question)),
        chart=ranking_chart(ranking),
        table=frame_table("design", "Channel sets: one row each, the best first", frame, styles),
    )
    return Section(name="ranking", title="Ranking", body=body)


def _figures(ranking: pd.DataFrame) -> Iterator[Figure]:
    best = ranking.iloc[0].to_dict()
    gain, spread = finite(best["paired_gain_percent"]), finite(best["paired_ci95"])
    yield Figure("Best set", shortened(best["name"]), f"found by {best['found_by']}")
    if best["verdict"] == "baseline":
        yield Figure("Gain", "none", "the baseline itself is the best of those ranked")
    elif gain is None:
        yield Figure("Gain", "none", "the baseline has no key to compare with")
    else:
        half = "" if spread is None else f" ± {spread:.3f}"
        yield Figure("Gain", f"{gain:+.3f}{half} %", f"over the baseline: {best['verdict']}")
    yield Figure(
        "Key rate per request", kbps(best["mean_skr_per_request_bps"]), "blocked ones as 0"
    )
    yield Figure("Blocking", percent(best["blocking"], 3), "of the best set")
    equal = int(ranking["as_good_as_best"].sum())
    yield Figure("Not below the best", f"{equal:,} of {len(ranking):,}", "the best set among them")


def _statements(ranking: pd.DataFrame, question: dict[str, Any]) -> Iterator[str]:
    base = ranking.loc[ranking["verdict"].eq("baseline"), "name"]
    baseline = shortened(base.iloc[0]) if len(base) else "none"
    yield (
        f"Ranked by the criterion {question['criterion']} on {question['on']}, in "
        f"{question['blocks']:,} blocks; the baseline is {baseline}."
    )
    counted = count_of_keys(question)
    if counted is not None:
        yield f"{counted[0].upper()}{counted[1:]}."
    if len(ranking) > MOST_SETS:
        yield f"The chart has the first {MOST_SETS} sets, the table all {len(ranking):,}."
    if question["on"] == "demands":
        yield "Intervals are of the heuristic's luck on this one list of demands, not of traffic."
    if not ranking["mean_skr_bps"].gt(0.0).any():
        yield "No set gives any key."


def frontier_section(frontier: pd.DataFrame) -> Section:
    """Build what each receiver buys: key rate per request and blocking against cost."""
    frame = frontier.drop(columns="placement", errors="ignore")
    body = render(
        "design_frontier.html",
        chart=frontier_chart(frontier),
        table=frame_table("pareto", "Ranked sets: cost, key rate and blocking", frame, STYLES),
    )
    return Section(name="frontier", title="What further receivers buy", body=body)


def scenarios_section(scenarios: pd.DataFrame) -> Section:
    """Build the values by set and scenario."""
    table = frame_table("scenarios", "Sets by scenario: one row each", scenarios, STYLES)
    body = render("one_table.html", only=table)
    return Section(name="scenarios", title="By scenario", body=body)


def winner_section(best: ChannelDiagnostics, baseline: ChannelDiagnostics) -> Section:
    """Build why the best set is the best: light and key rate, channel by channel."""
    body = render(
        "design_winner.html",
        best=shortened(best.name),
        baseline=shortened(baseline.name),
        chart=channel_chart(best, baseline),
        table=channels_table(best, baseline),
    )
    return Section(name="winner", title="Why the best set is the best", body=body)


def channels_table(best: ChannelDiagnostics, baseline: ChannelDiagnostics) -> Table:
    """Return one row a channel of the pool; candidates off the grid carry no light."""
    columns = (
        Column(key="channel", title="Channel"),
        share_column("lit_best", "Links lit, best set"),
        share_column("lit_baseline", "Links lit, baseline"),
        rate_column("skr_bps_best", "Key rate on it, best set"),
        rate_column("skr_bps_baseline", "Key rate on it, baseline"),
        share_column("works_best", "Links working on it, best set"),
        share_column("works_baseline", "Links working on it, baseline"),
    )
    grid = len(best.lit)
    rows = [
        (
            name,
            *(float(one.lit[c]) if c < grid else None for one in (best, baseline)),
            *(float(one.skr_bps[c]) for one in (best, baseline)),
            *(float(one.works[c]) for one in (best, baseline)),
        )
        for c, name in enumerate(best.channels)
    ]
    return Table(name="channels", caption="Channels: one row each", columns=columns, rows=rows)
