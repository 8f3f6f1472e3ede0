"""Degradations against slow, separate ways of the same, and against what must hold of them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import qkdopt
from qkdopt.errors import UsageError
from qkdopt.instance import Instance
from qkdopt.problem.coefficients import build_tables
from qkdopt.problem.routes import RouteFinder
from qkdopt.simulation import (
    EVENTS,
    Estimate,
    EventOptions,
    SimulationOptions,
    Survival,
    simulate,
    simulate_failures,
)
from qkdopt.simulation import failure_state as d
from qkdopt.simulation import tally as t
from qkdopt.simulation.event_simulation import DegradingNetwork
from qkdopt.simulation.events import FailureEvent, failure_events
from qkdopt.simulation.state import ACTIVE
from qkdopt.simulation.tally import COLUMNS, LINK_COLUMNS
from qkdopt.simulation.traffic import Requests, poisson_requests
from tests.random_instances import random_instance

RING = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)]


def small_instance(
    candidates=(1, 6), channels=10, relay="lightpath", reserve="all", layout="single", k=2
) -> Instance:
    data = {
        "schema": "qkdopt/instance/1",
        "name": "ring",
        "network": {
            "nodes": [{"id": n} for n in range(4)],
            "links": [
                {"id": f"{a}-{b}", "a": a, "b": b, "length_km": 9.0 + 3.0 * e}
                for e, (a, b) in enumerate(RING)
            ],
        },
        "grid": {"channels": channels},
        "fibre": {"layout": layout},
        "classical": {"launch_dbm": -9.0},
        "qkd": {"candidates": list(candidates), "reserve": reserve, "relay": relay},
        "routes": {"k": k},
    }
    return Instance.model_validate(data, strict=False)


def begin(instance, kind, *, load=6.0, seed=0, options=None, **how) -> DegradingNetwork:
    return DegradingNetwork.begin(
        instance, options or SimulationOptions(), EventOptions(kind=kind, **how),
        load_erlang=load, seed=seed,
    )  # fmt: skip


def serve(network: DegradingNetwork, requests: Requests) -> None:
    """Serve without events."""
    links = np.zeros((len(network.simulator.net.candidates), LINK_COLUMNS))
    network.simulator.serve(requests, np.zeros(COLUMNS), links)


def active(network: DegradingNetwork) -> np.ndarray:
    state = network.simulator.state
    return state.active_slot[: state.counters[ACTIVE]]


def lightpaths(network: DegradingNetwork) -> list[tuple[tuple[tuple[int, int], ...], list[int]]]:
    """Hops (link, side) and channels of every active demand."""
    net, state = network.simulator.net, network.simulator.state
    return [
        (
            tuple(
                (int(net.hop_link[h]), int(net.hop_direction[h]))
                for h in range(net.route_hop[route], net.route_hop[route + 1])
            ),
            [int(net.order[p]) for p in state.slot_position[slot, : state.slot_width[slot]]],
        )
        for slot in active(network)
        for route in [state.slot_route[slot]]
    ]


class Slow:
    """Key rates from the physics' tables and the active demands, in plain Python."""

    def __init__(self, network: DegradingNetwork) -> None:
        self.instance = network.simulator.instance
        self.tables = build_tables(self.instance)
        self.demands = lightpaths(network)
        self.working = network.simulator.state.working.copy()
        self.extra: dict[tuple[int, int], float] = {}
        self.dead: set[tuple[int, int]] = set()

    def link_skr(self, e: int) -> float:
        q = int(self.working[e])
        if (e, q) in self.dead:
            return 0.0
        noise = self.tables.background_noise[e, q] + self.extra.get((e, q), 0.0)
        for hops, channels in self.demands:
            for link, side in hops:
                noise += sum(self.tables.noise[e, side, w, q] for w in channels if link == e)
        return float(self.tables.skr_bps(e, np.array(noise), self.tables.transmittance[e, q]))

    def retune(self) -> None:
        for e, count in enumerate(self.tables.candidate_count):
            rates = []
            for q in range(count):
                self.working[e] = q
                rates.append(self.link_skr(e))
            self.working[e] = int(np.argmax(rates))

    def rates(self) -> list[float]:
        rate = {e: self.link_skr(e) for e in range(len(self.tables.candidate_count))}
        if self.instance.qkd.relay == "lightpath":
            return [min(rate[e] for e, _ in hops) for hops, _ in self.demands]
        ends = [(link.a, link.b) for link in self.instance.network.links]
        return [self._widest(rate, ends, hops) for hops, _ in self.demands]

    def _widest(self, rate, ends, hops) -> float:
        """By trying every set of links that join the two nodes: the best worst one."""
        source = ends[hops[0][0]][hops[0][1]]
        target = ends[hops[-1][0]][1 - hops[-1][1]]
        for level in sorted(rate.values(), reverse=True):
            reached = {source}
            for _ in ends:
                for e, pair in enumerate(ends):
                    if rate[e] >= level and reached & set(pair):
                        reached |= set(pair)
            if target in reached:
                return level
        raise AssertionError


