"""QKD systems by link: each link has the noise and key rate of its own, in every part alike."""

from __future__ import annotations

import numpy as np
import pytest

import qkdopt
from qkdopt.checker.lightpaths import lit_channels
from qkdopt.checker.rates import link_rates
from qkdopt.heuristics import ds_qkd
from qkdopt.heuristics.annealing.anneal import Search
from qkdopt.milp.linearise import linearise_links
from qkdopt.physics.compiled_keyrate import error_rate, key_rate
from qkdopt.problem import build_problem
from qkdopt.problem.coefficients import build_tables
from qkdopt.problem.load_states import link_states
from qkdopt.problem.plan import assess
from tests.surface_instances import LOSSES, NOISES, uneven_surface
from tests.tiers import slow_if

RING = qkdopt.read_instance("instances/small/ring.json")
NAMES = [link.id for link in RING.network.links]
FAST = {
    "id": "fast", "repetition_mhz": 1000.0, "detector_efficiency": 0.25, "gate_ps": 200.0,
    "dark_count_per_gate": 1e-6, "insertion_loss_db": 2.0, "filter_ghz": 30.0, "misalignment": 0.03,
    "mean_photon_number": 0.5, "decoys": "vacuum+weak", "weak_photon_number": 0.1,
}  # fmt: skip
TABLE = {"noise_per_gate": [0.0, 1e-6, 1e-4], "skr_bps": [9e3, 5e3, 0.0]}
KINDS = {
    "equations": {name: value for name, value in FAST.items() if name != "id"},
    "table": {"skr_table": TABLE},
    "surface": {"surface": uneven_surface(), "insertion_loss_db": 1.0},
}
OTHER = NAMES[1::2]


def with_systems(instance, systems, names):
    """Return an instance whose links have these systems, by id; None for the network's."""
    links = {name: {"qkd_system": own} for name, own in names.items()}
    return instance.replace(qkd_systems=systems, network={"links": links})


def of_one_loss(instance):
    return instance.replace(network={"links": {name: {"loss_db": 4.0} for name in NAMES}})


def rates_of(tables, lit):
    noise = tables.background_noise + np.einsum("edw,edwc->ec", lit, tables.noise)
    every = tables.link_numbers[:, None]
    return noise, tables.skr_bps(every, noise, tables.transmittance), tables.qber(
        every, noise, tables.transmittance
    )  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_link_has_the_rate_of_the_same_link_in_an_instance_of_one_system(kind):
    base = of_one_loss(RING)
    both = with_systems(base, [{"id": "own", **KINDS[kind]}], dict.fromkeys(OTHER, "own"))
    alone = base.replace(qkd=KINDS[kind])
    tables = [build_tables(one) for one in (base, both, alone)]
    lit = np.random.default_rng(1).integers(0, 2, tables[0].usable.shape).astype(float)
    plain, mixed, own = (rates_of(one, lit) for one in tables)
    has_own = np.isin(NAMES, OTHER)
    for first, found, second in zip(plain, mixed, own, strict=True):
        assert np.array_equal(found[~has_own], first[~has_own])
        assert np.array_equal(found[has_own], second[has_own])
    assert (plain[1] != own[1]).any()
    ends = [linearise_links(build_problem(one), 20.0) for one in (base, both, alone)]
    for (e, c), piece in ends[1].items():
        expected = ends[2 if has_own[e] else 0][e, c]
        assert np.array_equal(piece.edges, expected.edges)
        assert np.array_equal(piece.upper, expected.upper)


def test_compiled_rates_are_the_plain_ones_where_every_kind_of_rate_is_in_use():
    systems = [{"id": name, **fields} for name, fields in KINDS.items()]
    names = dict(zip(NAMES, [None, *KINDS, "surface"], strict=False))
    tables = build_tables(with_systems(of_one_loss(RING), systems, names))
    assert len(tables.key_rates) == 4
    rate, table = tables.key_rate_arguments()
    noises = np.array([0.0, 3e-7, 2e-6, 5e-5, 1e-4, 3e-4, 1e-2, *NOISES])
    for e in tables.link_numbers:
        for loss in (*LOSSES, 4.6, 31.0):
            eta = 0.2 * 10.0 ** (-loss / 10.0)
            plain = tables.skr_bps(int(e), noises, np.array(eta))
            found = [key_rate(noise, eta, rate[e], table) for noise in noises]
            np.testing.assert_allclose(found, plain, rtol=1e-9, atol=1e-6)
            qber = [error_rate(noise, eta, rate[e]) for noise in noises]
            np.testing.assert_allclose(qber, tables.qber(int(e), noises, np.array(eta)), rtol=1e-9)


def numbers_of(instance, strategy, objective="mean"):
    result = qkdopt.solve(
        instance, strategy=strategy, objective=objective, node_limit=2, seed=3, threads=1,
        time_limit=60,
    )  # fmt: skip
    assert qkdopt.check(instance, result).faults == ()
    data = result.to_json_dict()
    return {key: data[key] for key in ("value", "lightpaths", "qkd", "demands")}


