"""What a calibration predicts is what plans are made with."""

from __future__ import annotations

import pytest

from qkdopt.errors import FaultsError, InstanceError
from qkdopt.experiments.calibration import Measurement
from qkdopt.experiments.calibration.bench import make_bench, preset_instance
from qkdopt.experiments.calibration.measurement import read_lit
from qkdopt.instance import FourWaveMixing
from qkdopt.problem.coefficients import LinkOptics
from tests.experiments.calibration.made_up import TRUTH, lab, measured, true_numbers

SETS = (("", ""), ("5 9-12@-14", ""), ("", "30"), ("0-2", "20-22@-20 35"))


@pytest.mark.parametrize("preset", ["paper", "field", "dwdm"])
def test_predictions_are_those_of_the_tables_of_plans(preset):
    instance = lab(preset)
    rows = measured(instance, sets=SETS)
    rate, qber = make_bench(instance, rows).predicted(TRUTH)
    assert len(rate) == 12
    numbers = true_numbers(instance, TRUTH, SETS)
    assert rate.clip(0.0) == pytest.approx([float(row[3]) for row in numbers], rel=1e-10)
    assert qber == pytest.approx([float(row[4]) for row in numbers], rel=1e-10)
    assert sum(rate > 0.0) > 2


def test_a_measured_loss_and_an_off_grid_channel_count():
    instance = lab()
    common = {"length_km": 25.0, "qber": 0.02}
    channel = {"frequency_thz": 228.85, "loss_db_per_km": 0.33}
    rows = [
        Measurement(link="spool-25", channel=3, loss_db=7.5, **common),
        Measurement.model_validate({"link": "other", "channel": channel, **common}, strict=False),
    ]
    assert make_bench(instance, rows).loss_db == pytest.approx([7.5, 25.0 * 0.33])


def test_four_wave_mixing_is_that_of_the_link_at_its_power():
    instance = lab("dwdm", other_noise={"four_wave_mixing": FourWaveMixing()})
    row = Measurement(
        link="spool-25", channel=3, lit_co=read_lit("4 5 6"), launch_dbm=-2.0, qber=0.02
    )
    mixing = make_bench(instance, [row]).other_noise[0]
    mixing -= make_bench(lab("dwdm"), [row]).other_noise[0]
    link = instance.network.links[0].model_copy(update={"launch_dbm": -2.0})
    lit = [instance.grid.frequency_thz(w) for w in (4, 5, 6)]
    expected = LinkOptics(instance, link, 3).four_wave_mixing_clicks(lit)
    assert expected > 0.0
    assert mixing == pytest.approx(expected, rel=1e-9)
    own = row.model_copy(update={"lit_co": read_lit("4 5@-3")})
    with pytest.raises(FaultsError, match="expected one power where four-wave mixing is on"):
        make_bench(instance, [own])


def test_launch_power_is_the_rows_then_the_links_then_the_instances():
    instance = lab()
    own = instance.replace(network={"links": {"spool-25": {"launch_dbm": -13.0}}})
    row = Measurement(link="spool-25", channel=3, lit_co=read_lit("12"), qber=0.02)
    noise = make_bench(instance, [row]).raman_noise[0]
    assert make_bench(own, [row]).raman_noise[0] == pytest.approx(noise * 10**-0.3)
    given = row.model_copy(update={"launch_dbm": -7.0})
    assert make_bench(own, [given]).raman_noise[0] == pytest.approx(noise * 10**0.3)


def test_what_does_not_fit_the_instance_comes_in_one_error():
    rows = [
        Measurement(link="nowhere", channel=3, qber=0.02),
        Measurement(link="spool-25", channel=40, lit_co=read_lit("2 38-39 41-42"), qber=0.02),
        Measurement(link="spool-25", length_km=50.0, channel=3, qber=0.02),
        Measurement(link="short", length_km=80.0, loss_db=0.3, channel=3, qber=0.02),
        Measurement(link="spool-25", channel=3, qber=0.02),
    ]
    with pytest.raises(FaultsError) as error:
        make_bench(lab(), rows, where="lab.csv")
    assert error.value.where == "lab.csv"
    told = [fault.split(";")[0] for fault in error.value.faults]
    assert told == [
        "row 1: link = 'nowhere' without length_km",
        "row 2: channel = 40",
        "row 2: lit_co = 41, 42",
        "row 3: length_km = 50",
        "row 4: loss_db = 0.3 over 80 km",
    ]


def test_rates_that_follow_from_no_equations_are_refused():
    table = {"noise_per_gate": [0.0, 1e-3], "skr_bps": [900.0, 0.0]}
    instance = lab(lengths_km=(25.0,)).replace(qkd={"skr_table": table})
    with pytest.raises(InstanceError, match=r"qkd\.skr_table is given; expected key rates by the"):
        make_bench(instance, [Measurement(link="spool-25", channel=3, qber=0.02)])


def test_an_unknown_preset_is_refused():
    with pytest.raises(FaultsError, match="preset = 'office'; expected one of paper, field, dwdm"):
        preset_instance("office", [Measurement(link="a", channel=3, length_km=9.0, qber=0.02)])
