"""``qkdopt design --method exact``."""

from __future__ import annotations

import json

import pytest

from qkdopt.exact_sets.exact import exact_set
from qkdopt.io import read_instance
from tests.command import exit_status
from tests.shipped import LIBRARY

TRIANGLE = LIBRARY / "small" / "triangle.json"
EXACT = ("--method", "exact", "--time-limit", 30)


def test_the_proved_set_is_written_as_a_result_that_check_accepts(tmp_path, capsys):
    options = ("--channels", 1, *EXACT, "-o", tmp_path)
    assert exit_status("design", TRIANGLE, *options) == 0
    told = capsys.readouterr().out
    found = exact_set(read_instance(TRIANGLE), 1)
    assert "{" + str(found.channels[0]) + "}" in told
    assert exit_status("check", tmp_path / "best.json", tmp_path / "exact.json") == 0


def test_as_json(tmp_path, capsys):
    options = ("--channels", 1, *EXACT, "-o", tmp_path, "--json")
    assert exit_status("design", TRIANGLE, *options) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["status"] == "optimal"
    assert told["value_bps"] <= told["bound_bps"] * (1.0 + 1e-9)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--channels", "1:2"), "no range"),
        (("--channels", "99"), "channels = 99"),
        (("--channels", "1", "--time-limit", "0"), "time limit = 0"),
        (("--channels", "1", "--gap", "2"), "gap = 2"),
        (("--channels", "1", "--solver", "magic"), "magic"),
        (("--channels", "1", "--gap", "0.9", "--solver", "nosuch"), "nosuch"),
    ],
)
def test_bad_options_write_nothing(options, told, tmp_path, capsys):
    folder = tmp_path / "never"
    assert exit_status("design", TRIANGLE, "--method", "exact", *options, "-o", folder) == 2
    assert told in capsys.readouterr().err
    assert not folder.exists()
