"""Floors by hand, the power of least noise, and what it does to key rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdopt.errors import InstanceError, UsageError
from qkdopt.experiments.sensitivity.parameters import scaled_launch
from qkdopt.experiments.sensitivity.power import (
    launch_table,
    mean_launch_dbm,
    min_launch_dbm,
    with_launch,
)
from qkdopt.heuristics import ds_qkd
from qkdopt.instance import Instance
from qkdopt.problem import build_problem
from qkdopt.problem.coefficients import build_tables, link_launch_dbm
from qkdopt.problem.plan import assess
from qkdopt.simulation import SimulationOptions, simulate
from tests.random_instances import random_instance
from tests.small_instances import instance_of

LINE = instance_of(
    [
        ("short", 0, 1, 10.0),
        ("measured", 1, 2, 10.0, {"loss_db": 4.5}),
        ("long", 2, 3, 40.0, {"qkd": False}),
    ],
    name="line",
    channels=8,
    qkd={"candidates": [1, 5], "reserve": "all"},
)
RECEIVER = {"sensitivity_dbm": -28.0, "margin_db": 3.0}
# -28 + 3 + 0.2 dB/km x 10 km; + 4.5 dB measured; + 0.2 dB/km x 40 km.
MIN_POWERS = [-23.0, -20.5, -17.0]


def powers(instance: Instance) -> list[float]:
    return [link_launch_dbm(instance, link) for link in instance.network.links]


def test_minimum_powers_are_sensitivity_plus_loss_plus_margin():
    min_powers = [min_launch_dbm(LINE, link, -28.0, 3.0) for link in LINE.network.links]
    assert min_powers == pytest.approx(MIN_POWERS, abs=1e-12)


def test_links_take_their_own_minimum_and_the_network_the_highest():
    assert powers(with_launch(LINE, "link", **RECEIVER)) == pytest.approx(MIN_POWERS, abs=1e-12)
    # The highest floor is that of a link without QKD: its receivers need light all the same.
    network = with_launch(LINE, "network", **RECEIVER)
    assert powers(network) == pytest.approx([-17.0] * 3, abs=1e-12)
    assert all(link.launch_dbm is None for link in network.network.links)


def test_network_wide_power_replaces_the_links_own():
    own = with_launch(LINE, "link", **RECEIVER)
    assert with_launch(own, "network", **RECEIVER) == with_launch(LINE, "network", **RECEIVER)


def test_a_power_below_the_minimum_is_raised():
    dim = scaled_launch(LINE, -20.0)
    assert powers(dim) == pytest.approx([-32.4] * 3)
    table = launch_table(dim, with_launch(dim, "link", **RECEIVER), **RECEIVER)
    assert table["saved_db"].tolist() == pytest.approx([-9.4, -11.9, -15.4])


def test_the_table_says_what_is_saved():
    table = launch_table(LINE, with_launch(LINE, "network", **RECEIVER), **RECEIVER)
    assert list(table) == ["link", "length_km", "floor_dbm", "launch_dbm", "saved_db"]
    assert table["link"].tolist() == ["short", "measured", "long"]
    assert table["floor_dbm"].tolist() == pytest.approx(MIN_POWERS)
    assert table["saved_db"].tolist() == pytest.approx([4.6] * 3)


def test_every_minimum_above_the_cap_is_named_in_one_error():
    with pytest.raises(InstanceError) as caught:
        with_launch(LINE, "link", **RECEIVER, cap_dbm=-20.75)
    assert len(caught.value.faults) == 2
    assert caught.value.faults[0].startswith("link measured: floor -20.50 dBm (-28 dBm + 4.50 dB")
    assert caught.value.faults[1].startswith("link long: floor -17.00 dBm")
    assert "cap of -20.75 dBm" in caught.value.faults[0]


def test_every_option_out_of_range_is_reported_at_once():
    with pytest.raises(UsageError) as caught:
        with_launch(LINE, "span", sensitivity_dbm=0.001e6, margin_db=-1.0, cap_dbm=float("nan"))
    for part in ("sensitivity = 1000", "margin = -1", "cap = nan", "mode = 'span'"):
        assert part in str(caught.value)


def test_scaling_moves_every_kind_of_launch_power():
    own = with_launch(LINE, "link", **RECEIVER)
    assert powers(scaled_launch(own, -3.0)) == pytest.approx([f - 3.0 for f in MIN_POWERS])
    data = LINE.to_json_dict()
    data["classical"] = {"receiver_sensitivity_dbm": -28.0, "margin_db": 3.0}
    limited = Instance.model_validate(data, strict=False)
    assert powers(limited) == pytest.approx(MIN_POWERS)
    assert powers(scaled_launch(limited, 2.0)) == pytest.approx([f + 2.0 for f in MIN_POWERS])
    assert mean_launch_dbm(limited) == pytest.approx(sum(MIN_POWERS) / 3)
    with pytest.raises(InstanceError, match="-80 to 30 dBm"):
        scaled_launch(LINE, 60.0)


receivers = st.fixed_dictionaries(
    {"sensitivity_dbm": st.floats(-40.0, -10.0), "margin_db": st.floats(0.0, 6.0)}
)


@given(seed=st.integers(0, 10_000), receiver=receivers, data=st.data())
def test_no_allowed_power_gives_any_link_more_key_than_the_minimum(seed, receiver, data):
    instance = random_instance(seed, most_demands=6, channels=(5, 7), other_noise=True)
    best = with_launch(instance, "link", **receiver)
    above = [data.draw(st.floats(0.0, 20.0)) for _ in instance.network.links]
    allowed = best.to_json_dict()
    for link, db in zip(allowed["network"]["links"], above, strict=True):
        link["launch_dbm"] += db
    other = Instance.model_validate(allowed, strict=False)
    plan = ds_qkd(build_problem(instance))
    at_min_power, at_other = (
        assess(build_problem(variant), plan).link_skr_bps for variant in (best, other)
    )
    assert np.all(at_min_power >= at_other * (1.0 - 1e-12))


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), receiver=receivers)
def test_links_at_their_minimum_carry_no_less_key_than_one_power_for_all(seed, receiver):
    instance = random_instance(seed, channels=(5, 7))
    # Dark candidates and first fit: the same lightpaths at any power.
    data = instance.to_json_dict()
    data["qkd"] = data.get("qkd", {}) | {"reserve": "all", "candidates": [1], "guard_ghz": 200.0}
    instance = Instance.model_validate(data, strict=False)
    link, network = (
        simulate(
            with_launch(instance, mode, **receiver), SimulationOptions(), load_erlang=3.0,
            requests=400, warmup=50, seed=seed,
        )
        for mode in ("link", "network")
    )  # fmt: skip
    assert link.blocking == network.blocking
    # Batch by batch, not on average only.
    assert np.all(link.tally[:, 2] >= network.tally[:, 2] * (1.0 - 1e-12))


def test_one_link_more_does_not_touch_the_noise_of_the_others():
    own = with_launch(LINE, "link", **RECEIVER)
    data = own.to_json_dict()
    data["network"]["links"][0]["launch_dbm"] = 0.0
    brighter = Instance.model_validate(data, strict=False)
    assert np.array_equal(build_tables(brighter).noise[1:], build_tables(own).noise[1:])
    assert build_tables(brighter).noise[0].sum() > build_tables(own).noise[0].sum()
