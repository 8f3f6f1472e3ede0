"""``best_known.csv``: stable text, and every fault of a bad one told by its line."""

from __future__ import annotations

import pytest

from qkdopt.best_known import read_table, table_text
from qkdopt.best_known.table import COLUMNS
from qkdopt.errors import LibraryError
from tests.best_known.rows import row

ROWS = [
    row(instance="small/ring", bound_bps=110.0, bound_method='load states, "dual"', solver="h 1"),
    row(instance="bench/x", objective="max-min", value_bps=0.1 + 0.2),
    row(instance="bench/x", objective="mean", value_bps=1e-17),
]


def written(tmp_path, text):
    path = tmp_path / "best_known.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_come_back_the_same_and_sorted(tmp_path):
    text = table_text(ROWS)
    assert text == table_text(reversed(ROWS))
    rows = read_table(written(tmp_path, text))
    assert list(rows) == [("bench/x", "max-min"), ("bench/x", "mean"), ("small/ring", "mean")]
    assert set(rows.values()) == set(ROWS)
    assert table_text(rows.values()) == text


def test_one_better_row_changes_one_line():
    improved = ROWS[1].model_copy(update={"value_bps": 7.0})
    before, after = (table_text(r).splitlines() for r in (ROWS, [ROWS[0], improved, ROWS[2]]))
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


def test_no_table_has_no_rows(tmp_path):
    assert read_table(tmp_path / "best_known.csv") == {}


def with_cell(column, text):
    lines = table_text([row(bound_bps=110.0)]).splitlines()
    cells = lines[1].split(",")
    cells[COLUMNS.index(column)] = text
    return "\n".join([lines[0], ",".join(cells)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 holds nothing"),
        ("instance,value\n", "line 1 holds instance,value; expected the columns instance,sha256"),
        (",".join(COLUMNS) + "\na,b\n", "line 2: holds 2 cells; expected 17"),
        (with_cell("value_bps", "fast"), 'line 2: value_bps = "fast"'),
        (with_cell("value_bps", "nan"), "line 2: value_bps"),
        (with_cell("value_bps", "120.0"), "bound_bps = 110.0; expected at least value_bps"),
        (with_cell("served_bound", "4"), "served_bound = 4; expected at least 5"),
        (with_cell("bound_method", ""), "expected all three or none"),
        (with_cell("objective", "best"), 'objective = "best"'),
        (with_cell("checked", "no"), 'checked = "no"'),
        (with_cell("date", "yesterday"), 'date = "yesterday"'),
        (with_cell("sha256", "abc"), 'sha256 = "abc"'),
        (with_cell("gap", "0.0"), "gap = 0.0; expected 0.090909"),
        (with_cell("status", "optimal"), "status = optimal; expected open"),
        (table_text([row(), row()]), "small/line mean is given twice"),
        (table_text([row()]) + '"open', "is no CSV table"),
    ],
)
def test_a_bad_table_is_reported_by_its_line(tmp_path, text, message):
    with pytest.raises(LibraryError) as caught:
        read_table(written(tmp_path, text))
    assert message in str(caught.value)


def test_every_fault_comes_in_one_error(tmp_path):
    lines = with_cell("value_bps", "fast").splitlines()
    bad = "\n".join([*lines, lines[1].replace("small/line", ""), "a,b"])
    with pytest.raises(LibraryError) as caught:
        read_table(written(tmp_path, bad))
    assert len(caught.value.faults) == 4


def test_what_is_no_text_is_reported(tmp_path):
    (tmp_path / "best_known.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LibraryError, match="no UTF-8; expected a CSV table"):
        read_table(tmp_path / "best_known.csv")
    (tmp_path / "folder").mkdir()
    with pytest.raises(LibraryError, match="is a folder"):
        read_table(tmp_path / "folder")
