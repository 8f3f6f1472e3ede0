"""Reasons: the light that is seen is the light that is there."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from qkdopt.channel_sets.diagnostics import _State, channel_diagnostics
from qkdopt.channel_sets.evaluator import Diagnostics
from qkdopt.channel_sets.placement import Placement
from qkdopt.channel_sets.sums import STREAMS
from qkdopt.channel_sets.traffic_evaluator import _stops, lit_by_direction
from qkdopt.instance import Instance
from qkdopt.plotting import plot_diagnostics
from qkdopt.simulation import SimulationOptions
from qkdopt.simulation.light import link_skr
from tests.channel_sets.small import small_ground, small_instance

SET = Placement.everywhere((2, 8))


@pytest.mark.parametrize("order", ["first-fit", "last-fit"])
def test_a_look_agrees_with_the_simulator(order):
    # A grid of 70 channels: two words of bits.
    evaluator = replace(
        small_ground(instance=small_instance(70), loads=(60.0,)),
        options=SimulationOptions(order=order),
    )
    scenario = evaluator.scenarios[0]
    simulator = evaluator._simulator(scenario, SET)
    pool = evaluator.pool_tables(scenario)
    for stopped in _stops(simulator, evaluator._block(scenario, STREAMS["ranking"])):
        light = lit_by_direction(stopped)
        np.testing.assert_array_equal(light.sum(axis=(1, 2)), stopped.state.light)
        state = _State.at(
            Diagnostics(light, stopped.state.working), pool, SET.of_links(evaluator.instance)
        )
        for e in range(len(state.works)):
            (working,) = np.flatnonzero(state.works[e])
            assert working == SET.sets[0][stopped.state.working[e]]
            rate = link_skr(stopped.net, stopped.state, e)
            assert state.skr_bps[e, working] == pytest.approx(rate, rel=1e-9, abs=1e-6)


def test_reasons_are_shares():
    averages = channel_diagnostics(small_ground(), SET, blocks=1)
    assert averages.works.sum() == pytest.approx(1.0)
    assert set(np.flatnonzero(averages.works)) <= {2, 8}
    # Reserved channels are dark everywhere.
    assert averages.lit[[2, 8]].tolist() == [0.0, 0.0]
    assert 0.0 < averages.lit.max() <= 1.0
    assert averages.noise.shape == (12, 12)


def test_candidates_off_the_grid_are_drawn():
    data = small_instance().to_json_dict()
    data["qkd"] = {"candidates": [3, {"frequency_thz": 229.0}]}
    evaluator = small_ground(instance=Instance.model_validate(data, strict=False))
    averages = [
        channel_diagnostics(evaluator, Placement.everywhere(chosen), blocks=1)
        for chosen in ((3, 12), (3,))
    ]
    assert averages[0].works[12] > 0.0
    _, _, rate = plot_diagnostics(averages[0], averages[1])
    assert any("229THz" in text.get_text() for text in rate.texts)
    (line,) = [line for line in rate.lines if line.get_linestyle() == ":"]
    assert line.get_ydata()[0] == pytest.approx(1e-3 * averages[0].skr_bps[12])
    plt.close("all")
