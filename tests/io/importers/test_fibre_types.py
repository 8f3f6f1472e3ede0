"""Types of fibre: their names in files, types of one's own, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import qkdopt
from qkdopt.instance import SHIPPED_FIBRES, FibreType, fibre_named
from tests.command import exit_status
from tests.io.importers.faults import faults_of
from tests.io.importers.test_gnpy import fibre as gnpy_fibre
from tests.io.importers.test_gnpy import line

DATA = Path(__file__).parent / "data"
ROWS = "a,b,length_km,loss_db,Fibre type\nx,y,10,,SSMF\ny,z,20,5,hollow core\nz,x,30,,\n"


def types(instance):
    return [link.fibre for link in instance.network.links]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("G.652.D", "G.652.D"),
        ("ITU-T G.652", "G.652.D"),
        ("g652d fibre", "G.652.D"),
        ("SMF-28", "G.652.D"),
        ("Standard SMF", "G.652.D"),
        ("G 654 E", "G.654.E"),
        ("Hollow_Core Fiber", "hollow-core"),
        ("HCF", "hollow-core"),
        # Categories A to D have other areas, and G.655 is not shipped: nothing is guessed.
        ("G.654", None),
        ("G.655", None),
        ("fibre", None),
        ("", None),
    ],
)
def test_a_shipped_type_has_many_names(name, expected):
    found = fibre_named(name)
    assert (found and found.id) == expected


def test_every_shipped_type_is_found_by_its_id():
    assert [fibre_named(fibre.id) for fibre in SHIPPED_FIBRES] == list(SHIPPED_FIBRES)
    own = FibreType(id="G.652.D", loss_db_per_km=0.3)
    assert fibre_named("SSMF", [own]) == own
    ssmf = FibreType(id="SSMF", loss_db_per_km=0.25)
    assert fibre_named("ssmf", [own, ssmf]) == ssmf


def test_links_have_the_types_that_a_table_names(table):
    instance, report = table(ROWS, preset="field")
    assert types(instance) == ["G.652.D", "hollow-core", None]
    assert [fibre.id for fibre in instance.fibres] == ["G.652.D", "hollow-core"]
    expected = "fibre types: 1 link of G.652.D, 1 link of hollow-core, 1 link that names none"
    assert expected in report.read
    assert "fibre type 'SSMF' is G.652.D" in report.assumed
    assert not any("hollow" in phrase for phrase in report.assumed)
    first, second, third = instance.network.links
    # The type's loss where none is measured, the measured one as it is, and the preset's.
    assert instance.loss_db(first) == pytest.approx(2.0)
    assert instance.loss_db(second) == 5.0
    assert instance.loss_db(third) == pytest.approx(30 * instance.fibre.loss_db_per_km)


def test_an_option_is_for_links_that_name_none(table):
    instance, report = table(ROWS, fibre_type="G.654.E", route_order="hops")
    assert types(instance) == ["G.652.D", "hollow-core", "G.654.E"]
    assert instance.routes.order == "hops"
    assert "fibre type of 1 link: G.654.E, by --fibre-type" in report.assumed
    instance, report = table("a,b,loss_db\nx,y,3.4\n", fibre_type="654E")
    assert (types(instance), instance.network.links[0].length_km) == (["G.654.E"], 20.0)
    assert not any(phrase.startswith("fibre types") for phrase in report.read)


def test_a_length_follows_from_the_loss_of_the_type(table):
    instance, _ = table("a,b,loss_db,fibre\nx,y,3.4,G.654.E\n")
    assert instance.network.links[0].length_km == 20.0
    assert instance.loss_db(instance.network.links[0]) == 3.4


@pytest.mark.parametrize(
    ("header", "value", "expected", "left_out"),
    [
        ("type", "SSMF", "G.652.D", ()),
        ("Type", "underground", None, ("'type' of links: 'underground' is no fibre type",)),
        ("type,fiber", "leased,HCF", "hollow-core", ("column 'type'",)),
    ],
)
def test_a_column_type_counts_where_all_of_it_are_types(table, header, value, expected, left_out):
    instance, report = table(f"a,b,length_km,{header}\nx,y,10,{value}\n")
    assert (types(instance), report.left_out) == ([expected], left_out)


@pytest.mark.parametrize("name", ["fibre", "fiber", "fiber_type", "type", "fibreType"])
def test_edges_of_a_graph_name_types(graph, name):
    links = [{"source": "x", "target": "y", "length_km": 7, name: "G.652"}]
    if name == "fibreType":
        instance, report = graph(["x", "y"], links)
        assert (types(instance), report.left_out) == ([None], ("attributes of edges: 'fibreType'",))
        return
    instance, report = graph(["x", "y"], links)
    assert (types(instance), report.left_out) == (["G.652.D"], ())


def test_an_unknown_type_is_one_fault_with_the_known_ones(table):
    rows = "a,b,length_km,fibre\nx,y,10,G.655\ny,z,20,G.655\nz,x,30,G.654\n"
    first, second, third = faults_of(table, rows, fibre_type="copper")
    known = "expected one of G.652.D, G.654.E, hollow-core (own types: --fibres FILE)"
    assert first == f"fibre_type = 'copper'; {known}"
    assert second == f"fibre = 'G.654' (line 4); {known}; did you mean G.654.E?"
    assert third.startswith(f"fibre = 'G.655' (line 2, line 3); {known}")


def test_types_of_a_file_are_named_like_shipped_ones(table, tmp_path):
    rows = "a,b,length_km,fibre\nx,y,10,G.655\ny,z,20,ssmf\n"
    own = tmp_path / "own.csv"
    own.write_text("type;dB/km;Aeff (um2)\nG.655;0,21;55\nG.652.D;0,19;\n", encoding="utf-8")
    instance, _ = table(rows, fibres=own)
    assert types(instance) == ["G.655", "G.652.D"]
    assert instance.fibres == (
        FibreType(id="G.655", loss_db_per_km=0.21, effective_area_um2=55.0),
        FibreType(id="G.652.D", loss_db_per_km=0.19),
    )
    for data in ([{"id": "G.655"}], {"fibres": [{"id": "G.655"}]}):
        own.write_text(json.dumps(data), encoding="utf-8")
        assert types(table(rows, fibres=own).instance) == ["G.655", "G.652.D"]
    (tmp_path / "fibres.csv").write_text("id,loss_db_per_km\nG.655,0.22\n", encoding="utf-8")
    instance, _ = qkdopt.import_network(tmp_path)
    assert instance.loss_db(instance.network.links[0]) == pytest.approx(2.2)


def test_a_sheet_declares_types(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "Fibres"
    for row in (["a", "b", "km", "fibre"], ["x", "y", 10, "own"], ["y", "z", 5, "HCF"]):
        book.active.append(row)
    sheet = book.create_sheet("Fibre types")
    for row in (["name", "loss_db_per_km", "raman_ratio"], ["own", 0.2, 0.5]):
        sheet.append(row)
    book.save(tmp_path / "network.xlsx")
    instance, _ = qkdopt.import_network(tmp_path / "network.xlsx")
    assert types(instance) == ["own", "hollow-core"]
    assert instance.fibres[0] == FibreType(id="own", loss_db_per_km=0.2, raman_ratio=0.5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,loss_db_per_km\nA,lots\n", "own, line 2: loss_db_per_km = 'lots'; expected a number"),
        ("id,loss_db_per_km\nA,40\n", "own, line 2: loss_db_per_km = 40.0; expected"),
        ("id,aeff_um2\nA,80\nA,90\n", "own, line 3: id 'A' is given twice; expected once"),
        ("loss_db_per_km\n0.2\n", "own: no column id"),
        ('{"nodes": []}', "holds no fibre types; expected a list"),
        ("[3]", "fibres[0] = 3; expected an object with id"),
        ('[{"id": "A", "los": 1}]', "fibres[0]: los: unknown field"),
        ('{"Fiber": [{"effective_area": 8e-11}]}', "Fiber[0]: id is missing"),
        ("<a/>", "holds xml; expected fibre types"),
    ],
)
def test_a_broken_file_of_types_is_refused(table, tmp_path, text, expected):
    own = tmp_path / "own"
    own.write_text(text, encoding="utf-8")
    fault, *_ = faults_of(table, "a,b,length_km\nx,y,10\n", fibres=own)
    assert fault.startswith(expected)


def test_directions_of_a_link_have_one_type(table):
    rows = "a,b,length_km,fibre\nx,y,10,SSMF\ny,x,10,{}\n"
    assert types(table(rows.format("G.652.D")).instance) == ["G.652.D"]
    assert types(table(rows.format("")).instance) == ["G.652.D"]
    (fault,) = faults_of(table, rows.format("HCF"))
    assert "line 2 and line 3 are directions of x-y with the fibre types" in fault
    kept, _ = table(rows.format("HCF"), directions="keep")
    assert types(kept) == ["G.652.D", "hollow-core"]


# -- GNPy -------------------------------------------------------------------------------------


def test_gnpy_names_types_and_gives_losses_of_its_own():
    instance, report = qkdopt.import_network(DATA / "towns_gnpy.json")
    assert set(types(instance)) == {"G.652.D"}
    assert "fibre type 'SSMF' is G.652.D" in report.assumed
    # 20 km at GNPy's 0.2 dB/km with connectors of 0.5 dB at each end, whatever the type loses.
    assert instance.loss_db(instance.network.links[0]) == pytest.approx(5.0)
    hollow, _ = qkdopt.import_network(DATA / "towns_gnpy.json", fibre_type="hollow-core")
    assert hollow.network == instance.network


def import_line(tmp_path, *names, **options):
    elements = [{**gnpy_fibre(10), "type_variety": name} for name in names]
    path = tmp_path / "line.json"
    path.write_text(json.dumps(line(*elements)), encoding="utf-8")
    return qkdopt.import_network(path, **options)


def test_a_line_of_gnpy_has_the_type_of_its_fibres(tmp_path):
    instance, _ = import_line(tmp_path, "SSMF", "SSMF")
    assert types(instance) == ["G.652.D"]
    assert instance.loss_db(instance.network.links[0]) == pytest.approx(4.0)
    instance, report = import_line(tmp_path, "SSMF", "NZDF")
    assert types(instance) == [None]
    assert "fibre types of a line of several (SSMF, NZDF)" in " ".join(report.left_out)


def test_a_type_that_only_gnpy_knows_is_left_out_or_declared(tmp_path):
    instance, report = import_line(tmp_path, "NZDF")
    assert types(instance) == [None]
    expected = (
        "fibre type 'NZDF' of 2 directions, none of G.652.D, G.654.E, hollow-core (own types: "
        "--fibres FILE)"
    )
    assert expected in report.left_out
    equipment = tmp_path / "eqpt_config.json"
    rows = [{"type_variety": "NZDF", "dispersion": 0.5e-05, "effective_area": 72e-12}]
    equipment.write_text(json.dumps({"Edfa": [], "Fiber": rows}), encoding="utf-8")
    instance, _ = import_line(tmp_path, "NZDF", fibres=equipment)
    assert instance.fibres == (FibreType(id="NZDF", effective_area_um2=72.0),)
    assert types(instance) == ["NZDF"]


# -- command line ---------------------------------------------------------------------------


def test_the_command_takes_types_and_says_how_many(tmp_path, capsys):
    links, own, file = tmp_path / "links.csv", tmp_path / "own.csv", tmp_path / "out.json"
    links.write_text(ROWS.replace("SSMF", "mine"), encoding="utf-8")
    own.write_text("id,loss_db_per_km\nmine,0.3\n", encoding="utf-8")
    command = ("instance", "import", links, "-o", file, "--fibre-type", "SSMF")
    assert exit_status(*command) == 2
    assert "fibre = 'mine' (line 2); expected one of G.652.D" in capsys.readouterr().err
    assert not file.exists()
    assert exit_status(*command, "--fibres", own, "--route-order", "hops", "--json") == 0
    account = json.loads(capsys.readouterr().out)
    assert account["fibre_types"] == {"G.652.D": 1, "hollow-core": 1, "mine": 1}
    instance = qkdopt.read_instance(file)
    assert (types(instance), instance.routes.order) == (["mine", "hollow-core", "G.652.D"], "hops")
    assert exit_status(*command, "--route-order", "shortest") == 2


def test_new_takes_other_names_of_types():
    made = qkdopt.new_instance("n", topology="nsfnet", demands=1, seed=1, fibre_type="SSMF")
    assert set(types(made)) == {"G.652.D"}
    with pytest.raises(qkdopt.UsageError, match=r"G\.655.*expected one of G\.652\.D"):
        qkdopt.new_instance("n", topology="nsfnet", demands=1, seed=1, fibre_type="G.655")
