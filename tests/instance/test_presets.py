"""A preset named is a preset applied, or the difference is said; lengths and grid are no trap."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import qkdopt
from qkdopt.cli.instance_info import info_text
from qkdopt.cli.solve import summary
from qkdopt.instance import FourWaveMixing, Instance, OffGridCandidate
from qkdopt.instance.generation import (
    METRO,
    PRESETS,
    TOPOLOGIES,
    load_topology,
    new_instance,
    preset_changes,
    preset_name,
)
from qkdopt.io import read_instance
from qkdopt.simulation import SimulationOptions, simulate
from tests.command import exit_status

INSTANCES = Path(__file__).parent.parent.parent / "instances"
MADQCI = INSTANCES / "bench" / "madqci_20.json"


def without_its_values() -> Instance:
    """MadQCI as it names preset field, with the values of the field preset taken out."""
    data = json.loads(MADQCI.read_text(encoding="utf-8"))
    del data["qkd"], data["fibre"]
    return Instance.model_validate(data, strict=False)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_new_instance_has_its_preset(preset):
    made = new_instance("n", topology="nsfnet", demands=2, seed=1, preset=preset,
                        candidates=[3, 13], reserve="all")  # fmt: skip
    assert preset_changes(made) == ()
    assert preset_name(made) == preset


def test_a_label_alone_is_found_out():
    instance = without_its_values()
    changes = preset_changes(instance)
    assert "qkd.sifting = 1 (0.5)" in changes
    assert "fibre.layout = single (pair)" in changes
    assert "qkd.decoys = infinite (vacuum+weak)" in changes
    result = qkdopt.solve(instance, strategy="ds-qkd")
    assert result.instance.preset == "field (modified)"
    assert result.preset_changes == changes
    for told in (summary(instance, result), info_text(instance)):
        assert "(preset field (modified), " in told
        assert "preset     field, but " in told
        assert "qkd.sifting = 1 (0.5)" in told
    as_shipped = qkdopt.solve(read_instance(MADQCI), strategy="ds-qkd")
    assert as_shipped.instance.preset == "field"
    assert as_shipped.preset_changes == ()
    outcome = simulate(instance, SimulationOptions(), requests=1000, seed=1)
    assert outcome.preset == "field (modified)"


def test_other_noise_and_powers_of_links_are_changes_too():
    data = json.loads(MADQCI.read_text(encoding="utf-8"))
    data["other_noise"] = {"crosstalk": {}}
    data["network"]["links"][0]["launch_dbm"] = -20.0
    changes = preset_changes(Instance.model_validate(data, strict=False))
    assert changes == ("other_noise.crosstalk on (off)", "launch_dbm of 1 links (none)")


def test_an_amplified_network_is_bright_and_leaks():
    made = new_instance("n", topology="nsfnet", demands=2, seed=1, preset="dwdm")
    assert made.classical.launch_dbm == 0.0
    assert made.other_noise.crosstalk is not None
    darker = made.replace(other_noise={"crosstalk": {"isolation_db": 90.0}, "amplifier": None})
    assert preset_changes(darker) == (
        "other_noise.crosstalk.isolation_db = 90 (85)",
        "other_noise.amplifier off (on)",
    )


def test_mixing_left_out_at_high_power_is_warned_of():
    made = new_instance("n", topology="nsfnet", demands=2, seed=1, preset="dwdm")
    (warning,) = made.warnings()
    assert "launch_dbm = 0 with other_noise.four_wave_mixing off" in warning
    o_band = OffGridCandidate(frequency_thz=228.85)
    for quiet in (
        made.replace(classical={"launch_dbm": -5.0}),
        made.replace(other_noise={"four_wave_mixing": FourWaveMixing()}),
        made.replace(qkd={"candidates": [o_band]}),
    ):
        assert list(quiet.warnings()) == []


def test_a_preset_that_is_none_is_called_unknown():
    data = json.loads(MADQCI.read_text(encoding="utf-8"))
    data["preset"] = "mine"
    instance = Instance.model_validate(data, strict=False)
    assert preset_name(instance) == "mine (unknown)"
    assert "preset     mine is none of paper, field" in info_text(instance)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_backbones_alone_are_scaled(topology):
    made = new_instance("n", topology=topology, demands=1, seed=1)
    scale = 1.0 if topology in METRO else 0.01
    assert made.network == load_topology(topology, scale)
    # A span that key survives, and none of a few metres.
    assert all(0.2 < link.length_km < 50.0 for link in made.network.links)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--topology", "madqci"), "metro network: lengths and measured losses as they are"),
        (("--topology", "usnet"), "usnet is a backbone: lengths x 0.01"),
        (("--topology", "madqci", "--length-scale", 0.5), None),
    ],
)
def test_new_says_how_lengths_are_scaled(options, expected, tmp_path, capsys):
    assert exit_status("instance", "new", "-o", tmp_path / "n.json", *options) == 0
    told = capsys.readouterr().err
    assert told == "" if expected is None else expected in told
    km = max(link.length_km for link in read_instance(tmp_path / "n.json").network.links)
    assert km == pytest.approx({"madqci": 33.1, "usnet": 26.0}[options[1]] * (
        0.5 if expected is None else 1.0))  # fmt: skip


def test_a_grid_beyond_the_c_band_is_warned_of(tmp_path, capsys):
    path = tmp_path / "n.json"
    assert exit_status("instance", "new", "-o", path, "--channels", 80) == 0
    warning = "80 channels of 100 GHz reach from 192.1 to 200 THz, beyond the C band"
    assert warning in capsys.readouterr().err
    assert exit_status("instance", "validate", path) == 0
    told = capsys.readouterr()
    assert told.out == f"{path}: valid\n"
    assert warning in told.err
    assert exit_status("instance", "info", path) == 0
    assert f"note       grid: {warning}" in capsys.readouterr().out
    # 80 channels of 50 GHz are within it.
    data = json.loads(path.read_text(encoding="utf-8"))
    data["grid"] = {"channels": 80, "spacing_ghz": 50.0}
    assert list(Instance.model_validate(data, strict=False).warnings()) == []


def test_candidates_off_the_grid_are_read(tmp_path, capsys):
    path = tmp_path / "n.json"
    new = ("instance", "new", "-o", path, "--demands", 2, "--preset", "dwdm", "--candidates")
    assert exit_status(*new, "1, 20,228.85THz@0.33,230thz") == 0
    assert read_instance(path).qkd.candidates == (
        1, 20,
        OffGridCandidate(frequency_thz=228.85, loss_db_per_km=0.33),
        OffGridCandidate(frequency_thz=230.0),
    )  # fmt: skip
    capsys.readouterr()
    for wrong, fault in (
        ("1,1310nm", "expected channel numbers such as 3,13,23,33, or frequencies"),
        ("228850THz", "frequency_thz = 228850.0; expected 150 to 260 THz"),
        ("228.85THz@33", "loss_db_per_km = 33.0; expected 0.1 to 1.5 dB/km"),
        ("77", "expected a channel from 0 to 39"),
    ):
        assert exit_status(*new, wrong) == 2
        assert fault in capsys.readouterr().err
