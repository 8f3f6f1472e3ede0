"""The printed tables of resilience: every case, every share, no line wider than 100 columns."""

from __future__ import annotations

import math
from itertools import product

import pandas as pd

from qkdopt.cli.resilience import OF_AFFECTED, OF_ALL, printed

SETS = ("{3}", "{3,13}", "{3,13,23,33}")
SHARES = (*OF_ALL, *OF_AFFECTED)


def table() -> pd.DataFrame:
    """Cases of every kind, each share a number of its own."""
    rows = []
    for event, relay, channels, retune in product(
        ("noise", "receiver", "cut"), ("lightpath", "widest"), SETS, ("always", "never")
    ):
        for restoration in ("on", "off") if event == "cut" else ("-",):
            row = {
                "event": event, "relay": relay, "channels": channels, "retune": retune,
                "restoration": restoration, "events": 1953,
            }  # fmt: skip
            for number, name in enumerate(SHARES):
                row[f"{name}_percent"] = 10.0 + (7 * len(rows) + number) / 10.0
                row[f"{name}_ci95_percent"] = 10.25
            if event != "cut":
                row["restored_percent"] = row["restored_ci95_percent"] = math.nan
            rows.append(row)
    return pd.DataFrame(rows)


def test_no_line_is_wider_than_a_terminal_and_every_share_is_there():
    cases = table()
    text = printed(cases)
    assert max(map(len, text.splitlines())) <= 100
    for name in SHARES:
        for value in cases[f"{name}_percent"].dropna():
            assert f"{value:.2f} +- 10.25" in text
    # A block for each event and relay, in each of two tables; a line for each case in both.
    assert text.count(", relay ") == 2 * 6
    assert sum(" +- " in line for line in text.splitlines()) == 2 * len(cases)


def test_restoration_has_a_column_where_there_is_any():
    heads = [line.split() for line in printed(table()).splitlines() if "candidates" in line]
    assert [("restoration" in head) for head in heads] == 2 * ([False] * 4 + [True] * 2)


def test_none_and_all_have_no_digits_and_what_does_not_exist_is_a_dash():
    cases = table().iloc[:1].copy()
    cases["outage_percent"], cases["outage_ci95_percent"] = 0.0, math.nan
    cases["survived_at_event_percent"] = 100.0
    cases["survived_at_event_ci95_percent"] = math.nan
    lines = printed(cases).splitlines()
    assert lines[3].split() == [
        "{3}", "always", "100", "10.10", "+-", "10.25", "10.20", "+-", "10.25", "0",
    ]  # fmt: skip
    assert lines[-1].split()[-1] == "-"
