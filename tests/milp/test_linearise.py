"""Upper segments are never below the exact key rate, lower ones never above it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qkdopt.instance import Instance
from qkdopt.milp.linearise import Linearised, linearise_links, max_noise
from qkdopt.milp.scales import LEVEL_WIDTH, MAX_COEFFICIENT, SPAN, segment_groups, stated_error_bps
from qkdopt.problem import build_problem
from tests.random_instances import random_instance


@pytest.mark.parametrize("tolerance_bps", [1.0, 50.0, 2000.0])
@pytest.mark.parametrize("seed", range(12))
def test_segments_enclose_the_exact_rate_within_the_tolerance(seed, tolerance_bps):
    problem = build_problem(random_instance(seed))
    tables = problem.tables
    linearised = linearise_links(problem, tolerance_bps)
    assert len(linearised) == tables.candidate_count.sum() > 0
    for (e, c), segments in linearised.items():
        assert segments.edges[0] == tables.background_noise[e, c]
        assert segments.edges[-1] >= max_noise(tables, e, c)
        assert np.all(np.diff(segments.edges) > 0.0)
        # Points outside of the certifying sample.
        noise = np.random.default_rng(seed).uniform(segments.edges[0], segments.edges[-1], 200)
        exact = tables.skr_bps(e, noise, np.asarray(tables.transmittance[e, c]))
        upper = np.array([segments.upper_at(value) for value in noise])
        lower = np.array([segments.lower_at(value) for value in noise])
        assert np.all(upper >= exact - 1e-9)
        assert np.all(lower <= exact + 1e-9)
        assert np.all(upper - exact <= segments.error_bps + 1e-9)
        assert segments.error_bps <= tolerance_bps


def test_a_finer_tolerance_takes_more_segments():
    problem = build_problem(random_instance(3))
    coarse, fine = (linearise_links(problem, tolerance) for tolerance in (500.0, 1.0))
    assert all(len(fine[key].upper) >= len(coarse[key].upper) for key in coarse)
    assert sum(len(p.upper) for p in fine.values()) > sum(len(p.upper) for p in coarse.values())


def steep_table():
    """A measured rate that falls within a billionth of the noise where it ends."""
    data = random_instance(3).to_json_dict()
    for link in data["network"]["links"]:
        link |= {"loss_db": 10.0, "length_km": 20.0}
    data["qkd"] |= {"candidates": "all", "reserve": "working"}
    data["qkd"]["skr_table"] = {
        "noise_per_gate": [0.0, 1e-12, 1e-9, 1e-5, 1e-3],
        "skr_bps": [40000.0, 30000.0, 20000.0, 20000.0, 0.0],
    }
    return build_problem(Instance.model_validate(data, strict=False))


def test_a_segment_ends_at_every_sample_of_a_measured_table():
    problem = steep_table()
    samples = problem.instance.qkd.skr_table
    for curve in linearise_links(problem, 1.0).values():
        inside = [n for n in samples.noise_per_gate if n < curve.edges[-1]]
        assert set(inside) <= set(curve.edges.tolist())
        rates = [samples.skr_bps[k] for k in range(len(inside))]
        assert [curve.upper_at(n) for n in inside] == pytest.approx(rates, abs=1e-6)
        assert curve.error_bps < 1e-6


def test_groups_of_segments_keep_every_coefficient_within_a_solvers_reach():
    for curve in linearise_links(steep_table(), 1.0).values():
        groups = segment_groups(curve)
        # Every segment with key is in one group, and in one alone.
        assert (
            sorted(s for group in groups for s in group.segments)
            == list(range(len(curve.upper)))[: groups[0].segments.stop]
        )
        assert len(groups) > 1
        for group in groups:
            assert group.left[-1] + group.width[-1] == pytest.approx(1.0)
            ends = group.left + group.width
            assert ends.min() >= 1.0 / SPAN
        assert curve.upper[groups[0].segments.stop :].max(initial=0.0) == 0.0


def test_a_channel_louder_than_a_group_counts_twice_the_group():
    curve = next(iter(linearise_links(steep_table(), 1.0).values()))
    group = segment_groups(curve)[-1]
    coefficients = group.coefficients(np.array([0.5 * group.unit, 1e30, np.inf]))
    assert coefficients == pytest.approx([0.5, MAX_COEFFICIENT, MAX_COEFFICIENT], rel=1e-6)
    assert np.all(coefficients <= [0.5, MAX_COEFFICIENT, MAX_COEFFICIENT])


def test_the_stated_error_counts_the_fall_of_a_level_segment():
    cliff = Linearised(
        background=0.0,
        edges=np.array([0.0, 1.0, 1.0 + 0.5 * LEVEL_WIDTH, 2.0]),
        upper=np.array([[900.0, 800.0], [800.0, 100.0], [100.0, 0.0]]),
        lower=np.array([[900.0, 800.0], [800.0, 100.0], [100.0, 0.0]]),
        error_bps=3.0,
    )
    assert stated_error_bps(cliff) == 703.0
    edges = np.array([0.0, 1.0, 1.5, 2.0])
    assert stated_error_bps(replace(cliff, edges=edges)) == 3.0
