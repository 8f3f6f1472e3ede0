"""``qkdopt rates``: surfaces into files and instances, choices, and errors that write nothing."""

import json

import pytest
from typer.testing import CliRunner

import qkdopt
from qkdopt.cli.app import app
from qkdopt.physics.protocols import OneDecoyFiniteKey, make_protocol
from qkdopt.physics.surface import KeyRateSurface

RING = "instances/small/ring.json"


def run(*arguments):
    result = CliRunner().invoke(app, ["rates", *map(str, arguments)])
    if isinstance(result.exception, qkdopt.QkdoptError):
        return result.exception.exit_status, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_an_instance_whose_links_name_systems_is_refused(tmp_path):
    ring = qkdopt.read_instance(RING)
    link = ring.network.links[0].id
    ring.replace(qkd_systems=[{"id": "x"}], network={"links": {link: {"qkd_system": "x"}}}).save(
        tmp_path / "two.json"
    )
    status, text = run("--instance", tmp_path / "two.json", "-o", tmp_path / "s.json")
    assert status == 2
    assert f"qkd_system is given for links {link}; expected --system beside it, one of x" in text
    assert not (tmp_path / "s.json").exists()


def test_a_surface_of_one_system_is_of_its_receiver_and_its_links(tmp_path):
    ring, source = qkdopt.read_instance(RING), tmp_path / "two.json"
    link = ring.network.links[0]
    own = {"id": "fast", "repetition_mhz": 1000.0, "insertion_loss_db": 3.0}
    two = ring.replace(qkd_systems=[own], network={"links": {link.id: {"qkd_system": "fast"}}})
    two.save(source)
    options = ("--system", "fast", "--instance", source)
    assert run(*options, "--noises", "400", "-o", tmp_path / "with.json")[0] == 0
    changed = qkdopt.read_instance(tmp_path / "with.json")
    (system,) = changed.qkd_systems
    losses = {two.candidate_loss_db(link, c) + 3.0 for c in two.candidates_of(link)}
    assert list(system.surface.losses_db)[:-1] == pytest.approx(sorted(losses), abs=1e-6)
    # Key rates of the surface are those of the equations; links of the other system have theirs.
    plan = qkdopt.solve(two, strategy="ds-qkd")
    before = {row.link: row.skr_bps for row in plan.qkd}
    after = {row.link: row.skr_bps for row in qkdopt.solve(changed, strategy="ds-qkd").qkd}
    assert after.keys() == before.keys()
    assert after[link.id] == pytest.approx(before[link.id], rel=1e-3)
    assert after[ring.network.links[1].id] == before[ring.network.links[1].id]


@pytest.mark.parametrize(
    ("system", "expected"),
    [("slow", "no system 'slow'; expected one of x"), ("x", "no link with QKD has 'x'")],
)
def test_a_system_that_no_link_has_is_refused(tmp_path, system, expected):
    ring = qkdopt.read_instance(RING)
    ring.replace(qkd_systems=[{"id": "x"}]).save(tmp_path / "two.json")
    status, text = run("--instance", tmp_path / "two.json", "--system", system)
    assert status == 2
    assert expected in text
    assert "without --instance" in run("--system", system)[1]


def test_a_surface_of_a_protocol_goes_into_a_file(tmp_path):
    status, text = run("--losses", "0:20:5", "--noises", "20", "-o", tmp_path / "s.csv")
    assert status == 0
    assert "surface of 5 losses and 20 noises" in text
    assert "of a dark rate too high" in text
    surface = qkdopt.read_surface(tmp_path / "s.csv")
    exact = make_protocol("decoy-bb84", {}).rates(10.0, surface.noises_per_gate).skr_bps
    assert surface.skr_bps[2] == pytest.approx(exact)


def test_what_a_measurement_says_is_what_is_written(tmp_path):
    run("--losses", "0:20:5", "--noises", "20", "-o", tmp_path / "s.csv")
    status, text = run("--measured", tmp_path / "s.csv", "-o", tmp_path / "t.json")
    assert status == 0
    assert "measured, s.csv" in text
    first, second = (qkdopt.read_surface(tmp_path / name) for name in ("s.csv", "t.json"))
    assert (first.skr_bps == second.skr_bps).all()


