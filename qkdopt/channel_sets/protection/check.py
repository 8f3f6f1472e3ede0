"""Recompute a protected plan under every single failure, from the instance and physics alone.

Nothing of the search is imported, only what a failure and a floor are: each failure is an instance,
what is left of the plan is judged by :func:`qkdopt.checker.check`. Not looked at: whether restored
routes are among the K shortest, and what is said to be proved.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property

from qkdopt.channel_sets.protection.failed_instances import without_link, without_receiver
from qkdopt.channel_sets.protection.plan import Failure, ProtectedPlan, min_skr_of
from qkdopt.checker import CheckReport, check
from qkdopt.errors import InstanceError
from qkdopt.instance import Instance, NodeId, with_candidates
from qkdopt.result import InstanceRef, SavedPlan, Tuning

RELATIVE, ABSOLUTE_BPS = 1e-9, 1e-6

# Kind, link and channel of a failure.
Key = tuple[str, str, int | None]


def check_protection(instance: Instance, protected: ProtectedPlan) -> tuple[str, ...]:
    """Return every fault found: broken rules, demands below the floor, rows that tell false."""
    min_skr_bps = protected.min_skr_bps
    if (min_skr_bps is None) != (instance.qkd.key_accounting == "shared"):
        return (
            f"min_skr_bps = {min_skr_bps}; expected none where keys are shared, and there alone",
        )
    if min_skr_bps is not None and not (math.isfinite(min_skr_bps) and min_skr_bps > 0.0):
        return (f"min_skr_bps = {min_skr_bps:g}; expected a number above 0 bit/s",)
    try:
        whole = with_candidates(instance, protected.channels, reserve="all")
    except InstanceError as error:
        return tuple(f"channels: {fault}" for fault in error.faults)
    report = check(whole, protected.plan)
    if report.faults:
        return tuple(f"intact: {fault}" for fault in report.faults)
    return tuple(_Recheck(whole, protected).faults(report))


class _Recheck:
    """A plan that is legal while nothing has failed, and its table of failures."""

    def __init__(self, whole: Instance, protected: ProtectedPlan) -> None:
        self._whole, self._protected = whole, protected
        self._paths = {path.demand: path for path in protected.plan.lightpaths}

    def faults(self, intact: CheckReport) -> Iterator[str]:
        """Yield everything that is wrong beyond the intact plan's own rules."""
        yield from (f"intact: {fault}" for fault in self._below(intact))
        yield from self._demand_faults()
        yield from self._key_faults()
        for row in self._protected.failures:
            if _key(row) in self._expected:
                yield from (f"{_where(_key(row))}: {fault}" for fault in self._row_faults(row))

    @cached_property
    def _floors(self) -> dict[str, float]:
        """Floor of every demand [bit/s], by id as text as reports have it."""
        min_skr_bps = self._protected.min_skr_bps
        return {str(one.id): min_skr_of(one, min_skr_bps) for one in self._whole.demands}

    @cached_property
    def _expected(self) -> set[Key]:
        """Every working receiver, and every link."""
        found: set[Key] = {("link", link.id, None) for link in self._whole.network.links}
        # Sets are channels of the grid, so a legal plan tunes to nothing else.
        found |= {("receiver", one.link, one.channel) for one in self._protected.plan.qkd}
        return found

    def _below(self, report: CheckReport) -> Iterator[str]:
        for demand in self._paths:
            rate, floor = report.demand_skr_bps.get(str(demand)), self._floors[str(demand)]
            if rate is None and floor <= 0.0:
                continue
            if rate is None:
                yield f"demand {demand!r} is lost; expected it restored"
            elif not _survives(rate, floor):
                yield f"demand {demand!r} has {rate:g} bit/s; expected at least its floor {floor:g}"

    def _demand_faults(self) -> Iterator[str]:
        """Every demand is either served or left out, and the status says which."""
        ids = [demand.id for demand in self._whole.demands]
        left_out = Counter(row.demand for row in self._protected.left_out)
        for demand in ids:
            if (demand in self._paths) + left_out[demand] != 1:
                yield f"demand {demand!r}: expected it either served or left out, once"
        for demand in left_out.keys() - set(ids):
            yield f"left_out: demand {demand!r} is none of the instance's"
        status = self._protected.status
        if (status == "kept") != (len(self._paths) == len(ids)):
            yield f"status = {status!r} with {len(ids) - len(self._paths)} demands left out"

    def _key_faults(self) -> Iterator[str]:
        """Expect every failure once in the table, and no other."""
        rows = Counter(_key(row) for row in self._protected.failures)
        for key in sorted(self._expected | rows.keys(), key=str):
            expected = int(key in self._expected)
            if rows[key] != expected:
                yield f"{_where(key)}: {rows[key]} rows in the table; expected {expected}"

    def _row_faults(self, row: Failure) -> Iterator[str]:
        if row.channel is None:
            rest = without_link(self._whole, row.link)
        else:
            rest = without_receiver(self._whole, row.link, row.channel)
        report = check(rest, row.plan)
        yield from report.faults
        if report.served is None:
            # Its lightpaths are no plan: there are no rates to compare with.
            return
        if row.channel is None:
            yield from self._cut_faults(row)
        else:
            yield from self._receiver_faults(row, rest, report)
        yield from self._below(report)
        yield from self._number_faults(row, report)

    def _receiver_faults(self, row: Failure, rest: Instance, report: CheckReport) -> Iterator[str]:
        """Light stays, the link is retuned to the best that is left, the others are not."""
        intact = self._protected.plan
        if sorted(row.plan.lightpaths, key=str) != sorted(intact.lightpaths, key=str):
            yield "lightpaths differ from the intact plan's; expected the same light"
        others = [one for one in intact.qkd if one.link != row.link]
        if _tunings(others) != _tunings(one for one in row.plan.qkd if one.link != row.link):
            yield f"links other than {row.link} are retuned; expected them where they were"
        reported = report.link_skr_bps.get(row.link, 0.0)
        best = self._best_rate(rest, row.link, others)
        if not _agree(reported, best):
            yield (
                f"link {row.link} has {reported:g} bit/s; expected its best that is left, {best:g}"
            )

    def _best_rate(self, rest: Instance, link: str, others: list[Tuning]) -> float:
        """Highest key rate of a link [bit/s] over the candidates that are left; 0 without any."""
        (broken,) = (one for one in rest.network.links if one.id == link)
        rates = [0.0]
        for candidate in rest.candidates_of(broken):
            assert isinstance(candidate, int)  # sets are channels of the grid
            rows = [*others, Tuning(link=link, channel=candidate)]
            report = check(rest, _plan(rest, self._protected.plan, rows))
            rates.append(report.link_skr_bps.get(link, 0.0))
        return max(rates)

    def _cut_faults(self, row: Failure) -> Iterator[str]:
        """Expect a cut link's demands on new lightpaths, all others where they were."""
        for path in row.plan.lightpaths:
            if row.link in path.links:
                yield f"demand {path.demand!r} crosses it; expected another route"
            before = self._paths.get(path.demand)
            if before is None or (row.link not in before.links and before != path):
                yield f"demand {path.demand!r} moved; expected it where it was"

    def _number_faults(self, row: Failure, report: CheckReport) -> Iterator[str]:
        """Compare what the row tells with the recomputed numbers of its plan."""
        rates = report.demand_skr_bps
        # Where keys are shared, those that ask for none have none to compare.
        asking = {r: rate for r, rate in rates.items() if self._floors[r] > 0.0}
        yield from _worst_faults(row, asking)
        after = [path.demand for path in row.plan.lightpaths]
        hit = {r for r, path in self._paths.items() if row.link in path.links}
        hit = hit if row.kind == "link" else set()
        below = [
            r
            for r in after
            if str(r) in asking and not _survives(asking[str(r)], self._floors[str(r)])
        ]
        yield from _differ("below_floor", row.below_floor, below)
        yield from _differ("restored", row.restored, hit & set(after))
        yield from _differ("lost", row.lost, hit - set(after))


