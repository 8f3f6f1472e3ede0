"""Round trips, shuffled rows, other names, broken files: for networks that nobody picked."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import qkdopt
from qkdopt.io import parse_instance, to_text
from tests.fuzzing.byte_changes import mutated
from tests.io.importers import writers

DATA = Path(__file__).parent / "data"
FILES = sorted(
    path
    for path in DATA.rglob("*")
    if path.is_file() and path.name not in ("towns_services.json", "nodes.csv", "demands.csv")
)
FIBRES = [fibre.id for fibre in qkdopt.instance.SHIPPED_FIBRES]
OPTIONS = [
    {},
    {"lengths": "great-circle", "per_lightpath": 50.0},
    {"lengths": "plane", "length_scale": 0.5, "directions": "keep"},
    {"lengths": "great-circle", "zero_links": "merge", "directions": "merge", "demands": 5},
    {"preset": "field", "length_field": "weight"},
]
WRITTEN = {
    "gml": writers.to_gml,
    "graphml": writers.to_graphml,
    "json": writers.to_node_link,
    "n2p": writers.to_net2plan,
    "gnpy.json": writers.to_gnpy,
}
WITHOUT_LENGTHS = {"txt": writers.to_sndlib_native, "xml": writers.to_sndlib_xml}


@st.composite
def instances(draw):
    """Return a connected network with places, parallel links, measured losses and demands."""
    names = draw(
        st.lists(
            st.text("abcdefghijkmopqrstuvwxyzäß", min_size=2, max_size=6),
            min_size=2,
            max_size=7,
            unique_by=str.casefold,
        )
    )
    network = qkdopt.Network("drawn")
    degrees = st.floats(-80, 80).map(lambda value: round(value, 1))
    places = draw(
        st.lists(st.tuples(degrees, degrees), min_size=len(names), max_size=len(names), unique=True)
    )
    for name, (lat, lon) in zip(names, places, strict=True):
        network.add_node(name, lat=lat, lon=lon)
    pairs = [(names[k], names[draw(st.integers(0, k - 1))]) for k in range(1, len(names))]
    ends = st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True)
    pairs += draw(st.lists(ends.map(tuple), max_size=5))
    for k, (a, b) in enumerate(pairs):
        length = round(draw(st.floats(0.5, 90)), 3)
        loss = draw(st.none() | st.floats(0.15, 0.5))
        loss_db = None if loss is None else round(loss * length, 3)
        first, second = sorted((a, b), key=names.index)
        fibre = draw(st.none() | st.sampled_from(FIBRES))
        network.add_link(
            first, second, length_km=length, loss_db=loss_db, fibre=fibre, link_id=f"f{k}"
        )
    for source, target in draw(st.lists(ends, max_size=4)):
        network.add_demand(source, target, channels=draw(st.integers(1, 4)))
    return network.instance()


def shape(instance):
    """Return links, whatever their names and order."""
    return sorted(
        (
            *sorted((str(link.a), str(link.b))),
            round(link.length_km, 4),
            _loss(instance, link),
            link.fibre or "",
        )
        for link in instance.network.links
    )


def _loss(instance, link):
    # Lengths and rates have seven decimals at most between them: at nine nothing is halfway, and
    # dB / km * km rounds as dB did.
    return round(instance.loss_db(link), 9)


def demands(instance):
    return sorted((str(d.source), str(d.target), d.channels) for d in instance.demands)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(instance=instances())
def test_a_network_comes_back_from_tables_as_it_was(instance, tmp_path):
    for name, text in writers.to_csv(instance).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    back, _ = qkdopt.import_network(tmp_path, name="drawn", directions="keep")
    assert back.network.links == instance.network.links
    assert [node.id for node in back.network.nodes] == [n.id for n in instance.network.nodes]
    assert demands(back) == demands(instance)
    pytest.importorskip("openpyxl")
    path = tmp_path / "book.xlsx"
    writers.to_workbook(instance, path)
    book, _ = qkdopt.import_network(path, name="drawn", directions="keep")
    assert book.to_json_dict() == back.to_json_dict()


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(instance=instances())
def test_a_network_comes_back_from_every_format(instance, tmp_path):
    for ending, write in WRITTEN.items():
        path = tmp_path / f"network.{ending}"
        path.write_text(write(instance), encoding="utf-8")
        options = {"per_lightpath": 1.0} if ending == "n2p" and instance.demands else {}
        back, _ = qkdopt.import_network(path, **options)
        links = [row[:3] if ending == "n2p" else row for row in shape(back)]
        assert links == [row[:3] if ending == "n2p" else row for row in shape(instance)], ending
        if ending in ("json", "n2p"):
            assert demands(back) == demands(instance), ending


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(instance=instances())
def test_formats_without_lengths_agree(instance, tmp_path):
    shapes = []
    for ending, write in WITHOUT_LENGTHS.items():
        path = tmp_path / f"network.{ending}"
        path.write_text(write(instance), encoding="utf-8")
        options = {"per_lightpath": 1.0} if instance.demands else {}
        back, _ = qkdopt.import_network(
            path, lengths="great-circle", length_scale=0.01, directions="keep", **options
        )
        assert [link.id for link in back.network.links] == [
            link.id for link in instance.network.links
        ]
        assert demands(back) == demands(instance)
        shapes.append(shape(back))
    assert shapes[0] == shapes[1]


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(instance=instances())
def test_types_of_fibre_are_those_of_the_rates(instance, tmp_path):
    for name, text in writers.to_csv(instance).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    back, report = qkdopt.import_network(tmp_path, name="drawn", directions="keep")
    named = Counter(link.fibre for link in instance.network.links if link.fibre)
    assert {fibre.id for fibre in back.fibres or ()} == set(named)
    phrase = next((phrase for phrase in report.read if phrase.startswith("fibre types")), "")
    read = re.findall(r"(\d+) links? of ([\w.-]+)", phrase)
    assert {name: int(number) for number, name in read} == named
    for link, other in zip(instance.network.links, back.network.links, strict=True):
        assert back.fibre_type(other) == instance.fibre_type(link)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(instance=instances(), seed=st.integers(0, 2**32))
def test_the_order_of_rows_changes_nothing(instance, seed, tmp_path):
    generator = random.Random(seed)
    text = writers.to_csv(instance)["links.csv"].splitlines()
    path = tmp_path / "links.csv"
    found = []
    for _ in range(2):
        path.write_text("\n".join(text) + "\n", encoding="utf-8")
        back, _ = qkdopt.import_network(path, name="drawn", directions="keep", demands=5)
        found.append(back)
        rows = text[1:]
        generator.shuffle(rows)
        text = [text[0], *rows]
    first, second = found
    assert first.network.nodes == second.network.nodes
    assert first.demands == second.demands
    by_id = {link.id: link for link in second.network.links}
    assert {link.id: link for link in first.network.links} == by_id


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(instance=instances(), seed=st.integers(0, 2**32))
def test_other_names_of_nodes_change_nothing_else(instance, seed, tmp_path):
    ids = [node.id for node in instance.network.nodes]
    other = [f"site {k}" for k in range(len(ids))]
    random.Random(seed).shuffle(other)
    name = dict(zip(ids, other, strict=True))
    renamed = instance.replace(
        network={
            "nodes": [
                node.model_copy(update={"id": name[node.id]}) for node in instance.network.nodes
            ],
            "links": [
                link.model_copy(update={"a": name[link.a], "b": name[link.b]})
                for link in instance.network.links
            ],
        },
        demands=[
            d.model_copy(update={"source": name[d.source], "target": name[d.target]})
            for d in instance.demands
        ],
    )
    for k, network in enumerate((instance, renamed)):
        (tmp_path / f"{k}.json").write_text(writers.to_node_link(network), encoding="utf-8")
    plain, _ = qkdopt.import_network(tmp_path / "0.json")
    back, _ = qkdopt.import_network(tmp_path / "1.json")
    expected = [(name[x.a], name[x.b], x.length_km, x.id) for x in plain.network.links]
    assert [(x.a, x.b, x.length_km, x.id) for x in back.network.links] == expected


def survives(seed: int, folder: Path) -> bool:
    """Import a broken file; whether it was still a network. No other error than ours is raised."""
    generator = random.Random(seed)
    source = generator.choice(FILES)
    path = folder / f"broken{source.suffix}"
    path.write_bytes(mutated(source.read_bytes(), generator))
    try:
        instance, report = qkdopt.import_network(path, **generator.choice(OPTIONS))
    except qkdopt.QkdoptError as error:
        # An error that can be shown; an empty one would count as a network, and be missed.
        return not str(error).encode()
    text = to_text(instance.to_json_dict())
    assert parse_instance(text) == instance
    assert report.text().encode()
    return True


def test_a_broken_file_is_a_network_or_one_error(tmp_path):
    outcomes = [survives(seed, tmp_path) for seed in range(250)]
    assert 5 < sum(outcomes) < 200


@pytest.mark.slow
def test_many_broken_files_are_networks_or_errors(tmp_path):
    outcomes = [survives(seed, tmp_path) for seed in range(1000, 6000)]
    assert 100 < sum(outcomes) < 4000
