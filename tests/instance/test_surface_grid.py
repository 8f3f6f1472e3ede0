"""A surface in an instance: its rules, what it must cover, and what it leaves as it is."""

import json

import pytest

import qkdopt
from tests.surface_instances import LOSSES, NOISES, uneven_surface


def line(**changes):
    return qkdopt.read_instance("instances/small/line.json").replace(**changes)


def faults(**qkd):
    with pytest.raises(qkdopt.InstanceError) as caught:
        line(qkd=qkd)
    return caught.value.faults


def test_without_a_surface_hash_and_file_are_as_they_were():
    plain = line()
    assert "surface" not in json.dumps(plain.to_json_dict())
    # The hash of instances/small/line.json before surfaces were there.
    assert plain.sha256() == line(qkd={"surface": None}).sha256()
    assert line(qkd={"surface": uneven_surface()}).sha256() != plain.sha256()


def test_a_surface_is_written_and_read(tmp_path):
    instance = line(qkd={"surface": uneven_surface() | {"source": "a test"}})
    instance.save(tmp_path / "line.json")
    assert qkdopt.read_instance(tmp_path / "line.json") == instance


def test_each_broken_rule_is_named():
    rows = uneven_surface()["skr_bps"]
    assert "rises with loss" in faults(surface=uneven_surface() | {"skr_bps": rows[::-1]})[0]
    falling = [row[::-1] for row in rows]
    assert any("rises with noise" in fault for fault in faults(
        surface=uneven_surface() | {"skr_bps": falling}
    ))  # fmt: skip
    (ragged,) = faults(surface=uneven_surface() | {"skr_bps": [rows[0][:-1], *rows[1:]]})
    assert f"a row has {len(NOISES) - 1} rates; expected {len(NOISES)}" in ragged


def test_a_surface_and_a_table_are_one_too_many():
    table = {"noise_per_gate": [0.0, 1.0], "skr_bps": [1.0, 0.0]}
    assert "at most one of them" in faults(surface=uneven_surface(), skr_table=table)[0]


def test_a_link_that_loses_more_than_the_surface_knows_is_refused():
    losses = [loss / 10.0 for loss in LOSSES]
    (fault,) = faults(surface=uneven_surface() | {"losses_db": losses})
    assert "ends at 3 dB with key left; expected to cover" in fault
    # Where the last losses have no key, a longer link has none either.
    rows = uneven_surface()["skr_bps"]
    ended = [*rows[:-1], [0.0] * len(NOISES)]
    line(qkd={"surface": uneven_surface() | {"losses_db": losses, "skr_bps": ended}})
