"""``qkdopt design --protect``."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from tests.command import exit_status
from tests.shipped import LIBRARY

RING = LIBRARY / "small" / "ring.json"


def test_a_kept_plan_is_written_and_checked(tmp_path, capsys):
    options = ("--channels", 2, "--protect", 1000, "-o", tmp_path)
    status = exit_status("design", RING, *options)
    told = capsys.readouterr().out
    assert (
        status
        == {"kept": 0, "impossible": 1, "not found": 3}[
            told.split("status")[1].split(":")[0].strip()
        ]
    )
    assert exit_status("check", tmp_path / "best.json", tmp_path / "plan.json") == 0
    table = pd.read_csv(tmp_path / "protection.csv")
    assert set(table["kind"]) == {"receiver", "link"}
    worst = table["worst_skr_bps"].dropna()
    assert (worst >= 1000.0).all()


def test_a_floor_beyond_reach_is_impossible_with_a_reason(tmp_path, capsys):
    options = ("--channels", 2, "--protect", 1e9, "-o", tmp_path, "--json")
    assert exit_status("design", RING, *options) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["status"] == "impossible"
    assert told["served"] == 0
    assert all(one["proved"] for one in told["left_out"])


def test_a_given_set_is_taken(tmp_path, capsys):
    options = ("--channels", 2, "--protect", 1000, "--protect-set", "0,5", "-o", tmp_path)
    exit_status("design", RING, *options)
    assert "{0,5}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--protect", "0"), "protect = 0"),
        (("--protect", "nan"), "protect = nan"),
        (("--protect", "1", "--protect-set", "99"), "99"),
        (("--protect", "1", "--channels", "1:2"), "no range"),
        (("--protect", "1", "--time-limit", "-1"), "time limit = -1"),
    ],
)
def test_bad_options_write_nothing(options, told, tmp_path, capsys):
    folder = tmp_path / "never"
    chosen = ("--channels", "2", *options)
    assert exit_status("design", RING, *chosen, "-o", folder) == 2
    assert told in capsys.readouterr().err
    assert not folder.exists()
