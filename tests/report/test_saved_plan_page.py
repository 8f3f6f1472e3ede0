"""The page of a saved plan: the checker's numbers, no bound, no history, and no run."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qkdopt
from qkdopt.errors import RefusedError
from qkdopt.report.saved_plans import saved_plan_facts
from qkdopt.report.write import report_page
from tests.command import exit_status
from tests.random_instances import random_instance
from tests.report.pages import SMALL, Reader, html_of, number, solved


def page_of(instance, plan):
    return Reader(report_page([plan], [instance], ["plan"]).to_html())


@pytest.mark.parametrize("name", ["mesh6", "ring_blocks", "ring_without_key", "mesh6_pair"])
def test_a_saved_plan_has_the_tables_of_the_result_that_was_saved(name):
    instance, result = solved(name)
    page, whole = page_of(instance, result.plan()), Reader(html_of((instance, result)))
    for table in ("sites", "spectrum"):
        assert page.table(table) == whole.table(table)
    for table, field in (("links", "skr_bps"), ("noise", "noise_per_gate"), ("demands", "skr_bps")):
        for row, before in zip(page.table(table), whole.table(table), strict=True):
            assert bool(row[field]) == bool(before[field])
            assert float(row[field] or 0.0) == pytest.approx(float(before[field] or 0.0), rel=1e-9)
    for row, before in zip(page.table("demands"), whole.table("demands"), strict=True):
        assert [row[key] for key in ("demand", "state", "route", "channels")] == [
            before[key] for key in ("demand", "state", "route", "channels")
        ]


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_what_a_page_shows_of_any_plan_passes_the_check(seed):
    relay = "widest" if seed % 3 == 0 else "lightpath"
    instance = random_instance(seed, other_noise=seed % 2 == 0, relay=relay)
    plan = qkdopt.solve(instance, strategy="ds-qkd").plan()
    facts = saved_plan_facts("plan", instance, plan)
    # Why a demand is blocked is not in a saved plan; that is all that is missing.
    blocked = [row.demand for row in facts.result.demands if not row.served]
    assert qkdopt.check(instance, facts.result).faults == tuple(
        f"demands: {name!r} is blocked, blocked_by = None; expected a reason" for name in blocked
    )
    assert page_of(instance, plan).table("links")


def test_the_page_says_that_there_is_no_bound_and_no_run():
    instance, result = solved("mesh6")
    page = page_of(instance, result.plan())
    assert "there is no bound" in page.text
    assert "history" not in page.tables
    facts = {row["fact"] for row in page.table("provenance")}
    assert "objective" in facts
    assert facts.isdisjoint({"seconds", "seed", "threads", "solver", "strategy", "status"})
    anchors = {given.get("id") for _, given in page.tags}
    assert "r1-time" not in anchors
    assert {"r1-headline", "r1-noise", "r1-assumptions"} <= anchors


def test_a_saved_plan_that_breaks_a_rule_has_no_page():
    instance, result = solved("mesh6")
    plan = result.plan().model_copy(update={"qkd": result.plan().qkd[1:]})
    with pytest.raises(RefusedError, match="no working channel"):
        page_of(instance, plan)


def test_a_saved_plan_stands_beside_its_result_without_time():
    instance, result = solved("mesh6")
    text = report_page([result, result.plan()], [instance], ["a", "b"]).to_html()
    rows = Reader(text).table("results")
    assert number(rows[0]["mean_skr_bps"]) == pytest.approx(number(rows[1]["mean_skr_bps"]))
    assert (number(rows[0]["seconds"]), rows[1]["seconds"]) == (result.seconds, "")


def test_the_command_reads_a_saved_plan(tmp_path):
    result = solved("line")[1]
    result.plan().save(tmp_path / "plan.json")
    page = tmp_path / "page.html"
    plan = tmp_path / "plan.json"
    assert exit_status("report", plan, "--instance", SMALL / "line.json", "-o", page) == 0
    assert f"{result.value.served} of {result.value.demands}" in page.read_text(encoding="utf-8")
    assert qkdopt.read_plan(tmp_path / "plan.json") == result.plan()
