"""A surface interpolates its grid, never rises, and refuses a grid that does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdopt.errors import FaultsError
from qkdopt.physics.protocols import AsymptoticDecoyBB84, GaussianCV, TwoDecoyFiniteKey
from qkdopt.physics.surface import KeyRateSurface

LOSSES, NOISES = [2.0, 5.0, 12.0], [1e-6, 1e-5, 2e-4, 1e-3]
RATES = [[900.0, 800.0, 100.0, 0.0], [500.0, 500.0, 20.0, 0.0], [30.0, 1.0, 0.0, 0.0]]


def surface(**changes):
    grid = {"losses_db": LOSSES, "noises_per_gate": NOISES, "skr_bps": RATES}
    return KeyRateSurface(**grid | changes)


def test_grid_points_are_met():
    np.testing.assert_allclose(
        surface()(np.array(LOSSES)[:, None], np.array(NOISES)[None, :]), RATES, rtol=1e-12
    )


def test_between_points_it_is_linear_in_noise_and_in_transmittance():
    middle_db = -10.0 * np.log10(0.5 * (10.0**-0.2 + 10.0**-0.5))
    assert float(surface()(middle_db, 1e-5)) == pytest.approx(650.0)
    assert float(surface()(2.0, 0.5 * (1e-5 + 2e-4))) == pytest.approx(450.0)
    assert float(surface()(middle_db, 0.5 * (1e-5 + 2e-4))) == pytest.approx(0.25 * 1420.0)


def test_before_the_first_point_the_first_holds_and_beyond_the_last_is_no_key():
    assert float(surface()(0.0, 0.0)) == 900.0
    assert float(surface()(12.0, 0.0)) == 30.0
    assert float(surface()(12.01, 0.0)) == 0.0
    assert float(surface()(2.0, 2e-3)) == 0.0


@given(
    st.lists(st.floats(0.0, 14.0), min_size=2, max_size=2),
    st.lists(st.floats(0.0, 1.2e-3), min_size=2, max_size=2),
)
def test_it_never_rises(losses, noises):
    (low, high), (few, many) = sorted(losses), sorted(noises)
    assert float(surface()(high, many)) <= float(surface()(low, few)) + 1e-9


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"skr_bps": [RATES[0], [500.0, 500.0, 120.0, 0.0], RATES[2]]},
            "rises with loss at noise 0",
        ),
        ({"skr_bps": [RATES[0], [500.0, 510.0, 20.0, 0.0], RATES[2]]}, "rises with noise at 5 dB"),
        ({"skr_bps": [[900.0, 800.0, 100.0, 1.0], *RATES[1:]]}, "1 bit/s at 2 dB and the last"),
        ({"skr_bps": RATES[:2]}, "2 x 4 rates; expected 3 x 4"),
        ({"skr_bps": [RATES[0], [500.0, -1.0, 20.0, 0.0], RATES[2]]}, "negative"),
        ({"skr_bps": [RATES[0], [float("nan"), 1.0, 20.0, 0.0], RATES[2]]}, "not a number"),
        ({"losses_db": [2.0, 12.0, 5.0]}, "losses_db: 5 follows 12"),
        ({"losses_db": [2.0], "skr_bps": RATES[:1]}, "losses_db: 1 given; expected two or more"),
        ({"noises_per_gate": [-1.0, 1e-5, 2e-4, 1e-3]}, "noises_per_gate: a value is negative"),
    ],
)
def test_a_grid_that_breaks_a_rule_is_refused(changes, words):
    with pytest.raises(FaultsError) as caught:
        surface(**changes)
    assert any(words in fault for fault in caught.value.faults), caught.value.faults


@pytest.mark.parametrize("protocol", [AsymptoticDecoyBB84(), TwoDecoyFiniteKey(), GaussianCV()])
def test_a_fine_surface_of_a_protocol_is_the_protocol(protocol):
    losses = np.linspace(2.0, 12.0, 41)
    noises = np.concatenate([[0.0], np.geomspace(1e-6, 3.0, 200)])
    made = KeyRateSurface.of(protocol, losses, noises)
    inside = losses[:-1, None] + 0.12, np.sqrt(noises[1:-1] * noises[2:])
    exact = protocol.rates(*inside).skr_bps
    assert np.abs(made(*inside) - exact).max() <= 0.015 * exact.max()


def test_key_left_at_the_last_noise_is_refused():
    with pytest.raises(FaultsError, match="beyond it the rate is unknown"):
        KeyRateSurface.of(AsymptoticDecoyBB84(), [0.0, 10.0], [0.0, 1e-5])
