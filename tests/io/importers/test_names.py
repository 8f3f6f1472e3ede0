"""Names of nodes and columns: forgiving where they are clear, refused where not."""

from __future__ import annotations

from pathlib import Path

import pytest

import qkdopt
from qkdopt.instance.generation import TOPOLOGIES, load_topology
from tests.io.importers.faults import faults_of

DATA = Path(__file__).parent / "data"
TOPOLOGY_FILES = Path(qkdopt.__file__).parent / "data" / "topologies"


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
    assert report.left_out == ("column 'Owner'",)


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
    # The way that the message names: places of a drawing, whose lengths the table has.
    instance, report = qkdopt.import_network(tmp_path, lengths="plane", length_scale=1.0)
    assert [link.length_km for link in instance.network.links] == [5.0]
    assert {node.lat for node in instance.network.nodes} == {None}
    assert "places of nodes are a drawing's, as --lengths plane says" in report.assumed


def test_names_that_differ_by_case_are_reported(table):
    _, report = table("a,b,length_km\nBonn,Trier,4\nbonn,Mainz,5\n")
    assert "names that differ by case are different nodes: Bonn, bonn" in report.assumed


def test_a_length_in_a_column_of_another_language_is_asked_for(table):
    (fault,) = faults_of(table, "Site A;Site Z;Faserlänge;Dämpfung\nx;y;10;2\n")
    assert "add the name length_km to its column (of no meaning here: 'Faserlänge'" in fault
