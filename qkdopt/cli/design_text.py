"""What ``qkdopt design rank`` prints."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qkdopt.channel_sets.design_problem import DesignProblem
from qkdopt.channel_sets.objective import count_of_keys
from qkdopt.channel_sets.pareto import Pareto
from qkdopt.channel_sets.rank import Design
from qkdopt.experiments.sensitivity.power import mean_launch_dbm
from qkdopt.instance.generation import preset_name

if TYPE_CHECKING:
    import pandas as pd

SHOWN_ROWS = 12
# Fewer blocks than this, and hardly any difference can be significant.
FEW_BLOCKS = 10
GAIN_OF = {
    "mean": "gain in the mean", "worst": "gain in the worst scenario",
    "quantile": "gain in the quantile", "least-gain": "gain in the least gain",
}  # fmt: skip


def design_lines(
    problem: DesignProblem, found: Design, frontier: Pareto, folder: Path
) -> list[str]:
    """Format the ranking and the marginal value of receivers as lines of text.

    Parameters
    ----------
    problem
        Instance, scenarios, baseline and options of the ranking.
    found
        Ranked sets.
    frontier
        Frontier of the ranked sets.
    folder
        Folder that the last line names; nothing is written here.
    """
    evaluator, options = problem.evaluator, problem.options
    instance = evaluator.instance
    titles = "; ".join(evaluator.titles)
    on = problem.to_dict()["on"]
    tried = f"{found.tried} sets tried" if found.tried else "no search"
    fresh = (
        f"{options.blocks} assignments each from other seeds"
        if on == "demands"
        else f"{options.blocks * problem.to_dict()['requests_of_a_block']:,} fresh requests each"
    )
    counted = count_of_keys(problem.to_dict())
    lines = [
        f"{instance.name}  (preset {preset_name(instance)}, reserve {evaluator.reserve}, launch "
        f"{mean_launch_dbm(instance):.2f} dBm{_spread_of_launch(instance)})",
        f"{tried} on {on} under {titles}",
        f"ranked by {options.criterion.name} on {fresh}",
        *([counted] if counted else []),
        f"gains over {found.pool.title(problem.baseline)}, paired, 95 % each; above, below and "
        "'not below the best' hold for all rows together",
        *_ranking(found, options.criterion.name),
        *_steps(frontier),
    ]
    if on == "demands":
        lines.append("note: intervals are of the heuristic's luck on this one list, not of traffic")
    if options.blocks < FEW_BLOCKS:
        lines.append(f"note: {options.blocks} blocks are few; little can be significant")
    if not (found.table["mean_skr_bps"] > 0.0).any():
        lines.append("note: no set gives any key")
    return [*lines, f"written to {folder}"]


def _spread_of_launch(instance: Any) -> str:
    return " on average" if any(link.launch_dbm for link in instance.network.links) else ""


def _ranking(found: Design, criterion: str) -> list[str]:
    shown = found.table.head(SHOWN_ROWS)
    width = max(len("channels"), *(len(str(name)) for name in shown["name"]))
    head = (
        f"rank  {'channels':{width}}  receivers  kbit/s per request  served only  blocked   "
        f"without key  {GAIN_OF[criterion]}"
    )
    return [head, *(_line(row, width) for row in shown.to_dict("records"))]


def _line(row: dict[Any, Any], width: int) -> str:
    tied = "" if not row["as_good_as_best"] or row["rank"] == 1 else ", not below the best"
    return (
        f"{row['rank']:4}  {row['name']:{width}}  {row['receivers']:9}  "
        f"{row['mean_skr_per_request_bps'] / 1e3:8.3f} +- {row['ci95'] / 1e3:.3f}   "
        f"{row['mean_skr_bps'] / 1e3:11.3f}  {100 * row['blocking']:6.3f} %  "
        f"{_share(row['outage']):>11}  {_gain(row):>19}  {row['verdict']}{tied}"
    )


def _share(outage: float | None) -> str:
    """Spell the share of served requests without key; nothing where none was served."""
    return "" if outage is None or math.isnan(outage) else f"{100 * outage:.3f} %"


def _gain(row: dict[Any, Any]) -> str:
    if row["verdict"] == "baseline":
        return ""
    if row["paired_gain_percent"] is None or math.isnan(row["paired_gain_percent"]):
        return "no key to compare"
    return f"{row['paired_gain_percent']:+.3f} +- {row['paired_ci95']:.3f} %"


def _steps(frontier: Pareto) -> list[str]:
    best = frontier.table[frontier.table["best_of_size"]]
    if len(best) < 2:
        return []
    lines = ["what further receivers buy (the best of each number)"]
    for row in best.to_dict("records"):
        bought = row["buys_percent"]
        step = "" if math.isnan(bought) else f"  {bought:+.2f} +- {row['buys_ci95']:.2f} %"
        lines.append(
            f"  {row['receivers']} receivers, cost {row['cost']:g}: "
            f"{row['mean_skr_per_request_bps'] / 1e3:.3f} kbit/s, blocking "
            f"{100 * row['blocking']:.3f} %{step}  {row['name']}"
        )
    return [
        *lines,
        f"  hypervolume of the frontier {frontier.hypervolume:.4f} of the box up to cost "
        f"{frontier.max_cost:g}, the best dark link, all blocked",
    ]


def design_json(
    problem: DesignProblem, found: Design, frontier: Pareto, folder: Path
) -> dict[str, Any]:
    """Return problem, ranking and frontier as plain data.

    Parameters
    ----------
    problem, found, frontier
        See :func:`design_lines`.
    folder
        Folder of the files, for the entry ``folder``.
    """
    return {
        "schema": "qkdopt/design/1",
        **problem.to_dict(),
        "tried": found.tried,
        "ranking": _plain(found.table),
        "by_scenario": _plain(found.scenarios),
        "pareto": _plain(frontier.table),
        "hypervolume": frontier.hypervolume,
        "folder": str(folder),
    }


def _plain(table: pd.DataFrame) -> Any:
    return json.loads(table.drop(columns="placement", errors="ignore").to_json(orient="records"))
