"""Sections of a protected plan: every single failure, and demands that are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qkdopt.instance import spell_channels
from qkdopt.report.frame import Section, render
from qkdopt.report.sections.headline import Figure
from qkdopt.report.table import Column, Table, rate_column
from qkdopt.report.text import kbps, passage

if TYPE_CHECKING:
    from qkdopt.channel_sets.protection.plan import ProtectedPlan


def failures_section(found: ProtectedPlan, *, demands: int) -> Section:
    """Build what is kept under every single failure.

    Parameters
    ----------
    found
        The protected plan.
    demands
        Number of demands of the instance.
    """
    worst = min(
        (one.worst_skr_bps for one in found.failures if one.worst_skr_bps is not None),
        default=None,
    )
    figures = [
        Figure("Kept", f"{found.served:,} of {demands:,}", "demands, under every failure"),
        Figure("Failures", f"{len(found.failures):,}", "of one receiver or one link, each checked"),
        Figure("Least key rate", "none" if worst is None else kbps(worst), "under any failure"),
        Figure("Set", spell_channels(found.channels), "all of it dark"),
    ]
    shared = found.min_skr_bps is None
    beside = "" if shared else ", or its own least key rate where that is higher"
    body = render(
        "headline.html",
        figures=figures,
        sentences=[
            f"Status: {found.status}: {passage(found.proof)}",
            f"Each served demand keeps {floor_text(found)} under every failure{beside}. Numbers "
            "under failures are those of the run, which were recomputed from physics before they "
            "were written; those of the plan itself were recomputed for this page.",
        ],
        faults=(),
        notes=(),
        interrupted=found.interrupted,
    )
    body += render("one_table.html", only=failures_table(found))
    return Section(name="failures", title="Under failures", body=body)


def floor_text(found: ProtectedPlan) -> str:
    """Say what each served demand keeps."""
    if found.min_skr_bps is None:
        return "the key that it asks for, all drawing at once,"
    return kbps(found.min_skr_bps)


def failures_table(found: ProtectedPlan) -> Table:
    """Return one row a failure."""
    columns = (
        Column(key="link", title="Link"),
        Column(key="kind", title="What fails", choice=True),
        Column(key="channel", title="Channel of the receiver"),
        Column(key="worst_demand", title="Worst demand"),
        rate_column("worst_skr_bps", "Its key rate"),
        Column(key="restored", title="Restored demands", wide=True),
        Column(key="lost", title="Lost demands", wide=True),
        Column(key="below_floor", title="Demands below their least key rate", wide=True),
    )
    rows = [
        (
            one.link,
            one.kind,
            one.channel,
            None if one.worst_demand is None else str(one.worst_demand),
            one.worst_skr_bps,
            *(
                passage(" ".join(map(str, names)))
                for names in (one.restored, one.lost, one.below_floor)
            ),
        )
        for one in found.failures
    ]
    return Table(name="protection", caption="Failures: one row each", columns=columns, rows=rows)


def left_out_section(found: ProtectedPlan) -> Section:
    """Build the demands that are not served, since they would not be kept."""
    columns = (
        Column(key="demand", title="Demand"),
        Column(key="proved", title="Proved", choice=True),
        Column(key="reason", title="Reason", wide=True),
        Column(key="broken_by", title="Failures not survived", wide=True),
    )
    rows = [
        (
            str(one.demand),
            "yes" if one.proved else "no",
            passage(one.reason),
            passage(", ".join(one.broken_by)),
        )
        for one in found.left_out
    ]
    table = Table(name="left_out", caption="Demands left out", columns=columns, rows=rows)
    body = render("one_table.html", only=table)
    return Section(name="left-out", title="Demands left out", body=body)
