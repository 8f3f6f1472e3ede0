"""Linear pieces of the dual bound, one list for every link and every class of demands.

A cut touches the few items that a state accepts or a route uses, and on each of them its slope
against the levels is one vector times a number: so it is kept, and so the work is counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qkdopt.bounds.dual import DualData, DualPoint
from qkdopt.problem.coefficients import IntArray
from qkdopt.runtime.compiled import njit, njit_inline, njit_noalloc
from qkdopt.units import FloatArray

# Cuts kept per block; weightless ones make capacity, oldest first.
CAPACITY = 80
# In place of a route's number: a path that is none of the listed routes.
UNLISTED = -2


@dataclass
class Cuts:
    """Linear pieces of every block, ``K`` of them at most.

    The slope of a cut against the prices ``(pi, nu_1, ..., nu_L)`` of item ``item[k, n]`` is
    ``(own[k, n], drawn[k, n] * level[b, k, 0], ..., drawn[k, n] * level[b, k, L - 1])``.

    Parameters
    ----------
    start
        ``(B + 1,)`` entries of block b are ``start[b]:start[b + 1]``; links come first.
    item, own, drawn
        ``(K, N)`` item of each entry, rising within a cut, its slope against the item's own price,
        and the factor of its slopes against the levels.
    filled
        ``(B, K)`` entries of each cut.
    level
        ``(B, K, L)`` slopes against the levels, but for the factor.
    gram
        ``(B, K, K)`` inner products of the slopes of a block's cuts, sigma included; empty in
        packed cuts.
    sigma_slope, constant, weight
        ``(B, K)`` slope against sigma, constant, and dual weight of each cut.
    state
        ``(B, K)`` load state that a link's cut stands for; -1 for classes.
    route
        ``(B, K)`` route that a class's cut stands for; -1 for links and unserved classes,
        ``UNLISTED`` for paths that are no listed route.
    last_used
        ``(B, K)`` iteration in which the cut last had weight.
    count
        ``(B,)`` cuts in use.
    """

    start: IntArray
    item: IntArray
    own: FloatArray
    drawn: FloatArray
    filled: IntArray
    level: FloatArray
    gram: FloatArray
    sigma_slope: FloatArray
    constant: FloatArray
    weight: FloatArray
    state: IntArray
    route: IntArray
    last_used: IntArray
    count: IntArray = field(repr=False)

    def packed(self) -> Cuts:
        """Return a copy without room for more cuts, of those that have weight.

        A child node of the branching begins with them: the others cost more than they bring.
        """
        capacity = max(1, int((self.weight > 0.0).sum(axis=1).max(initial=0)))
        other = _empty(self.start, self.level.shape[2], capacity, with_gram=False)
        for b in range(len(self.count)):
            _copy_cuts(self, other, b, np.flatnonzero(self.weight[b, : self.count[b]] > 0.0))
        return other

    def unpacked(self) -> Cuts:
        """Return a copy with room for ``CAPACITY`` cuts a block."""
        other = _empty(self.start, self.level.shape[2], CAPACITY)
        for b in range(len(self.count)):
            _copy_cuts(self, other, b, np.arange(self.count[b]))
        _fill_gram(
            other.start, other.item, other.own, other.drawn, other.filled, other.level,
            other.sigma_slope, other.count, other.gram,
        )  # fmt: skip
        return other


BY_CUT = ("filled", "level", "sigma_slope", "constant", "weight", "state", "route",
          "last_used")  # fmt: skip
BY_ENTRY = ("item", "own", "drawn")


def _copy_cuts(source: Cuts, target: Cuts, b: int, chosen: IntArray) -> None:
    """Copy chosen cuts of a block to the beginning of the same block of other cuts."""
    entries = slice(source.start[b], source.start[b + 1])
    for name in BY_ENTRY:
        getattr(target, name)[: len(chosen), entries] = getattr(source, name)[chosen, entries]
    for name in BY_CUT:
        getattr(target, name)[b, : len(chosen)] = getattr(source, name)[b, chosen]
    if source.gram.size and target.gram.size:
        target.gram[b, : len(chosen), : len(chosen)] = source.gram[b][np.ix_(chosen, chosen)]
    target.count[b] = len(chosen)


def empty_cuts(data: DualData) -> Cuts:
    """Lay out the blocks of a relaxation, without cuts."""
    rel = data.relaxation
    most = [int(states.loads.sum(axis=1).max(initial=0)) for states in rel.states]
    entries = [min(n, end - first) for n, (first, _, end) in zip(most, rel.item_start, strict=True)]
    hops = np.diff(rel.route_start)
    for c in range(len(rel.class_count)):
        longest = int(hops[rel.class_route[c] : rel.class_route[c + 1]].max(initial=0))
        entries.append(longest if rel.arcs is None else len(rel.arcs.start) - 2)
    start = np.cumsum([0, *entries]).astype(np.int64)
    return _empty(start, len(data.level_widths), CAPACITY)


def _empty(start: IntArray, levels: int, capacity: int, *, with_gram: bool = True) -> Cuts:
    shape, entries = (len(start) - 1, capacity), (capacity, int(start[-1]))
    return Cuts(
        start=start,
        item=np.zeros(entries, dtype=np.int64),
        own=np.zeros(entries),
        drawn=np.zeros(entries),
        filled=np.zeros(shape, dtype=np.int64),
        level=np.zeros((*shape, levels)),
        gram=np.zeros((*shape, capacity) if with_gram else (shape[0], 0, 0)),
        sigma_slope=np.zeros(shape),
        constant=np.zeros(shape),
        weight=np.zeros(shape),
        state=np.full(shape, -1, dtype=np.int64),
        route=np.full(shape, -1, dtype=np.int64),
        last_used=np.zeros(shape, dtype=np.int64),
        count=np.zeros(shape[0], dtype=np.int64),
    )


def add_cuts(
    cuts: Cuts, data: DualData, point: DualPoint, prices: FloatArray, sigma: float, served: int
) -> None:
    """Add the piece of every block that is exact at these prices, unless it is there.

    Where any path counts, not those over the listed routes alone, only links get theirs: see
    :func:`qkdopt.bounds.path_cuts.add_path_cuts` for the classes.

    Parameters
    ----------
    cuts
        Added to in place.
    data
        The relaxation.
    point
        The dual's value and subgradient at the prices.
    prices
        ``(I, 1 + L)`` prices (pi, nu).
    sigma
        Price of serving one more demand [bit/s].
    served
        ``S``, how many demands plans serve.
    """
    rel = data.relaxation
    limited = served < int(rel.class_count.sum())
    blocks = len(cuts.count) if rel.arcs is None else len(rel.states)
    _add_all(
        blocks, rel.item_start, rel.item_class, rel.route_start, rel.route_item, rel.route_key,
        rel.class_route, rel.class_count, rel.class_channels, data.level_widths, data.share,
        data.state_value, point.taken, point.state, prices, sigma, limited, cuts.start, cuts.item,
        cuts.own, cuts.drawn, cuts.filled, cuts.level, cuts.gram, cuts.sigma_slope,
        cuts.constant, cuts.weight, cuts.state, cuts.route, cuts.last_used, cuts.count,
    )  # fmt: skip


@njit
def _add_all(
    blocks, item_start, item_class, route_start, route_item, route_key, class_route, class_count,
    class_channels, level_widths, share, state_value, taken, chosen_state, prices, sigma, limited,
    start, item, own, drawn, filled, level, gram, sigma_slope, constant, weight, state, route,
    last_used, count,
):  # fmt: skip
    """Write the new cut of every block in the last place, and enter it unless it is there."""
    links, latest, new = len(item_start), last_used.max(), weight.shape[1] - 1
    for b in range(blocks):
        constant[b, new], sigma_slope[b, new] = 0.0, 0.0
        state[b, new], route[b, new], filled[b, new] = -1, -1, 0
        level[b, new, :] = 0.0
        if b < links:
            s = chosen_state[b]
            state[b, new], constant[b, new] = s, state_value[s]
            level[b, new, :] = share[s, :]
            filled[b, new] = _link_entries(
                start[b], item_start[b, 0], item_start[b, 2], item_class, class_channels, taken,
                item[new], own[new], drawn[new],
            )  # fmt: skip
        else:
            c = b - links
            p, best = _best_route(
                route_start, route_item, route_key, class_route, class_channels, level_widths, c,
                prices,
            )  # fmt: skip
            if not limited or best > sigma:
                route[b, new] = p
                sigma_slope[b, new] = -float(class_count[c]) if limited else 0.0
                constant[b, new], filled[b, new] = _class_entries(
                    start[b], np.sort(route_item[route_start[p] : route_start[p + 1]]),
                    route_key[p], float(class_count[c]), class_channels[c], level_widths, prices,
                    item[new], own[new], drawn[new], level[b, new],
                )  # fmt: skip
        enter_unless_there(
            b, new, latest, start, item, own, drawn, filled, level, gram, sigma_slope, constant,
            weight, state, route, last_used, count,
        )  # fmt: skip


@njit_inline
def enter_unless_there(
    b, new, latest, start, item, own, drawn, filled, level, gram, sigma_slope, constant, weight,
    state, route, last_used, count,
):  # fmt: skip
    """Enter the cut in place ``new`` of a block unless the block has an equal one."""
    if not _is_there(b, new, start, item, own, filled, level, sigma_slope, constant, state, route,
                     count):  # fmt: skip
        _enter(b, new, latest, start, item, own, drawn, filled, level, gram, sigma_slope, constant,
               weight, state, route, last_used, count)  # fmt: skip


@njit_inline
def _link_entries(first, item_first, item_end, item_class, class_channels, taken, item, own, drawn):
    """Write the entries of a link's cut: the lightpaths it takes; return how many."""
    n = 0
    for i in range(item_first, item_end):
        if taken[i] > 0.0:
            item[first + n], own[first + n] = i, taken[i]
            drawn[first + n] = taken[i] / class_channels[item_class[i]]
            n += 1
    return n


