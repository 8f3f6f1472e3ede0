"""The compiled key rate against the plain one, to rounding, over the corners of both."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdopt.physics.compiled_keyrate import error_rate, key_rate, rate_parameters
from qkdopt.physics.keyrate import (
    DecoyBB84,
    MeasuredKeyRate,
    measured_key_rate_bps,
    quantum_bit_error_rate,
    secret_key_rate_bps,
)

NO_TABLE = np.zeros((1, 2, 0))


def test_at_the_corners_both_agree_to_rounding():
    """Relative to the rate without noise: near its end a rate is a difference of equal parts."""
    compared = 0
    for weak, yields, dark, misalignment, efficiency in itertools.product(
        (None, 0.01, 0.1), ("paper", "exact", "approximate"), (0.0, 1e-8, 1e-3), (0.0, 0.015, 0.5),
        (1.0, 1.22),
    ):  # fmt: skip
        protocol = DecoyBB84(
            weak_photon_number=weak, yields=yields, dark_count_per_gate=dark,
            misalignment=misalignment, error_correction_efficiency=efficiency,
        )  # fmt: skip
        rate = rate_parameters(protocol, 0, 2, 0)
        for eta in (1e-9, 1e-4, 0.02, 0.2, 1.0):
            scale = protocol.repetition_hz * eta
            for noise in (0.0, 1e-12, 1e-6, 1e-3, 0.05, 1.0):
                expected = float(secret_key_rate_bps(noise, eta, protocol=protocol))
                found = key_rate(noise, eta, rate, NO_TABLE)
                assert found == pytest.approx(expected, rel=1e-12, abs=1e-12 * scale)
                qber = float(quantum_bit_error_rate(noise, eta, protocol=protocol))
                assert error_rate(noise, eta, rate) == pytest.approx(qber, rel=1e-13)
                compared += 1
    assert compared == 3 * 3 * 3 * 3 * 2 * 5 * 6


def test_a_surface_ends_at_its_last_loss_and_noise():
    surface = np.array([
        [0.0, 0.0, 1e-4, 1e-3], [0.1, 9e3, 4e3, 1e3], [0.05, 5e3, 2e3, 0.0],
    ])[None]  # fmt: skip
    rate = rate_parameters(DecoyBB84(), 0, 3, 4)
    # Less loss than the first has counts as that; more than the last leaves no key.
    for eta, dark in ((0.2, 9e3), (0.1, 9e3), (0.075, 7e3), (0.05, 5e3), (0.0499, 0.0)):
        assert key_rate(0.0, eta, rate, surface) == pytest.approx(dark, rel=1e-12)
    for noise, skr in ((5e-5, 6.5e3), (1e-4, 4e3), (1e-3, 1e3), (1.01e-3, 0.0)):
        assert key_rate(noise, 0.1, rate, surface) == pytest.approx(skr, rel=1e-12)


@settings(deadline=None)
@given(
    noise=st.floats(0.0, 0.05),
    eta=st.floats(1e-5, 0.3),
    weak=st.sampled_from([None, 0.05]),
    yields=st.sampled_from(["paper", "exact", "approximate"]),
)
def test_compiled_key_rate_is_that_of_the_physics(noise, eta, weak, yields):
    protocol = DecoyBB84(weak_photon_number=weak, yields=yields)
    parameters = rate_parameters(protocol, 0, 2, 0)
    expected = float(secret_key_rate_bps(noise, eta, protocol=protocol))
    found = key_rate(noise, eta, parameters, NO_TABLE)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-6)
    qber = float(quantum_bit_error_rate(noise, eta, protocol=protocol))
    assert error_rate(noise, eta, parameters) == pytest.approx(qber, rel=1e-12)


@given(noise=st.floats(0.0, 5e-3))
def test_compiled_measured_rate_is_that_of_the_physics(noise):
    table = MeasuredKeyRate(
        noise_per_gate=np.array([1e-4, 2e-4, 8e-4, 3e-3]), skr_bps=np.array([3e4, 1e4, 9e3, 0.0])
    )
    expected = float(measured_key_rate_bps(noise, table=table))
    rows = np.array([[0.0, *table.noise_per_gate], [0.0, *table.skr_bps]])
    # The second of two, which is smaller than the first.
    both = np.ones((2, 4, 9))
    both[1, :2, :5] = rows
    found = key_rate(noise, 0.1, rate_parameters(DecoyBB84(), 1, 2, 5), both)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-9)
