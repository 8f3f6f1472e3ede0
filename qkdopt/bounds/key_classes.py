"""Demands, routes and load states as the bound on shared keys counts them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from qkdopt.problem import Problem
from qkdopt.problem.coefficients import IntArray
from qkdopt.problem.load_states import co_direction
from qkdopt.units import FloatArray


@dataclass(frozen=True)
class KeyClass:
    """Demands that every rule treats alike: ends, channels, need and what meeting it is worth.

    Parameters
    ----------
    count
        How many there are.
    channels
        Lightpaths of each.
    need_bps, value_bps
        Key that each asks for, and what meeting it adds to the objective ``key-served`` [bit/s].
    ends
        Positions of its nodes.
    fixed
        Whether they have to be served.
    routes
        By candidate route, ``(hops, 2)`` link, and 0 with or 1 against its quantum signal.
    """

    count: int
    channels: int
    need_bps: float
    value_bps: float
    ends: tuple[int, int]
    fixed: bool
    routes: tuple[IntArray, ...]


def key_classes(problem: Problem) -> tuple[KeyClass, ...]:
    """Group the demands with a route; one in place is a class of its own."""
    needs = problem.needs
    scale = needs.total_bps / max(float(needs.weight.sum()), 1e-300)
    node = {entry.id: v for v, entry in enumerate(problem.instance.network.nodes)}
    groups: dict[object, list[int]] = defaultdict(list)
    for r, demand in enumerate(problem.instance.demands):
        if problem.routes[r]:
            alone = r if problem.must_serve(r) else None
            needed = float(needs.rate_bps[r]), float(needs.weight[r])
            groups[demand.source, demand.target, demand.channels, alone, needed].append(r)
    classes = []
    for members in groups.values():
        r = members[0]
        demand = problem.instance.demands[r]
        classes.append(
            KeyClass(
                count=len(members),
                channels=demand.channels,
                need_bps=float(needs.rate_bps[r]),
                value_bps=scale * float(needs.weight[r]),
                ends=(node[demand.source], node[demand.target]),
                fixed=problem.must_serve(r),
                routes=tuple(
                    np.array(
                        [
                            (h.link, int(h.direction != co_direction(problem.tables, h.link)))
                            for h in route.hops
                        ],
                        dtype=np.int64,
                    )
                    for route in problem.routes[r]
                ),
            )
        )
    return tuple(classes)


@dataclass(frozen=True)
class KeyStates:
    """Load states of one link, and the key that demands can draw of it in each.

    Parameters
    ----------
    loads
        ``(n, 2)`` lightpaths with and against the quantum signal.
    rate_bps
        ``(n,)`` highest key rate of the link [bit/s].
    drawn_bps
        ``(n,)`` most key that can be drawn of it: no more than it has, and, but for a factor of
        all needs, than those ask for that cross it.
    least_bps
        ``(n,)`` least that those who cross it ask for.
    """

    loads: IntArray
    rate_bps: FloatArray
    drawn_bps: FloatArray
    least_bps: FloatArray


def key_states(problem: Problem, classes: tuple[KeyClass, ...]) -> tuple[KeyStates, ...]:
    """Evaluate the load states of every link for shared keys.

    With the key on the lightpath's route, those who cross a link settle what is asked of it. Where
    all ask for as much, and only needs met in full count, the key drawn is a whole number of them.
    """
    on_route = problem.instance.qkd.relay == "lightpath"
    needs = {one.need_bps for one in classes}
    whole = needs.pop() if len(needs) == 1 and problem.objective == "key-served" else 0.0
    found = []
    for e, states in enumerate(problem.load_states):
        rate = states.rate_bps
        drawn, least = rate.copy(), np.zeros(len(rate))
        if on_route:
            most = np.zeros(len(rate))
            for direction in (0, 1):
                low, high = _needs_by_load(classes, e, direction, int(states.loads.max(initial=0)))
                most += high[states.loads[:, direction]]
                least += low[states.loads[:, direction]]
            if problem.objective != "key-factor":  # there all may get more than they ask for
                drawn = np.minimum(drawn, most * (1.0 + 1e-12))
            if whole > 0.0:
                drawn = whole * np.floor(drawn / whole * (1.0 + 1e-6))
        found.append(KeyStates(states.loads, rate, drawn, least))
    return tuple(found)


def _needs_by_load(
    classes: tuple[KeyClass, ...], link: int, direction: int, most: int
) -> tuple[FloatArray, FloatArray]:
    """``(most + 1,)`` least and most key that m lightpaths in one direction can ask for [bit/s].

    Parts of a demand are allowed, which loosens both.
    """
    per_lightpath: list[float] = []
    for one in classes:
        crosses = any(
            ((route[:, 0] == link) & (route[:, 1] == direction)).any() for route in one.routes
        )
        if crosses:
            per_lightpath += [one.need_bps / one.channels] * (one.channels * one.count)
    rising = np.sort(np.array(per_lightpath, dtype=np.float64))
    # Loads beyond what can cross never occur.
    beyond = max(0, most - len(rising))
    low, high = (
        np.pad(np.concatenate([[0.0], np.cumsum(needs)]), (0, beyond), mode="edge")[: most + 1]
        for needs in (rising, rising[::-1])
    )
    return low, high


__all__ = ["KeyClass", "KeyStates", "key_classes", "key_states"]
