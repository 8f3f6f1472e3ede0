"""Upper pieces are never below the exact key rate, lower ones never above it."""

from __future__ import annotations

import numpy as np
import pytest

from qkdopt.model.linearise import largest_noise, linearise_links
from qkdopt.problem import build_problem
from tests.random_instances import random_instance


@pytest.mark.parametrize("tolerance_bps", [1.0, 50.0, 2000.0])
@pytest.mark.parametrize("seed", range(12))
def test_pieces_enclose_the_exact_rate_within_the_tolerance(seed, tolerance_bps):
    problem = build_problem(random_instance(seed))
    tables = problem.tables
    linearised = linearise_links(problem, tolerance_bps)
    assert len(linearised) == tables.candidate_count.sum() > 0
    for (e, c), pieces in linearised.items():
        assert pieces.edges[0] == tables.floor[e, c]
        assert pieces.edges[-1] >= largest_noise(tables, e, c)
        assert np.all(np.diff(pieces.edges) > 0.0)
        # Points that the certifying sample did not see.
        noise = np.random.default_rng(seed).uniform(pieces.edges[0], pieces.edges[-1], 200)
        exact = tables.skr_bps(noise, np.asarray(tables.transmittance[e, c]))
        upper = np.array([pieces.upper_at(value) for value in noise])
        lower = np.array([pieces.lower_at(value) for value in noise])
        assert np.all(upper >= exact - 1e-9)
        assert np.all(lower <= exact + 1e-9)
        assert np.all(upper - exact <= pieces.error_bps + 1e-9)
        assert pieces.error_bps <= tolerance_bps


def test_a_finer_tolerance_takes_more_pieces():
    problem = build_problem(random_instance(3))
    coarse, fine = (linearise_links(problem, tolerance) for tolerance in (500.0, 1.0))
    assert all(len(fine[key].upper) >= len(coarse[key].upper) for key in coarse)
    assert sum(len(p.upper) for p in fine.values()) > sum(len(p.upper) for p in coarse.values())
