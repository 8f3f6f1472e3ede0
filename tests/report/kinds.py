"""A small page of every kind, and the numbers that it must show: for tests in a browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from qkdopt.experiments.reproduction import Calibration, Reproduction
from qkdopt.report.comparison import write_comparison
from qkdopt.report.design import write_design_page
from qkdopt.report.protection import write_protection_page
from qkdopt.report.reproduction import write_reproduction_page
from qkdopt.report.write import default_labels, report_page
from qkdopt.simulation.record import SimulationRecord
from tests.report import test_comparison_page as comparison
from tests.report import test_design_page as design
from tests.report import test_reproduction_page as reproduction
from tests.report.pages import html_of, solved
from tests.report.test_protection_page import protected
from tests.report.test_simulation_page import simulated

Column = tuple[str, str, list[float | None]]
"""Table, column, and what stands in it."""


@dataclass(frozen=True)
class Kind:
    """A kind of page.

    Parameters
    ----------
    write
        Writes it to a file.
    columns
        Columns of the first tables of their names, from what is written beside the page.
    """

    write: Callable[[Path], None]
    columns: Callable[[], Sequence[Column]]


def _numbers(values) -> list[float | None]:
    return [None if value is None or pd.isna(value) else float(value) for value in values]


def _plan_columns() -> Sequence[Column]:
    result = solved("ring_blocks")[1].to_json_dict()
    rates = [row["skr_bps"] if row["served"] else None for row in result["demands"]]
    return [("demands", "skr_bps", _numbers(rates))]


def _write_plan(path: Path) -> None:
    path.write_text(html_of(solved("ring_blocks")), encoding="utf-8")


def _write_saved(path: Path) -> None:
    instance, result = solved("ring_blocks")
    page = report_page([result.plan()], [instance], ["saved"])
    path.write_text(page.to_html(), encoding="utf-8")


def _write_simulation(path: Path) -> None:
    # As `simulate --json` prints it and `report` reads it.
    text = json.dumps(simulated().to_json_dict())
    record = SimulationRecord.model_validate_json(text)
    page = report_page([record], [solved("mesh6")[0]], ["simulation"])
    path.write_text(page.to_html(), encoding="utf-8")


def _simulation_columns() -> Sequence[Column]:
    links = simulated().to_json_dict()["links"]
    return [
        ("links", key, _numbers(link[key] for link in links))
        for key in ("skr_bps", "qber", "lightpaths", "no_key_share")
    ]


def _write_several(path: Path) -> None:
    instance, result = solved("mesh6")
    other, blocked = solved("ring_blocks")
    results = [result, blocked, simulated(), result.plan()]
    page = report_page(results, [instance, other], default_labels(results))
    path.write_text(page.to_html(), encoding="utf-8")


def _several_columns() -> Sequence[Column]:
    results = [solved(name)[1].to_json_dict() for name in ("mesh6", "ring_blocks")]
    served = [result["value"]["served"] for result in results]
    means = [result["value"]["mean_skr_bps"] for result in results]
    # The saved plan is the first result again.
    return [
        ("results", "served", _numbers([*served, served[0]])),
        ("results", "mean_skr_bps", _numbers([*means, means[0]])),
        ("simulations", "mean_skr_bps", [simulated().mean_skr_bps.value]),
    ]


def _runs() -> pd.DataFrame:
    return pd.DataFrame([comparison.SOLVED, comparison.UNSOLVED, comparison.FAILED])


def _frame_columns(table: str, frame: pd.DataFrame, *keys: str) -> Sequence[Column]:
    return [(table, key, _numbers(frame[key])) for key in keys]


def _write_design(path: Path) -> None:
    write_design_page(path, design.ranked())


def _write_protection(path: Path) -> None:
    write_protection_page(path, *protected())


def _protection_columns() -> Sequence[Column]:
    failures = protected()[1].failures
    return [("protection", "worst_skr_bps", _numbers(one.worst_skr_bps for one in failures))]


def _write_reproduction(path: Path) -> None:
    tried = pd.DataFrame({"launch_dbm": [-13.0, -12.4], "rms_log_error": [0.05, 0.04]})
    found = Reproduction(
        {"fig3": reproduction.POINTS}, reproduction.GAINS, Calibration(-12.5, tried)
    )
    write_reproduction_page(path, found, reproduction.OPTIONS)


KINDS = {
    "plan": Kind(_write_plan, _plan_columns),
    "saved plan": Kind(_write_saved, _plan_columns),
    "simulation": Kind(_write_simulation, _simulation_columns),
    "several": Kind(_write_several, _several_columns),
    "comparison": Kind(
        lambda path: write_comparison(path, _runs()),
        lambda: _frame_columns("runs", _runs(), "value_bps", "bound_bps", "gap", "seconds"),
    ),
    "ranking": Kind(
        _write_design,
        lambda: _frame_columns("design", design.ranking(), "criterion", "ci95", "blocking"),
    ),
    "protection": Kind(_write_protection, _protection_columns),
    "reproduction": Kind(
        _write_reproduction,
        lambda: _frame_columns("fig3", reproduction.POINTS, "mean_skr_bps", "ci95", "blocking"),
    ),
}
