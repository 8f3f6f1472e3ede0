"""Linear pieces of the dual bound, one list for every link and every class of demands.

A cut touches the few items that a state accepts or a route uses, and on each of them its slope
against the levels is one vector times a number: so it is kept, and so the work is counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qkdopt.bounds.cut_kernels import add_all, fill_gram
from qkdopt.bounds.dual import DualData, DualPoint
from qkdopt.problem.coefficients import IntArray
from qkdopt.units import FloatArray

# Cuts kept per block; weightless ones make capacity, oldest first.
CAPACITY = 80


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

    @property
    def nbytes(self) -> int:
        """Memory of the arrays [bytes], but for the layout, which copies share."""
        own = ("own", "item", "drawn", "gram", "count", *BY_CUT)
        return sum(getattr(self, name).nbytes for name in own)

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
        fill_gram(
            other.start, other.item, other.own, other.drawn, other.filled, other.level,
            other.sigma_slope, other.count, other.gram,
        )  # fmt: skip
        return other


BY_CUT = ("filled", "level", "sigma_slope", "constant", "weight", "state", "route",
          "last_used")  # fmt: skip
BY_ENTRY = ("item", "own", "drawn")


def _copy_cuts(
    source: Cuts, target: Cuts, b: int, chosen: IntArray, *, without: tuple[str, ...] = ()
) -> None:
    """Copy chosen cuts of a block to the beginning of the same block of other cuts.

    Slopes against the levels are left out where the levels are others (``without``).
    """
    entries = slice(source.start[b], source.start[b + 1])
    for name in BY_ENTRY:
        getattr(target, name)[: len(chosen), entries] = getattr(source, name)[chosen, entries]
    for name in BY_CUT:
        if name not in without:
            getattr(target, name)[b, : len(chosen)] = getattr(source, name)[b, chosen]
    if not without and source.gram.size and target.gram.size:
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


def refined_cuts(cuts: Cuts, data: DualData, parent: IntArray) -> Cuts:
    """Return the same cuts over finer levels.

    A link's cut stands for a load state, whose shares of the finer levels are known. A class's
    draws all parts of a level that it draws.

    Parameters
    ----------
    cuts
        Cuts over coarse levels.
    data
        The relaxation with the finer levels.
    parent
        ``(L,)`` the coarse level that each finer one is a part of.
    """
    finer = empty_cuts(data)
    links = len(data.relaxation.states)
    for b in range(len(cuts.count)):
        chosen = np.arange(cuts.count[b])
        _copy_cuts(cuts, finer, b, chosen, without=("level",))
        finer.level[b, chosen] = (
            data.share[cuts.state[b, chosen]] if b < links else cuts.level[b][chosen][:, parent]
        )
    fill_gram(
        finer.start, finer.item, finer.own, finer.drawn, finer.filled, finer.level,
        finer.sigma_slope, finer.count, finer.gram,
    )  # fmt: skip
    return finer


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
    add_all(
        blocks, rel.item_start, rel.item_class, rel.route_start, rel.route_item, rel.route_key,
        rel.class_route, rel.class_count, rel.class_channels, data.level_widths, data.share,
        data.state_value, point.taken, point.state, prices, sigma, limited, cuts.start, cuts.item,
        cuts.own, cuts.drawn, cuts.filled, cuts.level, cuts.gram, cuts.sigma_slope,
        cuts.constant, cuts.weight, cuts.state, cuts.route, cuts.last_used, cuts.count,
    )  # fmt: skip


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
