"""``qkdopt dimension``."""

from __future__ import annotations

import json

import pytest

import qkdopt
from qkdopt.result.dimensioning import Dimensioning
from tests.command import exit_status

RING = "instances/small/ring.json"
PRICES = ("--transmitter", 60, "--receiver", 40, "--site", 10)


@pytest.fixture
def shared(tmp_path):
    path = tmp_path / "shared.json"
    assert exit_status("instance", "share-keys", RING, "-o", path, "--rate", 8000) == 0
    return path


def test_it_says_links_price_and_proof_and_writes_a_record(shared, tmp_path, capsys):
    path = tmp_path / "found.json"
    assert exit_status("dimension", shared, *PRICES, "-o", path) == 0
    out = capsys.readouterr().out
    for word in ("price      450; proved", "links      4 of 5", "sites      5", "proved by"):
        assert word in out
    found = Dimensioning.model_validate_json(path.read_text("utf-8"))
    assert qkdopt.check_dimensioning(qkdopt.read_instance(shared), found) == ()


def test_json_is_the_record(shared, capsys):
    capsys.readouterr()
    assert exit_status("dimension", shared, *PRICES, "--link", "0-1=250", "--json", "-q") == 0
    data = json.loads(capsys.readouterr().out)
    assert data["schema"] == "qkdopt/dimensioning/1"
    assert data["prices"]["links"] == {"0-1": 250.0}
    assert data["plan"]["schema"] == "qkdopt/result/1"


def test_a_frontier_is_a_table(shared, capsys):
    assert exit_status("dimension", shared, *PRICES, "--frontier", "--factors", "0.5,1,9") == 1
    out = capsys.readouterr().out
    assert "factor  price  bound  links  sites  status" in out
    assert "impossible" in out
    assert "factor 9: 9 times what 8 demands ask for" in out


def test_needs_that_cannot_be_met_say_what_limits(shared, tmp_path, capsys):
    path = tmp_path / "found.json"
    assert exit_status("dimension", shared, *PRICES, "--factor", 100, "-o", path) == 1
    error = capsys.readouterr().err
    assert "cannot be met by any choice of links" in error
    assert "of which demands" in error
    assert not path.exists()


def test_faults_of_options_are_one_error_and_nothing_is_written(shared, tmp_path, capsys):
    path = tmp_path / "found.json"
    options = ("--transmitter", 60, "--receiver", -1, "--link", "0-1", "--factors", "1", "-o", path)
    assert exit_status("dimension", shared, *options) == 2
    error = capsys.readouterr().err
    for part in ("--link 0-1; expected ID=PRICE", "receiver = -1", "--factors without --frontier"):
        assert part in error
    assert not path.exists()


def test_an_instance_without_shared_keys_says_what_to_do(capsys):
    assert exit_status("dimension", RING, *PRICES) == 2
    assert "share-keys" in capsys.readouterr().err