@njit_inline
def _class_entries(
    first, items, with_key, demands, channels, level_widths, prices, item, own, drawn, level
):
    """Write the entries of a class's cut: its best route; return its constant and how many."""
    constant = 0.0
    for n in range(len(items)):
        item[first + n], own[first + n] = items[n], -demands * channels
        drawn[first + n] = -demands
    if with_key:
        for j in range(len(level_widths)):
            if _left(level_widths[j], items, prices, j) > 0.0:
                constant += demands * level_widths[j]
                level[j] = 1.0
    return constant, len(items)


@njit_noalloc
def _left(width, items, prices, level):
    """Return what the prices along a route leave of a level's width."""
    for i in items:
        width -= prices[i, 1 + level]
    return width


@njit
def _best_route(
    route_start, route_item, route_key, class_route, class_channels, level_widths, c, prices
):
    """Return the route of class c with the highest reward, and the reward."""
    best, chosen = -np.inf, -1
    for p in range(class_route[c], class_route[c + 1]):
        items = route_item[route_start[p] : route_start[p + 1]]
        reward = 0.0
        for i in items:
            reward -= class_channels[c] * prices[i, 0]
        if route_key[p]:
            for level in range(len(level_widths)):
                reward += max(_left(level_widths[level], items, prices, level), 0.0)
        if reward > best:
            best, chosen = reward, p
    return chosen, best


