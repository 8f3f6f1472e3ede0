"""The comparison of methods: gaps, faults, its CSV, and a run from end to end."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

import pytest

from benchmarks.compare_methods import (
    Row,
    faults,
    gap_percent,
    gap_table,
    installed,
    line,
    measured,
    read_rows,
    summary,
    table,
    write_rows,
)
from benchmarks.methods import METHODS, Method

OURS = Row(
    "i", "auto", 1.0, 1, 0, seconds=1.0, cpu_seconds=1.5, served=9, demands=10,
    objective_bps=90.0, bound_bps=100.0, served_bound=10, checked="yes", note="feasible",
)  # fmt: skip
OTHER = replace(OURS, method="ds-qkd", objective_bps=80.0, bound_bps=None, served_bound=None)


def test_gaps_are_to_our_bound_where_as_many_are_served():
    assert gap_percent(OTHER, [OURS, OTHER]) == pytest.approx(20.0)
    assert gap_percent(replace(OTHER, served=8), [OURS, OTHER]) is None
    assert gap_percent(replace(OTHER, instance="j"), [OURS, OTHER]) is None
    assert gap_percent(replace(OTHER, objective_bps=0.0), [replace(OURS, bound_bps=0.0)]) == 0.0


def test_no_fault_where_bounds_hold():
    assert not [*faults([OURS, OTHER])]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"checked": "no"}, "the checker refused the plan of ds-qkd"),
        ({"objective_bps": 101.0}, "auto's bound is below the plan of ds-qkd"),
        ({"bound_bps": 85.0}, "ds-qkd's bound is below the plan of auto"),
        ({"served_bound": 8}, "ds-qkd's bound is below the plan of auto"),
    ],
)
def test_a_fault_is_named(changed, said):
    assert any(said in fault for fault in faults([OURS, replace(OTHER, **changed)]))


def test_rows_are_read_back_as_written(tmp_path):
    rows = [OURS, OTHER, Row("i", "cp-sat", 1.0, 1, 0, note="failed, with a comma")]
    write_rows(tmp_path / "rows.csv", rows)
    assert read_rows(tmp_path / "rows.csv") == rows
    assert read_rows(tmp_path / "none.csv") == []


def test_the_table_keeps_the_rows_of_an_instance_beside_each_other():
    rows = [OURS, replace(OURS, instance="j"), OTHER]
    assert [row.split(" | ")[0] for row in table(rows)[2:]] == ["| i", "| i", "| j"]
    assert "no plan: why" in line(Row("i", "x", 1.0, 1, 0, note="why"), rows)


def test_gaps_and_sums_by_method():
    fewer = replace(OTHER, method="cp-sat", served=8, bound_bps=80.0, served_bound=8)
    rows = [OURS, OTHER, fewer, Row("i", "x", 1.0, 1, 0)]
    assert gap_table(rows)[2:] == ["| i | 10.000 | 20.000 | serves -1 | no plan |"]
    assert summary(rows)[2:] == [
        "| auto | 1 | 1 | 10.000 % | 10.000 % | 0 | 1.0 |",
        "| ds-qkd | 1 | 1 | 20.000 % | 20.000 % | 0 | 1.0 |",
        "| cp-sat | 1 | 0 |  |  | 1 | 1.0 |",
        "| x | 1 | 0 |  |  | 0 |  |",
    ]


def test_a_method_without_its_library_is_left_out_with_a_line(monkeypatch, capsys):
    absent = Method("cp-sat", METHODS["cp-sat"].run, "no_such_library", "pip install it")
    monkeypatch.setitem(METHODS, "cp-sat", absent)
    assert installed(["auto", "cp-sat"]) == ["auto"]
    assert capsys.readouterr().out == (
        "cp-sat is left out: no_such_library is not installed; pip install it\n"
    )


def test_a_run_in_a_process_of_its_own_is_checked():
    row = measured("small/line", "ds-qkd", Namespace(seconds=5.0, threads=1, seed=0))
    assert (row.served, row.demands, row.checked) == (6, 6, "yes")
    assert row.seconds is not None
    assert row.seconds < row.cpu_seconds


def test_a_run_that_fails_leaves_its_message():
    row = measured("small/no_such", "ds-qkd", Namespace(seconds=5.0, threads=1, seed=0))
    assert row.served is None
    assert "no_such.json" in row.note
