"""Noise that is not scattering, and clicks."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdopt.physics.fwm import (
    four_wave_mixing_efficiency,
    four_wave_mixing_power,
    phase_mismatch,
)
from qkdopt.physics.noise import (
    amplifier_ase_power,
    linear_crosstalk_power,
    noise_clicks_per_gate,
)
from qkdopt.units import PLANCK_J_S


def approx(watts: float):
    """Compare powers of any size: most are below pytest's absolute tolerance of 1e-12."""
    return pytest.approx(watts, rel=1e-9, abs=0.0)


def test_one_photon_a_gate_clicks_with_the_detectors_efficiency():
    photon_w = PLANCK_J_S * 193.1e12 / 100e-12
    clicks = noise_clicks_per_gate(
        photon_w, 193.1, insertion_loss_db=3.0103, detector_efficiency=0.2, gate_ps=100.0
    )
    assert float(clicks) == pytest.approx(0.1, rel=1e-5)


def test_crosstalk_is_launch_less_loss_less_isolation():
    leak = linear_crosstalk_power(1e-3, 80.0, 50.0, loss_per_km=np.log(10.0) / 50.0)
    assert float(leak) == approx(1e-3 * 0.1 * 1e-8)


def test_amplifier_noise_grows_with_gain_and_bandwidth():
    options = {"spontaneous_emission_factor": 1.5, "rejection_db": 100.0}
    small = amplifier_ase_power(193.1, gain_db=10.0, bandwidth_ghz=10.0, **options)
    wide = amplifier_ase_power(193.1, gain_db=10.0, bandwidth_ghz=20.0, **options)
    strong = amplifier_ase_power(193.1, gain_db=20.0, bandwidth_ghz=10.0, **options)
    assert float(wide) == approx(2.0 * float(small))
    assert float(strong) == approx(11.0 * float(small))
    assert float(small) == approx(3.0 * PLANCK_J_S * 193.1e12 * 9.0 * 1e10 * 1e-10)


@given(mismatch=st.floats(0.0, 1e4), km=st.floats(0.1, 100.0))
def test_mixing_efficiency_is_a_share_and_one_when_phases_match(mismatch, km):
    share = float(four_wave_mixing_efficiency(mismatch, km, loss_per_km=0.046))
    assert 0.0 <= share <= 1.0 + 1e-9
    assert float(four_wave_mixing_efficiency(0.0, km, loss_per_km=0.046)) == pytest.approx(1.0)


def test_mismatch_is_symmetric_in_its_pumps():
    fibre = {"dispersion_ps_nm_km": 17.0, "dispersion_slope_ps_nm2_km": 0.056}
    first, second = (phase_mismatch(*pair, 193.1, **fibre) for pair in ((0.1, 0.2), (0.2, 0.1)))
    assert float(first) == float(second) > 0.0


def test_mixing_sums_every_product_that_falls_on_the_quantum_channel():
    def power(lit: list[float]) -> float:
        return float(four_wave_mixing_power(1e-4, np.array(lit), 193.1, 20.0, loss_per_km=0.046))

    degenerate = power([193.2, 193.3])  # 2 x 193.2 - 193.3
    assert degenerate > 0.0
    assert power([193.2, 193.4]) == 0.0
    three = power([193.2, 193.3, 193.4])  # and 193.2 + 193.3 - 193.4
    assert three > degenerate


def test_mixing_is_the_sum_of_its_products_one_by_one():
    """Pumps of unequal spacing, written out: phases, efficiency and degeneracy of each product."""
    lit, quantum, km, loss = [192.9, 193.0, 193.2, 193.3, 193.4], 193.1, 20.0, 0.046
    wavelength, speed = 299_792_458.0 / 193.1e12, 299_792_458.0
    effective = (1.0 - math.exp(-loss * km)) / loss
    total, products = 0.0, 0
    for i, j, k in itertools.product(range(5), repeat=3):
        falls_there = abs(lit[i] + lit[j] - lit[k] - quantum) < 1e-6
        if not falls_there or i > j or k in (i, j):
            continue
        products += 1
        first, second = 1e12 * abs(lit[i] - lit[k]), 1e12 * abs(lit[j] - lit[k])
        slope = wavelength**2 / (2.0 * speed) * (first + second) * 0.056e3
        mismatch = 2e3 * math.pi * wavelength**2 / speed * first * second * (17e-6 + slope)
        ripple = 4.0 * math.exp(-loss * km) * math.sin(mismatch * km / 2.0) ** 2
        share = 1.0 + ripple / (1.0 - math.exp(-loss * km)) ** 2
        share *= loss**2 / (loss**2 + mismatch**2)
        total += share * (3.0 if i == j else 6.0) ** 2
    strength = 1.3**2 / 9.0 * (1e-4) ** 3 * math.exp(-loss * km) * effective**2
    power = four_wave_mixing_power(1e-4, np.array(lit), quantum, km, loss_per_km=loss)
    assert products >= 4
    assert float(power) == approx(total * strength)


def test_mixing_is_cubic_in_power():
    lit = np.array([193.2, 193.3])
    single = four_wave_mixing_power(1e-4, lit, 193.1, 20.0, loss_per_km=0.046)
    doubled = four_wave_mixing_power(2e-4, lit, 193.1, 20.0, loss_per_km=0.046)
    assert float(doubled) == approx(8.0 * float(single))
