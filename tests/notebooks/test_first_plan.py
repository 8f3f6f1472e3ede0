"""The first notebook's summary holds whatever a short or loaded run has proved."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parent.parent.parent
CELLS = json.loads((ROOT / "notebooks" / "first_plan.ipynb").read_text(encoding="utf-8"))["cells"]
(SUMMARY,) = ("".join(cell["source"]) for cell in CELLS if "proved gap" in "".join(cell["source"]))


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
