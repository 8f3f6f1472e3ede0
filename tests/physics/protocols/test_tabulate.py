"""Surfaces of protocols: where their noises lie, what they exceed, and that none rises."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from qkdopt.errors import FaultsError
from qkdopt.physics.protocols import AsymptoticDecoyBB84, KeyRates, OneDecoyFiniteKey
from qkdopt.physics.protocols.tabulate import (
    end_of_key,
    noise_axis,
    optimised_at,
    tabulated,
    tabulated_by_loss,
)

LOSSES = np.array([2.0, 6.0, 11.0])


@dataclass(frozen=True)
class Endless:
    name: str = "endless"

    def rates(self, loss_db, noise_per_gate):
        shape = np.broadcast_shapes(np.shape(loss_db), np.shape(noise_per_gate))
        return KeyRates(np.ones(shape), np.zeros(shape))


def test_key_ends_where_it_does():
    protocol = AsymptoticDecoyBB84()
    end = end_of_key(protocol, 6.0)
    assert float(protocol.rates(6.0, end).skr_bps) == 0.0
    assert float(protocol.rates(6.0, end * (1.0 - 1e-6)).skr_bps) > 0.0
    assert end_of_key(protocol, 90.0) == 0.0
    with pytest.raises(FaultsError, match="key at 1000 noise clicks"):
        end_of_key(Endless(), 1.0)


def test_noises_rise_from_none_to_the_end_of_key_and_are_near_the_curve():
    protocol = AsymptoticDecoyBB84()
    noises = noise_axis(protocol, LOSSES, 60)
    assert len(noises) == 60
    assert noises[0] == 0.0
    assert np.all(np.diff(noises) > 0.0)
    assert noises[-1] == pytest.approx(end_of_key(protocol, 2.0), rel=1e-6)
    fine, coarse = (
        tabulated(protocol, LOSSES, noise_axis(protocol, LOSSES, count)) for count in (60, 16)
    )
    assert fine.excess_between_noises() < 0.01 < coarse.excess_between_noises()
    with pytest.raises(FaultsError, match="no key at 90 dB"):
        noise_axis(protocol, np.array([90.0, 95.0]), 10)


def test_the_excess_is_that_of_a_dense_sample():
    protocol = AsymptoticDecoyBB84()
    made = tabulated(protocol, LOSSES, noise_axis(protocol, LOSSES, 20))
    dense = np.linspace(0.0, made.surface.noises_per_gate[-1], 5001)
    for losses, found in (
        (LOSSES, made.excess_between_noises()),
        (0.5 * (LOSSES[1:] + LOSSES[:-1]), made.excess_between_losses()),
    ):
        exact = protocol.rates(losses[:, None], dense).skr_bps
        excess = (made.surface(losses[:, None], dense) - exact) / exact[:, :1]
        assert 0.7 * excess.max() <= found <= excess.max() + 1e-12


def test_rates_of_choices_by_loss_are_lowered_where_one_would_rise():
    good = OneDecoyFiniteKey()
    poor = replace(good, signal_photon_number=0.9)
    noises = noise_axis(good, LOSSES, 20)
    made = tabulated_by_loss((poor, good, good), np.array([5.0, 5.1, 11.0]), noises)
    assert made.lowered > 0.1
    assert np.all(np.diff(made.surface.skr_bps, axis=0) <= 0.0)
    own = good.rates(5.1, noises).skr_bps
    assert np.all(made.surface.skr_bps[1] <= own)
    assert np.all(made.surface.skr_bps[0] == poor.rates(5.0, noises).skr_bps)
    assert made.excess_between_losses() is None


def test_each_loss_has_choices_of_its_own():
    chosen = optimised_at(OneDecoyFiniteKey(), LOSSES, 0.0)
    for protocol, loss in zip(chosen, LOSSES, strict=True):
        rate = float(protocol.rates(float(loss), 0.0).skr_bps)
        assert rate > float(OneDecoyFiniteKey().rates(float(loss), 0.0).skr_bps)
    assert len({protocol.signal_photon_number for protocol in chosen}) == 3
