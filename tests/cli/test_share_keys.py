"""``qkdopt instance share-keys`` and what follows from it on the command line."""

from __future__ import annotations

import json

import pytest

import qkdopt
from tests.command import exit_status

RING = "instances/small/ring.json"


@pytest.fixture
def shared(tmp_path):
    path = tmp_path / "shared.json"
    assert exit_status("instance", "share-keys", RING, "-o", path, "--rate", 5000) == 0
    return path


def test_it_writes_needs_and_says_what_is_asked_for(tmp_path, capsys):
    path = tmp_path / "shared.json"
    assert exit_status("instance", "share-keys", RING, "-o", path, "--rate", 5000) == 0
    demands = qkdopt.read_instance(path).demands
    count = len(demands)
    text = f"{path}: {count} of {count} demands ask for {5.0 * count:.3f} kbit/s in all"
    assert text in capsys.readouterr().out
    assert [demand.need_bps for demand in demands] == [5000.0] * count


def test_bits_every_so_many_seconds_for_each_lightpath(tmp_path):
    path = tmp_path / "aes.json"
    options = ("--bits", 256, "--every", 60, "--per", "lightpath", "--relay", "flow")
    assert exit_status("instance", "share-keys", RING, "-o", path, *options) == 0
    instance = qkdopt.read_instance(path)
    assert instance.qkd.relay == "flow"
    assert instance.demands[0].need_bps == pytest.approx(256 / 60 * instance.demands[0].channels)


def test_a_need_that_is_none_is_one_error_and_writes_nothing(tmp_path, capsys):
    path = tmp_path / "none.json"
    assert exit_status("instance", "share-keys", RING, "-o", path, "--bits", 256) == 2
    assert "bits given; expected rate_bps, or bits and every_s" in capsys.readouterr().err
    assert not path.exists()


def test_solve_says_what_all_get_at_once_and_check_agrees(shared, tmp_path, capsys):
    result = tmp_path / "result.json"
    assert exit_status("solve", shared, "-o", result, "--strategy", "ds-qkd") == 0
    out = capsys.readouterr().out
    assert "of each demand when all draw at once" in out
    assert "met in full" in out
    assert json.loads(result.read_text())["objective"] == "key-factor"
    assert exit_status("check", shared, result) == 0


def test_a_plan_that_counts_per_demand_says_what_is_kept_when_all_draw(capsys):
    assert exit_status("solve", RING, "--strategy", "ds-qkd") == 0
    out = capsys.readouterr().out
    assert "of each demand as if it had its links to itself" in out
    assert "all draw   mean" in out


def test_sets_are_ranked_proved_and_protected_by_what_all_can_have(shared, tmp_path, capsys):
    rank, prove, protect = (tmp_path / name for name in ("rank", "prove", "protect"))
    ranking = ("--on", "demands", "--assignments", 2, "--method", "listed", "--also", "0,7;2,5")
    assert exit_status("design", "rank", shared, "--channels", 2, "-o", rank, *ranking) == 0
    assert "keys are shared: key rates are objective key-factor" in capsys.readouterr().out
    page = (rank / "design.html").read_text()
    assert "Keys are shared: key rates are objective key-factor" in page
    proving = ("--channels", 2, "--objective", "key-served")
    assert exit_status("design", "prove", shared, "-o", prove, *proving) == 0
    assert "objective key-served; checked from physics\nneeds " in capsys.readouterr().out
    protecting = ("--channels", 2, "--set", "0,7")
    assert exit_status("design", "protect", shared, "-o", protect, *protecting) == 0
    assert "with all the key that they ask for, drawn by all at once" in capsys.readouterr().out
    page = (protect / "design.html").read_text()
    assert "keeps the key that it asks for, all drawing at once" in page
