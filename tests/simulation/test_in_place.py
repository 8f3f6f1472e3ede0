"""Dynamic traffic beside light in place, and what does not cover it."""

from __future__ import annotations

import numpy as np
import pytest

import qkdopt
from qkdopt.errors import OptionsError, UnsupportedError
from qkdopt.problem.coefficients import build_tables
from qkdopt.simulation import SimulationOptions
from qkdopt.simulation.simulator import Simulator
from tests.small_instances import instance_of

LINKS = [("a", 0, 1, 10.0), ("b", 1, 2, 10.0), ("c", 2, 0, 10.0)]
QKD = {"candidates": [0, 7], "guard_ghz": 100.0}
IN_PLACE = [
    {"route": [0, 1, 2], "channels": [2], "launch_dbm": -3.0},
    {"demand": 0, "route": [2, 0], "channels": [3], "movable": True},
]


def ring(**sections):
    return instance_of(LINKS, [(2, 0)], channels=8, qkd=QKD, **sections)


def begun(instance) -> Simulator:
    return Simulator.begin(instance, SimulationOptions(), arrivals_per_time=10.0)


def test_all_light_in_place_is_there_before_any_request():
    instance = ring(lightpaths=IN_PLACE)
    net, plain = begun(instance).net, build_tables(ring())
    expected = plain.background_noise.copy()
    # Noise is linear in power: 3 dB more than the usual -12.4 dBm would be twice as much.
    expected[:2] += 10.0 ** ((-3.0 + 12.4) / 10.0) * plain.noise[:2, 0, 2]
    expected[2] += plain.noise[2, 0, 3]
    assert net.background_noise == pytest.approx(expected)
    assert (np.asarray(begun(ring()).net.usable) - net.usable).any()


def test_requests_get_less_key_beside_more_light():
    options = {"requests": 3000, "load_erlang": 4.0}
    dark = qkdopt.simulate(ring(), **options)
    lit = qkdopt.simulate(ring(lightpaths=IN_PLACE), **options)
    assert lit.mean_skr_bps.value < dark.mean_skr_bps.value


def test_channel_sets_and_protection_say_that_they_do_not_cover_it():
    instance = ring(lightpaths=IN_PLACE)
    with pytest.raises(UnsupportedError, match="the choice of a channel set"):
        qkdopt.prove_channel_set(instance, 2)
    with pytest.raises(UnsupportedError, match="protection does not cover"):
        qkdopt.protect(instance, min_skr_bps=1.0, channels=2)
    # Ranking names it among all faults of its options.
    with pytest.raises(OptionsError, match="the choice of a channel set"):
        qkdopt.rank_channel_sets(instance, 2, requests=20_000)


def test_a_proved_channel_set_keeps_to_available_channels():
    closed = {"links": {"c": {"unavailable": [1, 2, 3]}}}
    instance = ring().replace(network=closed)
    proved = qkdopt.prove_channel_set(instance, 2, time_limit=20.0)
    assert proved.status == "optimal"
    assert all(
        not {1, 2, 3} & set(path.channels) for path in proved.result.lightpaths if "c" in path.links
    )
