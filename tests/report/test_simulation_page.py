"""The page of a simulation: what ``simulate --json`` prints, with map and intervals."""

from __future__ import annotations

import json
from functools import cache

import pytest

import qkdopt
from qkdopt.errors import RefusedError
from qkdopt.report.simulations import checked_simulation
from qkdopt.report.write import default_labels, report_page
from qkdopt.simulation.record import SimulationRecord
from tests.command import exit_status
from tests.report.pages import SMALL, Reader, number, solved


@cache
def simulated(strategy="ds-qkd"):
    instance = solved("mesh6")[0]
    options = qkdopt.SimulationOptions(strategy=strategy)
    return qkdopt.simulate(instance, options, load_erlang=20.0, requests=4000)


def page_of(*results):
    labels = default_labels(results)
    return Reader(report_page(results, [solved("mesh6")[0]], labels).to_html())


def test_every_number_is_that_of_the_simulation():
    outcome = simulated()
    page = page_of(outcome)
    rows = page.table("links")
    for row, link in zip(rows, outcome.to_json_dict()["links"], strict=True):
        for name in ("skr_bps", "qber", "lightpaths", "no_key_share"):
            assert number(row[name]) == link[name]
    mean = outcome.mean_skr_bps
    assert f"{1e-3 * mean.value:.3f} ± {1e-3 * mean.ci95:.3f} kbit/s" in page.text
    assert "cannot be recomputed by the checker" in page.text
    assert f"{100.0 * outcome.blocking.value:.4f}" in page.text
    assert "click on a link" not in page.text


def test_what_simulate_prints_becomes_a_page(tmp_path, capsys):
    simulate = ("simulate", SMALL / "mesh6.json", "--requests", "2000", "--load", "6", "--json")
    assert exit_status(*simulate) == 0
    printed = tmp_path / "simulation.json"
    printed.write_text(capsys.readouterr().out, encoding="utf-8")
    page = tmp_path / "page.html"
    given = ("--instance", SMALL / "mesh6.json")
    assert exit_status("report", printed, *given, "-o", page) == 0
    assert Reader(page.read_text(encoding="utf-8")).table("links")


def test_plans_and_simulations_stand_on_one_page():
    page = page_of(simulated("ds-qkd"), simulated("fixed"), solved("mesh6")[1])
    means = [number(row["mean_skr_bps"]) for row in page.table("simulations")]
    assert means == [simulated(name).mean_skr_bps.value for name in ("ds-qkd", "fixed")]
    assert len(page.table("results")) == 1
    assert page.table("demands")


def test_numbers_that_contradict_each_other_are_refused():
    data = simulated().to_json_dict()
    data["blocking"] = {"value": 1.5, "ci95": 0.0}
    data["links"] = data["links"][:-1]
    record = SimulationRecord.model_validate_json(json.dumps(data))
    with pytest.raises(RefusedError) as caught:
        checked_simulation("here", solved("mesh6")[0], record)
    assert len(caught.value.faults) == 3
