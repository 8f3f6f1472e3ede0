"""The first notebook, cell by cell; its summary holds whatever a short run has proved."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

import qkdopt

mpl.use("Agg")
ROOT = Path(__file__).parent.parent.parent
CELLS = json.loads((ROOT / "notebooks" / "first_plan.ipynb").read_text(encoding="utf-8"))["cells"]
(SUMMARY,) = ("".join(cell["source"]) for cell in CELLS if "proved gap" in "".join(cell["source"]))


def test_its_cells_run_in_their_order(monkeypatch, capsys):
    # `test_notebooks.py` runs it as a notebook, for as long as it asks for, in the slow tier.
    monkeypatch.chdir(ROOT / "notebooks")
    cells = ["".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"]
    short = cells[0].replace("SECONDS = 15", "SECONDS = 1")
    assert short != cells[0]
    names: dict = {}
    for cell in (short, *cells[1:]):
        exec(cell, names)
    plt.close("all")
    assert "proved gap" in capsys.readouterr().out
    assert qkdopt.check(names["instance"], names["result"]).ok


@pytest.mark.parametrize("bound", [None, SimpleNamespace(method="load states")])
@pytest.mark.parametrize("gap", [None, 0.0, 0.559])
@pytest.mark.parametrize(
    "baseline",
    [None, SimpleNamespace(gain=None), SimpleNamespace(gain=0.0), SimpleNamespace(gain=0.25)],
)
def test_the_summary_prints_what_there_is(bound, gap, baseline, capsys):
    exec(SUMMARY, {"result": SimpleNamespace(bound=bound, gap=gap, baseline=baseline)})
    first, second = capsys.readouterr().out.splitlines()
    gain = None if baseline is None else baseline.gain
    assert f"DS-QKD {'none yet' if gain is None else f'{gain:+.1%}'}," in first
    assert first.endswith(f"gap {'none yet' if gap is None else f'{gap:.2%}'}")
    assert second == ("load states" if bound else "no bound yet: give it more SECONDS")


def test_the_extra_that_notebooks_need_is_named_where_they_are():
    for page in ("README.md", "notebooks/README.md", "notebooks/first_plan.ipynb"):
        assert ".[notebooks]" in (ROOT / page).read_text(encoding="utf-8"), page
