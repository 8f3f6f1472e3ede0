"""The page of a protected plan: every single failure, then the plan as any other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qkdopt.instance import Instance
from qkdopt.report.frame import Chapter, Page
from qkdopt.report.saved_plans import saved_plan_facts
from qkdopt.report.sections.protection import failures_section, floor_text, left_out_section
from qkdopt.report.text import shortened
from qkdopt.report.write import SAVED
from qkdopt.runtime.files import write_text_whole

if TYPE_CHECKING:
    from qkdopt.channel_sets.protection.plan import ProtectedPlan


def write_protection_page(path: str | Path, instance: Instance, found: ProtectedPlan) -> None:
    """Write a protected plan as one HTML page that needs no network.

    Parameters
    ----------
    path
        File of the page.
    instance
        Instance with the channel set of the plan.
    found
        The plan; its failures were checked when it was found.

    Raises
    ------
    RefusedError
        The checker finds a fault in the plan.
    UnsupportedError
        The page would be larger than 6 MB.
    OutputError
        The file cannot be written.
    """
    facts = saved_plan_facts("protected plan", instance, found.plan)
    sections = [failures_section(found, demands=len(instance.demands))]
    if found.left_out:
        sections.append(left_out_section(found))
    sections += [build(facts) for build in SAVED]
    page = Page(
        title=f"Protected plan of {shortened(instance.name)}",
        subtitle=f"Each served demand keeps {floor_text(found)} under any single failure",
        chapters=[Chapter(name="p", title="", sections=sections)],
    )
    write_text_whole(path, page.to_html())
