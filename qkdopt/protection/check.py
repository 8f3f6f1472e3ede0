"""Recompute a protected plan under every single failure, from the instance and physics alone.

Nothing of the search is imported, only what a failure and a floor are: each failure is an instance,
what is left of the plan is judged by :func:`qkdopt.checking.check`. Not looked at: whether restored
routes are among the K shortest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from qkdopt.checking import CheckReport, check
from qkdopt.instance import Instance, with_candidates
from qkdopt.protection.failed_instances import without_link, without_receiver
from qkdopt.protection.floors import floor_of
from qkdopt.protection.plan import Failure, ProtectedPlan
from qkdopt.result import InstanceRef, SavedPlan, Tuning

RELATIVE = 1e-9


def check_protection(instance: Instance, protected: ProtectedPlan) -> tuple[str, ...]:
    """Return every fault found: broken rules, demands below the floor, failures left out."""
    whole = with_candidates(instance, protected.channels, reserve="all")
    report = check(whole, protected.plan)
    faults = [f"intact: {fault}" for fault in report.faults]
    if faults:
        return tuple(faults)
    faults.extend(_below("intact", report, whole, protected))
    faults.extend(_demand_faults(instance, protected))
    faults.extend(_receiver_faults(whole, protected))
    faults.extend(_cut_faults(whole, protected))
    return tuple(faults)


def _below(
    where: str, report: CheckReport, whole: Instance, protected: ProtectedPlan
) -> Iterator[str]:
    floors = {one.id: floor_of(one, protected.floor_bps) for one in whole.demands}
    for path in protected.plan.lightpaths:
        rate, floor = report.demand_skr_bps.get(str(path.demand)), floors[path.demand]
        if rate is None:
            yield f"{where}: demand {path.demand!r} is lost; expected it restored"
        elif rate < floor * (1.0 - RELATIVE):
            yield (
                f"{where}: demand {path.demand!r} has {rate:g} bit/s; expected at least the floor "
                f"{floor:g}"
            )


def _demand_faults(instance: Instance, protected: ProtectedPlan) -> Iterator[str]:
    """Every demand is either served or left out, and the status says which."""
    served = {path.demand for path in protected.plan.lightpaths}
    left_out = {row.demand for row in protected.left_out}
    for demand in instance.demands:
        if (demand.id in served) == (demand.id in left_out):
            yield f"demand {demand.id!r}: expected it either served or left out"
    if (protected.status == "kept") != (len(served) == len(instance.demands)):
        yield f"status = {protected.status!r} with {len(left_out)} demands left out"


def _receiver_faults(whole: Instance, protected: ProtectedPlan) -> Iterator[str]:
    """Each working receiver gone, its link retuned to the best that is left; others idle."""
    rows = {(row.link, row.channel): row for row in protected.failures if row.kind == "receiver"}
    for tuning in protected.plan.qkd:
        where = f"receiver of link {tuning.link} at channel {tuning.channel}"
        row = rows.pop((tuning.link, tuning.channel), None)
        if row is None or tuning.channel is None:
            yield f"{where}: expected its failure in the table"
            continue
        rest = without_receiver(whole, tuning.link, tuning.channel)
        report = _best_tuning(rest, protected, tuning.link)
        yield from (f"{where}: {fault}" for fault in report.faults)
        yield from _below(where, report, whole, protected)
        yield from _row_faults(where, rest, row, report)
    for link, channel in rows:
        yield f"receiver of link {link} at channel {channel}: it does not work in the plan"


def _best_tuning(rest: Instance, protected: ProtectedPlan, link: str) -> CheckReport:
    """Report of the plan with the link at each candidate that is left: the best for the link."""
    others = [row for row in protected.plan.qkd if row.link != link]
    (broken,) = (one for one in rest.network.links if one.id == link)
    choices = [
        [*others, Tuning(link=link, channel=candidate)]
        for candidate in rest.candidates_of(broken)
        if isinstance(candidate, int)
    ]
    reports = [check(rest, _plan(rest, protected.plan, rows)) for rows in choices or [others]]
    return max(reports, key=lambda report: report.link_skr_bps.get(link, -math.inf))


def _plan(instance: Instance, plan: SavedPlan, tunings: list[Tuning]) -> SavedPlan:
    ref = InstanceRef(name=instance.name, sha256=instance.sha256(), preset=instance.preset)
    return plan.model_copy(update={"instance": ref, "qkd": tuple(tunings)})


def _cut_faults(whole: Instance, protected: ProtectedPlan) -> Iterator[str]:
    """Each link gone: the demands on it on new lightpaths, all others where they were."""
    rows = {row.link: row for row in protected.failures if row.kind == "link"}
    intact = {path.demand: path for path in protected.plan.lightpaths}
    for link in whole.network.links:
        where = f"link {link.id}"
        row = rows.get(link.id)
        if row is None:
            yield f"{where}: expected its failure in the table"
            continue
        rest = without_link(whole, link.id)
        report = check(rest, row.plan)
        yield from (f"{where}: {fault}" for fault in report.faults)
        yield from _below(where, report, whole, protected)
        for path in row.plan.lightpaths:
            if link.id in path.links:
                yield f"{where}: demand {path.demand!r} crosses it; expected another route"
            before = intact.get(path.demand)
            if before is None or (link.id not in before.links and before != path):
                yield f"{where}: demand {path.demand!r} moved; expected it where it was"
        yield from _row_faults(where, rest, row, report)


def _row_faults(where: str, rest: Instance, row: Failure, report: CheckReport) -> Iterator[str]:
    """Compare the table's numbers, and its plan's own rates, with the recomputed ones."""
    worst = min(report.demand_skr_bps.values(), default=None)
    told = row.worst_skr_bps
    if (worst is None) != (told is None) or (
        worst is not None
        and told is not None
        and not math.isclose(worst, told, rel_tol=RELATIVE, abs_tol=1e-6)
    ):
        yield f"{where}: worst_skr_bps = {told}; expected {worst}"
    if row.plan.instance.sha256 != rest.sha256():
        yield f"{where}: its plan is of another instance"
