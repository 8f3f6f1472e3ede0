"""The page of a ranking of channel sets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qkdopt.instance import Instance
from qkdopt.report.frame import Chapter, Page
from qkdopt.report.sections.design import (
    frontier_section,
    ranking_section,
    scenarios_section,
    winner_section,
)
from qkdopt.report.sections.study_assumptions import study_assumptions_section
from qkdopt.report.text import counted, shortened
from qkdopt.runtime.files import write_text_whole

if TYPE_CHECKING:
    import pandas as pd

    from qkdopt.channel_sets.diagnostics import ChannelDiagnostics

NOTES = (
    "Gains are paired: every set met the same requests, or the same assignments, as the baseline. "
    "Intervals of gains are of 95 % each; above, below and not below the best hold for all rows "
    "together.",
    "Values are estimates of a simulation, which the checker cannot recompute; the same options "
    "and seed give them again.",
)


@dataclass(frozen=True, kw_only=True)
class RankedSets:
    """What a page of a ranking shows.

    Parameters
    ----------
    ranking
        Rows of :func:`qkdopt.channel_sets.ranking.rank`, the best first.
    scenarios
        Rows by set and scenario.
    frontier
        Table of :class:`qkdopt.channel_sets.pareto.Pareto`.
    diagnostics
        Of the best set and of the baseline, in this order.
    best
        Instance with the best set.
    question
        Plain data of problem, options and environment.
    """

    ranking: pd.DataFrame
    scenarios: pd.DataFrame
    frontier: pd.DataFrame
    diagnostics: tuple[ChannelDiagnostics, ChannelDiagnostics]
    best: Instance
    question: dict[str, Any]


def write_design_page(path: str | Path, ranked: RankedSets) -> None:
    """Write a ranking of channel sets as one HTML page that needs no network.

    Parameters
    ----------
    path
        File of the page.
    ranked
        Tables, diagnostics and options of the ranking.

    Raises
    ------
    UnsupportedError
        The page would be larger than 6 MB.
    OutputError
        The file cannot be written.
    """
    sections = [
        ranking_section(ranked.ranking, ranked.question),
        frontier_section(ranked.frontier),
        winner_section(*ranked.diagnostics),
        study_assumptions_section(ranked.best, ranked.question, NOTES),
    ]
    if ranked.scenarios["scenario"].nunique() > 1:
        sections.insert(2, scenarios_section(ranked.scenarios))
    page = Page(
        title=f"Channel sets of {shortened(ranked.question['instance'])}",
        subtitle=f"{counted(len(ranked.ranking), 'set')} ranked on {ranked.question['on']}",
        chapters=[Chapter(name="d", title="", sections=sections)],
    )
    write_text_whole(path, page.to_html())
