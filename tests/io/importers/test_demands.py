"""Demands: drawn, divided into lightpaths, or as they are listed."""

from __future__ import annotations

from pathlib import Path

import qkdopt
from tests.io.importers.faults import faults_of

DATA = Path(__file__).parent / "data"


# -- demands ----------------------------------------------------------------------------------


def test_a_number_of_demands_is_drawn_by_the_matrix():
    instance, report = qkdopt.import_network(DATA / "towns_node_link.json", demands=200)
    pairs = [(d.source, d.target) for d in instance.demands]
    assert set(pairs) == {("Aach", "Cham"), ("Cham", "Aach"), ("Brey", "Dorf")}
    assert pairs.count(("Brey", "Dorf")) > pairs.count(("Aach", "Cham")) > 20
    assert "200 demands drawn by the file's demand matrix, seed 1" in report.assumed
    again, _ = qkdopt.import_network(DATA / "towns_node_link.json", demands=200)
    assert again.sha256() == instance.sha256()


def test_a_matrix_without_direction_counts_both_ways(graph):
    links = [{"source": "x", "target": "y", "length": 5}]
    instance, report = graph(["x", "y"], links, demands={"x": {"y": 3}}, options={"demands": 50})
    assert {(d.source, d.target) for d in instance.demands} == {("x", "y"), ("y", "x")}
    assert any("both ways alike" in phrase for phrase in report.assumed)


def test_demands_are_drawn_where_links_lead(graph):
    links = [{"source": "x", "target": "y", "length": 5}]
    instance, report = graph(["x", "y", "lonely"], links, options={"demands": 20})
    assert {d.source for d in instance.demands} == {"x", "y"}
    assert "demands are drawn in the largest connected part, without lonely" in report.assumed
    assert any("2 parts, lonely without any link" in phrase for phrase in report.warnings)


def test_options_that_contradict_each_other_are_refused(table):
    rows = "a,b,length_km\nx,y,5\n"
    faults = faults_of(
        table, rows, demands=3, per_lightpath=10.0, length_scale=-1.0, preset="office", seed=-1
    )
    assert len(faults) == 4
    (fault,) = faults_of(table, rows, per_lightpath=10.0)
    assert "divides the traffic of demands, and none has any" in fault


def test_values_of_the_instance_are_located_faults(table):
    rows = "a,b,length_km\nx,y,500\n"
    (fault,) = faults_of(table, rows, preset="field")
    assert "needs a launch_dbm of its own" in fault
    for options in ({"k": 0}, {"load_erlang": -1.0}, {"channels": 0}, {"candidates": [99]}):
        assert faults_of(table, rows, **options)


def test_megabits_are_converted(tmp_path, table):
    demands = tmp_path / "d.csv"
    demands.write_text("from,to,traffic (Mbit/s)\nx,y,250000\n")
    instance, _ = table("a,b,km\nx,y,5\n", demands_file=demands, per_lightpath=100.0)
    assert [demand.channels for demand in instance.demands] == [3]


def test_more_lightpaths_than_channels_are_refused_with_the_likely_unit():
    (fault,) = faults_of(qkdopt.import_network, DATA / "towns_node_link.json", per_lightpath=10.0)
    assert fault.startswith(
        "1 demand of more lightpaths than the 40 channels of the grid, demands.Brey.Dorf of 41"
    )
    assert "--per-lightpath" in fault


def test_json_of_sndlib_has_its_unit_in_meta(graph):
    links = [{"id": "L", "source": "x", "target": "y", "length": 3}]
    demands = [{"id": "D", "source": "x", "target": "y", "routing_unit": 1, "demand_value": 2500}]
    instance, report = graph(
        {"x": {}, "y": {}}, links, demands=demands, meta={"unit": "MBITPERSEC"},
        options={"per_lightpath": 1.0},
    )  # fmt: skip
    assert instance.demands[0].channels == 3
    assert not any("names no unit" in phrase for phrase in report.assumed)