def busy(instance, kind, *, seed=0, options=None, requests=400, **how) -> DegradingNetwork:
    network = begin(instance, kind, seed=seed, options=options, **how)
    (drawn,) = poisson_requests(instance, 6.0, seed, 0, [requests])
    serve(network, drawn)
    return network


def now(network: DegradingNetwork) -> float:
    """A moment before the next departure."""
    return float(network.simulator.state.slot_time[active(network)].min()) - 1e-9


def later_requests(instance, network, load=6.0) -> Requests:
    (later,) = poisson_requests(instance, load, 5, 0, [500])
    return Requests(
        now(network) + later.times, later.holding, later.pairs, later.lightpath_counts, later.draws
    )


def fail(network, link, draw=0.3) -> np.ndarray:
    failed = np.zeros(d.EVENT_COLUMNS)
    network.apply_events(FailureEvent(now(network), link, True, draw), failed)
    return failed


@pytest.mark.parametrize("relay", ["lightpath", "widest"])
@pytest.mark.parametrize("kind", ["noise", "receiver"])
@pytest.mark.parametrize("target", ["working", "any"])
@pytest.mark.parametrize(("link", "retune"), [(0, "always"), (2, "never"), (4, "always")])
def test_what_survives_is_what_physics_says(relay, kind, target, link, retune):
    instance = small_instance(relay=relay)
    options = SimulationOptions(retune=retune)
    network = busy(instance, kind, seed=link, options=options, target=target)
    slow = Slow(network)
    before = slow.rates()
    hit = int(slow.working[link]) if target == "working" else int(0.3 * 2)
    if kind == "noise":
        slow.extra[link, hit] = 3e-3
    else:
        slow.dead.add((link, hit))
    at_event = slow.rates()
    if retune == "always":
        slow.retune()
    after = slow.rates()
    touched = [k for k, rate in enumerate(at_event) if rate < before[k] * (1 - 1e-9)]

    failed = fail(network, link)

    assert failed[d.HIT] == 1
    assert failed[d.DEMANDS] == len(before) > 3
    for column, rates in ((d.BEFORE, before), (d.AT_EVENT, at_event), (d.AFTER, after)):
        assert failed[column] == pytest.approx(sum(rates), rel=1e-9)
    assert failed[d.AFFECTED] == len(touched)
    for column, rates in (
        (d.AFFECTED_BEFORE, before), (d.AFFECTED_AT_EVENT, at_event), (d.AFFECTED_AFTER, after),
    ):  # fmt: skip
        assert failed[column] == pytest.approx(sum(rates[k] for k in touched), rel=1e-9)
    assert failed[d.AFFECTED_WITH_KEY] == sum(after[k] > 0.0 for k in touched)
    assert failed[d.WITHOUT_KEY] == sum(rate <= 0.0 for rate in after)


def slots_of_calendar(network) -> list[int]:
    state = network.simulator.state
    listed: list[int] = []
    for first in state.day_first:
        slot = int(first)
        while slot >= 0:
            listed.append(slot)
            slot = int(state.slot_next[slot])
            assert len(listed) <= len(state.slot_next), "a day that never ends"
    return listed