def _worst_faults(row: Failure, rates: dict[str, float]) -> Iterator[str]:
    """Judge the worst demand and its rate; of several with the worst rate any may be named."""
    if not rates:
        if row.worst_demand is not None or row.worst_skr_bps is not None:
            yield f"worst_demand = {row.worst_demand!r}; expected none, for none is served"
        return
    worst = min(rates.values())
    if row.worst_skr_bps is None or not _agree(row.worst_skr_bps, worst):
        yield f"worst_skr_bps = {row.worst_skr_bps}; expected {worst}"
    if not _agree(rates.get(str(row.worst_demand), math.inf), worst):
        yield f"worst_demand = {row.worst_demand!r}; expected one with {worst:g} bit/s"


def _key(row: Failure) -> Key:
    return row.kind, row.link, row.channel


def _where(key: Key) -> str:
    kind, link, channel = key
    return f"{kind} {link}" if channel is None else f"{kind} of link {link} at channel {channel}"


def _survives(rate: float, floor: float) -> bool:
    return rate >= floor * (1.0 - RELATIVE)


def _agree(reported: float, expected: float) -> bool:
    return math.isclose(reported, expected, rel_tol=RELATIVE, abs_tol=ABSOLUTE_BPS)


def _differ(name: str, reported: Collection[NodeId], expected: Collection[NodeId]) -> Iterator[str]:
    if Counter(reported) != Counter(expected):
        yield f"{name} = {list(reported)}; expected {sorted(expected, key=str)}"


def _tunings(rows: Iterable[Tuning]) -> list[str]:
    return sorted(f"{one.link} {one.channel}" for one in rows)


def _plan(instance: Instance, plan: SavedPlan, tunings: list[Tuning]) -> SavedPlan:
    ref = InstanceRef(name=instance.name, sha256=instance.sha256(), preset=instance.preset)
    return plan.model_copy(update={"instance": ref, "qkd": tuple(tunings)})
