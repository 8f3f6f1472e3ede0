"""Surfaces in files: written and read again, and every fault of a file at once."""

import json

import numpy as np
import pytest

import qkdopt
from qkdopt.io.surfaces import surface_csv, surface_fields
from qkdopt.physics.surface import KeyRateSurface
from tests.surface_instances import uneven_surface

SURFACE = KeyRateSurface(**uneven_surface())


def same(first, second):
    return all(
        np.array_equal(getattr(first, name), getattr(second, name))
        for name in ("losses_db", "noises_per_gate", "skr_bps")
    )


def test_a_surface_is_written_and_read(tmp_path):
    (tmp_path / "a.csv").write_text(surface_csv(SURFACE))
    (tmp_path / "a.json").write_text(json.dumps(surface_fields(SURFACE, "a test")))
    for name in ("a.csv", "a.json"):
        assert same(qkdopt.read_surface(tmp_path / name), SURFACE)


def test_rows_in_any_order_with_other_columns_and_comments(tmp_path):
    head, *rows = surface_csv(SURFACE).splitlines()
    text = ["# measured in a laboratory", head + ",qber", *(row + ",0.02" for row in rows[::-1])]
    (tmp_path / "a.csv").write_text("\n".join(text))
    assert same(qkdopt.read_surface(tmp_path / "a.csv"), SURFACE)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows[:-1], "no row of loss_db 30 with noise_per_gate 0.002"),
        (lambda rows: [*rows, rows[-1]], "loss_db 30 with noise_per_gate 0.002 twice"),
        (lambda rows: ["loss,noise,rate", *rows[1:]], "no column loss_db, noise_per_gate, skr_bps"),
        (lambda rows: [rows[0], "0.5,1e-7,fast", *rows[2:]], "row 1: skr_bps = 'fast'"),
        (lambda rows: [rows[0], "0.5,1e-7,1", *rows[2:]], "rises with noise at 0.5 dB"),
        (lambda rows: [rows[0], "0.5,1e-7", *rows[2:]], "row 1: skr_bps = None; expected a number"),
    ],
)
def test_a_file_that_is_no_surface_is_refused(tmp_path, change, words):
    (tmp_path / "a.csv").write_text("\n".join(change(surface_csv(SURFACE).splitlines())))
    with pytest.raises(qkdopt.FaultsError) as caught:
        qkdopt.read_surface(tmp_path / "a.csv")
    assert caught.value.where == str(tmp_path / "a.csv")
    assert any(words in fault for fault in caught.value.faults), caught.value.faults


AXES = '"losses_db": [3, 6], "noises_per_gate": [0, 1e-4]'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[1]", "no grid of key rates"),
        ('{"losses_db": [1, 2]}', "expected an object with losses_db, noises_per_gate, skr_bps"),
        ("{", "line 1, column 2: "),
        ("[" * 20_000, "nested too deeply"),
        (f'{{{AXES}, "skr_bps": NaN}}', "holds NaN"),
        (f'{{{AXES}, "skr_bps": [[9, 0], [4, 0]], "losses_db": []}}', "'losses_db' is given twice"),
        ('{"losses_db": 3, "noises_per_gate": "a", "skr_bps": []}', 'noises_per_gate = "a"'),
        ('{"losses_db": 3, "noises_per_gate": [0], "skr_bps": []}', "losses_db = 3; expected"),
        (f'{{{AXES}, "skr_bps": [[9, "{"x" * 9000}"], [4, 0]]}}', 'skr_bps[0][1] = "xxx'),
        (f'{{{AXES}, "skr_bps": [[9, 0], [4]]}}', "rows of different lengths"),
        (f'{{{AXES}, "skr_bps": [[9, 0]]}}', "expected 2 x 2"),
    ],
)
def test_json_that_is_no_grid_is_refused(text, fault, tmp_path):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(qkdopt.FaultsError) as caught:
        qkdopt.read_surface(tmp_path / "a.json")
    assert any(fault in one for one in caught.value.faults), caught.value.faults
    assert max(map(len, str(caught.value).splitlines())) < 700


def test_a_cell_without_end_is_no_table(tmp_path):
    (tmp_path / "a.csv").write_text(f"loss_db,noise_per_gate,skr_bps\n{'9' * 200_000},0,0\n")
    with pytest.raises(qkdopt.FaultsError, match="is no CSV table: field larger"):
        qkdopt.read_surface(tmp_path / "a.csv")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(
        qkdopt.FaultsError, match=r"none\.csv.*\n.*no such file; expected a CSV file"
    ):
        qkdopt.read_surface(tmp_path / "none.csv")
