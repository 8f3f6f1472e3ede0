"""The master problem against a solver of general convex programs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from qkdopt.bounds.bundle import _propose, first_state, improve
from qkdopt.bounds.classes import build_relaxation, level_edges
from qkdopt.bounds.dual import dual_data
from qkdopt.problem import build_problem
from tests.random_instances import random_instance


def after_some_steps(seed: int, *, all_of_them: bool):
    """A bundle with cuts of several iterations, and how many demands it serves."""
    problem = build_problem(random_instance(seed, floors=False, relay="lightpath", most_demands=5))
    relaxation = build_relaxation(problem)
    rates = np.concatenate([states.rate_bps for states in relaxation.states])
    data = dual_data(relaxation, level_edges(rates, float(rates.max()), 2))
    state = first_state(data, float(rates.mean()))
    served = int(relaxation.class_count.sum()) - (0 if all_of_them else 1)
    everything = np.ones(len(data.loads), dtype=bool)
    improve(
        data, served, state, everything, iterations=6, tolerance=0.0, should_stop=lambda _: False
    )
    return state, served


class Pieces:
    """The cuts of a bundle as a convex function of (prices, sigma)."""

    def __init__(self, state, served: int, *, limited: bool) -> None:
        self.state, self.served, self.limited = state, served, limited
        cuts, shape = state.cuts, state.prices.shape
        self.blocks = []
        for b, count in enumerate(cuts.count):
            rows = cuts.rows[cuts.start[b] : cuts.start[b + 1]]
            slopes = np.zeros((count, *shape))
            for k in range(count):
                slopes[k, rows] = cuts.gradient[k, cuts.start[b] : cuts.start[b + 1]]
            slopes = np.column_stack([slopes.reshape(count, -1), cuts.sigma_slope[b, :count]])
            self.blocks.append((cuts.constant[b, :count], slopes))

    def model(self, point) -> float:
        """Value of the model of the dual [bit/s]."""
        tops = sum((constant + slopes @ point).max() for constant, slopes in self.blocks)
        return tops + (self.served * point[-1] if self.limited else 0.0)

    def centre(self):
        sigma = self.state.sigma if self.limited else 0.0
        return np.append(self.state.prices.ravel(), sigma)

    def best(self) -> float:
        """Least value of model and proximal term, by sequential quadratic programming."""
        centre, t = self.centre(), self.state.step
        n, scale = len(centre), abs(self.state.value_bps)
        bounds = [
            (None, None) if k % self.state.prices.shape[1] == 0 else (0.0, None)
            for k in range(n - 1)
        ]
        bounds.append((None, None) if self.limited else (0.0, 0.0))
        rows = np.vstack([
            np.column_stack([-slopes, np.tile(np.eye(len(self.blocks))[b], (len(slopes), 1))])
            for b, (_, slopes) in enumerate(self.blocks)
        ])  # fmt: skip
        constants = np.concatenate([constant for constant, _ in self.blocks])
        unit = np.concatenate([np.full(n, scale), np.full(len(self.blocks), scale)])
        own = np.concatenate([
            np.zeros(n - 1), [float(self.served) if self.limited else 0.0],
            np.ones(len(self.blocks)),
        ])  # fmt: skip

        def goal(z):
            apart = z[:n] * unit[:n] - centre
            return (own @ (z * unit) + apart @ apart / (2.0 * t)) / scale

        def slope(z):
            apart = np.append(z[:n] * unit[:n] - centre, np.zeros(len(self.blocks)))
            return (own + apart / t) * unit / scale

        start = np.append(centre, [(c + s @ centre).max() for c, s in self.blocks]) / unit
        found = minimize(
            goal,
            start,
            jac=slope,
            method="SLSQP",
            bounds=[*bounds, *[(None, None)] * len(self.blocks)],
            constraints={
                "type": "ineq",
                "fun": lambda z: (rows @ (z * unit) - constants) / scale,
                "jac": lambda _: rows * unit / scale,
            },
            options={"maxiter": 500, "ftol": 1e-12},
        )
        return float(found.fun) * scale


# Seeds of three demands and more.
@pytest.mark.parametrize("all_of_them", [True, False])
@pytest.mark.parametrize("seed", [602, 603, 605, 608, 611, 612, 613, 616, 617, 618])
def test_proposed_prices_are_nearly_the_best_of_the_model(seed, all_of_them):
    state, served = after_some_steps(seed, all_of_them=all_of_them)
    pieces = Pieces(state, served, limited=not all_of_them)
    prices, sigma, _ = _propose(state, not all_of_them, served)
    point = np.append(prices.ravel(), 0.0 if all_of_them else sigma)
    apart = point - pieces.centre()
    value = pieces.model(point) + apart @ apart / (2.0 * state.step)
    best = pieces.best()
    decrease, digits = pieces.model(pieces.centre()) - best, 1e-6 * abs(best)
    assert decrease > -digits
    assert (prices[:, 1:] >= 0.0).all()
    # The master stops at a twentieth of the decrease that it predicts.
    assert best - digits <= value <= best + 0.1 * decrease + digits


def test_there_is_a_decrease_to_find():
    seeds = (603, 605, 608, 612, 613)
    found = []
    for seed in seeds:
        state, served = after_some_steps(seed, all_of_them=False)
        pieces = Pieces(state, served, limited=True)
        found.append(pieces.model(pieces.centre()) - pieces.best())
    assert sum(decrease > 100.0 for decrease in found) >= 3, found
