"""``qkdopt explain`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import exit_status

SMALL = Path(__file__).parent.parent.parent / "instances" / "small"


def test_possible_is_status_0(capsys):
    assert exit_status("explain", SMALL / "line.json") == 0
    told = capsys.readouterr().out
    assert told.startswith("possible   all 6 demands can be served: a plan was found\n")


def test_impossible_is_status_1_with_the_conflict(capsys):
    assert exit_status("explain", SMALL / "ring_blocks.json") == 1
    told = capsys.readouterr().out
    assert told.startswith("impossible every candidate route of demands ")
    assert "which have room for 6 together" in told
    assert "without any one of them a plan exists" in told
    assert "guard band around its QKD channel" in told


def test_undecided_is_status_3(capsys):
    assert exit_status("explain", SMALL / "ring_blocks.json", "--time-limit", "1e-9") == 3
    assert capsys.readouterr().out.startswith("undecided ")


def test_json_is_one_object(capsys):
    command = ("explain", SMALL / "mesh6_no_key.json", "--demand", 1, "--min-skr", 10, "--json")
    assert exit_status(*command) == 1
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {
        "schema", "instance", "feasible", "irreducible", "groups", "text", "advice",
        "seconds", "environment", "provenance",
    }  # fmt: skip
    assert told["schema"] == "qkdopt/explanation/1"
    assert told["feasible"] is False
    assert told["irreducible"] is True
    assert told["groups"][0] == {"kind": "served", "demand": 1, "text": "demand 1 is served"}
    assert {"kind", "link", "text"} == set(told["groups"][-1])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--demand", "99", "--min-skr", "1"), "expected the id of a demand of line"),
        (("--demand", "1", "--min-skr", "-5"), "expected a key rate of at least 0 bit/s"),
        (("--demand", "1"), "expected both or neither"),
        (("--demand", "1", "--min-skr", "much"), "Invalid value"),
        (("--time-limit", "0"), "expected more than 0 s"),
    ],
)
def test_bad_input_is_one_message_and_status_2(options, expected, capsys):
    assert exit_status("explain", SMALL / "line.json", *options) == 2
    told = capsys.readouterr()
    assert expected in told.err
    assert told.out == ""
    assert "Traceback" not in told.err


def test_a_missing_instance_is_status_2(capsys):
    assert exit_status("explain", "missing.json") == 2
    assert "no such file" in capsys.readouterr().err
