"""Load states: how many lightpaths a link carries, and the best key rate it can still have.

A state of a link is ``(m0, m1)``: ``m0`` lightpaths in the quantum signal's direction
(co-propagating) and ``m1`` against it (counter-propagating). Which channels they use is
left open, so the rate of a state is an upper limit: the cheapest channels at the best
candidate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qkdopt.instance import Demand
from qkdopt.problem.coefficients import BoolArray, IntArray, Tables
from qkdopt.problem.routes import Route
from qkdopt.units import FloatArray

# Relative margin on every rate, far above the rounding of a few hundred additions.
ROUND_OFF = 1e-11


@dataclass(frozen=True)
class LinkStates:
    """Feasible load states of one link.

    Parameters
    ----------
    loads
        ``(n, 2)`` lightpaths (m0, m1): co-propagating and counter-propagating.
    rate_bps
        ``(n,)`` no legal choice of channels gives the link a higher key rate [bit/s].
    shared_fibre
        Both directions of travel share one fibre (layout ``single``).
    """

    loads: IntArray
    rate_bps: FloatArray
    shared_fibre: bool

    def within(self, max_loads: tuple[int, int]) -> LinkStates:
        """Return the states of at most so many co- and counter-propagating lightpaths."""
        few = (self.loads <= max_loads).all(axis=1)
        return LinkStates(self.loads[few], self.rate_bps[few], self.shared_fibre)

    @property
    def disturbing(self) -> IntArray:
        """``(n,)`` lightpaths in the fibre of the quantum signal."""
        return np.asarray(self.loads.sum(axis=1) if self.shared_fibre else self.loads[:, 0])


def co_direction(tables: Tables, link: int) -> int:
    """Direction of travel (0: a -> b, 1: b -> a) that the quantum signal has."""
    return 0 if tables.instance.network.links[link].qkd_direction == "a->b" else 1


def link_states(
    tables: Tables, link: int, max_loads: tuple[int, int], staying: BoolArray | None = None
) -> LinkStates:
    """List the states of a link with at most ``max_loads`` lightpaths in each direction.

    Parameters
    ----------
    tables
        Coefficients of the instance.
    link
        Position of the link.
    max_loads
        Most co-propagating and most counter-propagating lightpaths.
    staying
        ``(2, W)`` channels lit by demands that stay in place, by direction of travel: every state
        has them, with their own noise. None for none.
    """
    co = co_direction(tables, link)
    fixed = np.zeros_like(tables.usable[link]) if staying is None else staying
    least = fixed.sum(axis=1)[[co, 1 - co]]
    width, other = (int(tables.usable[link, direction].sum()) for direction in (co, 1 - co))
    first, second = (
        np.arange(low, min(most, room) + 1)
        for low, most, room in zip(least, max_loads, (width, other), strict=True)
    )
    grid = np.stack(np.meshgrid(first, second, indexing="ij"), axis=-1).reshape(-1, 2)
    shared = bool(tables.fibres[0] == tables.fibres[1])
    if shared:
        grid = grid[grid.sum(axis=1) <= width]
    if not tables.candidate_count[link]:
        return LinkStates(grid, np.zeros(len(grid)), shared)
    rates = np.full(len(grid), -1.0)
    for candidate in range(tables.candidate_count[link]):
        rates = np.maximum(rates, _candidate_rates(tables, link, candidate, grid - least, fixed))
    legal = rates >= 0.0
    return LinkStates(grid[legal], rates[legal] * (1.0 + ROUND_OFF), shared)


def most_lightpaths(
    tables: Tables, demands: Sequence[Demand], routes: Sequence[Sequence[Route]]
) -> IntArray:
    """``(E, 2)`` lightpaths of all demands with a route over a link, with and against its signal.

    Parameters
    ----------
    tables
        Coefficients of the instance.
    demands, routes
        ``R`` demands and the candidate routes of each.
    """
    most = np.zeros((len(tables.usable), 2), dtype=np.int64)
    co = [co_direction(tables, e) for e in range(len(tables.usable))]
    for demand, candidates in zip(demands, routes, strict=True):
        crossed = {(hop.link, hop.direction) for route in candidates for hop in route.hops}
        for link, direction in crossed:
            most[link, int(direction != co[link])] += demand.channels
    return most


def all_lightpaths(demands: Sequence[Demand], links: int) -> IntArray:
    """``(E, 2)`` lightpaths of all demands, on each of E links in each direction."""
    return np.full((links, 2), sum(demand.channels for demand in demands), dtype=np.int64)


def _candidate_rates(
    tables: Tables, link: int, candidate: int, loads: IntArray, fixed: BoolArray
) -> FloatArray:
    """Rate limit of each state with this candidate working; -1 where it has no room.

    ``loads`` count beside the light that stays in place, ``(2, W)`` ``fixed``.

    In one fibre the noise of a channel set ``S`` with counter-propagating part ``S1`` is
    ``sum_S co + sum_S1 (counter - co)``; taking the cheapest ``m0 + m1`` of the first and
    the cheapest ``m1`` of the second independently can only lower it. So can taking the cheapest
    of either direction, which matters where one is louder by many decades: there the first sum
    is a difference of large numbers.
    """
    co = co_direction(tables, link)
    shared = tables.fibres[0] == tables.fibres[1]
    taken = fixed.any(axis=0) if shared else fixed[co]
    if (taken & tables.blocks[link, candidate]).any():
        return np.full(len(loads), -1.0)
    free = ~tables.blocks[link, candidate] & ~taken
    co_noise = tables.noise[link, co, :, candidate][tables.usable[link, co] & free]
    if shared:
        counter_noise = tables.noise[link, 1 - co, :, candidate][tables.usable[link, co] & free]
        total = loads.sum(axis=1)
        fits = total <= len(co_noise)
        m0, m1 = (np.minimum(count, len(co_noise)) for count in loads.T)
        cheapest = _cumulated(co_noise)[np.minimum(total, len(co_noise))]
        swapped = _cumulated(counter_noise - co_noise)[m1]
        swapped_min = cheapest + swapped - ROUND_OFF * (cheapest + np.abs(swapped))
        min_noise = np.maximum(
            swapped_min, _cumulated(co_noise)[m0] + _cumulated(counter_noise)[m1]
        )
    else:
        total, channel_count = loads[:, 0], tables.usable.shape[2]
        fits = (total <= len(co_noise)) & (loads[:, 1] <= channel_count)
        min_noise = _cumulated(co_noise)[np.minimum(total, len(co_noise))]
    noise = (
        np.maximum(0.0, min_noise * (1.0 - ROUND_OFF)) + tables.background_noise[link, candidate]
    )
    if fixed.any():
        noise += (1.0 - ROUND_OFF) * float(tables.noise[link, :, :, candidate][fixed].sum())
    transmittance = tables.transmittance[link, candidate]
    return np.where(fits, tables.skr_bps(link, noise, np.asarray(transmittance)), -1.0)


def _cumulated(costs: FloatArray) -> FloatArray:
    """Sum of the n cheapest costs, for n = 0, 1, ..."""
    return np.concatenate([[0.0], np.cumsum(np.sort(costs))])
