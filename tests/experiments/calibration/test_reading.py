"""Measurements in files: what is read, and the message about each fault."""

from __future__ import annotations

import pandas as pd
import pytest

import qkdopt
from qkdopt.errors import FaultsError
from qkdopt.experiments.calibration.measurement import LitChannel, read_lit, spell_lit
from qkdopt.experiments.calibration.reading import measurements_of, parse_measurements

GOOD = (
    "link,length_km,loss_db,channel,lit_co,lit_counter,launch_dbm,skr_bps,qber,skr_bps_se,qber_se"
)
ROW = "a,20,4.4,3,5 7-9,12@-3,-10,900,0.02,9,0.001"
# One fault each: header, row, and what the message says of it.
BAD = {
    "no rows": (GOOD, "", "no measurement; expected a row for each"),
    "column unknown": ("link,channel,qber,lit_kounter", "a,3,.02,", "did you mean lit_counter?"),
    "column twice": ("link,channel,qber,qber", "a,3,.02,.02", "column 'qber' twice"),
    "no channel": ("link,qber", "a,.02", "no column channel; expected"),
    "nothing measured in the file": ("link,channel", "a,3", "no column skr_bps or qber"),
    "nothing measured": (GOOD, "a,20,,3,,,,,,,", "row 1: neither skr_bps nor qber"),
    "no link": (GOOD, ",20,,3,,,,900,,,", "row 1: link is missing"),
    "cells too many": (GOOD, ROW + ",7", "row 1: ['7'] has no column; expected 11 cells"),
    "QBER in per cent": (GOOD, "a,20,,3,,,,900,2.1,,", "row 1: qber = 2.1; expected"),
    "QBER zero": (GOOD, "a,20,,3,,,,900,0,,", "row 1: qber = 0.0; expected"),
    "rate negative": (GOOD, "a,20,,3,,,,-900,,,", "row 1: skr_bps = -900.0; expected"),
    "rate a word": (GOOD, "a,20,,3,,,,fast,,,", "row 1: skr_bps = 'fast'; expected a number"),
    "rate infinite": (GOOD, "a,20,,3,,,,inf,,,", "row 1: skr_bps = Infinity; expected"),
    "length in metres": (GOOD, "a,25000,,3,,,,900,,,", "(given in m?)"),
    "loss negative": (GOOD, "a,20,-4,3,,,,900,,,", "a loss is positive"),
    "power in watts": (GOOD, "a,20,,3,5,,100,900,,,", "(given in W or mW?)"),
    "channel a word": (GOOD, "a,20,,C34,,,,900,,,", "row 1: channel = 'C34'; expected channel"),
    "channels": (GOOD, 'a,20,,"3,4",,,,900,,,', "row 1: channel = '3,4'; expected one channel"),
    "channel of no band": (GOOD, "a,20,,1550THz,,,,900,,,", "(given in GHz, Hz or nm?)"),
    "lit a word": (GOOD, "a,20,,3,all,,,900,,,", "lit_co = 'all'; expected channels such as"),
    "lit falls": (GOOD, "a,20,,3,9-5,,,900,,,", "lit_co = '9-5'; expected a range that rises"),
    "lit twice": (GOOD, "a,20,,3,5-9 7,,,900,,,", "row 1: lit_co: channel 7 twice"),
    "lit is quantum": (GOOD, "a,20,,3,,1-5,,900,,,", "row 1: lit_counter: 3 is the QKD channel"),
    "error without value": (GOOD, "a,20,,3,,,,900,,,.01", "row 1: qber_se without qber"),
    "error zero": (GOOD, "a,20,,3,,,,900,,0,", "row 1: skr_bps_se = 0.0; expected"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_each_fault_has_its_message_and_is_the_only_one(name):
    header, row, message = BAD[name]
    with pytest.raises(FaultsError) as error:
        parse_measurements(f"{header}\n{row}\n", where="lab.csv")
    assert error.value.where == "lab.csv"
    assert len(error.value.faults) == 1
    assert message in error.value.faults[0]


def test_a_row_is_read_with_all_that_it_says(tmp_path):
    path = tmp_path / "lab.csv"
    path.write_text(f"# of a lab\n{GOOD}\n\n{ROW}\nb,1,,228.85THz@0.33,,,,0,,,\n", "utf-8-sig")
    first, second = qkdopt.read_measurements(path)
    assert first.lit_co == (LitChannel(5), LitChannel(7), LitChannel(8), LitChannel(9))
    assert first.lit_counter == (LitChannel(12, -3.0),)
    assert (first.launch_dbm, first.loss_db, first.skr_bps_se) == (-10.0, 4.4, 9.0)
    assert (second.skr_bps, second.qber, second.channel.loss_db_per_km) == (0.0, None, 0.33)


def test_all_faults_of_a_file_come_in_one_error():
    rows = "\n".join(["a,20,,3,,,,900,2.1,,", ROW, "a,-1,,x,,,,900,,,"])
    with pytest.raises(FaultsError) as error:
        parse_measurements(f"{GOOD}\n{rows}\n", where="lab.csv")
    assert [fault[:5] for fault in error.value.faults] == ["row 1", "row 3"]


def test_a_table_is_read_as_its_file_is(tmp_path):
    path = tmp_path / "lab.csv"
    path.write_text(f"{GOOD}\n{ROW}\na,20,,3,5,,,900,,,\n", "utf-8")
    frame = pd.read_csv(path)
    assert measurements_of(frame.to_dict("records"), where="frame") == qkdopt.read_measurements(
        path
    )


@pytest.mark.parametrize("text", ["", "4", "1-3 7", "1-3@-2 4-5 9@0.5"])
def test_lit_channels_are_spelt_as_they_are_read(text):
    assert spell_lit(read_lit(text)) == text


def test_the_same_set_in_another_order_is_the_same_set():
    (a,) = parse_measurements(f"{GOOD}\na,20,,3,5-7 9,,,900,,,\n", where="")
    (b,) = parse_measurements(f"{GOOD}\na,20,,3,9;7 6 5,,,900,,,\n", where="")
    assert a.lit_set == b.lit_set == "co 5-7 9"
