"""The receivers that an instance names limit its launch power, as those of an option do."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import qkdopt
from qkdopt.experiments.sensitivity.perturbation import sensitivity_settings
from qkdopt.experiments.sensitivity.power import Receivers, min_launch_dbm
from qkdopt.problem.coefficients import link_launch_dbm
from tests.command import exit_status

ROOT = Path(__file__).parent.parent.parent.parent
FIELD = ROOT / "instances" / "bench" / "madqci_20.json"
MESH = ROOT / "instances" / "small" / "mesh6_1to4_reserved.json"


def with_receivers(tmp_path, **classical):
    data = json.loads(MESH.read_text(encoding="utf-8")) | {"classical": classical}
    path = tmp_path / "own.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


@pytest.mark.parametrize("margin", [0.0, 2.0, 7.5])
def test_no_launch_power_is_tried_that_misses_the_instances_own_receivers(margin, tmp_path):
    path = with_receivers(tmp_path, receiver_sensitivity_dbm=-28.0, margin_db=margin)
    instance = qkdopt.read_instance(path)
    sweep = sensitivity_settings(instance)
    assert sweep.receivers == Receivers.of(instance) == Receivers(-28.0, margin)
    launches = [s for s in sweep.settings if s.parameter.startswith("launch")]
    assert len(launches) > 2
    for setting in launches:
        for before, after in zip(
            instance.network.links, setting.instance.network.links, strict=True
        ):
            min_power = min_launch_dbm(instance, before, -28.0, margin)
            assert link_launch_dbm(setting.instance, after) >= min_power - 1e-9
    # The instance stands where its receivers ask it to: there is nothing to save.
    assert {s.db for s in sweep.settings if s.parameter == "launch power"} == {0.0, 3.0}
    assert any("launch power -9, -6, -3 dB left out" in note for note in sweep.notes)


def test_a_links_own_power_may_fall_as_far_as_the_receivers_allow():
    instance = qkdopt.read_instance(MESH)
    links = [link.model_copy(update={"launch_dbm": 0.0}) for link in instance.network.links]
    network = instance.network.model_copy(update={"links": tuple(links)})
    classical = instance.classical.model_copy(
        update={"launch_dbm": None, "receiver_sensitivity_dbm": -28.0, "margin_db": 2.0}
    )
    strong = instance.model_copy(update={"network": network, "classical": classical})
    tried = {s.db for s in sensitivity_settings(strong).settings if s.parameter == "launch power"}
    assert tried == {-9.0, -6.0, -3.0, 0.0, 3.0}


def test_receivers_given_take_the_place_of_the_instances_own():
    instance = qkdopt.read_instance(FIELD)
    assert sensitivity_settings(instance).receivers == Receivers(-28.0, 2.0)
    own_receivers = Receivers(-34.0, 2.0)
    sweep = sensitivity_settings(instance, receivers=own_receivers)
    assert sweep.receivers == own_receivers
    assert {s.db for s in sweep.settings if s.parameter == "launch power"} == {-6.0, -3.0, 0.0, 3.0}


def test_an_instance_without_receivers_has_none():
    assert sensitivity_settings(qkdopt.read_instance(MESH)).receivers is None


def answer(capsys, path, folder, *options):
    sweep_options = ("--load", 4, "--requests", 500, "--workers", 1, "--step-db", 3, "-o", folder)
    assert exit_status("sensitivity", path, *sweep_options, *options) == 0
    text = capsys.readouterr().out
    assert exit_status("sensitivity", path, *sweep_options, *options, "--json") == 0
    return text, json.loads(capsys.readouterr().out)


@pytest.mark.slow
def test_the_command_says_whose_receivers_it_looked_at(tmp_path, capsys):
    own = with_receivers(tmp_path, receiver_sensitivity_dbm=-28.0, margin_db=2.0)
    text, report = answer(capsys, own, tmp_path / "own")
    assert "launch power at least -28 dBm + loss + 2 dB at every link (the instance's own)" in text
    assert report["receivers"] == {
        "sensitivity_dbm": -28.0, "margin_db": 2.0, "cap_dbm": None,
        "source": "the instance's own",
    }  # fmt: skip
    # At the least power already: nothing is saved, and nothing less is called best.
    assert pd.read_csv(tmp_path / "own" / "launch.csv")["saved_db"].tolist() == pytest.approx(
        [0.0] * len(qkdopt.read_instance(own).network.links)
    )
    (launch,) = (row for row in report["ranking"] if row["parameter"] == "launch power")
    assert launch["best_db"] == 0.0
    assert not launch["can_improve"]

    text, report = answer(capsys, own, tmp_path / "own", "--margin", 3)
    assert "at least -28 dBm + loss + 3 dB at every link (as given)" in text
    assert report["receivers"]["margin_db"] == 3.0

    text, report = answer(capsys, MESH, tmp_path / "none")
    assert "receivers     not looked at: the instance names none" in text
    assert report["receivers"] is None
    assert not (tmp_path / "none" / "launch.csv").exists()


def test_margin_and_cap_need_receivers_from_somewhere(tmp_path, capsys):
    assert exit_status("sensitivity", MESH, "--margin", 3, "-o", tmp_path / "out") == 2
    assert "margin and cap: expected a sensitivity" in capsys.readouterr().err
