"""Wavelengths on given routes: demands that share ends and route are taken together.

On one route demands of a class are interchangeable: together they need the sum of their channels,
and each has the group's key rate. Merging them removes the symmetry from the model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyomo.environ as pyo

from qkdopt.milp.linearise import Linearised, Range
from qkdopt.milp.plans import HALF
from qkdopt.milp.variables import JointModel
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import Tables
from qkdopt.problem.plan import BLOCKED, Plan, tune_working_channels

# Sums in another order differ by a smaller share.
ROUND_DOWN = 1.0 - 1e-9


@dataclass(frozen=True)
class RoutedGroups:
    """A problem with routes given and demands grouped.

    Parameters
    ----------
    whole
        The problem.
    routes
        Candidate route of each demand; ``BLOCKED`` where it is not served.
    members
        Demands of each group.
    grouped
        The problem with a demand a group, and its route alone.
    """

    whole: Problem
    routes: tuple[int, ...]
    members: tuple[tuple[int, ...], ...]
    grouped: Problem

    def build(
        self,
        build: Callable[..., JointModel],
        segments: Mapping[tuple[int, int], Linearised],
    ) -> JointModel:
        """Build the joint MILP of the groups; its objective adds the rate of every demand."""
        m = build(self.grouped, segments, served=len(self.members))
        m.del_component("goal")
        m.goal = pyo.Objective(
            expr=sum(len(group) * m.z[g, 0] for g, group in enumerate(self.members)),
            sense=pyo.maximize,
        )
        return m

    def noise_ranges(self) -> dict[tuple[int, int], Range]:
        """Return minimum and maximum noise of every candidate, by (link, candidate).

        The routes give each link its load: no less noise than that of its least noisy channels, no
        more than that of its noisiest, in either direction.
        """
        tables = self.whole.tables
        load = np.zeros(len(tables.candidates), dtype=np.int64)
        for demand, (route,) in zip(
            self.grouped.instance.demands, self.grouped.routes, strict=True
        ):
            for e, direction, _ in route.hops:
                load[e] += demand.channels * int(tables.in_quantum_fibre[e, direction])
        return {
            (e, q): _noise_range(tables, e, q, int(load[e]))
            for e in range(len(load))
            for q in range(len(tables.candidates[e]))
        }

    def plan(self, m: JointModel) -> Plan:
        """Read a solved model, and share each group's channels among its demands."""
        channels: list[tuple[int, ...]] = [()] * len(self.routes)
        for g, group in enumerate(self.members):
            lit = [w for w in m.channels[g, 0] if m.l[g, 0, w].value > HALF]
            count = self.whole.instance.demands[group[0]].channels
            for number, r in enumerate(group):
                channels[r] = tuple(lit[number * count : (number + 1) * count])
        return tune_working_channels(self.whole, list(self.routes), channels)


def _noise_range(tables: Tables, link: int, candidate: int, load: int) -> Range:
    """Return minimum and maximum noise clicks per gate of a candidate at a load."""
    noise = tables.noise[link][tables.in_quantum_fibre[link]]
    outside = ~tables.blocks[link, candidate]
    background = float(tables.background_noise[link, candidate])
    lowest = np.sort(noise[:, outside, candidate].min(axis=0))[:load]
    highest = np.sort(noise[:, outside, candidate].max(axis=0))[::-1][:load]
    return background + ROUND_DOWN * float(lowest.sum()), background + float(
        highest.sum()
    ) / ROUND_DOWN


def group_by_route(problem: Problem, routes: Sequence[int]) -> RoutedGroups:
    """Group the served demands that have the same ends, channels and route."""
    groups: dict[Any, list[int]] = defaultdict(list)
    for r, demand in enumerate(problem.instance.demands):
        if routes[r] != BLOCKED:
            alone = r if problem.stays(r) else None
            groups[demand.source, demand.target, demand.channels, routes[r], alone].append(r)
    members = tuple(tuple(group) for group in groups.values())
    demands = tuple(
        problem.instance.demands[group[0]].model_copy(
            update={"channels": len(group) * problem.instance.demands[group[0]].channels}
        )
        for group in members
    )
    # Not validated: a group may need more channels than the grid has; the model finds no plan.
    grouped = replace(
        problem,
        instance=problem.instance.model_copy(update={"demands": demands}),
        routes=tuple((problem.routes[group[0]][routes[group[0]]],) for group in members),
        in_place=tuple(problem.in_place[group[0]] for group in members) if problem.in_place else (),
    )
    return RoutedGroups(problem, tuple(routes), members, grouped)
