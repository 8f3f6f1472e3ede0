"""The page of a comparison: solved, unsolved and failed runs, with names of any kind."""

from __future__ import annotations

import pandas as pd
import pytest

from qkdopt.report.comparison import write_comparison
from tests.report.pages import HOSTILE, Reader, number

SOLVED = {
    "instance": "a", "instance_sha256": "1", "solver": "highs", "formulation": "joint",
    "version": "1", "status": "done", "outcome": "optimal", "served": 3, "without_key": 0,
    "value_bps": 1000.5, "bound_bps": 1001.5, "gap": 0.001, "seconds": 2.0, "checked": True,
    "start_accepted": True, "limit_seconds": 60.0, "limit_gap": 0.001,
}  # fmt: skip
UNSOLVED = SOLVED | {"solver": HOSTILE[0], "outcome": "feasible", "gap": 0.5, "seconds": 60.0}
FAILED = {
    "instance": "b", "instance_sha256": "2", "solver": "highs", "formulation": "joint",
    "status": "failed", "limit_seconds": 60.0, "error": HOSTILE[1],
}  # fmt: skip


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "comparison.html"
    write_comparison(path, pd.DataFrame([SOLVED, UNSOLVED, FAILED]))
    return Reader(path.read_text(encoding="utf-8"))


def test_every_run_is_there_with_its_numbers(page):
    rows = page.table("runs")
    assert [number(row["value_bps"]) for row in rows] == [1000.5, 1000.5, None]
    assert [row["status"] for row in rows] == ["optimal", "feasible", "failed"]
    assert rows[2]["error"] == HOSTILE[1]
    assert [tag for tag, _ in page.tags].count("script") == 2


def test_a_curve_rises_where_a_run_is_solved(page):
    paths = [str(given["d"]) for tag, given in page.tags if "curve" in str(given.get("class"))]
    # In the chart, and in the legend.
    assert len(paths) == 4
    assert [path.count("V") for path in paths[:2]] == [1, 0]
    assert {row["solver"]: row["solved"] for row in page.table("summary")} == {
        "highs": "1", HOSTILE[0]: "0",
    }  # fmt: skip
