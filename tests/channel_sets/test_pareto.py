"""The frontier against brute force, its hypervolume against boxes counted one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qkdopt.channel_sets.pareto import Prices, dominated_share, pareto
from qkdopt.channel_sets.placement import Placement, Pool
from qkdopt.channel_sets.ranking import rank
from qkdopt.errors import UsageError
from tests.channel_sets.small import KnownGround, evaluations_of, judge_of, small_instance
from tests.channel_sets.test_search import windows

BASE = Placement.everywhere((0,))


@pytest.fixture
def ranked(tmp_path):
    instance = small_instance(10)
    sets = [
        Placement.everywhere(chosen)
        for chosen in ((4,), (1,), (2, 7), (3, 8), (1, 2, 3), (0, 4, 8), (2, 4, 6, 8))
    ]
    with evaluations_of(
        KnownGround(windows(2), spread=0.1, own_spread=0.001), tmp_path
    ) as evaluations:
        comparator = judge_of(evaluations, BASE)
        table = rank(comparator, sets, 10, instance=instance, pool=Pool.of(instance), origin={})
        yield comparator, table, instance


def test_the_frontier_is_what_nothing_beats(ranked):
    comparator, table, instance = ranked
    frontier = pareto(comparator, table, 10, instance=instance, prices=Prices()).table
    points = frontier[["cost", "mean_skr_per_request_bps", "blocking"]].to_numpy()
    for k, (cost, rate, blocking) in enumerate(points):
        beaten = any(
            c <= cost and r >= rate and b <= blocking and (c, r, b) != (cost, rate, blocking)
            for c, r, b in points
        )
        assert frontier["on_frontier"].iloc[k] == (not beaten)


def test_each_step_is_the_paired_gain_over_the_best_with_fewer(ranked):
    comparator, table, instance = ranked
    frontier = pareto(comparator, table, 10, instance=instance, prices=Prices()).table
    best = frontier[frontier["best_of_size"]].sort_values("receivers")
    assert best["receivers"].tolist() == [21, 42, 63, 84]
    rates = best["mean_skr_per_request_bps"].to_numpy()
    np.testing.assert_allclose(
        best["buys_percent"].to_numpy()[1:], 100 * (rates[1:] / rates[:-1] - 1)
    )
    assert np.isnan(best["buys_percent"].iloc[0])
    assert (best["buys_ci95"].to_numpy()[1:] > 0.0).all()


def test_costs_by_hand():
    instance = small_instance(10)
    placement = Placement.everywhere((1, 5))
    assert Prices(receiver=2.0, transmitter=5.0).of(placement, instance) == 21 * (2 * 2 + 5)
    assert (
        Prices(receiver=2.0, transmitter=5.0, tunable=False).of(placement, instance) == 21 * 2 * 7
    )
    with pytest.raises(UsageError, match=r"receiver = -1.*transmitter = nan"):
        Prices(receiver=-1.0, transmitter=float("nan"))


def test_hypervolume_is_the_dominated_share_of_the_box():
    rng = np.random.default_rng(0)
    points = np.column_stack(
        [rng.uniform(1, 4, 5), -rng.uniform(10, 20, 5), rng.uniform(0, 0.3, 5)]
    )
    samples = rng.uniform(size=(200_000, 3)) * [5.0, 25.0, 1.0]
    dominated = np.zeros(len(samples), dtype=bool)
    for cost, rate, blocking in points:
        dominated |= (
            (samples[:, 0] >= cost) & (samples[:, 1] <= -rate) & (samples[:, 2] >= blocking)
        )
    assert dominated_share(points, 5.0, 25.0) == pytest.approx(dominated.mean(), abs=0.005)


def test_rows_of_a_ranking_say_what_is_significant(ranked):
    _, table, _ = ranked
    assert isinstance(table, pd.DataFrame)
    assert table["rank"].tolist() == list(range(1, len(table) + 1))
    assert table["mean_skr_per_request_bps"].is_monotonic_decreasing
    base = table[table["verdict"] == "baseline"]
    assert base["paired_gain_percent"].tolist() == [0.0]
    others = table[table["verdict"] != "baseline"]
    assert others["verdict"].isin(["above", "below"]).any()
    for row in others.to_dict("records"):
        outside = abs(row["paired_gain_percent"]) > row["paired_ci95"]
        if row["verdict"] != "not significant":
            assert outside
            assert (row["verdict"] == "above") == (row["paired_gain_percent"] > 0.0)
    assert table["as_good_as_best"].iloc[0]
    assert not table["as_good_as_best"].iloc[-1]


def test_the_loss_is_what_a_set_lacks_of_the_best(ranked):
    _, table, _ = ranked
    rates = table["mean_skr_per_request_bps"].to_numpy()
    expected = 100.0 * (1.0 - rates / rates[0])
    np.testing.assert_allclose(table["loss_to_best_percent"].to_numpy(), expected, atol=1e-9)