@pytest.mark.parametrize("link", range(5))
def test_torn_down_demands_are_out_of_the_calendar(link):
    # Days as long as for a far smaller load: several demands leave on each.
    network = busy(small_instance(channels=30), "cut", load=0.02)
    before = slots_of_calendar(network)
    assert sorted(before) == sorted(active(network))
    torn = fail(network, link)[d.TORN]
    assert torn > 0
    assert sorted(slots_of_calendar(network)) == sorted(active(network))
    assert len(active(network)) == len(before) - torn


def first_fit(instance, demands, cut, source, target, width):
    """Route and channels of a demand on what others leave, by Table I; None without room."""
    tables = build_tables(instance)
    sides = tables.fibres
    lit = {(e, int(sides[side]), w) for hops, channels in demands for e, side in hops
           for w in channels}  # fmt: skip
    for route in RouteFinder(instance).shortest(source, target, instance.routes.k):
        hops = [(e, int(not f)) for e, f in zip(route.links, route.forward, strict=True)]
        if any(e == cut for e, _ in hops):
            continue
        free = [
            w
            for w in range(instance.grid.channels)
            if all(
                (e, int(sides[side]), w) not in lit
                # In one fibre for both directions a channel is reserved for both.
                and all(tables.usable[e, s, w] for s in range(2) if sides[s] == sides[side])
                for e, side in hops
            )
        ]
        if len(free) >= width:
            return tuple(hops), free[:width]
    return None


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("restore", [False, True])
@pytest.mark.parametrize("layout", ["single", "pair"])
def test_a_cut_tears_down_and_restores_what_a_slow_network_does(seed, restore, layout):
    instance = small_instance(channels=8, candidates=(1,), layout=layout)
    network = busy(instance, "cut", seed=seed, restore=restore)
    state = network.simulator.state
    slow, slots = Slow(network), active(network).copy()
    until = state.slot_time[slots]
    cut = seed % len(RING)
    torn = [k for k, (hops, _) in enumerate(slow.demands) if any(e == cut for e, _ in hops)]
    before = slow.rates()
    kept = [one for k, one in enumerate(slow.demands) if k not in torn]
    places: list = list(slow.demands)
    restored = 0
    for k in sorted(torn, key=lambda k: -until[k]):
        hops, channels = slow.demands[k]
        source, target = RING[hops[0][0]][hops[0][1]], RING[hops[-1][0]][1 - hops[-1][1]]
        places[k] = None
        found = first_fit(instance, kept, cut, source, target, len(channels)) if restore else None
        if found:
            places[k] = found
            kept.append(found)
            restored += 1
    slow.demands, slow.dead = kept, {(cut, 0)}

    failed = fail(network, cut)

    expected = sorted(
        (round(float(until[k]), 12), place) for k, place in enumerate(places) if place is not None
    )
    found_now = sorted(
        (round(float(state.slot_time[slot]), 12), place)
        for slot, place in zip(active(network), lightpaths(network), strict=True)
    )
    assert found_now == expected
    assert failed[d.TORN] == len(torn)
    assert failed[d.RESTORED] == restored
    assert failed[d.BEFORE] == pytest.approx(sum(before), rel=1e-9)
    assert failed[d.AFTER] == pytest.approx(sum(slow.rates()), rel=1e-9)
    if torn and not restore:
        assert failed[d.WITHOUT_KEY] >= len(torn)


def test_a_cut_link_takes_no_light_and_gives_it_back():
    instance = small_instance(channels=8)
    network = busy(instance, "cut")
    state, net = network.simulator.state, network.simulator.net
    fail(network, 1)
    serve(network, later_requests(instance, network, 18.0))
    assert len(active(network)) > 3
    assert state.light[1] == 0
    assert all(e != 1 for hops, _ in lightpaths(network) for e, _ in hops)
    network.apply_events(FailureEvent(now(network), 1, False, 0.0), np.zeros(d.EVENT_COLUMNS))
    assert np.array_equal(state.free[1], net.usable[1])
    serve(network, later_requests(instance, network, 18.0))
    assert any(e == 1 for hops, _ in lightpaths(network) for e, _ in hops)


