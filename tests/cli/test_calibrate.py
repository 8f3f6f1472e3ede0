"""``qkdopt calibrate``: files, text and JSON; an error writes nothing."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import qkdopt
from qkdopt.channel_sets.scenario import read_scenarios
from qkdopt.cli.app import app

LAB = "studies/made_up_lab.csv"
RING = "instances/small/ring.json"
FAST = ("--preset", "field", "--fit", "raman_scale,excess_loss", "--folds", 2)


def run(*arguments):
    result = CliRunner().invoke(app, ["calibrate", *map(str, arguments)])
    if isinstance(result.exception, qkdopt.QkdoptError):
        return result.exception.exit_status, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibrate")
    status, text = run(
        LAB, *FAST, "-o", folder / "c.json", "--apply", RING, "--calibrated", folder / "ring.json",
        "--scenarios", folder / "s.toml", "--plot", folder / "fit.png",
    )  # fmt: skip
    assert status == 0
    return folder, text


def test_it_says_parameters_intervals_and_errors(written):
    folder, text = written
    assert "measurements  made_up_lab.csv: 21 key rates, 21 QBERs" in text
    assert "out of sample, 2 folds of sets of lit channels" in text
    assert "note  misalignment was not to be fitted" in text
    record = json.loads((folder / "c.json").read_text("utf-8"))
    assert record["schema"] == "qkdopt/calibration/1"
    (scale,) = [row for row in record["parameters"] if row["name"] == "raman_scale"]
    assert f"{scale['value']:.4g}  {scale['low']:.4g} to {scale['high']:.4g}" in text
    assert {"scipy", "numpy", "python"} <= set(record["environment"]["versions"])
    assert len(record["rows"]) == 21


def test_the_calibrated_network_and_its_scenarios_are_read_again(written):
    folder, _ = written
    record = json.loads((folder / "c.json").read_text("utf-8"))
    fitted = {row["name"]: row["value"] for row in record["parameters"] if row["fitted"]}
    ring, own = qkdopt.read_instance(folder / "ring.json"), qkdopt.read_instance(RING)
    assert ring.fibre.raman_scale == fitted["raman_scale"]
    added = ring.qkd.insertion_loss_db - own.qkd.insertion_loss_db
    assert added == pytest.approx(fitted["excess_loss"])
    assert len(read_scenarios(folder / "s.toml", ring, 1.0)) == 5
    assert (folder / "fit.png").read_bytes().startswith(b"\x89PNG")


def test_standard_streams(written):
    folder, _ = written
    result = CliRunner().invoke(app, ["calibrate", LAB, *map(str, FAST), "-o", "-"])
    assert result.exit_code == 0
    # What is said goes to the other stream.
    assert "raman_scale" in result.stderr
    mine, file = json.loads(result.stdout), json.loads((folder / "c.json").read_text("utf-8"))
    for data in (mine, file):
        del data["seconds"]
    assert mine == file


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--instance", RING, "--preset", "field"), "both instance and preset"),
        ((), "neither instance and preset"),
        (("--preset", "field", "--fit", "kappa"), "fit = 'kappa'"),
        (("--preset", "field", "--calibrated", "OUT"), "expected --apply INSTANCE"),
        (("--preset", "field", "--apply", RING), "--apply without --calibrated"),
        (("--preset", "field", "--draws", "5"), "--draws or --seed without --scenarios"),
        (("--preset", "field", "--scenarios", "OUT", "--draws", "500"), "expected draws 0 to 100"),
        (("--preset", "field", "--plot", "OUT"), "no format of figures"),
        (("--preset", "field", "--scenarios", "OUT", "--calibrated", "OUT"), "one file"),
        (("--instance", "missing.json"), "no such file"),
        (("--preset", "field", "--scenarios", "nowhere/OUT"), "does not exist"),
    ],
)
def test_each_fault_is_said_and_nothing_is_written(options, message, tmp_path, monkeypatch):
    options = [str(tmp_path / "out") if one == "OUT" else one for one in options]
    status, text = run(LAB, *options, "-o", tmp_path / "c.json")
    assert status == 2
    assert message in text
    assert not list(tmp_path.iterdir())


def test_a_faulty_file_writes_nothing(tmp_path):
    path = tmp_path / "lab.csv"
    path.write_text("link,channel,qber\na,3,2.1\nb,x,0.02\n", encoding="utf-8")
    status, text = run(path, "--preset", "field", "-o", tmp_path / "c.json")
    assert status == 2
    assert "2 faults" in text
    assert list(tmp_path.iterdir()) == [path]
