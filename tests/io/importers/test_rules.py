"""What is never assumed: lengths, 0 km, directions."""

from __future__ import annotations

from pathlib import Path

import pytest

import qkdopt
from qkdopt.io.importers.lengths import great_circle_km
from tests.io.importers.faults import faults_of

DATA = Path(__file__).parent / "data"


# -- lengths ------------------------------------------------------------------------------


def test_the_great_circle_is_that_of_known_places():
    # A quarter of a meridian and of the equator, and half a circle: R pi / 2 and R pi.
    assert great_circle_km((0.0, 0.0), (0.0, 90.0)) == pytest.approx(10007.54, abs=0.01)
    assert great_circle_km((170.0, 0.0), (-100.0, 0.0)) == pytest.approx(10007.54, abs=0.01)
    assert great_circle_km((0.0, 0.0), (180.0, 0.0)) == pytest.approx(20015.09, abs=0.01)


def test_a_drawing_needs_a_scale():
    path = DATA / "drawing_sndlib.xml"
    (fault,) = faults_of(qkdopt.import_network, path)
    assert fault.startswith("3 of 3 links have no length (link L1, link L2, link L3)")
    assert "--lengths plane --length-scale KM" in fault
    assert "great-circle" not in fault
    (fault,) = faults_of(qkdopt.import_network, path, lengths="great-circle")
    assert "places that are no degrees" in fault
    for options in ({}, {"lengths": "plane"}):
        instance, report = qkdopt.import_network(path, length_scale=0.5, **options)
        assert [link.length_km for link in instance.network.links] == [25.0, 15.0, 20.0]
        assert "distance in the drawing x 0.5 km" in " ".join(report.assumed)
        assert instance.network.nodes[0].lat is None
    (fault,) = faults_of(qkdopt.import_network, path, lengths="plane")
    assert "without length_scale" in fault


def test_degrees_are_no_drawing_unless_the_caller_says_so():
    (fault,) = faults_of(qkdopt.import_network, DATA / "towns_sndlib.txt", length_scale=2.0)
    assert "--lengths great-circle" in fault
    instance, _ = qkdopt.import_network(
        DATA / "towns_sndlib.txt", length_scale=2.0, lengths="plane"
    )
    assert instance.network.links[3].length_km == pytest.approx(0.5, abs=1e-6)


def test_a_scale_holds_for_lengths_and_losses(table):
    rows = "a,b,length_km,loss_db\nx,y,100,20\ny,z,50,\n"
    instance, report = table(rows, length_scale=0.1)
    assert [link.length_km for link in instance.network.links] == [10.0, 5.0]
    assert [link.loss_db for link in instance.network.links] == [2.0, None]
    assert "lengths and losses x 0.1, as --length-scale says" in report.assumed


def test_a_measured_loss_gives_a_missing_length(table):
    instance, report = table("a,b,loss_db,loss_db_per_km\nx,y,4,\ny,z,5,0.25\n")
    assert [link.length_km for link in instance.network.links] == [20.0, 20.0]
    assert [link.loss_db for link in instance.network.links] == [4.0, 5.0]
    assert sum("its measured loss at" in phrase for phrase in report.assumed) == 2


def test_a_link_without_length_names_its_row(table):
    (fault,) = faults_of(table, "a,b,length_km\nx,y,4\ny,z,\n")
    assert fault.startswith("1 of 2 links have no length (line 3); expected a length or a measured")


def test_lengths_in_metres_are_converted_or_seen(table):
    instance, _ = table("a,b,length_m\nx,y,4000\n")
    assert instance.network.links[0].length_km == 4.0
    (fault,) = faults_of(table, "a,b,length_km\nx,y,40000\n")
    assert "line 2: 40000 km; expected 0.001 to 20000 km" in fault