@pytest.mark.parametrize("kind", EVENTS)
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("strategy", ["ds-qkd", "ds-qkd-synergistic"])
def test_nothing_remains_after_repair(kind, seed, strategy):
    instance = random_instance(seed, most_demands=1, channels=(5, 9), floors=False)
    if not any(link.qkd for link in instance.network.links):
        pytest.skip("no link with QKD")
    options = SimulationOptions(strategy=strategy, order="most-used")
    network = begin(instance, kind, options=options, restore=kind == "cut", rate=3.0, repair=0.3)
    stretches = poisson_requests(instance, 6.0, seed, 0, [2000])
    failed = network.serve_batches(stretches, [2000])[1][0]
    assert failed[d.HIT] > 100
    # The last ones are repaired, no others come.
    hit = {e for e in range(len(network.failures.hit)) if is_hit(network, e)}
    after = float(network.simulator.state.clock[0]) + 1e-9
    after = max(after, now(network)) if len(active(network)) else 1e6
    for e in hit:
        network.apply_events(FailureEvent(after, e, False, 0.0), failed)

    net, state = network.simulator.net, network.simulator.state
    tables = build_tables(instance)
    assert np.array_equal(net.background_noise, tables.background_noise)
    noise, blockers = tables.background_noise.copy(), np.zeros_like(state.blockers)
    usage, light = np.zeros_like(state.usage), np.zeros_like(state.light)
    free = net.usable.copy()
    for slot in active(network):
        route = state.slot_route[slot]
        for h in range(net.route_hop[route], net.route_hop[route + 1]):
            e, f, side = net.hop_link[h], net.hop_fibre[h], net.hop_direction[h]
            for p in state.slot_position[slot, : state.slot_width[slot]]:
                assert (free[e, f, p >> 6] >> (p & 63)) & 1, "two lightpaths on one channel"
                free[e, f, p >> 6] ^= 1 << (p & 63)
                noise[e] += net.noise[e, side, p]
                blockers[e] += net.blocks[e, side, p]
                usage[p] += 1
                light[e] += 1
    assert np.array_equal(state.free, free)
    assert np.array_equal(state.usage, usage)
    assert np.array_equal(state.light, light)
    for e, count in enumerate(net.candidates):
        assert np.allclose(state.noise[e, :count], noise[e, :count], rtol=1e-9, atol=0.0)
        expected = blockers[e, :count] if network.simulator.mode.working_only else 0
        assert np.array_equal(state.blockers[e, :count], np.broadcast_to(expected, count))


def is_hit(network: DegradingNetwork, e: int) -> bool:
    net, state = network.simulator.net, network.simulator.state
    if network.failure_mode.kind != d.CUT:
        return bool(network.failures.hit[e] >= 0)
    worse = (
        bool(net.candidates[e])
        and net.background_noise[e, 0] > network.failures.background_noise[e, 0]
    )
    return worse or (not state.free[e].any() and state.light[e] == 0)


@pytest.mark.parametrize(("kind", "extra"), [("noise", 3e-3), ("receiver", d.FAILED)])
def test_damage_outlasts_the_light_of_the_link(kind, extra):
    network = busy(small_instance(), kind)
    state, healthy = (
        network.simulator.state,
        build_tables(network.simulator.instance).background_noise,
    )
    q = int(state.working[0])
    fail(network, 0)
    # Everybody leaves; a link that goes dark restarts from its floor.
    network.apply_events(FailureEvent(1e6, 3, False, 0.0), np.zeros(d.EVENT_COLUMNS))
    assert (state.light == 0).all()
    expected = healthy.copy()
    expected[0, q] += extra
    assert np.array_equal(state.noise, expected)
    network.apply_events(FailureEvent(1e6, 0, False, 0.0), np.zeros(d.EVENT_COLUMNS))
    assert np.array_equal(state.noise, healthy)


def test_slots_and_calendar_survive_cuts():
    # Every admitted demand leaves once, at its time: nothing is active when all are due.
    instance = small_instance()
    network = begin(instance, "cut", rate=5.0, restore=True)
    network.serve_batches(poisson_requests(instance, 6.0, 1, 0, [3000]), [3000])
    state = network.simulator.state
    slots = active(network)
    assert len(set(slots)) == len(slots)
    assert sorted(state.active_slot) == list(range(len(state.active_slot)))
    assert sorted(slots_of_calendar(network)) == sorted(map(int, slots))
    end = float(state.slot_time[slots].max()) + 1e-6
    for e in range(len(RING)):
        network.apply_events(FailureEvent(end, e, True, 0.0), np.zeros(d.EVENT_COLUMNS))
    assert len(active(network)) == 0
    assert (state.light == 0).all()