def test_an_instance_gets_the_rates_of_its_own_receiver_and_losses(tmp_path):
    options = ("--protocol", "one-decoy-bb84-finite", "--set", "block_size=1e8")
    status, _ = run(*options, "--instance", RING, "-o", tmp_path / "finite.json")
    assert status == 0
    ring, finite = qkdopt.read_instance(RING), qkdopt.read_instance(tmp_path / "finite.json")
    assert finite.replace(qkd={"surface": None}) == ring
    qkd = ring.qkd
    protocol = OneDecoyFiniteKey(
        block_size=1e8, misalignment=qkd.misalignment, repetition_mhz=qkd.repetition_mhz,
        detector_efficiency=qkd.detector_efficiency, dark_count_per_gate=qkd.dark_count_per_gate,
        error_correction_efficiency=qkd.error_correction_efficiency,
    )  # fmt: skip
    surface = KeyRateSurface(**{
        name: getattr(finite.qkd.surface, name)
        for name in ("losses_db", "noises_per_gate", "skr_bps")
    })  # fmt: skip
    for link in ring.network.links:
        exact = float(protocol.rates(ring.loss_db(link), 0.0).skr_bps)
        assert float(surface(ring.loss_db(link), 0.0)) == pytest.approx(exact, rel=1e-6)
    plan = qkdopt.solve(finite, strategy="ds-qkd")
    assert qkdopt.check(finite, plan).faults == ()
    assert 0.0 < plan.value.mean_skr_bps < qkdopt.solve(ring, strategy="ds-qkd").value.mean_skr_bps


def test_choices_are_made_at_each_loss(tmp_path):
    options = ("--protocol", "one-decoy-bb84-finite", "--losses", "5,15", "--noises", "20")
    plain = json.loads(run(*options, "--json")[1])
    best = json.loads(run(*options, "--optimise", "--json", "-o", tmp_path / "s.csv")[1])
    for before, after in zip(plain["losses"], best["losses"], strict=True):
        assert after["dark_skr_bps"] > before["dark_skr_bps"]
        assert set(after["choices"]) >= {"signal_photon_number", "key_basis_probability"}
    first, second = (row["choices"]["signal_photon_number"] for row in best["losses"])
    assert first != second
    assert best["excess_between_losses"] is None


def test_a_figure_is_drawn(tmp_path):
    status, _ = run("--losses", "0,10", "--noises", "10", "--plot", tmp_path / "r.svg")
    assert status == 0
    assert (tmp_path / "r.svg").stat().st_size > 1000


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--set", "mean_photon_number"), "expected NAME=VALUE"),
        (("--set", "mean_photon=0.5"), "did you mean mean_photon_number?"),
        (("--set", "sifting=2"), "sifting = 2; expected more than 0, at most 1"),
        (("--losses", "0:30"), "expected FROM:TO:COUNT"),
        (("--losses", "10,5"), "losses_db: 5 follows 10"),
        (("--losses", "0:30:1"), "COUNT from 2 to 1000"),
        (("--losses", "90,95"), "no key at 90 dB without noise"),
        (("--noises", "2"), "expected a count from 3 to 1000"),
        (("--noises", "0,1e-6"), "expected 0 there at every loss"),
        (("--measured", "none.csv"), "no such file"),
        (("--measured", "none.csv", "--optimise"), "--measured with --optimise"),
        (("--instance", "none.json"), "no such file"),
    ],
)
def test_wrong_options_are_one_error_and_nothing_is_written(tmp_path, options, words):
    status, text = run(*options, "-o", tmp_path / "s.csv")
    assert status == 2
    assert words in text
    assert list(tmp_path.iterdir()) == []


def test_a_format_that_is_none_is_refused_before_anything_is_computed(tmp_path):
    assert "expected .csv or .json" in run("-o", tmp_path / "s.xlsx")[1]
    assert "no format of figures" in run("--plot", tmp_path / "s.xlsx")[1]
