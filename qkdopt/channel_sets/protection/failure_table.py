"""Every single failure of a protected plan, with its numbers and the plan that is left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from qkdopt.channel_sets.protection.failed_instances import without_link, without_receiver
from qkdopt.channel_sets.protection.light_paths import Assignment, Assignments
from qkdopt.channel_sets.protection.plan import Failure
from qkdopt.channel_sets.protection.restoring import Protection, affected
from qkdopt.instance import Instance, NodeId
from qkdopt.problem.plan import BLOCKED, Plan, candidate_noise, lit_channels
from qkdopt.problem.relay import WidestRelay
from qkdopt.result import InstanceRef, Lightpath, SavedPlan, Tuning
from qkdopt.result.fair_shares import crossing, fair_shares
from qkdopt.units import FloatArray

Working = Mapping[int, int]


class FailureTable:
    """Failures of one plan of one instance with a set."""

    def __init__(self, plan: Protection) -> None:
        self._plan, self._net = plan, plan.net
        self._problem = plan.net.problem
        self._instance = plan.net.problem.instance
        self._links = self._instance.network.links

    def intact(self) -> SavedPlan:
        """Return the plan with nothing failed."""
        working, _ = self._retune_working(self._plan.assignments)
        return self._saved(self._instance, self._plan.assignments, working)

    def rows(self) -> Iterator[Failure]:
        """Yield every failure: first the receivers, then the links."""
        working, rates = self._retune_working(self._plan.assignments)
        for e, q in working.items():
            yield self._receiver(e, q, working, rates)
        for f in self._net.links:
            yield self._cut(f)

    def _receiver(self, e: int, q: int, working: Working, rates: FloatArray) -> Failure:
        at = rates.copy()
        at[e, q] = -1.0
        left = int(at[e].argmax())
        some = at[e, left] >= 0.0
        retuned = {**working, e: left} if some else _without(working, e)
        link_skr = self._link_skr(rates, retuned)
        channel = self._instance.candidates_of(self._links[e])[q]
        assert isinstance(channel, int)  # sets are channels of the grid
        rest = without_receiver(self._instance, self._links[e].id, channel)
        worst, below = self._demands(self._plan.assignments, link_skr)
        return Failure(
            kind="receiver", link=self._links[e].id, channel=channel,
            worst_demand=worst[0], worst_skr_bps=worst[1], below_floor=below,
            plan=self._saved(rest, self._plan.assignments, retuned),
        )  # fmt: skip

    def _cut(self, f: int) -> Failure:
        moved = self._plan.restored.get(f, {})
        hit = affected(self._net, self._plan.assignments, f)
        assignments = {r: at for r, at in self._plan.assignments.items() if r not in hit} | moved
        working, rates = self._retune_working(assignments)
        working = _without(working, f)
        worst, below = self._demands(assignments, self._link_skr(rates, working))
        demands = self._instance.demands
        rest = without_link(self._instance, self._links[f].id)
        return Failure(
            kind="link", link=self._links[f].id, worst_demand=worst[0], worst_skr_bps=worst[1],
            below_floor=below, restored=tuple(demands[r].id for r in hit if r in moved),
            lost=tuple(demands[r].id for r in hit if r not in moved),
            plan=self._saved(rest, assignments, working),
        )  # fmt: skip

    def _retune_working(self, assignments: Assignments) -> tuple[dict[int, int], FloatArray]:
        """Best candidate of every link with QKD, and ``(E, Q)`` rates; -1 where there is none."""
        tables = self._problem.tables
        every = range(len(self._problem.routes))
        lit = lit_channels(
            self._problem,
            Plan(
                routes=tuple(assignments[r][0] if r in assignments else BLOCKED for r in every),
                channels=tuple(assignments[r][1] if r in assignments else () for r in every),
                working=(),
            ),
        )
        rates = tables.candidate_skr_bps(candidate_noise(self._problem, lit))
        known = np.arange(rates.shape[1]) < tables.candidate_count[:, None]
        rates = np.where(known, rates, -1.0)
        with_qkd = (e for e in self._net.links if tables.candidate_count[e])
        return {e: int(rates[e].argmax()) for e in with_qkd}, rates

    def _link_skr(self, rates: FloatArray, working: Working) -> FloatArray:
        skr = np.zeros(len(self._links))
        for e, q in working.items():
            skr[e] = rates[e, q]
        return skr

    def _demands(
        self, assignments: Mapping[int, Assignment], link_skr: FloatArray
    ) -> tuple[tuple[NodeId | None, float | None], tuple[NodeId, ...]]:
        """Worst demand and its rate [bit/s], and who is below the floor."""
        if self._net.min_skr_bps is None:
            rates = self._shared_rates(assignments, link_skr)
        else:
            rates = self._single_rates(assignments, link_skr)
        if not rates:
            return (None, None), ()
        demands = self._instance.demands
        worst = min(rates, key=lambda r: (rates[r], r))
        min_skr = self._net.min_skr
        enough = {r: self._net.enough(np.array(rate), min_skr[r]) for r, rate in rates.items()}
        below = tuple(demands[r].id for r in rates if not enough[r])
        return (demands[worst].id, rates[worst]), below

    def _single_rates(
        self, assignments: Mapping[int, Assignment], link_skr: FloatArray
    ) -> dict[int, float]:
        """Key rate of every demand [bit/s] as if it had its links to itself."""
        widest = self._instance.qkd.relay == "widest"
        relay = WidestRelay(self._problem, link_skr) if widest else None
        rates = {}
        for r, assignment in assignments.items():
            route = self._net.route(r, assignment)
            links = route.links if relay is None else relay.links(route)
            rates[r] = min(float(link_skr[e]) for e in links)
        return rates

    def _shared_rates(
        self, assignments: Mapping[int, Assignment], link_skr: FloatArray
    ) -> dict[int, float]:
        """Fair share [bit/s] of every demand that asks for key, when all draw at once."""
        paths = [
            self._net.route(r, assignments[r]).links if r in assignments else ()
            for r in range(len(self._instance.demands))
        ]
        needs = self._problem.needs
        asking = np.array([r in assignments for r in range(len(paths))]) & (needs.rate_bps > 0.0)
        crosses = crossing(paths, len(link_skr))
        given = fair_shares(crosses, link_skr, np.where(asking, needs.rate_bps, 0.0))
        return {int(r): float(given[r]) for r in np.flatnonzero(asking)}

    def _saved(
        self, instance: Instance, assignments: Mapping[int, Assignment], working: Working
    ) -> SavedPlan:
        return SavedPlan(
            instance=InstanceRef(
                name=instance.name, sha256=instance.sha256(), preset=instance.preset
            ),
            objective=self._problem.objective,
            lightpaths=tuple(self._lightpath(r, assignments[r]) for r in sorted(assignments)),
            qkd=tuple(self._tuning(e, working[e]) for e in sorted(working)),
        )

    def _lightpath(self, r: int, assignment: Assignment) -> Lightpath:
        route = self._net.route(r, assignment)
        return Lightpath(
            demand=self._instance.demands[r].id,
            route=route.nodes,
            links=tuple(self._links[e].id for e in route.links),
            channels=assignment[1],
        )

    def _tuning(self, e: int, q: int) -> Tuning:
        channel = self._instance.candidates_of(self._links[e])[q]
        assert isinstance(channel, int)  # sets are channels of the grid
        return Tuning(link=self._links[e].id, channel=channel)


def _without(working: Working, link: int) -> dict[int, int]:
    return {e: q for e, q in working.items() if e != link}