def test_after_repair_the_same_network_serves_as_if_nothing_had_been():
    instance = small_instance()
    both = [begin(instance, "receiver"), begin(instance, "receiver")]
    (first,) = poisson_requests(instance, 6.0, 1, 0, [500])
    tallies = []
    for network, damaged in zip(both, (True, False), strict=True):
        serve(network, first)
        if damaged:
            moment = now(network)
            for failed in (True, False):
                network.apply_events(
                    FailureEvent(moment, 2, failed, 0.1), np.zeros(d.EVENT_COLUMNS)
                )
        tally = np.zeros(COLUMNS)
        (later,) = poisson_requests(instance, 6.0, 2, 0, [500])
        start = float(first.times[-1])
        shifted = Requests(start + later.times, later.holding, later.pairs, later.lightpath_counts,
                           later.draws)  # fmt: skip
        network.simulator.serve(shifted, tally, np.zeros((5, LINK_COLUMNS)))
        tallies.append(tally)
    assert tallies[0][t.SERVED] == tallies[1][t.SERVED]
    assert tallies[0][t.SKR] == pytest.approx(tallies[1][t.SKR], rel=1e-12)


@pytest.mark.parametrize("kind", EVENTS)
def test_retuning_never_leaves_less_than_there_was_at_the_event(kind):
    instance = small_instance(candidates=(1, 4, 8))
    for seed, link in itertools.product(range(10), range(5)):
        failed = fail(busy(instance, kind, seed=seed), link)
        assert failed[d.AFTER] >= failed[d.AT_EVENT] * (1.0 - 1e-12)
        if kind != "cut":
            assert failed[d.AT_EVENT] <= failed[d.BEFORE]


@pytest.mark.parametrize("kind", EVENTS)
def test_the_widest_relay_is_never_below_the_lightpath(kind):
    for seed in range(10):
        near, wide = (
            fail(busy(small_instance(relay=relay), kind, seed=seed), seed % 5)
            for relay in ("lightpath", "widest")
        )
        assert wide[d.DEMANDS] == near[d.DEMANDS]
        for column in (d.BEFORE, d.AT_EVENT, d.AFTER):
            assert wide[column] >= near[column]
        assert wide[d.WITHOUT_KEY] <= near[d.WITHOUT_KEY]


@pytest.mark.parametrize("reserve", ["all", "working"])
def test_without_another_candidate_a_failed_receiver_ends_the_links_key(reserve):
    instance = small_instance(candidates=(5,), reserve=reserve)
    network = busy(instance, "receiver")
    fail(network, 0)
    slow = Slow(network)
    through = sum(any(e == 0 for e, _ in hops) for hops, _ in slow.demands)
    serve(network, later_requests(instance, network))
    assert through > 0
    assert network.simulator.state.skr[0] == 0.0 or not network.simulator.state.fresh[0]
    # Data goes on over the link, outside of the guard band that the repair needs.
    assert any(e == 0 for hops, _ in lightpaths(network) for e, _ in hops)
    assert all(
        5 not in channels for hops, channels in lightpaths(network) if any(e == 0 for e, _ in hops)
    )
    failed = np.zeros(d.EVENT_COLUMNS)
    network.apply_events(FailureEvent(now(network), 0, False, 0.0), failed)
    again = fail(network, 0)
    assert again[d.AFFECTED_BEFORE] > 0.0
    assert again[d.AFFECTED_AFTER] == 0.0


def test_moments_are_the_same_for_every_kind_and_one_at_a_time_on_a_link():
    links = list(range(7))
    first = list(
        itertools.islice(failure_events(links, EventOptions(kind="noise", rate=2.0), 3), 400)
    )
    other = list(
        itertools.islice(failure_events(links, EventOptions(kind="cut", rate=2.0), 3), 400)
    )
    assert first == other
    assert [m.time for m in first] == sorted(m.time for m in first)
    hit: set[int] = set()
    for moment in first:
        assert moment.failed == (moment.link not in hit)
        (hit.add if moment.failed else hit.remove)(moment.link)
    assert first != list(
        itertools.islice(failure_events(links, EventOptions(kind="cut", rate=2.0), 4), 400)
    )


