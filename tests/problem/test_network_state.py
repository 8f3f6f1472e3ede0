"""The network's state: kept incrementally, it is what the lit channels make it."""

from __future__ import annotations

import numpy as np
import pytest

from qkdopt.heuristics import ds_qkd, ds_qkd_synergistic
from qkdopt.heuristics.spectrum import Spectrum, spectrum_of
from qkdopt.problem import build_problem
from qkdopt.problem.network_state import LightMode, NetworkState, dark_state
from qkdopt.problem.network_tables import (
    NetworkTables,
    flags_of,
    network_tables,
    position_of,
)
from qkdopt.problem.plan import BLOCKED, candidate_noise, lit_channels
from qkdopt.simulation.network import CompiledNetwork
from qkdopt.simulation.state import Mode, State
from tests.random_instances import random_instance


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("heuristic", [ds_qkd, ds_qkd_synergistic])
def test_noise_and_guards_are_those_of_the_lit_channels(seed, heuristic):
    problem = build_problem(random_instance(seed, most_demands=9, channels=(4, 9)))
    tables, plan = problem.tables, heuristic(problem)
    spectrum, lit = spectrum_of(problem, plan), lit_channels(problem, plan)
    noise = candidate_noise(problem, lit)
    in_fibre = (lit * tables.in_quantum_fibre[:, :, None]).sum(axis=1) > 0
    blocked = (tables.blocks & in_fibre[:, None, :]).any(axis=2)
    for e, count in enumerate(tables.candidate_count):
        assert np.allclose(spectrum.noise(e)[:count], noise[e, :count], rtol=1e-12, atol=0.0)
        assert np.array_equal(spectrum.legal(e)[:count], ~blocked[e, :count])
        assert not spectrum.legal(e)[count:].any()


@pytest.mark.parametrize("seed", range(20))
def test_a_channel_is_dark_where_no_lightpath_of_its_fibre_is(seed):
    problem = build_problem(random_instance(seed, most_demands=9, channels=(4, 9)))
    plan = ds_qkd(problem)
    spectrum, lit = spectrum_of(problem, plan), lit_channels(problem, plan)
    single = problem.tables.fibres[0] == problem.tables.fibres[1]
    compared = 0
    for r, routes in enumerate(problem.routes):
        for p, route in enumerate(routes):
            number = spectrum.route_number(r, p)
            used = [lit[e].sum(axis=0) if single else lit[e, d] for e, d, _ in route.hops]
            dark = np.sum(used, axis=0) == 0
            usable = np.all([problem.tables.usable[e, d] for e, d, _ in route.hops], axis=0)
            assert np.array_equal(spectrum.dark(number), dark)
            assert np.array_equal(spectrum.unreserved(number), usable)
            assert not (spectrum.free(number) & ~(dark & usable)).any()
            compared += 1
    assert compared > 0


@pytest.mark.parametrize("seed", range(20))
def test_what_is_lit_and_put_out_leaves_no_trace(seed):
    problem = build_problem(random_instance(seed, most_demands=6, channels=(4, 9)))
    spectrum, dark = Spectrum(problem), Spectrum(problem)
    r = next(r for r, routes in enumerate(problem.routes) if routes)
    number = spectrum.route_number(r)
    channels = np.flatnonzero(dark.free(number))
    for channel in channels[:1]:
        spectrum.light(number, int(channel))
        assert not spectrum.free(number)[channel]
        spectrum.release(number, int(channel))
    assert np.array_equal(spectrum.free(number), dark.free(number))
    for e in range(len(problem.tables.candidates)):
        # To the last bit: a dark link starts again from its floor.
        assert np.array_equal(spectrum.noise(e), dark.noise(e))


@pytest.mark.parametrize("seed", range(20))
def test_room_is_looked_for_without_a_change(seed):
    problem = build_problem(random_instance(seed, most_demands=9, channels=(3, 6)))
    spectrum = Spectrum(problem)
    routes, _ = spectrum.first_fit()
    numbers = range(spectrum.route_number(len(problem.routes)))
    before = [spectrum.free(number) for number in numbers]
    for r, route in enumerate(routes):
        if route == BLOCKED:
            assert not spectrum.has_room(r)
        spectrum.has_room(r)
    for number, free in zip(numbers, before, strict=True):
        assert np.array_equal(spectrum.free(number), free)


@pytest.mark.parametrize("width", [5, 62, 63, 130])
def test_channels_are_packed_in_any_order(width):
    instance = random_instance(3, channels=(width, width))
    problem = build_problem(instance)
    channels = np.random.default_rng(width).permutation(width)
    net = network_tables(problem.tables, problem.routes, channels=channels)
    placed = net.order[net.order >= 0]
    assert np.array_equal(placed, channels)
    usable = flags_of(net.usable, net.order)
    single = problem.tables.fibres[0] == problem.tables.fibres[1]
    expected = problem.tables.usable
    if single:
        expected = np.repeat(expected.all(axis=1, keepdims=True), 2, axis=1)
    assert np.array_equal(usable, expected)
    plain = network_tables(problem.tables, problem.routes)
    assert [int(plain.order[position_of(w)]) for w in range(width)] == list(range(width))


def test_the_simulation_keeps_the_same_state_and_more():
    assert CompiledNetwork._fields[: len(NetworkTables._fields)] == NetworkTables._fields
    assert State._fields[: len(NetworkState._fields)] == NetworkState._fields
    assert Mode._fields[: len(LightMode._fields)] == LightMode._fields


def test_a_dark_network_has_its_floor():
    problem = build_problem(random_instance(1))
    net = network_tables(problem.tables, problem.routes)
    state = dark_state(net)
    assert np.array_equal(state.noise, problem.tables.background_noise)
    state.noise[:] = 1.0
    net.background_noise[:] = 1.0
    assert not (problem.tables.background_noise == 1.0).any(), "the tables are not written to"
