"""Raman scattering against published figures and physical laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdopt.errors import PhysicsError
from qkdopt.physics.raman import (
    MeasuredCrossSection,
    backward_raman_power,
    cross_section,
    forward_raman_power,
    gnpy_profile,
    hollenbeck_cantrell_profile,
    measured_cross_section,
)
from qkdopt.units import SPEED_OF_LIGHT_M_PER_S, db_per_km_to_per_km, ghz_to_nm

LIGHT_NM_THZ = SPEED_OF_LIGHT_M_PER_S * 1e-3
frequency = st.floats(190.0, 198.0)
loss = st.floats(0.03, 0.3)
length = st.floats(0.0, 200.0)


def rho(classical_nm: float, quantum_nm: float, **options: float) -> float:
    return float(
        cross_section(
            LIGHT_NM_THZ / classical_nm,
            LIGHT_NM_THZ / quantum_nm,
            profile=gnpy_profile(),
            **options,
        )
    )


@pytest.mark.parametrize(
    ("offset_nm", "expected"),
    [(-2.0, 3.8), (2.0, 3.9), (-12.0, 6.1), (12.0, 7.2), (-40.0, 3.5), (40.0, 6.5)],
)
def test_cross_section_has_the_spot_values_of_first_principles(offset_nm, expected):
    assert rho(1550.0, 1550.0 + offset_nm) * 1e9 == pytest.approx(expected, abs=0.051)


def test_cross_section_is_literature_like_at_062():
    assert rho(1550.12, 1531.12, raman_scale=0.62) * 1e9 == pytest.approx(3.65, abs=0.01)


def test_profile_is_read_linearly_inside_its_first_terahertz():
    value = cross_section(193.4, 193.2, profile=gnpy_profile())
    assert float(value) * 1e9 == pytest.approx(3.90, abs=0.01)


def test_cross_section_stays_finite_beside_the_channel():
    near = cross_section(193.4, 193.4 + np.array([-1e-9, 0.0, 1e-9]), profile=gnpy_profile())
    assert np.all(np.isfinite(near))
    assert np.all(near > 1e-9)


def test_hollenbeck_cantrell_has_its_peak_near_thirteen_terahertz_and_a_like_shape():
    model, measured = hollenbeck_cantrell_profile(), gnpy_profile()
    assert model.offset_thz[model.g0_per_w_m.argmax()] == pytest.approx(13.2, abs=0.4)
    offsets = np.linspace(2.0, 14.0, 25)
    assert np.max(np.abs(model(offsets) / measured(offsets) - 1.0)) < 0.2


@given(classical=frequency, quantum=frequency)
def test_stokes_side_is_louder_than_anti_stokes(classical, quantum):
    low, high = sorted((classical, quantum))
    down = cross_section(high, low, profile=gnpy_profile())
    up = cross_section(low, high, profile=gnpy_profile())
    assert down >= up * 0.96  # photon energies differ by up to four per cent
    assert up > 0.0


@given(a=loss, km=length)
def test_counter_over_co_is_sinh_al_over_al(a, km):
    options = {"loss_classical_per_km": a, "loss_quantum_per_km": a}
    co = float(forward_raman_power(1e-3, 1e-9, 0.8, km, **options))
    counter = float(backward_raman_power(1e-3, 1e-9, 0.8, km, **options))
    x = a * km
    assert counter == pytest.approx(co * (np.sinh(x) / x if x > 1e-9 else 1.0), rel=1e-9, abs=0.0)


@given(a=loss, km=length)
def test_forward_power_is_continuous_where_both_losses_meet(a, km):
    equal = forward_raman_power(1e-3, 1e-9, 0.8, km, loss_classical_per_km=a, loss_quantum_per_km=a)
    close = forward_raman_power(
        1e-3, 1e-9, 0.8, km, loss_classical_per_km=a, loss_quantum_per_km=a * (1 + 1e-7)
    )
    assert float(close) == pytest.approx(float(equal), rel=1e-4, abs=1e-30)


def test_forward_power_with_two_losses_has_its_closed_form():
    power = forward_raman_power(
        2e-3, 3e-9, 0.5, 40.0, loss_classical_per_km=0.05, loss_quantum_per_km=0.08
    )
    reach = (np.exp(-0.08 * 40.0) - np.exp(-0.05 * 40.0)) / (0.05 - 0.08)
    assert float(power) == pytest.approx(2e-3 * 3e-9 * 0.5 * reach, rel=1e-12, abs=0.0)


@given(watt=st.floats(1e-9, 1.0), km=st.floats(0.1, 100.0))
def test_raman_power_is_linear_in_launch_power(watt, km):
    options = {"loss_classical_per_km": 0.046, "loss_quantum_per_km": 0.046}
    single = float(forward_raman_power(watt, 1e-9, 0.8, km, **options))
    doubled = float(forward_raman_power(2.0 * watt, 1e-9, 0.8, km, **options))
    assert doubled == pytest.approx(2.0 * single, rel=1e-12, abs=0.0)


def test_a_hundred_gigahertz_is_a_wavelength_width_of_08_nm():
    assert float(ghz_to_nm(100.0, 193.1)) == pytest.approx(0.804, abs=0.001)


def test_two_tenths_of_a_decibel_is_0046_per_kilometre():
    assert float(db_per_km_to_per_km(0.2)) == pytest.approx(0.04605, abs=1e-5)


def test_a_measured_table_is_interpolated_and_refuses_what_it_does_not_cover():
    table = MeasuredCrossSection(np.array([-10.0, 0.0, 10.0]), np.array([1e-9, 3e-9, 2e-9]))
    quantum = LIGHT_NM_THZ / (LIGHT_NM_THZ / 193.4 + 5.0)
    value = measured_cross_section(193.4, quantum, table=table, raman_scale=2.0)
    assert float(value) == pytest.approx(2.0 * 2.5e-9, rel=1e-9, abs=0.0)
    with pytest.raises(PhysicsError, match="covers offsets -10 to 10 nm"):
        measured_cross_section(193.4, 180.0, table=table)


def test_co_propagating_noise_is_finite_where_the_losses_differ_by_a_thousand_db():
    """Both ways round: the channel that is lost sooner leaves the other's loss behind."""
    for classical, quantum in ((1.5, 0.1), (0.1, 1.5)):
        a_c, a_q = (float(db_per_km_to_per_km(loss)) for loss in (classical, quantum))
        for km in (10.0, 3000.0, 20000.0):
            power = float(
                forward_raman_power(
                    1e-3, 1e-9, 0.8, km, loss_classical_per_km=a_c, loss_quantum_per_km=a_q
                )
            )
            exact = (math.exp(-a_q * km) - math.exp(-a_c * km)) / (a_c - a_q)
            assert power == pytest.approx(1e-3 * 1e-9 * 0.8 * exact, rel=1e-9)
