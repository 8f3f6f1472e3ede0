"""Sets and plans that keep a key rate under any single failure (``docs/design_exact.md``)."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import networkx as nx
import numpy as np

from qkdopt.channel_sets.exact.candidate_sets import (
    count_sets,
    every_set,
    sampled_sets,
    with_channel_set,
)
from qkdopt.channel_sets.protection.failure_table import FailureTable
from qkdopt.channel_sets.protection.light_paths import ProtectedNetwork
from qkdopt.channel_sets.protection.plan import LeftOut, ProtectedPlan, objective_of_floor
from qkdopt.channel_sets.protection.restoring import Budget, Protection
from qkdopt.channel_sets.protection.search import (
    Stop,
    blocking_failures,
    complete,
    insert,
    repaired,
)
from qkdopt.errors import UnsupportedError, UsageError
from qkdopt.instance import Instance, validate_nothing_in_place
from qkdopt.problem import build_problem, validate_objective
from qkdopt.runtime.signals import graceful_sigint

# Sets that are all looked into; of more, so many drawn at random.
MOST_SETS = 300
# Sets that are listed; of more some are drawn.
MOST_LISTED = 100_000
# Sets whose greedy plan is repaired: those that keep most demands.
REPAIRED = 5
# Placings tried to decide one question by backtracking.
DECIDING = 5_000


@dataclass
class ProtectionTrial:
    """One set: its problem, the best plan on it, and the demands that it cannot keep, proved."""

    channels: tuple[int, ...]
    net: ProtectedNetwork
    plan: Protection
    infeasible_alone: frozenset[int] = frozenset()
    decided: bool = False


def protect(
    instance: Instance,
    *,
    channels: int | Sequence[int],
    min_skr_bps: float | None = None,
    rounds: int = 50,
    time_limit: float = 60.0,
    seed: int = 0,
) -> ProtectedPlan:
    """Find a set and a plan whose demands keep a floor under any single failure.

    Parameters
    ----------
    instance
        Network and demands; its own candidates are set aside.
    channels
        Size of the set, or the set.
    min_skr_bps
        Least key rate of every served demand [bit/s], intact and under every failure; a demand's
        own ``min_skr_bps`` counts where it is higher. None where keys are shared: demands keep what
        they ask for, all at once.
    rounds
        Repairs of each of the best sets' plans.
    time_limit
        Seconds after which the best plan so far is returned. Without it in the way, the same
        seed gives the same plan.
    seed
        Of every random choice.

    Returns
    -------
    ProtectedPlan
        It serves the demands that it keeps; the others are left out, each with the reason. Also
        when interrupted by Ctrl-C, which is as if the time were up; a second Ctrl-C, and one
        before any demand is placed, raises ``KeyboardInterrupt``.

    Raises
    ------
    UsageError
        The floor is not above zero, is missing, or stands beside shared keys, of which no demand
        asks for any; or no such set leaves classical light a channel.
    InstanceError
        The set does not fit the grid, or leaves no channel for classical light.
    UnsupportedError
        The instance has four-wave mixing, which is not additive, light in place, or keys that take
        several paths.

    Examples
    --------
    >>> import qkdopt
    >>> mesh = qkdopt.read_instance("instances/small/mesh6.json")
    >>> kept = qkdopt.protect(mesh, min_skr_bps=1000.0, channels=2, rounds=5)
    >>> kept.served, kept.interrupted
    (8, False)
    """
    validate_protectable(instance, min_skr_bps, channels)
    started = time.monotonic()
    deadline, stop = started + time_limit, threading.Event()
    search = _Search(
        instance, min_skr_bps, seed, lambda: stop.is_set() or time.monotonic() > deadline
    )
    with graceful_sigint(stop):
        sets, all_of_them = _sets(instance, channels, seed)
        search.run(sets, rounds)
        found = search.answer(all_of_them and len(search.trials) == len(sets), started)
    if stop.is_set() and not found.served and found.status == "not found":
        raise KeyboardInterrupt
    return replace(found, interrupted=stop.is_set())


def validate_protectable(
    instance: Instance, min_skr_bps: float | None, channels: int | Sequence[int]
) -> None:
    """Validate instance, minimum key rate and set or size before any search.

    Parameters
    ----------
    instance, min_skr_bps, channels
        See :func:`protect`.

    Raises
    ------
    UsageError
        The minimum key rate is not above zero and finite, or does not fit the accounting of keys;
        the size is not from 1 to the number of channels of the grid, or no set of this size leaves
        classical light a channel.
    InstanceError
        The set does not fit the grid, or leaves no channel for classical light.
    UnsupportedError
        The instance has four-wave mixing, which is not additive, light in place, or keys that take
        several paths.
    """
    _validate_floor(instance, min_skr_bps)
    validate_nothing_in_place(instance, "protection")
    if instance.qkd.relay == "flow":
        raise UnsupportedError(
            "protection does not cover qkd.relay = 'flow'; expected 'lightpath': after a failure "
            "keys follow the lightpaths"
        )
    if instance.other_noise.four_wave_mixing is not None:
        raise UnsupportedError("protection does not cover four-wave mixing: take it out")
    if not isinstance(channels, int):
        with_channel_set(instance, channels)
        return
    count_sets(instance, channels)
    if next(every_set(instance, channels), None) is None:
        raise UsageError(f"channels = {channels}: no set leaves classical light a channel")


def _validate_floor(instance: Instance, min_skr_bps: float | None) -> None:
    if instance.qkd.key_accounting == "shared":
        validate_objective(instance, "key-factor")
        if min_skr_bps is not None:
            raise UsageError(
                f"min_skr_bps = {min_skr_bps:g} beside qkd.key_accounting = 'shared'; expected "
                "none: demands keep what they ask for (demands[].key)"
            )
    elif min_skr_bps is None:
        raise UsageError("min_skr_bps is missing; expected the floor of every demand [bit/s]")
    elif not 0.0 < min_skr_bps < math.inf:
        raise UsageError(f"min_skr_bps = {min_skr_bps:g}; expected more than 0 bit/s")


def _sets(
    instance: Instance, channels: int | Sequence[int], seed: int
) -> tuple[list[tuple[int, ...]], bool]:
    """List the sets to look into; say whether these are all that are asked for."""
    if not isinstance(channels, int):
        return [tuple(sorted(channels))], True
    if count_sets(instance, channels) > MOST_LISTED:
        return sampled_sets(instance, channels, MOST_SETS, seed), False
    sets = list(every_set(instance, channels))
    if len(sets) <= MOST_SETS:
        return sets, True
    drawn = np.random.default_rng(seed).permutation(len(sets))[:MOST_SETS]
    return [sets[k] for k in sorted(drawn)], False


class _Search:
    """One run over several sets."""

    def __init__(
        self, instance: Instance, min_skr_bps: float | None, seed: int, stop: Stop
    ) -> None:
        self._instance = instance
        self._min_skr_bps = min_skr_bps
        self._seed = seed
        self._stop = stop
        self.trials: list[ProtectionTrial] = []

    def run(self, sets: Sequence[tuple[int, ...]], rounds: int) -> None:
        """Greedy on every set, repairs on the best of them, then backtracking on all."""
        for channels in sets:
            if self.trials and (self._stop() or self._kept()):
                return
            self.trials.append(self._greedy(channels))
        best = sorted(self.trials, key=lambda a: -len(a.plan.assignments))
        for trial in best[:REPAIRED]:
            if not self._kept():
                demands = self._hopeful(trial)
                trial.plan = repaired(
                    trial.plan, demands, rounds=rounds, seed=self._seed, stop=self._stop
                )
        for trial in best:
            if not self._kept() and not trial.infeasible_alone:
                self._decide(trial)

    def answer(self, all_sets: bool, started: float) -> ProtectedPlan:
        """Write the plan that keeps most demands, and what is proved."""
        best = max(self.trials, key=lambda a: len(a.plan.assignments))
        table = FailureTable(best.plan)
        status, proof = self._status(best, all_sets)
        return ProtectedPlan(
            min_skr_bps=self._min_skr_bps,
            channels=best.channels,
            status=status,
            proof=proof,
            plan=table.intact(),
            failures=tuple(table.rows()),
            left_out=tuple(self._left_out(best, all_sets)),
            seconds=round(time.monotonic() - started, 3),
        )

    def _greedy(self, channels: tuple[int, ...]) -> ProtectionTrial:
        problem = build_problem(
            with_channel_set(self._instance, channels), objective_of_floor(self._min_skr_bps)
        )
        net = ProtectedNetwork(problem, self._min_skr_bps)
        trial = ProtectionTrial(channels, net, Protection(net), self._infeasible_alone(net))
        insert(trial.plan, self._hopeful(trial), self._stop)
        return trial

    def _infeasible_alone(self, net: ProtectedNetwork) -> frozenset[int]:
        """Demands that are not kept even alone in the network; those with the same ends alike."""
        alone: dict[object, bool] = {}
        found = []
        for r, demand in enumerate(self._instance.demands):
            kind = (demand.source, demand.target, demand.channels, net.min_skr[r])
            if kind not in alone:
                budget = Budget(DECIDING)
                plan = complete(net, [r], budget, self._stop)
                alone[kind] = plan is None and not budget.cut_short
            if alone[kind]:
                found.append(r)
        return frozenset(found)

    def _hopeful(self, trial: ProtectionTrial) -> list[int]:
        """Demands that may be kept, those with the fewest and longest routes first."""
        routes = trial.net.problem.routes
        some = (r for r in range(len(routes)) if r not in trial.infeasible_alone)
        return sorted(some, key=lambda r: (len(routes[r]), -len(routes[r][0].links), r))

    def _decide(self, trial: ProtectionTrial) -> None:
        budget = Budget(DECIDING)
        plan = complete(trial.net, self._hopeful(trial), budget, self._stop)
        if plan is not None:
            trial.plan = plan
        trial.decided = plan is not None or not budget.cut_short

    def _kept(self) -> bool:
        demands = len(self._instance.demands)
        return any(len(trial.plan.assignments) == demands for trial in self.trials)

    def _status(
        self, best: ProtectionTrial, all_sets: bool
    ) -> tuple[Literal["kept", "impossible", "not found"], str]:
        demands, count = len(self._instance.demands), len(self.trials)
        if len(best.plan.assignments) == demands:
            return "kept", "every failure's plan is written"
        if any(self._reason(best, r) for r in range(demands)):
            return "impossible", "some demands cannot survive a cut, whatever the set"
        scope = f"{count} set{'s' if count > 1 else ''}"
        if all_sets and all(a.infeasible_alone or a.decided for a in self.trials):
            return "impossible", f"proved for {scope}: alone in the network, or by backtracking"
        return "not found", f"{scope} searched, not all of them to the end"

    def _left_out(self, best: ProtectionTrial, all_sets: bool) -> Iterator[LeftOut]:
        everywhere = frozenset.intersection(*(a.infeasible_alone for a in self.trials))
        for r, demand in enumerate(self._instance.demands):
            if r in best.plan.assignments:
                continue
            reason = self._reason(best, r)
            proved = reason is not None or (all_sets and r in everywhere)
            if reason is None:
                reason = (
                    "not kept even alone in the network: no route and restoration has the floor"
                    if r in best.infeasible_alone
                    else "no place found where every demand keeps the floor under every failure"
                )
            yield LeftOut(
                demand=demand.id,
                reason=reason,
                proved=proved,
                broken_by=blocking_failures(best.plan, r),
            )

    def _reason(self, best: ProtectionTrial, r: int) -> str | None:
        """Say why a demand cannot survive a cut with any set; None where routes do not tell."""
        routes = best.net.problem.routes[r]
        if not routes:
            return "it has no candidate route"
        shared = frozenset.intersection(*(frozenset(route.links) for route in routes))
        if not shared:
            return None
        link = self._instance.network.links[min(shared)].id
        if self._others(r, shared):
            return f"its {len(routes)} candidate routes all cross link {link} (a larger K may help)"
        return f"link {link} is the only way between its ends: it cannot survive a cut there"

    def _others(self, r: int, shared: frozenset[int]) -> bool:
        """Whether the network has a way around the first link that all routes share."""
        demand, links = self._instance.demands[r], self._instance.network.links
        graph = nx.Graph()
        graph.add_edges_from((k.a, k.b) for e, k in enumerate(links) if e != min(shared))
        ends = demand.source in graph and demand.target in graph
        return ends and nx.has_path(graph, demand.source, demand.target)
