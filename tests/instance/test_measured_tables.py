"""Measured curves in an instance: every broken rule is named, all in one error."""

from __future__ import annotations

import json

import pytest

from qkdopt.errors import InstanceError, UsageError
from qkdopt.instance import Instance
from qkdopt.instance.generation.topologies import traffic_weights
from qkdopt.io import parse_instance
from tests.small_instances import instance_of

RAMAN = {"offset_nm": [-60.0, 0.0, 60.0], "rho_per_km_nm": [2e-9, 0.0, 3e-9]}
KEY = {"noise_per_gate": [0.0, 1e-5, 1e-3], "skr_bps": [900.0, 300.0, 0.0]}


def plain() -> Instance:
    return instance_of([("0-1", 0, 1, 20.0)], [(0, 1)])


def faults_with(**sections: object) -> list[str]:
    """Return the faults of an instance whose file has other fields in its sections."""
    data = plain().to_json_dict()
    for name, fields in sections.items():
        data[name] = data.get(name, {}) | fields
    try:
        parse_instance(json.dumps(data))
    except InstanceError as error:
        return list(error.faults)
    return []


def test_good_tables_have_no_fault():
    assert faults_with(fibre={"raman_profile": RAMAN}, qkd={"skr_table": KEY}) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rho_per_km_nm": [2e-9, 3e-9]}, "3 offsets and 2 values; expected as many of one"),
        ({"offset_nm": [-60.0, 60.0, 60.0]}, "offset_nm: not strictly rising"),
        ({"rho_per_km_nm": [2.0, 0.0, 3.0]}, "up to 3; expected about 1e-9 /(km nm)"),
    ],
)
def test_each_rule_of_a_raman_table(change, words):
    faults = faults_with(fibre={"raman_profile": RAMAN | change})
    assert any(words in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"skr_bps": [900.0, 0.0]}, "expected as many rates as noises"),
        ({"noise_per_gate": [0.0, 1e-3, 1e-3]}, "noise_per_gate: not strictly rising"),
        ({"skr_bps": [300.0, 900.0, 0.0]}, "skr_bps: rises with noise"),
        ({"skr_bps": [900.0, 300.0, 20.0]}, "ends at 20; expected 0 at the last noise"),
    ],
)
def test_each_rule_of_a_key_rate_table(change, words):
    faults = faults_with(qkd={"skr_table": KEY | change})
    assert any(words in fault for fault in faults), faults


def test_all_broken_rules_of_a_table_come_in_one_error():
    broken = {"noise_per_gate": [1e-3, 1e-5, 0.0], "skr_bps": [0.0, 300.0, 900.0]}
    faults = faults_with(qkd={"skr_table": broken})
    assert len([fault for fault in faults if "skr_table" in fault]) == 3, faults


def test_a_topology_without_a_demand_matrix_says_so():
    with pytest.raises(UsageError, match="nsfnet ships no demand matrix; use uniform demands"):
        traffic_weights("nsfnet")
