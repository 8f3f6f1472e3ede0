"""The compiled simulator against slow, separate ways of the same."""

from __future__ import annotations

import math

import numpy as np
import pytest

import qkdopt
from qkdopt.heuristics import ds_qkd, fixed
from qkdopt.instance import Instance
from qkdopt.problem import Problem, build_problem
from qkdopt.problem.plan import BLOCKED, Plan, assess
from qkdopt.simulation import SimulationOptions, simulate
from qkdopt.simulation import tally as t
from qkdopt.simulation.kernel import widest_skr
from qkdopt.simulation.simulator import Simulator
from qkdopt.simulation.state import ACTIVE
from qkdopt.simulation.tally import COLUMNS, LINK_COLUMNS
from qkdopt.simulation.traffic import Requests, poisson_requests
from tests.random_instances import random_instance


def requests_of(instance: Instance, holding: float = 1e9) -> Requests:
    """The demand list as requests that never leave."""
    position = {node.id: n for n, node in enumerate(instance.network.nodes)}
    codes = [position[d.source] * len(position) + position[d.target] for d in instance.demands]
    count = len(codes)
    return Requests(
        times=np.arange(count, dtype=np.float64),
        holding=np.full(count, holding),
        pairs=np.array(codes, dtype=np.int64),
        lightpath_counts=np.array([d.channels for d in instance.demands], dtype=np.int64),
        draws=np.zeros(count),
    )


def serve(simulator: Simulator, requests: Requests) -> tuple[np.ndarray, np.ndarray]:
    tally = np.zeros(COLUMNS)
    links = np.zeros((len(simulator.net.candidates), LINK_COLUMNS))
    simulator.serve(requests, tally, links)
    return tally, links


def begin(instance: Instance, **options) -> Simulator:
    return Simulator.begin(
        instance, SimulationOptions(**options), arrivals_per_time=3.0, widest_demand=3
    )


def lit(simulator: Simulator) -> set[tuple[int, int, int]]:
    """(link, fibre, channel) of every lit channel, from the free bits."""
    net, state = simulator.net, simulator.state
    return {
        (e, f, int(net.order[p]))
        for e in range(state.free.shape[0])
        for f in range(2)
        for p in range(len(net.order))
        if ((net.usable[e, f, p >> 6] & ~state.free[e, f, p >> 6]) >> (p & 63)) & 1
    }


def lit_by_plan(problem: Problem, plan: Plan) -> set[tuple[int, int, int]]:
    return {
        (e, int(problem.tables.fibres[0 if forward else 1]), channel)
        for r, number in enumerate(plan.routes)
        if number != BLOCKED
        for e, forward in zip(
            problem.routes[r][number].links, problem.routes[r][number].forward, strict=True
        )
        for channel in plan.channels[r]
    }


