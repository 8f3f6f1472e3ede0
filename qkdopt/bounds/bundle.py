"""A proximal bundle method that tightens the load-state bound price by price.

Every evaluation of the dual is a valid bound (:mod:`qkdopt.bounds.dual`); the method
only decides which prices to try next. It needs about a hundred evaluations from scratch
and a few tens when it continues from a parent node's prices and cuts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qkdopt.bounds.cuts import Cuts, add_cuts, drop_states, empty_cuts
from qkdopt.bounds.dual import DualData, DualPoint, evaluate, first_slot_order
from qkdopt.bounds.master import solve_master
from qkdopt.bounds.path_cuts import add_path_cuts
from qkdopt.problem.coefficients import IntArray
from qkdopt.units import FloatArray

# A step counts when it brings this share of the decrease that the master predicted.
SERIOUS = 0.1
# First proximal weight, beside a typical key rate: where there are many demands a short step takes
# hundreds of evaluations to get anywhere, and one too long is cut in a few.
FIRST_STEP = 2.0
# Most passes of the master and most attempts, and the duality gap at which it ends, beside the
# predicted decrease.
MASTER_SWEEPS, MASTER_TRIES = 15, 4
MASTER_TOLERANCE = 0.05


@dataclass
class BundleState:
    """Where the method stands; a child node continues from a copy.

    Parameters
    ----------
    prices
        ``(I, 1 + L)`` best prices (pi, nu) so far.
    sigma
        Price of serving one more demand [bit/s]; matters only when not all are served.
    value_bps
        The valid bound on the total key rate at these prices.
    step
        Proximal weight ``t``.
    cuts
        The model of the dual.
    slot_order
        Of the last evaluation: the next one's is nearly the same.
    """

    prices: FloatArray
    sigma: float
    value_bps: float
    step: float
    cuts: Cuts
    slot_order: IntArray

    def packed(self) -> BundleState:
        """Return a copy to be kept, with the cuts that have weight."""
        return self._with(self.cuts.packed())

    def unpacked(self) -> BundleState:
        """Return a copy that can be improved."""
        return self._with(self.cuts.unpacked())

    @property
    def nbytes(self) -> int:
        """Memory of the arrays [bytes]."""
        return self.prices.nbytes + self.slot_order.nbytes + self.cuts.nbytes

    def _with(self, cuts: Cuts) -> BundleState:
        return BundleState(
            self.prices.copy(), self.sigma, self.value_bps, self.step, cuts, self.slot_order.copy()
        )


def first_state(data: DualData, rate_bps: float) -> BundleState:
    """Start: every level's width shared evenly by the hops of a typical route."""
    rel = data.relaxation
    hops = len(rel.route_item) / max(1, len(rel.route_class))
    prices = np.zeros((rel.items, 1 + len(data.level_widths)))
    prices[:, 1:] = data.level_widths / max(1.0, hops)
    if rel.counts_moves:
        # A demand does not share its key rate with the link that counts moves.
        prices[rel.item_start[-1, 0] :, 1:] = 0.0
    return BundleState(
        prices,
        rate_bps,
        np.inf,
        FIRST_STEP * max(rate_bps, 1.0),
        empty_cuts(data),
        first_slot_order(data),
    )


def improve(
    data: DualData,
    served: int,
    state: BundleState,
    allowed: NDArray[np.bool_],
    *,
    iterations: int,
    tolerance: float,
    should_stop: Callable[[float], bool],
) -> bool:
    """Lower ``state.value_bps`` in place over the allowed load states.

    Return False when no load states fit the demands at all: then no plan does.

    Parameters
    ----------
    data
        The relaxation.
    served
        ``S``, how many demands plans serve.
    state
        Prices and cuts to begin with; improved in place.
    allowed
        ``(N,)`` load states to choose from.
    iterations
        Most evaluations of the dual.
    tolerance
        Predicted decrease, relative to the bound, below which it ends.
    should_stop
        Called with the bound before every evaluation; true ends it.
    """
    drop_states(state.cuts, allowed)
    limited = served < int(data.relaxation.class_count.sum())
    point = _evaluate(data, served, state.prices, allowed, state.slot_order)
    if point is None:
        return False
    state.value_bps = point.value_bps
    _add_cuts(state.cuts, data, point, state.prices, state.sigma, served)
    nulls = 0
    for _ in range(iterations):
        if should_stop(state.value_bps):
            break
        prices, sigma, model, rough = _propose(state, limited, served)
        predicted = state.value_bps - model
        # A master solved roughly predicts too little, by ``rough`` at most.
        if predicted + rough <= tolerance * state.value_bps:
            break
        state.cuts.last_used[state.cuts.weight > 0.0] = state.cuts.last_used.max() + 1
        trial = _evaluate(data, served, prices, allowed, state.slot_order)
        assert trial is not None  # the prices do not decide whether states fit
        _add_cuts(state.cuts, data, trial, prices, sigma, served)
        nulls = _move(state, trial.value_bps, prices, sigma, predicted, nulls)
    return True


def _evaluate(
    data: DualData,
    served: int,
    prices: FloatArray,
    allowed: NDArray[np.bool_],
    slot_order: IntArray,
) -> DualPoint | None:
    pi, nu = np.ascontiguousarray(prices[:, 0]), np.ascontiguousarray(prices[:, 1:])
    return evaluate(data, served, pi, nu, allowed, slot_order)


def _add_cuts(
    cuts: Cuts, data: DualData, point: DualPoint, prices: FloatArray, sigma: float, served: int
) -> None:
    rel = data.relaxation
    add_cuts(cuts, data, point, prices, sigma, served)
    if rel.arcs is not None and point.paths is not None:
        add_path_cuts(
            cuts, point.paths, rel.arcs, (rel.route_start, rel.route_item, rel.class_route),
            rel.class_count, rel.class_channels, data.level_widths, sigma,
            limited=served < int(rel.class_count.sum()),
        )  # fmt: skip


def _propose(
    state: BundleState, limited: bool, served: int
) -> tuple[FloatArray, float, float, float]:
    """Return prices, sigma, the model's value there, and by how much it may be too high."""
    cuts = state.cuts
    prices = np.empty_like(state.prices)
    for _ in range(MASTER_TRIES):
        model, sigma, rough = solve_master(
            state.prices, state.sigma, state.step, limited, served, state.value_bps,
            MASTER_TOLERANCE, cuts.start, cuts.item, cuts.own, cuts.drawn, cuts.filled, cuts.level,
            cuts.gram, cuts.sigma_slope, cuts.constant, cuts.weight, cuts.count, MASTER_SWEEPS,
            prices,
        )  # fmt: skip
        apart = ((prices - state.prices) ** 2).sum() + (sigma - state.sigma) ** 2 * limited
        if model + apart / (2.0 * state.step) < state.value_bps:
            break
        # So rough that to stay would be better: it goes on from the weights that it came to.
    return prices, sigma, model, rough


def _move(
    state: BundleState,
    value: float,
    prices: FloatArray,
    sigma: float,
    predicted: float,
    nulls: int,
) -> int:
    """Accept or reject the trial prices and adapt the step; return the null steps in a row."""
    decrease = state.value_bps - value
    # A roughly solved master may predict a rise: no step goes there unless the bound falls.
    if decrease > SERIOUS * max(predicted, 0.0):
        state.prices, state.sigma, state.value_bps = prices, sigma, value
        if decrease > 0.5 * predicted > 0.0:
            state.step *= 2.0
        return 0
    if decrease < -predicted or nulls > 8:
        state.step *= 0.7
        return 0
    return nulls + 1
