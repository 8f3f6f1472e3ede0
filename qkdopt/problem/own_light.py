"""What a demand's key rate cannot exceed on a route: every link beside the demand's own light."""

from __future__ import annotations

from functools import cache

import numpy as np

from qkdopt.problem import Problem
from qkdopt.problem.coefficients import Tables
from qkdopt.problem.relay import WidestRelay

# Relative margin on every rate, far above the rounding of a few additions.
ROUND_OFF = 1e-11


def max_rates_bps(problem: Problem) -> dict[tuple[int, int], float]:
    """Return the highest key rate of every demand on each of its routes [bit/s], by (r, p).

    With ``relay = lightpath`` it is that of the slowest link, each with the quietest channels that
    the demand can have there; 0 over a link without QKD. With ``relay = widest`` it is that of the
    widest relay route, where only the links of the route have the demand's light.
    """
    fastest = cache(lambda e, d, count: rate_beside(problem.standing_tables, e, d, count))
    dark = [fastest(e, 0, 0) for e in range(len(problem.tables.candidates))]
    rates = {}
    for r, (demand, routes) in enumerate(
        zip(problem.instance.demands, problem.routes, strict=True)
    ):
        for p, route in enumerate(routes):
            # The light of a demand in place is in the tables.
            own = 0 if problem.stays(r) else demand.channels
            lit = {e: fastest(e, d, own) for e, d, _ in route.hops}
            if problem.instance.qkd.relay == "widest":
                links = [lit.get(e, rate) for e, rate in enumerate(dark)]
                rates[r, p] = min(links[e] for e in WidestRelay(problem, links).links(route))
            else:
                rates[r, p] = min(lit.values())
    return rates


def rate_beside(tables: Tables, e: int, d: int, channels: int) -> float:
    """Return a link's highest key rate [bit/s] beside so many lightpaths in one direction.

    Each candidate is evaluated with the lightpaths on the quietest channels that its guard band
    leaves free. The rate is that of the best one; 0 where none leaves enough channels free.

    Parameters
    ----------
    tables
        Coefficients of the problem.
    e
        Position of the link.
    d
        Direction of the lightpaths on the link: 0 for a -> b, 1 against it.
    channels
        Number of lightpaths, each on a channel of its own.
    """
    count = len(tables.candidates[e])
    free = tables.usable[e, d] & ~(tables.blocks[e, :count] & tables.in_quantum_fibre[e, d])
    noise = np.where(free, tables.noise[e, d].T[:count], np.inf)
    own_noise = np.sort(noise, axis=1)[:, :channels].sum(axis=1)
    room = free.sum(axis=1) >= channels
    min_noise = tables.background_noise[e, :count] + np.where(room, own_noise, 0.0)
    rates = tables.skr_bps(e, min_noise, tables.transmittance[e, :count])
    return float(rates[room].max(initial=0.0)) * (1.0 + ROUND_OFF)