def rates_at_arrival(instance: Instance, heuristic) -> list[float]:
    """Key rate of every demand [bit/s] where only those before it are there; 0 when blocked."""
    rates = []
    for r in range(len(instance.demands)):
        before = instance.model_copy(update={"demands": instance.demands[: r + 1]})
        problem = build_problem(before, "mean")
        rates.append(float(assess(problem, heuristic(problem)).demand_skr_bps[r]))
    return rates


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize(("strategy", "heuristic"), [("ds-qkd", ds_qkd), ("fixed", fixed)])
def test_without_departures_it_is_the_heuristic(seed, strategy, heuristic):
    instance = random_instance(
        seed, most_demands=9, channels=(5, 9), floors=False, relay="lightpath"
    )
    problem = build_problem(instance, "mean")
    plan = heuristic(problem)
    simulator = begin(instance, strategy=strategy)
    tally, _ = serve(simulator, requests_of(instance))
    exact = assess(problem, plan)
    assert tally[t.SERVED] == exact.served
    assert tally[t.SKR] == pytest.approx(sum(rates_at_arrival(instance, heuristic)), rel=1e-9)
    assert lit(simulator) == lit_by_plan(problem, plan)
    state = simulator.state
    working = np.array(plan.working)
    for e in np.flatnonzero(simulator.net.candidates):
        assert state.noise[e, state.working[e]] == pytest.approx(
            state.noise[e, working[e]], rel=1e-12, abs=1e-18
        )


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(
    "options",
    [
        {"strategy": "ds-qkd"},
        {"strategy": "ds-qkd", "order": "random", "retune": "threshold"},
        {"strategy": "ds-qkd", "order": "most-used", "retune": "arrival"},
        {"strategy": "ds-qkd", "order": "raman-aware", "retune": "never"},
        {"strategy": "ds-qkd-synergistic", "replacements": 1},
        {"strategy": "ds-qkd-synergistic", "policy": "rate-weighted-harm"},
        {"strategy": "ds-qkd-synergistic", "policy": "equalisation", "retune": "never"},
    ],
    ids=lambda options: "-".join(map(str, options.values())),
)
def test_state_is_what_the_active_demands_make_it(seed, options):
    instance = random_instance(seed, most_demands=3, channels=(5, 9), floors=False)
    simulator = begin(instance, **options)
    lightpath_counts = np.random.default_rng(seed).integers(1, 4, 3000)
    (drawn,) = poisson_requests(instance, 6.0, seed, 0, [3000])
    tally, _ = serve(
        simulator, Requests(drawn.times, drawn.holding, drawn.pairs, lightpath_counts, drawn.draws)
    )
    net, state = simulator.net, simulator.state
    noise, blockers = net.background_noise.copy(), np.zeros_like(state.blockers)
    expected = set()
    asked = dict(zip((drawn.times + drawn.holding).tolist(), drawn.pairs.tolist(), strict=True))
    assert state.counters[ACTIVE] > 0
    for slot in state.active_slot[: state.counters[ACTIVE]]:
        route = state.slot_route[slot]
        # Wherever it was moved, a demand joins the nodes that it was asked for.
        first, last = net.route_hop[route], net.route_hop[route + 1] - 1
        source = net.ends[net.hop_link[first], net.hop_direction[first]]
        target = net.ends[net.hop_link[last], 1 - net.hop_direction[last]]
        assert source * net.nodes + target == asked[float(state.slot_time[slot])]
        for h in range(net.route_hop[route], net.route_hop[route + 1]):
            for p in state.slot_position[slot, : state.slot_width[slot]]:
                place = (int(net.hop_link[h]), int(net.hop_fibre[h]), int(net.order[p]))
                assert place not in expected, "two lightpaths on one channel"
                expected.add(place)
                noise[place[0]] += net.noise[place[0], net.hop_direction[h], p]
                blockers[place[0]] += net.blocks[place[0], net.hop_direction[h], p]
    assert lit(simulator) == expected
    for e in range(len(noise)):
        q = slice(0, net.candidates[e])
        assert np.allclose(state.noise[e, q], noise[e, q], rtol=1e-9, atol=1e-15)
        if simulator.mode.working_only:
            assert np.array_equal(state.blockers[e, q], blockers[e, q])
        if net.candidates[e]:
            # Whatever the policy, light never enters the working channel's guard band.
            assert blockers[e, state.working[e]] == 0
    offered = tally[t.SERVED] + sum(tally[t.NO_FREE_CHANNEL + k] for k in range(3))
    assert offered == tally[t.OFFERED] == 3000


def test_noise_does_not_drift_over_a_million_requests():
    instance = qkdopt.read_instance("instances/nsfnet_100erl_4ch.json")
    simulator = Simulator.begin(instance, SimulationOptions(), arrivals_per_time=100.0)
    for requests in poisson_requests(instance, 100.0, 7, 0, [100_000] * 10):
        serve(simulator, requests)
    net, state = simulator.net, simulator.state
    noise = net.background_noise.copy()
    for slot in state.active_slot[: state.counters[ACTIVE]]:
        route = state.slot_route[slot]
        for h in range(net.route_hop[route], net.route_hop[route + 1]):
            noise[net.hop_link[h]] += net.noise[
                net.hop_link[h], net.hop_direction[h], state.slot_position[slot, 0]
            ]
    assert np.allclose(state.noise, noise, rtol=1e-9, atol=0.0)


@pytest.mark.parametrize("layout", ["single", "pair"])
@pytest.mark.parametrize("reverse", [False, True])
def test_one_lit_demand_has_the_key_rate_that_check_recomputes(layout, reverse):
    data = {
        "schema": "qkdopt/instance/1",
        "name": "one",
        "network": {
            "nodes": [{"id": n} for n in range(3)],
            "links": [
                {"id": "a", "a": 0, "b": 1, "length_km": 12.0},
                {"id": "b", "a": 2, "b": 1, "length_km": 17.0},
            ],
        },
        "grid": {"channels": 40},
        "fibre": {"layout": layout},
        "classical": {"launch_dbm": -12.4},
        "qkd": {"candidates": [3, 13, 23, 33], "reserve": "all"},
        "demands": [{"id": 0, "source": 2 if reverse else 0, "target": 0 if reverse else 2}],
    }
    instance = Instance.model_validate(data, strict=False)
    tally, _ = serve(begin(instance), requests_of(instance))
    result = qkdopt.solve(instance, strategy="ds-qkd")
    checked = qkdopt.check(instance, result)
    assert checked.faults == ()
    assert tally[t.SKR] == pytest.approx(checked.demand_skr_bps["0"], rel=1e-12)


