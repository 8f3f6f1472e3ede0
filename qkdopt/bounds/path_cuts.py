"""Linear pieces of the dual bound of classes of demands that may take any path."""

from __future__ import annotations

import numpy as np

from qkdopt.bounds.arcs import Arcs
from qkdopt.bounds.cut_kernels import UNLISTED, enter_unless_there
from qkdopt.bounds.cuts import Cuts
from qkdopt.bounds.paths import Paths
from qkdopt.problem.coefficients import IntArray
from qkdopt.runtime.compiled import njit, njit_noalloc
from qkdopt.units import FloatArray


def add_path_cuts(
    cuts: Cuts, paths: Paths, arcs: Arcs, routes: tuple[IntArray, IntArray, IntArray],
    class_count: IntArray, class_channels: IntArray, level_widths: FloatArray, sigma: float,
    *, limited: bool,
) -> None:  # fmt: skip
    """Add the piece of every class that is exact at the prices of the paths, unless it is there.

    Parameters
    ----------
    cuts
        Added to in place.
    paths, arcs
        Best path of every class, and the network that they run in.
    routes
        ``route_start``, ``route_item`` and ``class_route`` of the relaxation.
    class_count, class_channels
        ``(C,)`` or more: demands of each class, and lightpaths of each of them.
    level_widths
        ``(L,)`` width of each rate level [bit/s].
    sigma
        Price of serving one more demand [bit/s].
    limited
        Whether fewer than all demands are served.
    """
    _add_paths(
        paths.reward, paths.arc, paths.hops, paths.levels, arcs.item, *routes, class_count,
        class_channels, level_widths, sigma, limited, cuts.start, cuts.item, cuts.own, cuts.drawn,
        cuts.filled, cuts.level, cuts.gram, cuts.sigma_slope, cuts.constant, cuts.weight,
        cuts.state, cuts.route, cuts.last_used, cuts.count,
    )  # fmt: skip


@njit
def _add_paths(
    reward, arc, hops, levels, arc_item, route_start, route_item, class_route, class_count,
    class_channels, level_widths, sigma, limited, start, item, own, drawn, filled, level, gram,
    sigma_slope, constant, weight, state, route, last_used, count,
):  # fmt: skip
    """Write the new cut of every class in the last place, and enter it unless it is there."""
    links, latest, new = len(count) - len(reward), last_used.max(), weight.shape[1] - 1
    for c in range(len(reward)):
        b = links + c
        constant[b, new], sigma_slope[b, new] = 0.0, 0.0
        state[b, new], route[b, new], filled[b, new] = -1, -1, 0
        level[b, new, :] = 0.0
        if not limited or reward[c] > sigma:
            demands = float(class_count[c])
            items = np.empty(hops[c], np.int64)
            for n in range(hops[c]):
                items[n] = arc_item[c, arc[c, n]]
            items.sort()
            route[b, new] = _number(items, route_start, route_item, class_route, c)
            sigma_slope[b, new] = -demands if limited else 0.0
            for j in range(levels[c]):
                constant[b, new] += demands * level_widths[j]
                level[b, new, j] = 1.0
            entry = start[b] - 1
            for n in range(len(items)):
                if n == 0 or items[n] != items[n - 1]:
                    entry += 1
                    item[new, entry], own[new, entry], drawn[new, entry] = items[n], 0.0, 0.0
                own[new, entry] -= demands * class_channels[c]
                drawn[new, entry] -= demands
            filled[b, new] = entry + 1 - start[b]
        enter_unless_there(
            b, new, latest, start, item, own, drawn, filled, level, gram, sigma_slope, constant,
            weight, state, route, last_used, count,
        )  # fmt: skip


@njit_noalloc
def _number(items, route_start, route_item, class_route, c):
    """Return which listed route of a class has these items; ``UNLISTED`` if none has."""
    for p in range(class_route[c], class_route[c + 1]):
        if route_start[p + 1] - route_start[p] != len(items):
            continue
        same = True
        for n in range(route_start[p], route_start[p + 1]):
            found = False
            for i in items:
                found = found or i == route_item[n]
            same = same and found
        if same:
            return p
    return UNLISTED
