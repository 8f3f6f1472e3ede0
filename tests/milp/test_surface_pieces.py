"""Segments of curves that are not convex enclose them, and plans built on them are the best."""

from dataclasses import replace

import numpy as np
import pytest

import qkdopt
from qkdopt.errors import UnsupportedError
from qkdopt.milp import linearise
from qkdopt.milp.linearise import linearise_links
from qkdopt.problem import build_problem
from tests.brute_force import Oracle
from tests.surface_instances import NOISES, surface_instance


@pytest.mark.parametrize("tolerance_bps", [1.0, 2000.0])
@pytest.mark.parametrize("seed", range(6))
def test_segments_enclose_a_curve_that_is_not_convex(seed, tolerance_bps):
    tables = (problem := build_problem(surface_instance(seed))).tables
    for (e, c), segments in linearise_links(problem, tolerance_bps).items():
        first, last = segments.edges[0], segments.edges[-1]
        noise = np.random.default_rng(seed).uniform(first, last, 300)
        noise = np.concatenate([noise, np.clip(NOISES, first, last)])
        exact = tables.skr_bps(e, noise, np.asarray(tables.transmittance[e, c]))
        upper = np.array([segments.upper_at(value) for value in noise])
        lower = np.array([segments.lower_at(value) for value in noise])
        assert np.all(upper >= exact - 1e-6)
        assert np.all(lower <= exact + 1e-6)
        assert segments.error_bps <= tolerance_bps
        assert np.abs(upper - lower).max() <= segments.error_bps + 1e-6
        if tolerance_bps < 10.0:
            # Segments end at every bend, so that both lines are the curve.
            assert segments.error_bps <= 1e-6


@pytest.mark.parametrize("side", ["upper", "lower"])
def test_a_segment_that_does_not_enclose_its_curve_is_refused(side, monkeypatch):
    problem = build_problem(surface_instance(0))
    plain = linearise._Curves.joined

    def wrong(self, *arguments):
        segments = plain(self, *arguments)
        shift = -2e-3 if side == "upper" else 2e-3
        return replace(segments, **{side: getattr(segments, side) + shift})

    monkeypatch.setattr(linearise._Curves, "joined", wrong)
    with pytest.raises(UnsupportedError, match="a segment is not certified"):
        linearise_links(problem, 1.0)


def test_bends_left_out_are_found_by_the_certificate(monkeypatch):
    problem = build_problem(surface_instance(0))
    monkeypatch.setattr(linearise._Curves, "samples_of_table", lambda *_: [])
    with pytest.raises(UnsupportedError, match="a segment is not certified"):
        linearise_links(problem, 1e6)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("objective", ["mean", "max-min"])
def test_the_exact_plan_is_the_best_of_all(seed, objective):
    instance = surface_instance(seed, most_demands=2, channels=(3, 3))
    best = Oracle(instance, objective).best()
    result = qkdopt.solve(instance, strategy="milp", objective=objective, time_limit=60.0, gap=0.0)
    served = max(best)
    assert qkdopt.check(instance, result).faults == ()
    assert result.value.served == served
    if served:
        found = result.value.mean_skr_bps if objective == "mean" else result.value.worst_skr_bps
        assert found == pytest.approx(best[served], rel=1e-6, abs=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_bounds_hold_on_a_surface(seed):
    instance = surface_instance(seed, most_demands=2, channels=(3, 3), floors=False)
    best = Oracle(instance).best()
    served = max(best)
    bound = qkdopt.bound(instance, time_limit=10.0)
    assert bound.served >= served
    if bound.served == served and bound.objective_bps is not None:
        assert bound.objective_bps >= best[served] - 1e-6


def test_the_instances_of_these_tests_have_key_to_lose():
    values = [Oracle(surface_instance(seed, most_demands=2, channels=(3, 3))).best()
              for seed in range(8)]  # fmt: skip
    assert sum(max(best.values()) > 1000.0 for best in values) >= 5
    assert len({round(max(best.values())) for best in values}) >= 5
