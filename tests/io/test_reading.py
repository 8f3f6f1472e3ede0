"""Malformed inputs: one clear error with every fault, exit status 2, nothing written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qkdopt.errors import InstanceError, OutputError
from qkdopt.io import parse_instance, read_instance, read_result, to_text, write_json_whole

ROOT = Path(__file__).parent.parent.parent
GOOD = (ROOT / "instances" / "small" / "mesh6.json").read_text(encoding="utf-8")


def put(path: str, value: Any) -> str:
    data = json.loads(GOOD)
    here: Any = data
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        here = here.setdefault(step, {}) if isinstance(here, dict) else here[step]
    here[last] = value
    return json.dumps(data)


BAD = [
    ("schema", "qkdopt/instance/9", 'schema = "qkdopt/instance/9"; expected "qkdopt/instance/1"'),
    ("name", "", "name"),
    ("name", 7, "name = 7; expected"),
    ("colour", "red", "colour: unknown field"),
    ("network.nodes", [], "network.nodes"),
    ("network.links", [], "network.links"),
    ("network.nodes.0.id", 1, "id 1 is given 2 times"),
    ("network.nodes.0.lat", 123.0, "network.nodes[0].lat = 123.0"),
    ("network.links.0.a", 99, "expected the id of a node"),
    ("network.links.0.a", "0", "a number given as text"),
    ("network.links.0.b", 0, "joins 0 to itself"),
    ("network.links.0.id", "1-2", "id '1-2' is given 2 times"),
    ("network.links.0.length_km", -3.0, "network.links[0].length_km = -3.0"),
    ("network.links.0.length_km", 1e6, "given in m?"),
    ("network.links.0.length_km", "10", "network.links[0].length_km"),
    ("network.links.0.lenght_km", 3.0, "did you mean length_km?"),
    ("network.links.0.loss_db_per_km", 0.046, "given in 1/km"),
    ("network.links.0.loss_db", 0.01, "more than 0.01 dB/km"),
    ("network.links.0.loss_db", -4.0, "a loss is positive"),
    ("network.links.0.candidates", [], "candidates"),
    ("network.links.0.candidates", [99], "expected a channel from 0 to 7"),
    ("network.links.0.qkd_direction", "up", "qkd_direction"),
    ("grid.channels", 0, "grid.channels = 0"),
    ("grid.first_thz", 193100.0, "given in GHz, Hz or nm?"),
    ("grid.spacing_ghz", 1e11, "given in nm, THz or Hz?"),
    ("fibre.layout", "double", "fibre.layout"),
    ("fibre.loss_db_per_km", 4.6e-5, "given in 1/km, in 1/m"),
    ("fibre.temperature_k", 20.0, "degrees Celsius"),
    ("fibre.raman_scale", 0.0, "fibre.raman_scale"),
    ("fibre.raman_profile", "flat", "fibre.raman_profile"),
    ("classical.launch_dbm", 1e3, "given in W or mW?"),
    ("classical", {}, "expected exactly one of launch_dbm"),
    ("classical.receiver_sensitivity_dbm", -28.0, "read both"),
    ("qkd.candidates", [1, 1], "the same channel twice"),
    ("qkd.candidates", [8], "numbered from 1"),
    ("qkd.guard_ghz", -1.0, "qkd.guard_ghz = -1.0"),
    ("qkd.guard_ghz", 4000.0, "leaves none of 8 channels"),
    ("qkd.detector_efficiency", 20.0, "given in per cent?"),
    ("qkd.misalignment", 0.7, "qkd.misalignment"),
    ("qkd.sifting", 0.0, "qkd.sifting"),
    ("qkd.reserve", "some", "qkd.reserve"),
    ("qkd.error_correction_efficiency", 0.9, "qkd.error_correction_efficiency"),
    ("demands.0.source", 42, "expected the id of a node"),
    ("demands.0.channels", 9, "expected at most the grid's 8"),
    ("demands.0.min_skr_bps", -1.0, "min_skr_bps"),
    ("demands.1.id", 0, "id 0 is given 2 times"),
    ("routes.k", 0, "routes.k = 0"),
    ("traffic.load_erlang", -5.0, "traffic.load_erlang"),
]


@pytest.mark.parametrize(("path", "value", "expected"), BAD)
def test_one_fault_is_told_with_its_place(path, value, expected):
    with pytest.raises(InstanceError) as caught:
        parse_instance(put(path, value), where="bad.json")
    assert expected in str(caught.value), str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is empty"),
        ("{", "line 1, column 2"),
        ("[]", "holds a JSON list"),
        (GOOD.replace("10.0", "NaN", 1), "holds NaN"),
        (GOOD.replace('"name"', '"name": "x", "name"', 1), "is given twice"),
    ],
)
def test_what_is_no_instance_at_all_is_refused(text, expected):
    with pytest.raises(InstanceError, match=expected):
        parse_instance(text)


def test_all_faults_come_in_one_error():
    data = json.loads(put("fibre.loss_db_per_km", 4.6e-5))
    data["network"]["links"][0]["a"] = 99
    data["demands"][0]["channels"] = 0
    with pytest.raises(InstanceError) as caught:
        parse_instance(json.dumps(data))
    assert len(caught.value.faults) == 3


def test_files_that_cannot_be_read_are_told(tmp_path):
    with pytest.raises(InstanceError, match="no such file"):
        read_instance(tmp_path / "missing.json")
    with pytest.raises(InstanceError, match="is a folder"):
        read_instance(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InstanceError, match="UTF-8"):
        read_instance(tmp_path / "binary")


def test_writing_is_whole_or_not_at_all(tmp_path):
    with pytest.raises(OutputError, match="does not exist"):
        write_json_whole(tmp_path / "none" / "x.json", {})
    write_json_whole(tmp_path / "x.json", {"a": [1, 2]})
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == {"a": [1, 2]}
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


@pytest.mark.parametrize("path", sorted((ROOT / "instances").rglob("*.json")), ids=lambda p: p.stem)
def test_shipped_instances_are_valid_and_come_back_the_same(path):
    instance = read_instance(path)
    assert parse_instance(to_text(instance.to_json_dict())) == instance


def test_a_result_comes_back_the_same(tmp_path):
    import qkdopt

    result = qkdopt.solve(parse_instance(GOOD), strategy="ds-qkd")
    write_json_whole(tmp_path / "r.json", result.to_json_dict())
    assert read_result(tmp_path / "r.json") == result
