"""Thousands of rows are read, and thousands of runs named, without work that grows beyond them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from qkdopt.experiments.study import read_study
from qkdopt.instance import Instance
from qkdopt.jobs import Store
from tests.experiments.study.small_study import write_study

ROWS = 30


def test_rows_of_one_kind_are_read_as_one_table(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.open()
    for k in range(ROWS):
        store.put({"key": f"{k:03x}", "status": "done", "value": float(k), "preset": None})
    # Rows of an earlier version lack a column.
    store.put({"key": "old", "status": "done", "value": -1.0})
    frames = []
    to_frame = pd.DataFrame.where
    monkeypatch.setattr(
        pd.DataFrame, "where", lambda frame, *a, **k: frames.append(1) or to_frame(frame, *a, **k)
    )
    order = [*(f"{k:03x}" for k in range(5, ROWS)), "old", "missing", "000"]
    rows = store.read(order)
    # One frame for each set of columns, not for each row: that took 20 ms a row.
    assert len(frames) == 2
    assert list(rows["key"]) == [key for key in order if key != "missing"]
    assert list(rows["value"]) == [*map(float, range(5, ROWS)), -1.0, 0.0]
    assert rows["preset"].isna().all()


def test_the_runs_of_a_study_hash_their_instance_once(tmp_path, monkeypatch):
    hashed = []
    kept = Instance._sha256
    derive = kept.func
    monkeypatch.setattr(kept, "func", lambda one: hashed.append(1) or derive(one))
    path = write_study(tmp_path)
    jobs = read_study(path).jobs(Path(path).parent)
    names = {job.key for job in jobs} | {job.identity()["key"] for job in jobs}
    assert len(names) == len(jobs) == 8
    assert len(hashed) == 1
    # Of another instance a run has another name.
    other = jobs[0].instance.model_copy(update={"name": "other"})
    assert replace(jobs[0], instance=other).key not in names
