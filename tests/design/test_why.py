"""Reasons: the light that is seen is the light that is there."""

from __future__ import annotations

import numpy as np
import pytest

from qkdopt.design.ground import STREAMS
from qkdopt.design.placement import Placement
from qkdopt.design.why import _Look, _stops, lit_by_direction, reasons
from qkdopt.simulate import SimulationOptions
from qkdopt.simulate.light import link_skr
from tests.design.small import small_ground, small_instance

SET = Placement.everywhere((2, 8))


@pytest.mark.parametrize("order", ["first-fit", "last-fit"])
def test_a_look_agrees_with_the_simulator(order):
    ground = small_ground(instance=small_instance(70), loads=(60.0,))
    ground = type(ground)(
        ground.instance, "all", SimulationOptions(order=order), ground.scenarios, 400, 0
    )
    scenario = ground.scenarios[0]
    simulator = ground.simulator(scenario, SET)
    pool = ground.pool_tables(scenario)
    for seen in _stops(simulator, ground.block(scenario, STREAMS["ranking"])):
        light = lit_by_direction(seen)
        np.testing.assert_array_equal(light.sum(axis=(1, 2)), seen.state.light)
        look = _Look.at(seen, pool, SET)
        for e in range(len(look.works)):
            (working,) = np.flatnonzero(look.works[e])
            assert working == SET.sets[0][seen.state.working[e]]
            rate = link_skr(seen.net, seen.state, e)
            assert look.skr_bps[e, working] == pytest.approx(rate, rel=1e-9, abs=1e-6)


def test_reasons_are_shares():
    found = reasons(small_ground(), SET, blocks=1)
    assert found.works.sum() == pytest.approx(1.0)
    assert set(np.flatnonzero(found.works)) <= {2, 8}
    # Reserved channels are dark everywhere.
    assert found.lit[[2, 8]].tolist() == [0.0, 0.0]
    assert 0.0 < found.lit.max() <= 1.0
    assert found.noise.shape == (12, 12)
