"""Tables, kernels and the checker read one surface alike, each by its own interpolation."""

import numpy as np
import pytest

from qkdopt.checker.surface import surface_rate
from qkdopt.physics.compiled_keyrate import key_rate
from qkdopt.problem import build_problem
from qkdopt.simulation.network import rate_curves
from tests.surface_instances import LOSSES, NOISES, surface_instance


@pytest.mark.parametrize("seed", range(3))
def test_three_interpolations_agree(seed):
    tables = build_problem(surface_instance(seed)).tables
    grid, eta_d = tables.instance.qkd.surface, tables.instance.qkd.detector_efficiency
    rate, table = tables.key_rate_arguments()
    rng = np.random.default_rng(seed)
    losses = [*rng.uniform(0.0, 31.0, 60), *LOSSES, 0.0, 30.5]
    noises = [*10.0 ** rng.uniform(-8.0, -2.0, 10), *NOISES, 0.0, 2e-3 * (1.0 + 1e-12)]
    for loss in losses:
        eta = eta_d * 10.0 ** (-loss / 10.0)
        plain = tables.skr_bps(0, np.array(noises), np.array(eta))
        compiled = [key_rate(noise, eta, rate[0], table) for noise in noises]
        own = [surface_rate(grid, float(loss), noise) for noise in noises]
        np.testing.assert_allclose(compiled, plain, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(own, plain, rtol=1e-9, atol=1e-9)


def test_each_link_has_the_curve_of_its_own_loss():
    tables = build_problem(surface_instance(4)).tables
    instance = tables.instance
    for e, link in enumerate(instance.network.links):
        loss = link.loss_db + instance.qkd.insertion_loss_db
        for c, _ in enumerate(tables.candidates[e]):
            found = float(tables.skr_bps(e, np.array(3e-5), tables.transmittance[e, c]))
            assert found == pytest.approx(surface_rate(instance.qkd.surface, loss, 3e-5))


def test_a_link_without_qkd_has_no_key():
    tables = build_problem(surface_instance(1)).tables
    assert not tables.skr_bps(0, np.zeros(3), np.zeros(3)).any()


@pytest.mark.parametrize("seed", range(4))
def test_the_simulators_curves_are_as_near_as_they_say(seed):
    tables = build_problem(surface_instance(seed)).tables
    eta = np.where(tables.transmittance > 0.0, tables.transmittance, 0.1)
    alike = np.zeros(len(eta), dtype=np.int64)
    curve, steps, distance = rate_curves(tables, eta, alike)
    rng = np.random.default_rng(seed)
    last = curve.shape[2] - 1
    for e in range(len(eta)):
        for q in range(curve.shape[1]):
            noise = rng.uniform(0.0, 1.1 * last / steps[e, q], 2000)
            read = np.interp(noise * steps[e, q], np.arange(last + 1), curve[e, q])
            exact = tables.skr_bps(e, noise, np.full(2000, eta[e, q]))
            assert np.abs(read - exact).max() <= distance[e, q]


def test_the_simulators_curves_know_of_a_cliff_between_their_points():
    cliff = 5.00001e-5
    rates = [[1e4, 1e4, 100.0, 0.0], [9e3, 9e3, 90.0, 0.0]]
    surface = {
        "losses_db": [0.0, 40.0],
        "noises_per_gate": [0.0, cliff, cliff * (1.0 + 1e-9), 2e-3],
        "skr_bps": rates,
    }
    instance = surface_instance(0).replace(qkd={"surface": surface})
    tables = build_problem(instance).tables
    eta = np.full((1, 1), 0.2)
    curve, steps, distance = rate_curves(tables, eta, np.zeros(1, dtype=np.int64))
    noise = cliff * (1.0 + np.linspace(-1e-3, 1e-3, 20_001))
    read = np.interp(noise * steps[0, 0], np.arange(curve.shape[2]), curve[0, 0])
    exact = tables.skr_bps(0, noise, np.full(len(noise), 0.2))
    assert np.abs(read - exact).max() <= distance[0, 0]