@pytest.mark.parametrize(
    ("channels", "load", "requests"),
    [(4, 3.0, 200_000), (10, 8.0, 200_000), (70, 60.0, 1_000_000)],
)
def test_one_link_blocks_as_erlang_says(channels, load, requests):
    data = {
        "schema": "qkdopt/instance/1",
        "name": "mmcc",
        "network": {
            "nodes": [{"id": 0}, {"id": 1}],
            "links": [{"id": "0-1", "a": 0, "b": 1, "length_km": 10.0, "qkd": False}],
        },
        "grid": {"channels": channels, "first_thz": 190.0},
        "classical": {"launch_dbm": -12.4},
    }
    instance = Instance.model_validate(data, strict=False)
    found = simulate(instance, load_erlang=load, requests=requests, replications=8).blocking
    inverse = sum(math.exp(math.lgamma(channels + 1) - math.lgamma(k + 1)
                  + (k - channels) * math.log(load)) for k in range(channels + 1))  # fmt: skip
    assert found.ci95 < 0.015 * found.value
    assert found.value == pytest.approx(1.0 / inverse, abs=found.ci95)


def test_widest_relay_is_the_best_bottleneck():
    instance = random_instance(3, relay="widest", shape="mesh", most_demands=3, floors=False)
    simulator = begin(instance)
    serve(simulator, requests_of(instance))
    rates = {}
    nodes = len(instance.network.nodes)
    for source in range(nodes):
        for target in range(nodes):
            if source != target:
                rates[source, target] = widest_skr(simulator.net, simulator.state, source, target)
    skr = simulator.state.skr
    assert len(rates) == nodes * (nodes - 1)
    assert any(rate > 0.0 for rate in rates.values())
    for (source, target), rate in rates.items():
        # A threshold just above the widest rate must cut the two nodes apart, one below not.
        for level, joined in ((rate * (1 + 1e-9) + 1e-9, False), (rate * (1 - 1e-9), True)):
            reached = {source}
            for _ in range(nodes):
                for e, (a, b) in enumerate(simulator.net.ends):
                    if skr[e] >= level and (a in reached or b in reached):
                        reached |= {int(a), int(b)}
            if joined and rate == 0.0:
                # Links without key still join; that they carry none is the other check.
                continue
            assert (target in reached) == joined


def test_each_replacement_of_an_arrival_takes_another_demand():
    instance = qkdopt.read_instance("instances/nsfnet_100erl_4ch.json")
    moves = [
        simulate(
            instance,
            SimulationOptions(strategy="ds-qkd-synergistic", replacements=count),
            requests=8000,
        ).moves_per_request.value
        for count in (1, 2, 4)
    ]
    # The second try of the same demand never moved it.
    assert moves[1] > 1.2 * moves[0]
    assert moves[2] > 1.2 * moves[1]


@pytest.mark.parametrize("threshold", [0.2, 0.9])
def test_threshold_retunes_less_than_always_and_never_retunes_not(threshold):
    instance = qkdopt.read_instance("instances/nsfnet_100erl_4ch.json")

    def run(**options):
        return simulate(instance, SimulationOptions(**options), requests=50_000)

    always, never = run(retune="always"), run(retune="never")
    arrival, some = run(retune="arrival"), run(retune="threshold", threshold=threshold)
    assert never.switches_per_request.value == 0.0
    assert 0.0 < some.switches_per_request.value < always.switches_per_request.value
    assert 0.0 < arrival.switches_per_request.value < always.switches_per_request.value
    values = [run.mean_skr_bps.value for run in (never, some, always)]
    assert values == sorted(values)


@pytest.mark.parametrize("seed", range(6))
def test_tabulated_key_rates_are_as_near_as_they_say(seed):
    problem = build_problem(random_instance(seed, floors=False), "mean")
    net = begin(problem.instance).net
    rng = np.random.default_rng(seed)
    last = net.curve.shape[2] - 1
    assert net.candidates.sum() > 0
    for e in range(len(net.candidates)):
        for q in range(net.curve.shape[1] if net.candidates[e] else 0):
            noise = rng.uniform(0.0, 1.1 * last / net.curve_steps[e, q], 500)
            place = noise * net.curve_steps[e, q]
            read = np.interp(place, np.arange(last + 1), net.curve[e, q])
            exact = problem.tables.skr_bps(e, noise, np.full(500, net.transmittance[e, q]))
            assert np.abs(read - exact).max() <= net.curve_error[e, q]
            assert net.curve_error[e, q] <= 1e-4 * net.curve[e, q, 0]
