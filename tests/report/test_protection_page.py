"""The page of a protected plan: every failure, demands left out, and the plan recomputed."""

from __future__ import annotations

import pytest

from qkdopt.channel_sets.protection.plan import Failure, LeftOut, ProtectedPlan
from qkdopt.errors import RefusedError
from qkdopt.report.protection import write_protection_page
from tests.report.pages import HOSTILE, Reader, number, solved


def protected(**changes):
    instance, result = solved("mesh6")
    plan = result.plan()
    link = instance.network.links[0].id
    served = plan.lightpaths[0].demand
    given = {
        "min_skr_bps": 1000.0, "channels": (4, 5), "status": "impossible", "proof": HOSTILE[0],
        "plan": plan, "seconds": 1.0,
        "failures": (
            Failure(kind="receiver", link=link, channel=4, worst_demand=served,
                    worst_skr_bps=1234.5, plan=plan),
            Failure(kind="link", link=link, restored=(served, 7), lost=(8,), plan=plan),
        ),
        "left_out": (LeftOut(demand=9, reason=HOSTILE[1], proved=True, broken_by=("link a",)),),
    }  # fmt: skip
    return instance, ProtectedPlan(**(given | changes))


def page_of(folder, instance, found):
    write_protection_page(folder / "design.html", instance, found)
    return Reader((folder / "design.html").read_text(encoding="utf-8"))


def test_every_failure_and_every_demand_left_out_is_there(tmp_path):
    instance, found = protected()
    page = page_of(tmp_path, instance, found)
    rows = page.table("protection")
    assert [row["kind"] for row in rows] == ["receiver", "link"]
    assert [number(row["worst_skr_bps"]) for row in rows] == [1234.5, None]
    assert rows[1]["restored"] == f"{found.plan.lightpaths[0].demand} 7"
    assert [row["demand"] for row in page.table("left_out")] == ["9"]
    assert f"{found.served} of {len(instance.demands)}" in page.text
    assert "1.234 kbit/s" in page.text
    assert [tag for tag, _ in page.tags].count("script") == 2
    assert "img" not in {tag for tag, _ in page.tags}


def test_the_plan_follows_recomputed(tmp_path):
    instance, found = protected(left_out=())
    page = page_of(tmp_path, instance, found)
    rates = [number(row["skr_bps"]) for row in page.table("links")]
    assert rates == [pytest.approx(row.skr_bps) for row in solved("mesh6")[1].qkd]
    anchors = {given.get("id") for _, given in page.tags}
    assert {"p-failures", "p-network", "p-assumptions"} <= anchors
    assert {"p-left-out", "p-time"}.isdisjoint(anchors)


def test_a_plan_that_breaks_a_rule_has_no_page(tmp_path):
    plan = solved("mesh6")[1].plan()
    broken = plan.model_copy(update={"qkd": ()})
    with pytest.raises(RefusedError, match="no working channel"):
        page_of(tmp_path, *protected(plan=broken))
    assert not (tmp_path / "design.html").exists()