def test_a_weight_is_a_length_only_where_the_caller_says_so(graph):
    nodes, links = ["x", "y"], [{"source": "x", "target": "y", "weight": 7}]
    (fault,) = faults_of(graph, nodes, links)
    assert "--length-field weight" in fault
    instance, _ = graph(nodes, links, options={"length_field": "weight"})
    assert instance.network.links[0].length_km == 7.0
    (fault,) = faults_of(graph, nodes, links, options={"length_field": "size"})
    assert fault == "no edge has the attribute 'size'; read 'weight'"


# -- 0 km and loops ---------------------------------------------------------------------------


def test_links_of_0_km_are_refused_or_merged(table):
    rows = "a,b,length_km\nx,x2,0\nx2,y,5\nx,y,7\ny,z,3\n"
    (fault,) = faults_of(table, rows)
    assert fault.startswith("1 of 4 links have a length of 0 km: line 2 (x-x2)")
    assert "--zero-links merge" in fault
    instance, report = table(rows, zero_links="merge", demands=3)
    assert [node.id for node in instance.network.nodes] == ["x", "y", "z"]
    assert [(link.a, link.b, link.length_km) for link in instance.network.links] == [
        ("x", "y", 5.0), ("x", "y", 7.0), ("y", "z", 3.0),
    ]  # fmt: skip
    assert "nodes joined by 0 km are one: x2 into x" in report.assumed


def test_demands_inside_merged_nodes_are_left_out(graph):
    links = [
        {"source": "x", "target": "x2", "length": 0},
        {"source": "x2", "target": "y", "length": 5},
    ]
    instance, report = graph(
        ["x", "x2", "y"], links, demands={"x": {"x2": 3, "y": 1}}, options={"zero_links": "merge"}
    )
    assert [(d.source, d.target) for d in instance.demands] == [("x", "y")]
    assert "demand inside a merged node" in report.left_out


def test_a_link_to_itself_is_left_out(table):
    instance, report = table("a,b,length_km\nx,x,3\nx,y,5\n")
    assert len(instance.network.links) == 1
    assert report.left_out == ("link from a node to itself",)


# -- directions -------------------------------------------------------------------------------


def test_two_directions_become_one_link_and_asymmetry_is_said():
    instance, report = qkdopt.import_network(DATA / "towns_by_direction.json")
    assert len(instance.network.links) == 6
    assert "6 links, one for two directions in the file" in report.assumed
    assert any(
        phrase.startswith("length_km differs between the directions of 1 link, the larger counts")
        and "Brey-Cham (30.5 and 30.1)" in phrase
        for phrase in report.assumed
    )


def test_opposite_rows_of_some_links_alone_are_refused(table):
    rows = "a,b,length_km\nx,y,5\ny,x,5\ny,z,6\n"
    (fault,) = faults_of(table, rows)
    assert fault.startswith("line 2 and line 3 join x and y in opposite directions, as 1 of 2")
    assert len(table(rows, directions="merge").instance.network.links) == 2
    instance, report = table(rows, directions="keep")
    assert len(instance.network.links) == 3
    assert "parallel links between the same nodes: x-y (2)" in report.assumed


def test_parallel_directions_are_matched_by_length(graph):
    rows = [("x", "y", 5), ("x", "y", 9), ("y", "x", 9.5), ("y", "x", 5), ("y", "z", 1)]
    links = [{"source": a, "target": b, "length": km} for a, b, km in rows]
    instance, report = graph(["x", "y", "z"], links, directed=True)
    assert [link.length_km for link in instance.network.links] == [5.0, 9.5, 1.0]
    assert [link.id for link in instance.network.links] == ["x-y", "x-y-2", "y-z"]
    assert "1 link listed in one direction run in both: links[4]" in report.assumed
    assert any("x-y (9 and 9.5)" in phrase for phrase in report.assumed)


def test_links_between_the_same_nodes_stay_apart(table):
    instance, report = table("a,b,length_km\nx,y,5\nx,y,7\n")
    assert [link.id for link in instance.network.links] == ["x-y", "x-y-2"]
    assert "parallel links between the same nodes: x-y (2)" in report.assumed
