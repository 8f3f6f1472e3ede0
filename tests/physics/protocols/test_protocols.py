"""All protocols: conformance, the asymptotic one against the plain equations, parameters."""

import numpy as np
import pytest

from qkdopt.errors import FaultsError, UnsupportedError
from qkdopt.physics import keyrate
from qkdopt.physics.protocols import (
    PROTOCOLS,
    AsymptoticDecoyBB84,
    GaussianCV,
    KeyRateProtocol,
    MeasuredProtocol,
    OneDecoyFiniteKey,
    TwoDecoyFiniteKey,
    check_protocol,
    make_protocol,
    optimised,
)
from qkdopt.physics.surface import KeyRateSurface

VARIANTS = (
    AsymptoticDecoyBB84(weak_photon_number=0.05),
    AsymptoticDecoyBB84(yields="paper"),
    GaussianCV(detection="heterodyne"),
    GaussianCV(reconciliation_efficiency=0.9, excess_noise=0.02),
    TwoDecoyFiniteKey(bounds="tight", block_size=1e6),
    TwoDecoyFiniteKey(afterpulse_probability=0.04, dead_time_ns=100.0, repetition_mhz=1e3),
    TwoDecoyFiniteKey(dark_count_per_gate=0.0, vacuum_photon_number=0.0),
    OneDecoyFiniteKey(block_size=1e9, dead_time_ns=1e4, repetition_mhz=1e3),
    OneDecoyFiniteKey(bounds="tight"),
)


@pytest.mark.parametrize(
    "protocol", [*(kind() for kind in PROTOCOLS.values()), *VARIANTS], ids=repr
)
def test_conformance(protocol):
    assert isinstance(protocol, KeyRateProtocol)
    assert check_protocol(protocol) == []
    near = np.linspace(0.0, 3e-3, 61)
    assert check_protocol(protocol, losses_db=np.linspace(0.0, 4.0, 41), noises_per_gate=near) == []


def test_a_measured_surface_conforms():
    source = AsymptoticDecoyBB84()
    surface = KeyRateSurface.of(source, [0.0, 10.0, 20.0], [0.0, 1e-5, 1e-4, 1e-3, 0.3])
    assert check_protocol(MeasuredProtocol(surface=surface)) == []


def test_the_asymptotic_protocol_is_the_plain_equations():
    for weak in (None, 0.05):
        plain = keyrate.DecoyBB84(sifting=0.5, yields="exact", weak_photon_number=weak)
        protocol = AsymptoticDecoyBB84(weak_photon_number=weak or 0.0)
        loss, noise = np.linspace(0.0, 30.0, 7)[:, None], np.array([0.0, 1e-5, 1e-3])
        eta = 0.2 * 10.0 ** (-loss / 10.0)
        rates = protocol.rates(loss, noise)
        np.testing.assert_allclose(
            rates.skr_bps, keyrate.secret_key_rate_bps(noise, eta, protocol=plain), rtol=1e-12
        )
        np.testing.assert_allclose(
            rates.qber, keyrate.quantum_bit_error_rate(noise, eta, protocol=plain), rtol=1e-12
        )


def test_a_protocol_is_made_from_text():
    made = make_protocol("cv-gaussian", {"detection": "heterodyne", "excess_noise": "0.02"})
    assert made == GaussianCV(detection="heterodyne", excess_noise=0.02)
    with pytest.raises(FaultsError) as caught:
        make_protocol("cv-gaussian", {"excess_nois": 1.0, "key_share": "half"})
    assert "did you mean excess_noise?" in caught.value.faults[0]
    assert "expected a number" in caught.value.faults[1]
    with pytest.raises(FaultsError, match="expected one of decoy-bb84"):
        make_protocol("bb84", {})


@pytest.mark.parametrize(
    "protocol", [TwoDecoyFiniteKey(), OneDecoyFiniteKey(), AsymptoticDecoyBB84(), GaussianCV()],
    ids=lambda protocol: protocol.name,
)  # fmt: skip
def test_optimised_choices_give_more_key_than_any_near_them(protocol):
    best = optimised(protocol, 8.0, 1e-5)
    rate = float(best.rates(8.0, 1e-5).skr_bps)
    assert rate > float(protocol.rates(8.0, 1e-5).skr_bps)
    rng = np.random.default_rng(2)
    for _ in range(60):
        changes = {
            name: float(getattr(best, name) * rng.uniform(0.95, 1.05))
            for name in ("signal_photon_number", "mean_photon_number", "modulation_variance",
                         "signal_probability", "weak_photon_number", "decoy_photon_number")
            if hasattr(best, name) and getattr(best, name) > 0.0
        }  # fmt: skip
        try:
            other = type(best)(
                **{field: getattr(best, field) for field in best.__slots__} | changes
            )
        except (FaultsError, AttributeError, TypeError):
            continue
        assert float(other.rates(8.0, 1e-5).skr_bps) <= rate * (1.0 + 1e-6)


def test_where_nothing_gives_key_choices_stay():
    assert optimised(OneDecoyFiniteKey(block_size=1e3), 30.0) == OneDecoyFiniteKey(block_size=1e3)


def test_nothing_to_optimise_of_a_measurement():
    surface = KeyRateSurface(
        losses_db=[0.0, 1.0], noises_per_gate=[0.0, 1.0], skr_bps=[[2.0, 0.0], [1.0, 0.0]]
    )
    with pytest.raises(UnsupportedError, match="nothing to optimise"):
        optimised(MeasuredProtocol(surface=surface), 1.0)
