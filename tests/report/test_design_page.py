"""The page of a ranking of channel sets, from small tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import qkdopt
from qkdopt.channel_sets.diagnostics import ChannelDiagnostics
from qkdopt.report.charts import axis_over
from qkdopt.report.design import RankedSets, write_design_page
from qkdopt.report.sections.design_charts import MOST_SETS, frontier_chart, ranking_chart
from tests.report.pages import HOSTILE, SMALL, Reader, number

NAN = float("nan")
BEST = {
    "rank": 1, "name": "{3,13}", "channels": "{3,13}", "receivers": 8, "found_by": "search",
    "mean_skr_bps": 12000.0, "mean_skr_bps_ci95": 60.0, "mean_skr_per_request_bps": 11000.0,
    "ci95": 50.0, "blocking": 0.04, "blocking_ci95": 0.001, "outage": 0.0, "criterion": 11000.0,
    "criterion_ci95": 50.0, "paired_gain_percent": 10.0, "paired_ci95": 0.5, "verdict": "above",
    "loss_to_best_percent": 0.0, "loss_ci95": 0.0, "as_good_as_best": True, "placement": "x",
}  # fmt: skip
BASE = BEST | {
    "rank": 2, "name": HOSTILE[0], "channels": HOSTILE[1], "receivers": 4, "found_by": "baseline",
    "mean_skr_per_request_bps": 10000.0, "criterion": 10000.0, "paired_gain_percent": 0.0,
    "paired_ci95": NAN, "verdict": "baseline", "loss_to_best_percent": 9.1, "loss_ci95": 0.4,
    "as_good_as_best": False,
}  # fmt: skip
KEYLESS = BASE | {
    "rank": 3, "name": "{0}", "found_by": "search", "mean_skr_bps": 0.0, "outage": NAN,
    "mean_skr_per_request_bps": 0.0, "criterion": 0.0, "paired_gain_percent": NAN,
    "verdict": "below",
}  # fmt: skip
QUESTION = {
    "instance": HOSTILE[2], "on": "traffic", "criterion": "mean", "blocks": 100,
    "channels": [1, 2], "serving": {"strategy": "ds-qkd"}, "environment": {"cpu": HOSTILE[1]},
}  # fmt: skip


def ranking(*rows):
    return pd.DataFrame(rows or (BEST, BASE, KEYLESS))


def frontier(table):
    columns = ["name", "receivers", "mean_skr_per_request_bps", "ci95", "blocking", "placement"]
    frame = table[columns].assign(cost=table["receivers"].astype(float), buys_percent=NAN)
    return frame.assign(on_frontier=frame.index < 2, best_of_size=frame.index < 2)


def diagnostics(name, works):
    return ChannelDiagnostics(
        name=name, channels=("0", "1", "228.8 THz"), lit=np.array([0.2, 0.4]),
        skr_bps=np.array([9e3, 8e3, 5e3]), works=np.array(works), noise=np.zeros((3, 2)),
        links=np.array([works]),
    )  # fmt: skip


def ranked(**changes):
    table = changes.pop("ranking", ranking())
    given = {
        "ranking": table,
        "scenarios": pd.DataFrame({"name": table["name"], "scenario": "20 erlang"}),
        "frontier": frontier(table),
        "diagnostics": (
            diagnostics("{1}", [0.0, 0.75, 0.25]), diagnostics(HOSTILE[0], [1.0, 0.0, 0.0]),
        ),
        "best": qkdopt.read_instance(SMALL / "line.json"),
        "question": QUESTION,
    }  # fmt: skip
    return RankedSets(**(given | changes))


def page_of(folder, one):
    write_design_page(folder / "design.html", one)
    return Reader((folder / "design.html").read_text(encoding="utf-8"))


@pytest.fixture
def page(tmp_path):
    return page_of(tmp_path, ranked())


def test_tables_have_the_numbers_that_the_csv_files_have(page):
    rows = page.table("design")
    assert [row["name"] for row in rows] == ["{3,13}", HOSTILE[0], "{0}"]
    for key in ("mean_skr_per_request_bps", "ci95", "blocking", "paired_gain_percent"):
        shown = [number(row[key]) for row in rows]
        expected = [None if np.isnan(row[key]) else row[key] for row in (BEST, BASE, KEYLESS)]
        assert shown == expected
    assert [row["as_good_as_best"] for row in rows] == ["yes", "no", "no"]
    assert "placement" not in rows[0]
    assert [number(row["cost"]) for row in page.table("pareto")] == [8.0, 4.0, 4.0]
    channels = page.table("channels")
    assert [row["lit_best"] for row in channels] == ["0.2", "0.4", ""]
    assert [number(row["works_best"]) for row in channels] == [0.0, 0.75, 0.25]


def test_the_page_says_what_was_compared_and_how(page):
    assert "10.000 ± 0.500 %" in page.text.replace("+", "")
    assert "Ranked by the criterion mean on traffic, in 100 blocks" in page.text
    assert "Gains are paired" in page.text
    facts = {row["fact"]: row["value"] for row in page.table("provenance")}
    assert (facts["serving.strategy"], facts["channels"]) == ("ds-qkd", "1, 2")
    anchors = {given.get("id") for _, given in page.tags}
    assert {"d-ranking", "d-frontier", "d-winner", "d-assumptions"} <= anchors
    assert "d-scenarios" not in anchors


def test_hostile_names_stay_text(page):
    names = [tag for tag, _ in page.tags]
    assert names.count("script") == 2
    assert {"img", "iframe"}.isdisjoint(names)
    assert not [given for _, given in page.tags if "style" in given]


def test_several_scenarios_have_a_table(tmp_path):
    scenarios = pd.DataFrame({"name": ["{3,13}"] * 2, "scenario": ["a", "b"], "ci95": [1.0, NAN]})
    page = page_of(tmp_path, ranked(scenarios=scenarios))
    assert [row["scenario"] for row in page.table("scenarios")] == ["a", "b"]
    assert [number(row["ci95"]) for row in page.table("scenarios")] == [1.0, None]


def test_a_gain_stands_at_its_place_with_its_interval():
    chart = ranking_chart(ranking())
    x = axis_over([0.0, 9.5, 10.5, 0.0, 0.0], chart.left, chart.right)
    lines = [shape.path for shape in chart.shapes if "curve-0" in shape.kind]
    assert lines[0].endswith(f"M{x.place(9.5):.1f} 40.0H{x.place(10.5):.1f}")
    # A set without a gain is left out, the baseline has no interval.
    assert [text for _, text in chart.y_ticks] == ["{3,13}", chart.y_ticks[1][1]]
    assert len(chart.shapes) == 4
    assert [text for _, text in chart.legend] == ["above", "baseline"]


def test_a_long_ranking_is_drawn_in_part_and_listed_whole(tmp_path):
    rows = [BEST | {"rank": k, "name": f"{{{k}}}"} for k in range(MOST_SETS + 5)]
    table = ranking(*rows)
    assert len(ranking_chart(table).y_ticks) == MOST_SETS
    page = page_of(tmp_path, ranked(ranking=table))
    assert len(page.table("design")) == len(rows)
    assert f"first {MOST_SETS} sets" in page.text


def test_without_any_key_there_is_no_chart_of_gains(tmp_path):
    table = ranking(KEYLESS | {"verdict": "baseline"})
    assert ranking_chart(table) is None
    assert "No set gives any key" in page_of(tmp_path, ranked(ranking=table)).text


def test_the_frontier_joins_the_best_of_each_number_by_cost():
    chart = frontier_chart(frontier(ranking()))
    line = next(shape.path for shape in chart.shapes if shape.kind == "curve curve-0")
    assert line.count("L") == 1
    first, second = (float(part.split()[0]) for part in line[1:].split("L"))
    assert first < second


def test_sets_of_one_cost_stand_by_rank_with_their_intervals():
    chart = frontier_chart(frontier(ranking()).assign(cost=4.0))
    assert chart.x_title.endswith("(every set costs 4)")
    assert [text for _, text in chart.x_ticks] == ["1", "2", "3"]
    titles = [shape.title for shape in chart.shapes if shape.kind.endswith("-dot")]
    assert titles == ["{0}: cost 4, 0.000 kbit/s"]