@njit_noalloc
def _is_there(b, new, start, item, own, filled, level, sigma_slope, constant, state, route, count):
    """Whether a block has a cut equal to that in place ``new``."""
    for k in range(count[b]):
        if (
            state[b, k] != state[b, new] or route[b, k] != route[b, new]
            or constant[b, k] != constant[b, new] or sigma_slope[b, k] != sigma_slope[b, new]
            or filled[b, k] != filled[b, new]
        ):  # fmt: skip
            continue
        same = True
        for j in range(level.shape[2]):
            same = same and level[b, k, j] == level[b, new, j]
        for n in range(start[b], start[b] + filled[b, k]):
            same = same and item[k, n] == item[new, n] and own[k, n] == own[new, n]
        if same:
            return True
    return False


@njit_noalloc
def _enter(
    b, new, latest, start, item, own, drawn, filled, level, gram, sigma_slope, constant, weight,
    state, route, last_used, count,
):  # fmt: skip
    """Copy the cut in place ``new`` beyond the others, or over the longest idle one."""
    place = count[b]
    if place == new:
        place = -1
        for k in range(count[b]):
            if weight[b, k] <= 0.0 and (place < 0 or last_used[b, k] < last_used[b, place]):
                place = k
        if place < 0:
            return
    else:
        count[b] += 1
    for n in range(start[b], start[b] + filled[b, new]):
        item[place, n], own[place, n], drawn[place, n] = item[new, n], own[new, n], drawn[new, n]
    for j in range(level.shape[2]):
        level[b, place, j] = level[b, new, j]
    filled[b, place] = filled[b, new]
    constant[b, place], sigma_slope[b, place] = constant[b, new], sigma_slope[b, new]
    state[b, place], route[b, place] = state[b, new], route[b, new]
    weight[b, place] = 1.0 if place == 0 and count[b] == 1 else 0.0
    last_used[b, place] = latest
    for k in range(count[b]):
        gram[b, place, k] = _product(
            b, place, k, start, item, own, drawn, filled, level, sigma_slope
        )
        gram[b, k, place] = gram[b, place, k]