def test_moments_come_at_their_rate_and_last_as_long_as_they_should():
    options = EventOptions(kind="cut", rate=0.05, repair=2.0)
    found = list(itertools.islice(failure_events(list(range(1000)), options, 1), 8000))
    failed = [m for m in found if m.failed]
    gaps = np.diff([m.time for m in failed])
    assert gaps.mean() == pytest.approx(20.0, rel=0.1)
    begun = {m.link: m.time for m in failed[:0]}
    lasted = []
    for moment in found:
        if moment.failed:
            begun[moment.link] = moment.time
        else:
            lasted.append(moment.time - begun[moment.link])
    assert np.mean(lasted) == pytest.approx(2.0, rel=0.1)


def test_while_every_link_is_degraded_the_next_moment_is_a_repair_however_far_off():
    options = EventOptions(kind="cut", rate=1e3, repair=1e6)
    found = list(itertools.islice(failure_events([4, 7], options, 1), 200))
    assert [m.failed for m in found[:3]] == [True, True, False]
    assert found[2].time > 1e3
    assert [m.time for m in found] == sorted(m.time for m in found)
    hit: set[int] = set()
    for moment in found:
        assert moment.failed == (moment.link not in hit)
        (hit.add if moment.failed else hit.remove)(moment.link)


def test_two_links_alternate_as_an_exponential_clock_says():
    # Both alike, hit at rate 4 / 2 each and repaired at rate 1: degraded for 2/3 of the time.
    options = EventOptions(kind="cut", rate=4.0, repair=1.0)
    degraded, since, lasted = 0, 0.0, np.zeros(3)
    for moment in itertools.islice(failure_events([0, 1], options, 2), 40_000):
        lasted[degraded] += moment.time - since
        degraded, since = degraded + (1 if moment.failed else -1), moment.time
    assert lasted / lasted.sum() == pytest.approx([1 / 9, 4 / 9, 4 / 9], abs=0.01)


def test_links_that_are_never_repaired_stay_down():
    instance = small_instance()
    found = simulate_failures(
        instance, SimulationOptions(), EventOptions(kind="cut", rate=1e3, repair=1e6),
        load_erlang=6.0, requests=2000,
    )  # fmt: skip
    # All five go down before the first counted request: nothing is left to hit or to measure.
    assert found.event_count == 0
    assert found.tally[:, t.SERVED].sum() == 0
    assert found.time_average_survived.value == 0.0


def test_events_that_are_too_rare_to_come_change_nothing():
    instance = qkdopt.read_instance("instances/nsfnet_100erl_4ch.json")
    found = simulate_failures(
        instance, SimulationOptions(), EventOptions(kind="cut", rate=1e-9), requests=20_000, seed=4
    )
    plain = simulate(instance, SimulationOptions(), requests=20_000, seed=4)
    assert np.array_equal(found.tally, plain.tally)
    assert found.event_count == 0
    assert found.time_average_survived.value == 1.0
    assert found.survived_at_event.value is None


def test_the_same_seed_gives_the_same_bits_whatever_the_division(monkeypatch):
    instance = small_instance(relay="widest")
    options = EventOptions(kind="cut", restore=True, rate=1.0)

    def run(seed):
        return simulate_failures(
            instance, SimulationOptions(), options, load_erlang=6.0, requests=20_000, seed=seed
        )

    first, other = run(1), run(2)
    monkeypatch.setattr("qkdopt.simulation.traffic.STRETCH", 123)
    again = run(1)
    assert np.array_equal(first.failed, again.failed)
    assert np.array_equal(first.tally[:, : t.SKR + 1], again.tally[:, : t.SKR + 1])
    assert not np.array_equal(first.failed, other.failed)


def test_more_candidates_survive_more():
    shares = [
        simulate_failures(
            small_instance(candidates=candidates, channels=12),
            SimulationOptions(),
            EventOptions(kind="receiver", rate=1.0),
            load_erlang=6.0,
            requests=20_000,
        ).survived_after_reaction
        for candidates in ((2,), (2, 9))
    ]
    assert shares[0].value + shares[0].ci95 < shares[1].value - shares[1].ci95


