"""Requests that draw on the links' keys: the kernel against a slow oracle, and laws."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import qkdopt
from qkdopt.errors import InstanceError, RefusedError, UsageError
from qkdopt.problem.coefficients import build_tables
from qkdopt.report.simulations import checked_simulation
from qkdopt.simulation import SimulationOptions, simulate
from qkdopt.simulation import tally as t
from qkdopt.simulation.key_pools import HOP_BITS, SHARED, SHORT, UNITS
from qkdopt.simulation.outcome import KEY_MEASURES
from qkdopt.simulation.record import SimulationRecord
from qkdopt.simulation.simulator import Simulator
from qkdopt.simulation.state import ACTIVE
from qkdopt.simulation.tally import COLUMNS, LINK_COLUMNS
from qkdopt.simulation.traffic import Requests, poisson_requests
from tests.command import exit_status
from tests.report.pages import Reader, number
from tests.simulation.pool_oracle import Oracle
from tests.small_instances import instance_of
from tests.tiers import slow_beyond

# The kernels that draw on keys take a minute to compile.
pytestmark = pytest.mark.slow
RING = [
    ("a", 0, 1, 8.0),
    ("b", 1, 2, 14.0),
    ("c", 2, 3, 10.0),
    ("d", 3, 0, 20.0),
    ("e", 0, 2, 25.0),
]
QKD = {"candidates": [0, 5], "reserve": "all", "guard_ghz": 100.0, "key_accounting": "shared"}


def ring(key, *, qkd=(), links=RING, channels=8, layout="single", **traffic):
    return instance_of(
        links,
        channels=channels,
        fibre={"layout": layout},
        qkd=QKD | dict(qkd),
        traffic={"load_erlang": 6.0, "key": key} | traffic,
    )


def begun(instance, load=6.0, **options) -> Simulator:
    return Simulator.begin(
        instance, SimulationOptions(**options), arrivals_per_time=load, widest_demand=2,
        with_needs=True,
    )  # fmt: skip


def served(simulator, requests):
    tally = np.zeros(COLUMNS)
    links = np.zeros((len(simulator.net.candidates), LINK_COLUMNS))
    simulator.serve(requests, tally, links)
    return tally, links


WAYS = {
    "no pools": ({"rate_bps": 9000.0}, {}, {}),
    "small pools": ({"rate_bps": 9000.0}, {"pool_bits": 5e6}, {}),
    "great pools": ({"rate_bps": 9000.0}, {"pool_bits": 1e7}, {}),
    "keys every so often": (
        {"bits": 256.0, "every_s": 0.02, "per": "lightpath"},
        {"pool_bits": 1e6},
        {},
    ),
    "by key": ({"rate_bps": 6000.0}, {}, {"admission": "key"}),
    "by key, pools bridge": (
        {"rate_bps": 9000.0, "per": "lightpath"},
        {"pool_bits": 5e6},
        {"admission": "key", "bridge_s": 60.0},
    ),
}


@pytest.mark.parametrize("layout", slow_beyond(1, ["pair", "single"]))
@pytest.mark.parametrize("way", WAYS)
def test_the_kernel_is_the_oracle(way, layout):
    key, qkd, options = WAYS[way]
    links = [*RING[:-1], (*RING[-1], {"pool_bits": 3e5} if qkd else {"qkd": False})]
    instance = ring(
        key, qkd=qkd, links=links, layout=layout, mean_holding_s=700.0,
        widths=[{"channels": 1, "share": 3.0}, {"channels": 2, "share": 1.0}],
    )  # fmt: skip
    oracle, simulator = Oracle(instance, **options), begun(instance, **options)
    tally = np.zeros(COLUMNS)
    links_tally = np.zeros((len(links), LINK_COLUMNS))
    for requests in poisson_requests(instance, 6.0, 3, 0, [1, 150, 149]):
        simulator.serve(requests, tally, links_tally)
        oracle.serve(requests)
        at = simulator.pools.clock[0]
        levels = [
            simulator.pools.level[e]
            + (simulator.pools.rate_bps[e] - simulator.pools.need_bps * simulator.pools.units[e])
            * (at - simulator.pools.since[e])
            for e in range(len(links))
        ]
        levels = np.clip(levels, 0.0, simulator.pools.capacity) * 700.0
        assert levels == pytest.approx(oracle.level, rel=1e-9, abs=1e-2)
    seconds = tally * 700.0
    assert tally[t.SERVED] == oracle.served
    assert tally[t.KEY_BLOCKED] == oracle.key_blocked
    assert tally[t.NO_FREE_CHANNEL : t.NO_RECEIVER + 1].sum() == oracle.light_blocked
    assert (oracle.key_blocked > 0) == (options != {})
    for column, expected in (
        (t.KEY_NEEDED, oracle.needed),
        (t.KEY_DELIVERED, oracle.delivered),
        (t.DEMAND_TIME, oracle.demand_time),
        (t.SHORT_TIME, oracle.short_time),
        (t.ELAPSED, oracle.now),
    ):
        assert seconds[column] == pytest.approx(expected, rel=1e-9)
    empty = links_tally[:, t.LINK_EMPTY] * 700.0
    assert empty == pytest.approx(oracle.empty_time, rel=1e-9, abs=1e-6)
    if options.get("bridge_s") is None and options:
        assert seconds[t.SHORT_TIME] == 0.0
    else:
        assert 0.0 < seconds[t.SHORT_TIME] < seconds[t.DEMAND_TIME]
        assert 0.0 < seconds[t.KEY_DELIVERED] < seconds[t.KEY_NEEDED]


@pytest.mark.parametrize("served_most", slow_beyond(1, [3, 7]))
def test_one_link_blocks_by_key_as_erlang_says(served_most):
    # Light of one fibre makes no noise in the other, where the key is: the rate never changes.
    instance = instance_of(
        [("a", 0, 1, 20.0)],
        channels=40,
        fibre={"layout": "pair"},
        qkd=QKD,
        traffic={"key": {"rate_bps": 1.0}, "matrix": [{"source": 1, "target": 0, "share": 1.0}]},
    )
    rate = float(begun(instance).pools.rate_bps[0])
    instance = instance.replace(traffic={"key": {"rate_bps": rate / (served_most + 0.5)}})
    options = SimulationOptions(admission="key")
    load = 0.8 * served_most
    outcome = simulate(instance, options, load_erlang=load, requests=200_000, replications=2)
    found = outcome.key_blocked
    assert outcome.blocking.value == found.value > 0.0
    assert found.ci95 < 0.03 * found.value
    assert found.value == pytest.approx(erlang_b(served_most, load), abs=1.5 * found.ci95)
    assert outcome.key_delivered_share.value == 1.0


def erlang_b(servers, load):
    blocking = 1.0
    for k in range(1, servers + 1):
        blocking = load * blocking / (k + load * blocking)
    return blocking


NSFNET = "instances/nsfnet_100erl_4ch.json"


def nsfnet(need_bps, pool_bits=0.0):
    return qkdopt.read_instance(NSFNET).replace(
        qkd={"key_accounting": "shared", "pool_bits": pool_bits},
        traffic={"key": {"rate_bps": need_bps}},
    )


def test_needs_change_nothing_of_what_is_admitted_by_light():
    plain = simulate(qkdopt.read_instance(NSFNET), requests=20_000)
    drawn = simulate(nsfnet(3000.0), requests=20_000)
    same = [t.OFFERED, t.SERVED, t.NO_FREE_CHANNEL, t.GUARD_BAND, t.NO_RECEIVER, t.SAMPLES]
    assert np.array_equal(plain.tally[:, same], drawn.tally[:, same])
    # Departures between two arrivals come in order of time: round-off differs.
    assert drawn.tally[:, t.SKR] == pytest.approx(plain.tally[:, t.SKR], rel=1e-9)
    assert plain.key is None
    assert "key_blocked" not in plain.to_json_dict()
    assert 0.0 < drawn.key_delivered_share.value < 1.0


def test_more_key_is_delivered_from_greater_pools_and_all_of_it_by_key():
    outcomes = [simulate(nsfnet(1500.0, bits), requests=20_000) for bits in (0.0, 1e7, 1e8)]
    shares = [outcome.key_delivered_share.value for outcome in outcomes]
    assert shares == sorted(shares)
    assert shares[0] < shares[-1]
    empty = [outcome.empty_pool_share.value for outcome in outcomes]
    assert empty == sorted(empty, reverse=True)
    by_key = simulate(nsfnet(1500.0), SimulationOptions(admission="key"), requests=20_000)
    assert by_key.key_delivered_share.value == 1.0
    assert by_key.empty_pool_share.value == 0.0
    assert by_key.key_blocked.value == by_key.blocking_by_cause["key"].value > 0.0
    total = sum(estimate.value for estimate in by_key.blocking_by_cause.values())
    assert by_key.blocking.value == pytest.approx(total)


def test_longer_bridges_ask_more_of_pools_and_admit_less():
    options = [SimulationOptions(admission="key", bridge_s=s) for s in (60.0, 600.0, 1e9)]
    blocked = [
        simulate(nsfnet(1500.0, 1e8), chosen, requests=20_000).key_blocked.value
        for chosen in (*options, SimulationOptions(admission="key"))
    ]
    assert blocked[0] < blocked[1] < blocked[2]
    # A pool that has to last for ever is none.
    assert blocked[2] == pytest.approx(blocked[3], rel=1e-3)


@pytest.mark.parametrize(
    "options",
    [
        {"strategy": "ds-qkd", "order": "random", "retune": "threshold"},
        {"strategy": "ds-qkd", "retune": "never", "admission": "key"},
        {"strategy": "ds-qkd-synergistic", "replacements": 2},
        {"strategy": "ds-qkd-synergistic", "policy": "equalisation", "admission": "key"},
    ],
    ids=lambda options: "-".join(map(str, options.values())),
)
@pytest.mark.parametrize("reserve", ["all", "working"])
def test_what_requests_draw_is_what_those_in_service_ask_for(options, reserve):
    instance = ring(
        {"rate_bps": 15_000.0, "per": "lightpath"}, qkd={"reserve": reserve, "pool_bits": 1e6},
        widths=[{"channels": 1, "share": 1.0}, {"channels": 2, "share": 1.0}],
    )  # fmt: skip
    simulator = begun(instance, **options)
    (requests,) = poisson_requests(instance, 6.0, 5, 0, [3000])
    tally, _ = served(simulator, requests)
    net, state, pools = simulator.net, simulator.state, simulator.pools
    tables, short = build_tables(instance), []
    units, members = np.zeros_like(pools.units), [[] for _ in pools.units]
    active = state.active_slot[: state.counters[ACTIVE]].tolist()
    for slot in active:
        route = state.slot_route[slot]
        links = net.hop_link[net.route_hop[route] : net.route_hop[route + 1]]
        assert pools.slot_share[slot] == pools.share[links].min()
        for e in links:
            units[e] += state.slot_width[slot]
            members[e].append(slot)
    assert active
    assert np.array_equal(pools.units, units)
    for e, slots in enumerate(members):
        listed = pools.members[e, : pools.member_count[e]] >> HOP_BITS
        assert sorted(listed.tolist()) == sorted(slots)
        if pools.share[e] < 1.0:
            q = state.working[e]
            rate = tables.skr_bps(e, state.noise[e, q], net.transmittance[e, q])
            assert pools.share[e] == pytest.approx(float(rate) / (15_000.0 * units[e]), rel=1e-9)
            short.append(e)
    assert short or "admission" in options
    shares = pools.slot_share[active]
    assert pools.sums[UNITS] == state.slot_width[active].sum()
    assert pools.sums[SHORT] == (shares < 1.0).sum()
    assert pools.sums[SHARED] == pytest.approx((state.slot_width[active] * shares).sum())
    assert tally[t.OFFERED] == tally[t.SERVED] + tally[t.KEY_BLOCKED] + sum(
        tally[t.NO_FREE_CHANNEL + k] for k in range(3)
    )
    assert (tally[t.KEY_BLOCKED] > 0) == ("admission" in options)


def test_a_request_that_is_refused_leaves_nothing_behind():
    links = [(name, a, b, 3.0 * km) for name, a, b, km in RING]
    instance = ring({"rate_bps": 400.0}, links=links, channels=12, qkd={"candidates": [2, 9]})
    simulator = begun(instance, admission="key")
    (drawn,) = poisson_requests(instance, 6.0, 8, 0, [60])
    stays = Requests(
        drawn.times, np.full(60, 1e9), drawn.pairs, drawn.lightpath_counts, drawn.draws
    )
    tables, refused, switched = build_tables(instance), 0, 0
    for k in range(60):
        before = [np.copy(field) for field in simulator.state]
        tally, _ = served(simulator, stays.part(k, k + 1))
        if not tally[t.KEY_BLOCKED]:
            switched += tally[t.SWITCHED] > 0.0
            continue
        refused += 1
        after = dict(zip(simulator.state._fields, simulator.state, strict=True))
        kept = dict(zip(simulator.state._fields, before, strict=True))
        for name in ("free", "light", "working", "blockers", "receivable"):
            assert np.array_equal(after[name], kept[name]), name
        assert after["noise"] == pytest.approx(kept["noise"], rel=1e-12)
        assert after["counters"][ACTIVE] == kept["counters"][ACTIVE]
        assert tally[t.SWITCHED] == 0.0
        for e in np.flatnonzero(after["fresh"]):
            q = after["working"][e]
            rate = tables.skr_bps(e, after["noise"][e, q], simulator.net.transmittance[e, q])
            assert after["skr"][e] == pytest.approx(float(rate), rel=1e-9)
    assert refused > 3
    assert switched > 0


def test_a_simulator_that_is_reset_starts_with_full_pools():
    instance = ring({"rate_bps": 9000.0}, qkd={"pool_bits": 1e6})
    simulator = begun(instance)
    (requests,) = poisson_requests(instance, 6.0, 5, 0, [500])
    first, links = served(simulator, requests)
    again, same = served(simulator.reset(), requests)
    assert np.array_equal(first, again)
    assert np.array_equal(links, same)


@given(
    need=st.floats(500.0, 40_000.0),
    pool=st.sampled_from([0.0, 1e4, 1e6, 1e8]),
    bridge=st.sampled_from([0.0, 5.0, 500.0]),
    by_key=st.booleans(),
    seed=st.integers(0, 10_000),
    holding=st.sampled_from([10.0, 3600.0]),
)
def test_laws_of_any_run(need, pool, bridge, by_key, seed, holding):
    instance = ring({"rate_bps": need}, qkd={"pool_bits": pool}, mean_holding_s=holding)
    options = {"admission": "key", "bridge_s": bridge} if by_key else {}
    simulator = begun(instance, **options)
    (requests,) = poisson_requests(instance, 6.0, seed, 0, [200])
    tally, links = served(simulator, requests)
    assert -1e-9 <= tally[t.KEY_DELIVERED] <= tally[t.KEY_NEEDED] * (1.0 + 1e-9)
    assert 0.0 <= tally[t.SHORT_TIME] <= tally[t.DEMAND_TIME] * (1.0 + 1e-9)
    assert tally[t.ELAPSED] == pytest.approx(requests.times[-1])
    assert (links[:, t.LINK_EMPTY] <= tally[t.ELAPSED] * (1.0 + 1e-9)).all()
    level = simulator.pools.level
    assert ((level >= 0.0) & (level <= simulator.pools.capacity)).all()
    if by_key and bridge == 0.0:
        assert tally[t.KEY_DELIVERED] == tally[t.KEY_NEEDED]
    if tally[t.SHORT_TIME] == 0.0:
        assert tally[t.KEY_DELIVERED] == pytest.approx(tally[t.KEY_NEEDED], rel=1e-12)
    else:
        assert tally[t.KEY_DELIVERED] < tally[t.KEY_NEEDED]


def test_the_division_into_chunks_and_workers_changes_nothing():
    instance = nsfnet(1500.0, 1e7)
    one, two = (
        simulate(instance, requests=10_000, replications=2, workers=workers) for workers in (1, 2)
    )
    assert np.array_equal(one.tally, two.tally)
    assert np.array_equal(one.links, two.links)


BAD = [
    ({"qkd": {"key_accounting": "per-demand"}}, "traffic.key: requests draw on the links' keys"),
    ({"qkd": {"key_accounting": "per-demand", "pool_bits": 5.0}}, "qkd.pool_bits = 5: nothing"),
    (
        {"traffic": {"key": {"bits": 256.0}}},
        "key: rate_bps and bits given; expected rate_bps, or bits and every_s",
    ),
    (
        {"traffic": {"key": {"rate_bps": 1.0, "weight": 2.0}}},
        "traffic.key.weight = 2; expected none",
    ),
    ({"traffic": {"key": {"rate_bps": -1.0}}}, "traffic.key.rate_bps = -1"),
    ({"traffic": {"mean_holding_s": 0.0}}, "traffic.mean_holding_s = 0"),
    ({"qkd": {"pool_bits": -1.0}}, "qkd.pool_bits = -1"),
]


@pytest.mark.parametrize(("change", "message"), BAD, ids=lambda value: str(value)[:40])
def test_bad_needs_and_pools_are_refused_by_name(change, message):
    with pytest.raises(InstanceError) as caught:
        ring({"rate_bps": 1.0}).replace(**change)
    assert any(message in fault for fault in caught.value.faults)


def test_pools_of_links_without_keys_are_refused():
    links = [("a", 0, 1, 8.0, {"qkd": False, "pool_bits": 1.0})]
    with pytest.raises(ValidationError, match="has pool_bits but qkd is false"):
        ring({"rate_bps": 1.0}, links=links)
    alone = [("a", 0, 1, 8.0, {"pool_bits": 1.0})]
    with pytest.raises(ValidationError, match="link a: pool_bits, and nothing draws on pools"):
        instance_of(alone)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"admission": "both"}, "admission = 'both'; expected one of light, key"),
        ({"bridge_s": -1.0}, "bridge_s = -1; expected a finite number of seconds"),
        ({"bridge_s": 5.0}, "bridge_s = 5; expected none with admission = light"),
        ({"admission": "key", "keys": False}, "admission = key; expected light where only"),
        (
            {"admission": "key", "replacements": 1},
            "replacements = 1; expected 0 with admission = key",
        ),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        SimulationOptions(**options)


def test_what_does_not_cover_keys_says_so():
    by_key = SimulationOptions(admission="key")
    with pytest.raises(UsageError, match=r"requests ask for no key; expected traffic\.key"):
        simulate(qkdopt.read_instance(NSFNET), by_key, requests=100)
    with pytest.raises(UsageError, match="only a simulation of its own admits requests by key"):
        Simulator.begin(nsfnet(1.0), by_key, arrivals_per_time=1.0)
    flow = nsfnet(1.0).replace(qkd={"relay": "flow"})
    with pytest.raises(UsageError, match=r"qkd\.relay = 'flow'; expected 'lightpath'"):
        simulate(flow, requests=100)


def test_fields_that_are_not_given_change_no_hash():
    plain = qkdopt.read_instance(NSFNET)
    assert not {"pool_bits", "mean_holding_s", "profile"} & set(json.dumps(plain.to_json_dict()))
    assert plain.sha256() == qkdopt.read_instance(NSFNET).replace(qkd={"pool_bits": None}).sha256()
    assert nsfnet(1.0).sha256() != nsfnet(2.0).sha256()


def test_runs_that_were_kept_before_have_the_same_name():
    assert "admission" not in SimulationOptions().to_dict()
    assert SimulationOptions(admission="key").to_dict()["admission"] == "key"


@pytest.fixture
def keyed(tmp_path):
    path = tmp_path / "keyed.json"
    ring({"bits": 256.0, "every_s": 0.05}, qkd={"pool_bits": 1e6}).save(path)
    return path


def test_instance_info_says_what_requests_draw(keyed, capsys):
    assert exit_status("instance", "info", keyed) == 0
    printed = capsys.readouterr().out
    assert "6 erlang for the simulator, 5120 bit/s of key for each request" in printed


def test_the_command_prints_keys(keyed, capsys):
    options = ("--requests", "3000", "--admission", "key", "--bridge-s", "9")
    assert exit_status("simulate", keyed, *options) == 0
    text = capsys.readouterr().out
    assert (
        "keys       5120 bit/s for each request, shared; admission by key, pools bridge 9 s" in text
    )
    assert "of what is asked for is delivered" in text
    assert "pool empty" in text
    assert re.search(r"blocking .*\d % key", text)


def test_what_the_command_prints_as_json_becomes_a_page(keyed, tmp_path, capsys):
    assert exit_status("simulate", keyed, "--requests", "3000", "--json") == 0
    printed = capsys.readouterr().out
    data = json.loads(printed)
    outcome = simulate(qkdopt.read_instance(keyed), requests=3000)
    for name in KEY_MEASURES:
        assert data[name] == {
            "value": getattr(outcome, name).value, "ci95": getattr(outcome, name).ci95,
        }  # fmt: skip
    assert data["key_need_bps"] == 5120.0
    assert data["mean_holding_s"] == 3600.0
    assert [row["empty_pool_share"] for row in data["links"]] == (
        outcome.links_frame()["empty_pool_share"].tolist()
    )
    assert outcome.batches_frame()["key_delivered"].sum() == outcome.tally[:, t.KEY_DELIVERED].sum()
    result, page = tmp_path / "simulation.json", tmp_path / "page.html"
    result.write_text(printed, encoding="utf-8")
    assert exit_status("report", result, "--instance", keyed, "-o", page) == 0
    reader = Reader(page.read_text(encoding="utf-8"))
    assert "Key delivered of what is asked for" in reader.text
    assert "Each request draws 5120 bit/s" in reader.text
    rows = reader.table("links")
    assert [number(row["empty_pool_share"]) for row in rows] == (
        outcome.links_frame()["empty_pool_share"].tolist()
    )
    data["key_delivered_bps"]["value"] *= 1.5
    record = SimulationRecord.model_validate_json(json.dumps(data))
    with pytest.raises(RefusedError, match="key_delivered_share x key_needed_bps"):
        checked_simulation("here", qkdopt.read_instance(keyed), record)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("--bridge-s", "-3"), "bridge_s = -3; expected a finite number"),
        (("--admission", "key", "--replacements", "2"), "expected 0 with admission = key"),
    ],
)
def test_the_command_refuses_what_contradicts(keyed, given, message, capsys):
    assert exit_status("simulate", keyed, *given) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""
