"""Decoy-state BB84 against published and computed references."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from qkdopt.physics.keyrate import (
    DecoyBB84,
    MeasuredKeyRate,
    background_yield,
    binary_entropy,
    channel_transmittance,
    decoy_bb84_rate,
    measured_key_rate_bps,
    quantum_bit_error_rate,
    secret_key_rate_bps,
    signal_gain,
    signal_qber,
)
from tests.random_instances import random_instance

GYS = {
    "mean_photon_number": 0.48,
    "misalignment": 0.033,
    "detector_efficiency": 0.045,
    "dark_count_per_gate": 0.85e-6,
    "sifting": 0.5,
}
COLUMNS = {
    "R_inf_q0.5_mu0.48": {},
    "R_inf_q1_mu0.48": {"sifting": 1.0},
    "R_vacweak_q0.5_mu0.48_nu0.05": {"weak_photon_number": 0.05},
    "R_vacweak_q0.5_mu0.48_nu0.01": {"weak_photon_number": 0.01},
}
noise = st.floats(0.0, 0.1)
eta = st.floats(1e-6, 0.5)
protocols = st.sampled_from(
    [
        DecoyBB84(weak_photon_number=weak, yields=yields)
        for weak in (None, 0.05)
        for yields in ("paper", "exact", "approximate")
    ]
)


def gys_rows() -> list[dict[str, str]]:
    path = Path(__file__).parent / "data" / "gys_ma2005.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def gys_eta(km: float) -> float:
    return float(channel_transmittance(0.21 * km, insertion_loss_db=0.0, detector_efficiency=0.045))


@pytest.mark.parametrize("row", gys_rows(), ids=lambda row: f"{row['L_km']} km")
def test_rates_are_those_of_the_gys_experiment(row):
    transmittance = gys_eta(float(row["L_km"]))
    assert transmittance == pytest.approx(float(row["eta"]), rel=1e-7)
    assert float(signal_gain(1.7e-6, transmittance, 0.48)) == pytest.approx(float(row["Q_mu"]))
    qber = signal_qber(1.7e-6, transmittance, 0.48, 0.033)
    assert float(qber) == pytest.approx(float(row["E_mu"]), rel=1e-7)
    for column, changes in COLUMNS.items():
        rate = decoy_bb84_rate(0.0, transmittance, protocol=DecoyBB84(**{**GYS, **changes}))
        # The reference leaves out the product of background and transmittance in Y_1.
        left_out = 5e-6 * float(row["Q_mu"])
        assert float(rate) == pytest.approx(float(row[column]), rel=1e-8, abs=left_out)


@pytest.mark.parametrize(("weak", "expected"), [(None, 142.0), (0.05, 140.6)])
def test_key_ends_where_the_experiment_says(weak, expected):
    protocol = DecoyBB84(**GYS, weak_photon_number=weak)
    end = brentq(lambda km: float(decoy_bb84_rate(0.0, gys_eta(km), protocol=protocol)), 100, 160)
    assert end == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(
    ("km", "bits", "kbps"), [(10, 0.026664, 25.2), (20, 0.016778, 15.9), (28, 0.011591, 11.0)]
)
def test_rates_of_the_papers_parameters_agree_with_another_code(km, bits, kbps):
    transmittance = channel_transmittance(0.2 * km, insertion_loss_db=0.0, detector_efficiency=0.2)
    plain = DecoyBB84(error_correction_efficiency=1.0)
    assert float(decoy_bb84_rate(0.0, transmittance, protocol=plain)) == pytest.approx(
        bits, rel=1e-4
    )
    halved = secret_key_rate_bps(0.0, transmittance, protocol=DecoyBB84(sifting=0.5))
    assert float(halved) / 1e3 == pytest.approx(kbps, abs=0.06)


def test_the_protocol_by_default_is_that_of_instances_by_default():
    protocol, qkd = DecoyBB84(), random_instance(1, relay="lightpath").qkd
    assert protocol.repetition_hz == 1e6 * qkd.repetition_mhz == 2e6
    assert protocol.weak_photon_number is None
    for name in ("mean_photon_number", "misalignment", "detector_efficiency",
                 "dark_count_per_gate", "error_correction_efficiency", "sifting"):  # fmt: skip
        assert getattr(protocol, name) == getattr(qkd, name), name


def test_noise_already_covers_both_detectors():
    assert float(background_yield(3e-4, 1e-8)) == pytest.approx(3e-4 + 2e-8, rel=1e-12)


def test_entropy_is_zero_at_both_ends_and_one_in_the_middle():
    assert binary_entropy([0.0, 0.5, 1.0]).tolist() == [0.0, 1.0, 0.0]


@given(low=noise, high=noise, transmittance=eta, protocol=protocols)
def test_more_noise_never_gives_more_key(low, high, transmittance, protocol):
    low, high = sorted((low, high))
    low_noise = float(secret_key_rate_bps(low, transmittance, protocol=protocol))
    high_noise = float(secret_key_rate_bps(high, transmittance, protocol=protocol))
    assert high_noise <= low_noise * (1.0 + 1e-12) + 1e-9


@given(clicks=noise, transmittance=eta, protocol=protocols)
def test_key_is_never_negative_nor_above_the_detections(clicks, transmittance, protocol):
    rate = float(secret_key_rate_bps(clicks, transmittance, protocol=protocol))
    gain = float(signal_gain(background_yield(clicks, 1e-8), transmittance, 0.48))
    assert 0.0 <= rate <= protocol.repetition_hz * protocol.sifting * gain


@given(clicks=noise, transmittance=eta)
def test_finite_decoys_never_give_more_than_infinitely_many(clicks, transmittance):
    infinite = secret_key_rate_bps(clicks, transmittance, protocol=DecoyBB84())
    weak = secret_key_rate_bps(clicks, transmittance, protocol=DecoyBB84(weak_photon_number=0.05))
    # The gain (eq. 8) leaves out the coincidence of background and signal that Y_1 has.
    coincidence = 2e6 * 0.48 * clicks * transmittance
    assert float(weak) <= float(infinite) + coincidence + 1e-6


@given(clicks=noise, transmittance=eta, yields=st.sampled_from(["exact", "approximate"]))
def test_finite_decoys_never_give_more_where_yields_are_consistent(clicks, transmittance, yields):
    # Both rates count coincidences alike: the law holds without an allowance.
    infinite = DecoyBB84(yields=yields)
    weak = DecoyBB84(yields=yields, weak_photon_number=0.05)
    max_rate = float(secret_key_rate_bps(clicks, transmittance, protocol=infinite))
    assert float(secret_key_rate_bps(clicks, transmittance, protocol=weak)) <= max_rate + 1e-6


def test_finite_decoys_can_give_more_where_the_gain_counts_coincidences_twice():
    infinite = secret_key_rate_bps(2e-3, 0.1, protocol=DecoyBB84())
    weak = secret_key_rate_bps(2e-3, 0.1, protocol=DecoyBB84(weak_photon_number=0.001))
    assert float(weak) > float(infinite) + 1.0


@given(y0=noise, transmittance=eta, photons=st.floats(0.01, 2.0))
def test_exact_gain_and_errors_are_sums_over_photon_numbers(y0, transmittance, photons):
    n = np.arange(60)
    share = np.exp(-photons) * np.concatenate([[1.0], np.cumprod(photons / n[1:])])
    arrived = 1.0 - (1.0 - transmittance) ** n
    gain = float((share * (1.0 - (1.0 - y0) * (1.0 - transmittance) ** n)).sum())
    errors = float((share * (y0 / 2.0 + 0.015 * arrived)).sum())
    assert float(signal_gain(y0, transmittance, photons, exact=True)) == pytest.approx(gain)
    qber = signal_qber(y0, transmittance, photons, 0.015, exact=True)
    assert float(qber) == pytest.approx(errors / gain)
    # The paper's gain lies above the sum by the coincidences that it counts twice.
    twice = y0 * -np.expm1(-transmittance * photons)
    paper = float(signal_gain(y0, transmittance, photons))
    assert paper - gain == pytest.approx(twice, rel=1e-6, abs=1e-12)


@given(clicks=noise, transmittance=eta, weak=st.sampled_from([None, 0.05]))
def test_yields_differ_by_their_coincidences(clicks, transmittance, weak):
    def rate(noise_per_gate: float, yields: str) -> float:
        protocol = DecoyBB84(weak_photon_number=weak, yields=yields, dark_count_per_gate=0.0)
        return float(secret_key_rate_bps(noise_per_gate, transmittance, protocol=protocol))

    assert rate(0.0, "paper") == rate(0.0, "exact") == rate(0.0, "approximate")
    if weak is None:  # a smaller gain leaks less; a larger yield of single photons is more key
        assert rate(clicks, "paper") <= rate(clicks, "exact") + 1e-9
        assert rate(clicks, "paper") <= rate(clicks, "approximate") + 1e-9


@given(clicks=noise, transmittance=eta)
def test_qber_lies_between_misalignment_and_a_coin(clicks, transmittance):
    qber = float(quantum_bit_error_rate(clicks, transmittance, protocol=DecoyBB84()))
    assert 0.015 - 1e-12 <= qber <= 0.5 + 1e-12


def test_key_rate_is_convex_in_noise_until_it_meets_zero():
    clicks = np.linspace(0.0, 5e-3, 400)
    rates = secret_key_rate_bps(clicks, 0.1, protocol=DecoyBB84())
    positive = rates[rates > 0.0]
    assert len(positive) > 200
    assert np.all(np.diff(positive, 2) >= -1e-7)


def test_a_measured_rate_is_flat_before_its_table_and_zero_beyond():
    table = MeasuredKeyRate(noise_per_gate=np.array([1e-4, 2e-4]), skr_bps=np.array([1e3, 0.0]))
    rates = measured_key_rate_bps([0.0, 1.5e-4, 3e-4], table=table)
    assert rates.tolist() == pytest.approx([1e3, 5e2, 0.0])
