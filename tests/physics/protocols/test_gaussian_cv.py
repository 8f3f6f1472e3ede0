"""CV-QKD against an independent program, published excess noise, and its limits."""

import numpy as np
import pytest

from qkdopt.errors import FaultsError
from qkdopt.physics import raman
from qkdopt.physics.noise import noise_clicks_per_gate
from qkdopt.physics.protocols import GaussianCV
from qkdopt.units import db_per_km_to_per_km, ghz_to_nm

# V_A, T, xi, eta, v_el, beta, then the key per symbol with homodyne and heterodyne detection as
# GaussianTrustedHomodyneAsymptotic and GaussianTrustedHeterodyneAsymptotic of the Python package
# qosst-skr 0.10.0 compute it.
QOSST = (
    (4.0, 0.5, 0.01, 0.6, 0.01, 0.95, 0.17453211214349146, 0.18224664074539848),
    (4.0, 0.1, 0.02, 0.6, 0.1, 0.95, 0.018212966574702352, 0.018098320665251397),
    (18.5, 0.302, 0.005, 0.606, 0.041, 0.898, 0.03515409000100611, 0.004780445096382646),
    (2.0, 0.05, 0.005, 0.6, 0.1, 0.95, 0.00949635538317712, 0.009512519080223995),
)


@pytest.mark.parametrize("row", QOSST)
def test_key_per_symbol_against_an_independent_program(row):
    variance, transmittance, excess, eta, electronic, beta, *expected = row
    for detection, bits in zip(("homodyne", "heterodyne"), expected, strict=True):
        protocol = GaussianCV(
            modulation_variance=variance, detection=detection, detector_efficiency=eta,
            electronic_noise=electronic, reconciliation_efficiency=beta,
        )  # fmt: skip
        found = protocol.bits_per_symbol(np.array(transmittance), np.array(excess))
        assert float(found) == pytest.approx(bits, rel=1e-9)


def test_rate_is_the_key_per_symbol_times_the_symbols():
    protocol = GaussianCV(symbol_rate_mhz=50.0, key_share=0.5, excess_noise=0.01)
    rate = float(protocol.rates(10.0 * np.log10(2.0), 0.0).skr_bps)
    assert rate == pytest.approx(0.5 * 50e6 * 0.17453211214349146, rel=1e-9)


@pytest.mark.parametrize(("backward", "published"), [(False, 1.3e-3), (True, 1.6e-3)])
def test_raman_excess_noise_is_the_published_one(backward, published):
    """Kumar, Qin and Alleaume (2015), section 3: 0 dBm, 25 km, 3e-9 /(km nm), 0.5 dB at Bob.

    Their excess noise at Bob's input, two digits.
    """
    width_ghz, gate_ps, eta, quantum_thz = 100.0, 100.0, 0.55, 299_792.458 / 1531.12
    loss = {
        "loss_classical_per_km": db_per_km_to_per_km(0.2),
        "loss_quantum_per_km": db_per_km_to_per_km(0.2),
    }
    power = raman.backward_raman_power if backward else raman.forward_raman_power
    noise_w = power(1e-3, 3e-9, float(ghz_to_nm(width_ghz, quantum_thz)), 25.0, **loss)
    clicks = noise_clicks_per_gate(
        noise_w, quantum_thz, insertion_loss_db=0.5, detector_efficiency=eta, gate_ps=gate_ps
    )
    protocol = GaussianCV(
        excess_noise=0.0, detector_efficiency=eta, filter_ghz=width_ghz, gate_ps=gate_ps
    )
    at_bob = float(protocol.excess(np.array(1.0), clicks))
    assert at_bob == pytest.approx(published, rel=0.04)


def test_filter_and_gate_do_not_matter_where_clicks_are_counted_in_them():
    narrow = GaussianCV(filter_ghz=50.0, gate_ps=200.0)
    wide = GaussianCV(filter_ghz=200.0, gate_ps=100.0)
    first, second = narrow.rates(10.0, 1e-4), wide.rates(10.0, 2e-4)
    assert float(first.skr_bps) == pytest.approx(float(second.skr_bps))


def test_without_loss_and_noise_eve_knows_nothing():
    protocol = GaussianCV(
        excess_noise=0.0, electronic_noise=0.0, detector_efficiency=1.0,
        reconciliation_efficiency=1.0,
    )  # fmt: skip
    assert float(protocol.holevo(np.array(1.0), np.array(0.0))) == pytest.approx(0.0, abs=1e-6)
    bits = float(protocol.bits_per_symbol(np.array(1.0), np.array(0.0)))
    assert bits == pytest.approx(0.5 * np.log2(5.0), abs=1e-6)


def test_key_of_the_pure_loss_channel_is_below_the_repeaterless_bound():
    for detection in ("homodyne", "heterodyne"):
        protocol = GaussianCV(
            detection=detection, excess_noise=0.0, electronic_noise=0.0, detector_efficiency=1.0,
            reconciliation_efficiency=1.0, modulation_variance=1e4,
        )  # fmt: skip
        for transmittance in (0.5, 0.1, 0.01):
            bits = float(protocol.bits_per_symbol(np.array(transmittance), np.array(0.0)))
            bound = -np.log2(1.0 - transmittance)
            # Homodyne detection reaches half of it at large modulation (Pirandola et al. 2017).
            assert 0.0 < bits < bound
            if detection == "homodyne":
                assert bits == pytest.approx(0.5 * bound, rel=1e-2)


def test_share_of_wrong_signs_is_that_of_simulated_quadratures():
    protocol = GaussianCV()
    rng = np.random.default_rng(1)
    alice = rng.normal(size=400_000) * np.sqrt(protocol.modulation_variance)
    gain = np.sqrt(0.6 * 10.0**-0.5)
    noise = np.sqrt(1.0 + 0.01 + gain**2 * 0.005)
    bob = gain * alice + rng.normal(size=len(alice)) * noise
    wrong = float(np.mean(np.sign(alice) != np.sign(bob)))
    assert float(protocol.rates(5.0, 0.0).qber) == pytest.approx(wrong, abs=3e-3)


def test_every_broken_rule_is_named_at_once():
    with pytest.raises(FaultsError) as caught:
        GaussianCV(modulation_variance=0.0, detector_efficiency=0.0, detection="photon counting")
    assert len(caught.value.faults) == 3