def test_shares_are_ratios_of_sums_with_intervals():
    found = simulate_failures(
        small_instance(), SimulationOptions(), EventOptions(kind="noise", rate=2.0),
        load_erlang=6.0, requests=20_000,
    )  # fmt: skip
    sums = found.failed.sum(axis=0)
    assert found.survived_at_event.value == pytest.approx(sums[d.AT_EVENT] / sums[d.BEFORE])
    assert found.survived_after_reaction.value == pytest.approx(sums[d.AFTER] / sums[d.BEFORE])
    assert found.affected_with_key.value == pytest.approx(
        sums[d.AFFECTED_WITH_KEY] / sums[d.AFFECTED]
    )
    assert found.time_average_survived.value == pytest.approx(
        found.tally[:, t.SAMPLED_SKR].sum() / found.healthy.tally[:, t.SAMPLED_SKR].sum()
    )
    assert 0.0 < found.survived_at_event.ci95 < 0.1
    # Paired with the same requests: far tighter than the key rate's own interval.
    own = found.healthy.time_average_skr_bps
    assert found.time_average_survived.ci95 < 0.5 * own.ci95 / own.value


MEASURES = (
    "before_bps", "after_bps", "survived_at_event", "survived_after_reaction", "affected",
    "affected_survived_at_event", "affected_survived_after_reaction", "affected_with_key",
    "outage", "restored", "time_average_survived",
)  # fmt: skip


def test_few_events_give_values_without_intervals():
    found = simulate_failures(
        small_instance(), SimulationOptions(), EventOptions(kind="receiver", rate=0.01),
        load_erlang=6.0, requests=4000,
    )  # fmt: skip
    assert 0 < found.event_count < 10
    for name in MEASURES:
        assert getattr(found, name).ci95 is None, name
    assert 0.0 < found.survived_at_event.value < 1.0


def outcome_of(failed: np.ndarray) -> Survival:
    """An outcome whose batches are these rows of (demands, without key)."""
    instance = small_instance()
    events = EventOptions(kind="noise")
    healthy = simulate(instance, SimulationOptions(), load_erlang=6.0, requests=4000)
    table = np.zeros((len(healthy.tally), d.EVENT_COLUMNS))
    table[: len(failed), d.DEMANDS], table[: len(failed), d.WITHOUT_KEY] = failed.T
    table[:, d.HIT] = table[:, d.DEMANDS] > 0
    return Survival(SimulationOptions(), events, healthy, healthy.tally, table)


def test_an_interval_needs_ten_batches_that_spread():
    rows = np.array([[8.0, k % 3] for k in range(10)])
    assert outcome_of(rows[:9]).outage.ci95 is None
    assert outcome_of(rows).outage.ci95 > 0.0
    for none_or_all in (0.0, 8.0):
        found = outcome_of(np.array([[8.0, none_or_all]] * 40)).outage
        assert found.value == none_or_all / 8.0
        assert found.ci95 is None
    # Events that changed nothing at all.
    assert outcome_of(rows).time_average_survived == Estimate(1.0, None)


def test_bad_options_come_in_one_error():
    with pytest.raises(UsageError) as told:
        EventOptions(kind="flood", rate=0.0, repair=math.inf, noise_per_gate=-1.0, target="all")
    for word in ("flood", "rate = 0", "repair = inf", "noise = -1", "'all'"):
        assert word in str(told.value)
    with pytest.raises(UsageError, match=r"rate = 1e\+09 .*at most 1000; repair = 1e\+12 .*1e\+06"):
        EventOptions(kind="noise", rate=1e9, repair=1e12)
    data = small_instance().to_json_dict()
    for link in data["network"]["links"]:
        link["qkd"] = False
    bare = Instance.model_validate(data, strict=False)
    with pytest.raises(UsageError, match="no link of ring has QKD"):
        simulate_failures(bare, SimulationOptions(), EventOptions(kind="noise"), requests=1000)
    assert simulate_failures(
        bare, SimulationOptions(), EventOptions(kind="cut"), load_erlang=3.0, requests=1000
    ).event_count
