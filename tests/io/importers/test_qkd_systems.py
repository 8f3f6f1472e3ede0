"""QKD systems of imported links: a column, and a file of systems beside it."""

import json

import pytest

import qkdopt
from qkdopt.cli.instance_info import info_text
from qkdopt.errors import InstanceError

LINKS = "a,b,length_km,qkd,qkd_system\nA,B,10,yes,fast\nB,C,12,yes,\nA,C,20,no,\n"
FAST = {"id": "fast", "repetition_mhz": 1000.0}


@pytest.fixture
def links(tmp_path):
    path = tmp_path / "links.csv"
    path.write_text(LINKS)
    return path


def systems_file(folder, data):
    path = folder / "systems.json"
    path.write_text(json.dumps(data))
    return path


@pytest.mark.parametrize("data", [[FAST], {"qkd_systems": [FAST]}])
def test_links_have_the_systems_that_they_name(links, tmp_path, data):
    found = qkdopt.import_network(links, qkd_systems=systems_file(tmp_path, data))
    named = {link.id: link.qkd_system for link in found.instance.network.links}
    assert named == {"A-B": "fast", "B-C": None, "A-C": None}
    assert any("1 link of fast" in text for text in found.report.read)
    text = info_text(found.instance)
    assert "system     fast: 1 links, repetition_mhz 1000" in text
    assert "QKD system" in text


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ([{"id": "slow"}], "qkd_system = 'fast'; expected the id of one of"),
        ([3], "expected an object with id"),
        ([{"id": "fast", "filter": 3}], "unknown field"),
        ({"systems": []}, "holds no QKD systems"),
    ],
)
def test_a_bad_file_of_systems_is_a_fault(links, tmp_path, data, fault):
    with pytest.raises(InstanceError) as caught:
        qkdopt.import_network(links, qkd_systems=systems_file(tmp_path, data))
    assert fault in str(caught.value)


def test_a_name_without_any_file_is_a_fault(links):
    with pytest.raises(InstanceError, match="none is listed"):
        qkdopt.import_network(links)
