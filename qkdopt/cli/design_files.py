"""Files that ``qkdopt design rank`` writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qkdopt.channel_sets.diagnostics import ChannelDiagnostics
from qkdopt.channel_sets.pareto import Pareto
from qkdopt.channel_sets.rank import Design
from qkdopt.instance import Instance
from qkdopt.io import write_json_whole, write_text_whole


def write_design(
    found: Design,
    frontier: Pareto,
    why: list[ChannelDiagnostics],
    best: Instance,
    question: dict[str, Any],
    folder: Path,
) -> None:
    """Write tables, plots, the instance with the best set, and options and environment.

    Parameters
    ----------
    found
        Ranking and its values by scenario, for ``design.csv``, ``scenarios.csv`` and
        ``ranking.png``.
    frontier
        Frontier of the ranked sets, for ``pareto.csv`` and ``pareto.png``.
    why
        Diagnostics of the best set and of the baseline, in this order, for ``why.png``.
    best
        Instance with the best set, for ``best.json``.
    question
        Plain data of problem, options and environment, for ``question.json``.
    folder
        Existing folder of the files.

    Raises
    ------
    OutputError
        A table or JSON file cannot be written.
    """
    for name, table in (
        ("design.csv", found.table), ("scenarios.csv", found.scenarios),
        ("pareto.csv", frontier.table),
    ):  # fmt: skip
        plain = table.drop(columns="placement", errors="ignore")
        write_text_whole(folder / name, plain.to_csv(index=False))
    _draw(found, frontier, why, folder)
    write_json_whole(folder / "best.json", best.to_json_dict())
    write_json_whole(folder / "question.json", question)


def _draw(found: Design, frontier: Pareto, why: list[ChannelDiagnostics], folder: Path) -> None:
    from matplotlib.figure import Figure

    from qkdopt.plotting import plot_diagnostics, plot_pareto, plot_ranking

    ranking = Figure(figsize=(8.0, 5.5), layout="constrained")
    plot_ranking(found.table, ranking.subplots())
    ranking.savefig(folder / "ranking.png", dpi=150)
    buys = Figure(figsize=(8.0, 7.0), layout="constrained")
    plot_pareto(frontier.table, buys.subplots(2, 1, sharex=True, height_ratios=(2, 1)))
    buys.savefig(folder / "pareto.png", dpi=150)
    explained = Figure(figsize=(9.5, 8.0), layout="constrained")
    plot_diagnostics(why[0], why[1], explained.subplots(3, 1, sharex=True))
    explained.savefig(folder / "why.png", dpi=150)
