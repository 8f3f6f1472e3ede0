"""What is never assumed: lengths, 0 km, directions, columns, demands."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

import qkdopt
from qkdopt.instance.generation import TOPOLOGIES, load_topology
from qkdopt.io.importers.lengths import great_circle_km

DATA = Path(__file__).parent / "data"
TOPOLOGY_FILES = Path(qkdopt.__file__).parent / "data" / "topologies"


@pytest.fixture
def table(tmp_path):
    """Write rows of links to a file and import it."""

    def run(rows: str, **options):
        path = tmp_path / "links.csv"
        path.write_text(rows, encoding="utf-8")
        return qkdopt.import_network(path, **options)

    return run


@pytest.fixture
def graph(tmp_path):
    """Write node-link JSON to a file and import it."""

    def run(nodes, links, *, directed=None, options=None, **about):
        path = tmp_path / "graph.json"
        about |= {} if directed is None else {"directed": directed}
        path.write_text(json.dumps({"nodes": nodes, "links": links, **about}), encoding="utf-8")
        return qkdopt.import_network(path, **(options or {}))

    return run


def faults_of(call, *arguments, **options):
    with pytest.raises(qkdopt.FaultsError) as caught:
        call(*arguments, **options)
    return caught.value.faults


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


# -- names ------------------------------------------------------------------------------------


def test_an_unknown_node_is_named_with_the_likely_one(tmp_path):
    (tmp_path / "links.csv").write_text("a,b,length_km\nBonn,Trier,5\nBon,Mainz,6\n")
    (tmp_path / "nodes.csv").write_text("id\nBonn\nTrier\nMainz\n")
    (tmp_path / "demands.csv").write_text("source,target\nTrier,Mains\n")
    faults = faults_of(qkdopt.import_network, tmp_path)
    assert faults == (
        "line 3: a = 'Bon'; expected the name of a node; did you mean Bonn?",
        "demands.csv, line 2: target = 'Mains'; expected the name of a node; did you mean Mainz?",
    )


def test_labels_that_are_given_twice_name_no_node(graph):
    nodes = [{"id": 1, "label": "x"}, {"id": 2, "label": "x"}, {"id": 3, "label": "z"}]
    links = [{"source": 1, "target": 2, "length": 5}, {"source": 2, "target": 3, "length": 6}]
    instance, _ = graph(nodes, links)
    assert [(node.id, node.label) for node in instance.network.nodes] == [
        (1, "x"), (2, "x"), (3, "z"),
    ]  # fmt: skip
    assert [link.id for link in instance.network.links] == ["1-2", "2-3"]


def test_a_label_that_is_the_number_of_another_node_is_no_name(graph):
    nodes = [{"id": 0, "label": "1"}, {"id": 1, "label": "2"}, {"id": 2, "label": "3"}]
    links = [{"source": 0, "target": 1, "length": 5}, {"source": 0, "target": 2, "length": 6}]
    instance, _ = graph(nodes, links)
    assert [(link.a, link.b) for link in instance.network.links] == [(0, 1), (0, 2)]
    assert [node.label for node in instance.network.nodes] == ["1", "2", "3"]


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_shipped_topologies_are_read_as_they_are_loaded(name):
    instance, _ = qkdopt.import_network(TOPOLOGY_FILES / f"{name}.json")
    loaded = load_topology(name)
    assert len(instance.network.nodes) == len(loaded.nodes)
    assert [link.length_km for link in instance.network.links] == [
        link.length_km for link in loaded.links
    ]
    assert [link.loss_db for link in instance.network.links] == [
        link.loss_db for link in loaded.links
    ]
    place = {node.id: k for k, node in enumerate(loaded.nodes)}
    here = {node.id: k for k, node in enumerate(instance.network.nodes)}
    assert [{here[link.a], here[link.b]} for link in instance.network.links] == [
        {place[link.a], place[link.b]} for link in loaded.links
    ]


def test_nodes_without_ids_are_numbered(graph):
    links = [{"source": 0, "target": 1, "length": 5}]
    instance, report = graph([{"lat": 1.0}, {"lat": 2.0}], links)
    assert [node.id for node in instance.network.nodes] == [0, 1]
    assert "nodes without ids are numbered from 0" in report.assumed


def test_ids_that_not_all_links_have_are_left_out(table):
    instance, report = table("id,a,b,length_km\nf1,x,y,5\n,y,z,6\n")
    assert [link.id for link in instance.network.links] == ["x-y", "y-z"]
    assert "links are named by their ends" in report.assumed
    assert report.left_out == ("ids of links: not all have one of their own",)
    instance, report = table("id,a,b,length_km\nf1,x,y,5\n2,y,z,6\n")
    assert [link.id for link in instance.network.links] == ["f1", "2"]


def test_the_instance_says_how_its_lengths_came_about():
    instance, _ = qkdopt.import_network(
        DATA / "towns_sndlib.xml", lengths="great-circle", length_scale=0.5
    )
    assert instance.network.source == (
        "by hand; length of 6 links: great circle between the nodes, R = 6371 km; lengths x 0.5"
    )


def test_a_shipped_topology_is_made_by_another_command():
    (fault,) = faults_of(qkdopt.import_network, "nsfnet")
    assert "qkdopt instance new --topology nsfnet" in fault


@pytest.mark.parametrize("name", ["towns.gml", "towns_sndlib.txt", "towns/links.csv", "towns.n2p"])
@pytest.mark.parametrize("ending", [b"\r\n", b"\r"])
def test_lines_may_end_as_on_other_systems(name, ending, tmp_path):
    path = tmp_path / "file"
    path.write_bytes((DATA / name).read_bytes().replace(b"\n", ending))
    instance, _ = qkdopt.import_network(path, lengths="great-circle")
    assert len(instance.network.links) == 6


def test_places_in_the_list_of_nodes_serve_as_ends(graph):
    links = [{"source": 0, "target": 1, "length": 5}]
    instance, report = graph(["x", "y"], links)
    assert (instance.network.links[0].a, instance.network.links[0].b) == ("x", "y")
    assert "ends of links are places in the list of nodes, from 0" in report.assumed


# -- columns ----------------------------------------------------------------------------------


def test_a_misspelt_column_is_a_fault_and_another_is_left_out(table):
    faults = faults_of(table, "a,b,lenght_km\nx,y,4\n")
    assert faults == ("column 'lenght_km' is unknown; did you mean length_km?",)
    _, report = table("a,b,length_km,Owner,Fibre type\nx,y,4,us,G.652\n")
    assert report.left_out == (
        "column 'Owner'",
        "fibre type: an instance has one fibre for all links (`fibre`)",
    )


@pytest.mark.parametrize("column", ["km", "LENGTH", " Length (km) ", "distance [km]", "dist"])
def test_names_of_columns_are_forgiving(table, column):
    instance, _ = table(f"Node A;node B;{column}\nx;y;4,5\n")
    assert instance.network.links[0].length_km == 4.5


def test_the_same_column_twice_and_missing_ones_are_faults(table):
    assert faults_of(table, "a,b,km,length\nx,y,4,4\n") == (
        "columns 'km' and 'length' are both length_km; expected one of them",
    )
    (fault,) = faults_of(table, "a,length_km\nx,4\n")
    assert fault.startswith("line 1: no column b; expected a, b, id, length_km")


def test_every_fault_of_a_table_is_located(table):
    rows = (
        "a,b,length_km,qkd,launch_dbm,candidates\nx,y,four,maybe,1e400,a\nx,,-3,no,0,1\nx,y,1,2\n"
    )
    faults = faults_of(table, rows)
    assert faults == (
        "line 2: length_km = 'four'; expected a number",
        "line 2: launch_dbm = '1e400'; expected a number",
        "line 2: qkd = 'maybe'; expected yes or no",
        "line 2: candidates = 'a'; expected channel numbers such as 3 13 23",
        "line 3: length_km = -3; expected 0 or more",
        "line 3: b = ''; expected a name of 1 to 200 printable characters",
        "line 4: qkd = '2'; expected yes or no",
    )


def test_twenty_faults_are_shown_and_the_rest_counted(table):
    rows = "a,b,length_km\n" + "".join(f"x{k},y{k},no\n" for k in range(100))
    with pytest.raises(qkdopt.InstanceError) as caught:
        table(rows)
    assert len(caught.value.faults) == 100
    assert str(caught.value).count("\n  - ") == 20
    assert str(caught.value).endswith("... and 80 more")


def test_titles_above_the_names_of_columns_are_skipped(table):
    instance, _ = table("Network of 2026,,\n,,\na,b,length_km\nx,y,4\n")
    assert len(instance.network.links) == 1


def test_a_matrix_is_no_table_of_links(table):
    (fault,) = faults_of(table, ",A,B,C\nA,0,10,20\nB,10,0,30\nC,20,30,0\n")
    assert fault.startswith("looks like a matrix of 3 nodes; expected a row a link")


def test_places_beyond_the_globe_are_faults(tmp_path):
    (tmp_path / "links.csv").write_text("a,b,length_km\nBonn,Trier,5\n")
    (tmp_path / "nodes.csv").write_text("id,lat,lon\nBonn,7.1,50.7\nTrier,106.6,49.8\n")
    (fault,) = faults_of(qkdopt.import_network, tmp_path)
    assert fault.startswith("node Trier: latitude = 106.6; expected -90 to 90 degrees (exchanged")


def test_names_that_differ_by_case_are_reported(table):
    _, report = table("a,b,length_km\nBonn,Trier,4\nbonn,Mainz,5\n")
    assert "names that differ by case are different nodes: Bonn, bonn" in report.assumed


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


# -- GNPy -------------------------------------------------------------------------------------


def line(*elements):
    """Return a topology of ROADMs a and z, with elements between them in each direction."""
    rows = [{"uid": "roadm a", "type": "Roadm"}, {"uid": "roadm z", "type": "Roadm"}]
    connections = []
    for way, (first, last) in (("east", ("roadm a", "roadm z")), ("west", ("roadm z", "roadm a"))):
        names = [f"{way} {k}" for k in range(len(elements))]
        rows += [{"uid": name, **row} for name, row in zip(names, elements, strict=True)]
        path = [first, *names, last]
        connections += list(pairwise(path))
    return {
        "elements": rows,
        "connections": [{"from_node": a, "to_node": b} for a, b in connections],
    }


def fibre(length, **params):
    return {"type": "Fiber", "params": {"length": length, "length_units": "km", **params}}


def imported(data, tmp_path, **options):
    path = tmp_path / "gnpy.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return qkdopt.import_network(path, **options)


@pytest.mark.parametrize(
    ("elements", "length", "loss"),
    [
        ([fibre(10)], 10, None),
        ([fibre(10, loss_coef=0.2)], 10, 2.0),
        ([fibre(10, loss_coef=0.2, con_in=0.5, con_out=None, att_in=1)], 10, 3.5),
        ([fibre(10, loss_coef=0.2), fibre(5)], 15, None),
        ([fibre(10, loss_coef=0.2, lumped_losses=[{"position": 1, "loss": 1.5}])], 10, 3.5),
        (
            [fibre(10, loss_coef={"value": [0.3, 0.2], "frequency": [185e12, 193e12]})],
            10,
            2.0,
        ),
        ([{"type": "Fused", "params": {"loss": 1}}, fibre(10, loss_coef=0.2)], 10, 3.0),
        ([fibre(10, loss_coef=0.2), {"type": "Fused"}, fibre(5, loss_coef=0.2)], 15, 3.0),
        ([{"type": "Edfa"}, fibre(10, loss_coef=0.2), {"type": "Edfa"}], 10, 2.0),
    ],
)
def test_elements_of_a_line_add_up(elements, length, loss, tmp_path):
    instance, report = imported(line(*elements), tmp_path)
    (link,) = instance.network.links
    assert {link.a, link.b} == {"a", "z"}
    assert link.length_km == pytest.approx(length)
    assert link.loss_db == (None if loss is None else pytest.approx(loss))
    assert not any("amplifiers" in phrase for phrase in report.assumed)


def test_a_splice_of_both_directions_leads_on_and_not_back(tmp_path):
    data = {
        "elements": [
            {"uid": "a", "type": "Transceiver"},
            {"uid": "z", "type": "Transceiver"},
            {"uid": "splice", "type": "Fused", "params": {"loss": 0}},
            *({"uid": uid, **fibre(5, loss_coef=0.2)} for uid in ("a1", "z1", "z2", "a2")),
        ],
        "connections": [
            {"from_node": first, "to_node": second}
            for first, second in (
                ("a", "a1"), ("a1", "splice"), ("splice", "z1"), ("z1", "z"),
                ("z", "z2"), ("z2", "splice"), ("splice", "a2"), ("a2", "a"),
            )
        ],
    }  # fmt: skip
    instance, _ = imported(data, tmp_path)
    assert [(link.a, link.b, link.length_km) for link in instance.network.links] == [
        ("a", "z", 10.0)
    ]


def test_sites_without_fibre_between_them_are_0_km_apart(tmp_path):
    data = line()
    (fault,) = faults_of(imported, data, tmp_path)
    assert "have a length of 0 km" in fault


def test_services_lead_to_the_sites_of_their_transceivers(tmp_path):
    data = line(fibre(10))
    data["elements"].append({"uid": "trx 7", "type": "Transceiver"})
    data["connections"] += [
        {"from_node": "trx 7", "to_node": "roadm a"},
        {"from_node": "roadm a", "to_node": "trx 7"},
    ]
    request = {
        "request-id": "r",
        "source": "trx 7",
        "destination": "roadm z",
        "bidirectional": True,
        "path-constraints": {"te-bandwidth": {"path_bandwidth": 250e9}},
    }
    services = tmp_path / "services.json"
    services.write_text(json.dumps({"path-request": [request]}))
    instance, _ = imported(data, tmp_path, demands_file=services, per_lightpath=100.0)
    assert [(d.id, d.source, d.target, d.channels) for d in instance.demands] == [
        ("r", "a", "z", 3), ("r back", "z", "a", 3),
    ]  # fmt: skip
