"""The page of a reproduction, from small tables."""

from __future__ import annotations

import pandas as pd
import pytest

from qkdopt.experiments.reproduction import Calibration, Reproduction
from qkdopt.report.reproduction import write_reproduction_page
from qkdopt.report.sections.load_chart import load_chart, published_points
from tests.report.pages import HOSTILE, Reader, number

NAN = float("nan")
POINTS = pd.DataFrame(
    {
        "topology": ["nsfnet"] * 4 + ["usnet"],
        "load_erlang": [140.0, 60.0, 60.0, 140.0, 60.0],
        "curve": ["fixed {3}", "fixed {3}", "DS-QKD 1:2 {3,13}", "DS-QKD 1:2 {3,13}", HOSTILE[0]],
        "mean_skr_bps": [10300.0, 15000.0, 18000.0, 12700.0, NAN],
        "ci95": [40.0, 30.0, 20.0, NAN, NAN],
        "blocking": [0.1, 0.0, 0.0, 0.09, 0.2],
        "p05_bps": NAN,
        "p95_bps": NAN,
    }
)
GAINS = pd.DataFrame(
    [
        {
            "figure": "fig3", "topology": "nsfnet", "load_erlang": 140.0, "comparison": HOSTILE[1],
            "published_percent": 24.64, "ours_percent": 23.3, "ci95_percent": 0.4,
            "draws_p05_percent": NAN, "draws_p95_percent": NAN, "published_base_bps": 10270.0,
            "ours_base_bps": 10300.0, "published_improved_bps": 12800.0,
            "ours_improved_bps": 12700.0,
        }
    ]
)  # fmt: skip
OPTIONS = {"figure": "fig3", "requests": 1000, "seed": 0, "environment": {"cpu": HOSTILE[0]}}


def page_of(folder, found):
    path = folder / "reproduction.html"
    write_reproduction_page(path, found, OPTIONS)
    return Reader(path.read_text(encoding="utf-8"))


@pytest.fixture
def page(tmp_path):
    tried = pd.DataFrame({"launch_dbm": [-13.0, -12.4], "rms_log_error": [0.05, 0.04]})
    return page_of(tmp_path, Reproduction({"fig3": POINTS}, GAINS, Calibration(-12.5, tried)))


def test_every_point_and_every_gain_is_there(page):
    rows = page.table("fig3")
    assert [row["curve"] for row in rows] == list(POINTS["curve"])
    assert [number(row["mean_skr_bps"]) for row in rows] == [
        10300.0,
        15000.0,
        18000.0,
        12700.0,
        None,
    ]
    gains = page.table("paper_vs_ours")
    assert [number(gains[0][k]) for k in ("published_percent", "ours_percent")] == [24.64, 23.3]
    assert "published +24.6 %, ours +23.3 ± 0.4 %" in page.text
    assert [number(row["launch_dbm"]) for row in page.table("calibration")] == [-13.0, -12.4]
    assert "-12.50 dBm" in page.text


def test_the_page_states_sources_and_options(page):
    facts = {row["fact"]: row["value"] for row in page.table("provenance")}
    assert (facts["requests"], facts["seed"]) == ("1000", "0")
    assert "Liu, Yu, Zhao and Zhang" in page.text
    assert "not values read off its figures" in page.text
    assert [tag for tag, _ in page.tags].count("script") == 2
    assert "img" not in {tag for tag, _ in page.tags}


def test_published_points_stand_on_the_curves_that_they_are_of():
    nsfnet = POINTS[POINTS["topology"] == "nsfnet"]
    chart = load_chart("Figure 3", nsfnet, published="fig3")
    marks = [shape for shape in chart.shapes if shape.kind.startswith("published")]
    assert [shape.title for shape in marks] == [
        "published, DS-QKD 1:2 {3,13}: 12.80 kbit/s at 140 erlang",
        "published, fixed {3}: 10.27 kbit/s at 140 erlang",
    ]
    # In the colour of its own curve.
    assert [shape.kind for shape in marks] == ["published fill-1", "published fill-0"]
    assert not [
        shape
        for shape in load_chart("Figure 3", nsfnet, published=None).shapes
        if shape.kind.startswith("published")
    ]


def test_curves_run_by_load_within_their_intervals():
    chart = load_chart("Figure 3", POINTS[POINTS["topology"] == "nsfnet"], published=None)
    lines = [shape.path for shape in chart.shapes if shape.kind.startswith("curve")]
    assert len(lines) == 2
    for line in lines:
        first, last = (float(part.split()[0]) for part in line[1:].split("L"))
        assert first < last
    bands = [shape.path for shape in chart.shapes if shape.kind.startswith("band")]
    assert [band.count("L") for band in bands] == [3, 3]


def test_a_topology_without_any_key_has_an_empty_chart():
    chart = load_chart("Figure 3", POINTS[POINTS["topology"] == "usnet"], published=None)
    assert [shape.path for shape in chart.shapes] == [""]


def test_every_published_figure_has_its_points():
    for figure in ("fig3", "fig4", "fig5", "fig6"):
        assert published_points(figure)
    assert published_points(None) == []


def test_a_figure_without_published_gains_has_no_comparison(tmp_path):
    page = page_of(tmp_path, Reproduction({"fig3": POINTS}, pd.DataFrame(), None))
    assert "paper_vs_ours" not in page.tables
    assert "f-calibration" not in {given.get("id") for _, given in page.tags}