@njit
def _fill_gram(start, item, own, drawn, filled, level, sigma_slope, count, gram):
    """Write the inner products of all cuts of every block."""
    for b in range(len(count)):
        for k in range(count[b]):
            for other in range(k + 1):
                gram[b, k, other] = _product(
                    b, k, other, start, item, own, drawn, filled, level, sigma_slope
                )
                gram[b, other, k] = gram[b, k, other]


@njit_noalloc
def _product(b, k, other, start, item, own, drawn, filled, level, sigma_slope):
    """Return the inner product of the slopes of two cuts of a block."""
    levels = 0.0
    for j in range(level.shape[2]):
        levels += level[b, k, j] * level[b, other, j]
    total = sigma_slope[b, k] * sigma_slope[b, other]
    n, n_end = start[b], start[b] + filled[b, k]
    m, m_end = start[b], start[b] + filled[b, other]
    while n < n_end and m < m_end:
        if item[k, n] < item[other, m]:
            n += 1
        elif item[k, n] > item[other, m]:
            m += 1
        else:
            total += own[k, n] * own[other, m] + drawn[k, n] * drawn[other, m] * levels
            n += 1
            m += 1
    return total


def drop_states(cuts: Cuts, allowed: NDArray[np.bool_]) -> None:
    """Take out link cuts of states no longer allowed, which would overstate the dual.

    Weights of the cuts that stay are scaled up to one; a block may be left empty.
    """
    for b in range(len(cuts.count)):
        n = cuts.count[b]
        keep = np.flatnonzero((cuts.state[b, :n] < 0) | allowed[cuts.state[b, :n]])
        if len(keep) == n:
            continue
        _copy_cuts(cuts, cuts, b, keep)
        cuts.weight[b, len(keep) :] = 0.0
        total = cuts.weight[b].sum()
        if total > 0.0:
            cuts.weight[b] /= total
        elif len(keep):
            cuts.weight[b, 0] = 1.0