TWINS = {
    "equal parameters": ({}, {"id": "a"}, {"id": "b"}),
    "all of them given": (
        {},
        {"id": "a", **{k: v for k, v in RING.qkd.model_dump().items() if k in FAST}},
        {"id": "b", "repetition_mhz": RING.qkd.repetition_mhz, "protocol": "decoy-bb84"},
    ),
    "of a table, other links apart": (
        {"skr_table": TABLE},
        {"id": "a", "skr_table": TABLE, "error_correction_efficiency": 1.9},
        {"id": "b", "skr_table": TABLE, "sifting": 0.3},
    ),
}


@pytest.mark.parametrize(
    "strategy", slow_if(["local-search"], ["ds-qkd", "ds-qkd-synergistic", "local-search"])
)
@pytest.mark.parametrize("kind", TWINS)
def test_equal_systems_are_one_to_the_last_bit(kind, strategy):
    """Where a table gives the rates, what only the equations read keeps systems apart, no more."""
    qkd, *systems = TWINS[kind]
    one = of_one_loss(RING).replace(qkd=qkd)
    two = with_systems(one, systems, dict(zip(NAMES, ["a", "b", None, "a", "b"], strict=False)))
    apart = len(build_tables(two).key_rates)
    assert apart == (3 if qkd else 1)
    assert numbers_of(one, strategy) == numbers_of(two, strategy)


@pytest.mark.parametrize("kind", TWINS)
def test_the_simulator_and_bounds_see_equal_systems_as_one(kind):
    qkd, *systems = TWINS[kind]
    one = of_one_loss(RING).replace(qkd=qkd)
    two = with_systems(one, systems, dict(zip(NAMES, ["a", "b", None, "a", "b"], strict=False)))
    runs = [
        qkdopt.simulate(instance, requests=300, warmup=10, seed=2).to_json_dict()
        for instance in (one, two)
    ]
    assert runs[0]["mean_skr_bps"] == runs[1]["mean_skr_bps"]
    assert runs[0]["blocking"] == runs[1]["blocking"]
    tables = [build_tables(instance) for instance in (one, two)]
    for e in tables[0].link_numbers:
        states = [link_states(table, int(e), (4, 4)) for table in tables]
        assert np.array_equal(states[0].rate_bps, states[1].rate_bps)


def test_annealing_reads_each_links_own_rate():
    both = with_systems(RING, [FAST], dict.fromkeys(OTHER, "fast"))
    problem = build_problem(both)
    plan = ds_qkd(problem)
    found = Search.begin(problem, plan, 0).state.link_rate
    assert found == pytest.approx(assess(problem, plan).link_skr_bps, rel=1e-9)


def test_plans_of_two_systems_are_checked_with_the_right_one():
    both = with_systems(RING, [FAST], dict.fromkeys(OTHER, "fast"))
    result = qkdopt.solve(both, strategy="ds-qkd")
    assert qkdopt.check(both, result).faults == ()
    swapped = with_systems(both, [FAST], dict.fromkeys(OTHER))
    faults = qkdopt.check(swapped, result.model_copy(
        update={"instance": result.instance.model_copy(update={"sha256": swapped.sha256()})}
    )).faults  # fmt: skip
    assert any("skr_bps" in fault for fault in faults)


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["mean", "max-min", "link-sum"])
def test_the_joint_model_and_the_bound_close_on_two_systems(objective):
    systems = [FAST, {"id": "slow", "repetition_mhz": 0.5, "insertion_loss_db": 1.0}]
    names = dict(zip(NAMES, ["fast", "slow", None, "slow", "fast"], strict=False))
    by_id = {None: {}, **{one["id"]: one for one in systems}}
    both = with_systems(RING, systems, names)
    joint = qkdopt.solve(both, strategy="milp", objective=objective, time_limit=20)
    auto = qkdopt.solve(both, strategy="auto", objective=objective, time_limit=20)
    assert qkdopt.check(both, joint).faults == qkdopt.check(both, auto).faults == ()
    for one, other in ((joint, auto), (auto, joint)):
        assert one.value.served == other.value.served
        assert one.value.objective_bps <= other.bound.objective_bps * (1.0 + 1e-9)
    # Every rate is that of a link in an instance of its own system alone.
    for row in auto.qkd:
        alone = RING.replace(qkd={k: v for k, v in by_id[names[row.link]].items() if k != "id"})
        states = auto.model_copy(
            update={"instance": auto.instance.model_copy(update={"sha256": alone.sha256()})}
        )
        assert link_rates(alone, states, lit_channels(alone, states))[row.link].skr_bps == (
            pytest.approx(row.skr_bps, rel=1e-9)
        )
