"""QKD systems as data: what they have of the network's, faults, hashes, and changes of all."""

from __future__ import annotations

import pytest

import qkdopt
from qkdopt.channel_sets.protection.failed_instances import without_link
from qkdopt.channel_sets.scenario import Scenario
from qkdopt.errors import InstanceError
from qkdopt.experiments.sensitivity.parameters import FILTER, GATE, INSERTION_LOSS
from qkdopt.instance.equipment import with_qkd_on
from qkdopt.instance.qkd_systems import validate_one_system
from qkdopt.io import parse_instance
from qkdopt.result.calibration import CALIBRATED_SYSTEM

RING = qkdopt.read_instance("instances/small/ring.json")
NAMES = [link.id for link in RING.network.links]
FIRST = NAMES[0]
TABLE = {"noise_per_gate": [0.0, 1e-6, 1e-4], "skr_bps": [9e3, 5e3, 0.0]}
SURFACE = {
    "losses_db": [0.0, 40.0], "noises_per_gate": [0.0, 1e-3], "skr_bps": [[9e3, 0.0], [1e3, 0.0]],
}  # fmt: skip


def changed(systems, names=None, **parts):
    links = {name: {"qkd_system": own} for name, own in (names or {}).items()}
    return RING.replace(qkd_systems=systems, network={"links": links}, **parts)


def test_what_a_system_does_not_give_is_the_networks():
    both = changed([{"id": "x", "repetition_mhz": 50.0}], {FIRST: "x"})
    first, second, *_ = both.network.links
    assert both.qkd_of(first) == both.qkd.model_copy(update={"repetition_mhz": 50.0})
    assert both.qkd_of(second) is both.qkd
    assert both.qkd_in_use() == (both.qkd_of(first), both.qkd)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, "table"),
        ({"protocol": "decoy-bb84"}, None),
        ({"surface": SURFACE}, "surface"),
        ({"skr_table": {**TABLE, "skr_bps": [1e3, 1.0, 0.0]}}, "own table"),
    ],
)
def test_a_system_has_the_rates_that_it_says(own, expected):
    links = {name: {"loss_db": 4.0} for name in NAMES}
    base = RING.replace(qkd={"skr_table": TABLE}, network={"links": links})
    both = base.replace(
        qkd_systems=[{"id": "x", **own}], network={"links": {FIRST: {"qkd_system": "x"}}}
    )
    qkd = both.qkd_of(both.network.links[0])
    found = {
        "table": qkd.skr_table == base.qkd.skr_table,
        "surface": qkd.surface is not None,
        "own table": qkd.skr_table is not None and qkd.skr_table != base.qkd.skr_table,
        None: qkd.skr_table is None and qkd.surface is None,
    }
    assert [name for name, true in found.items() if true] == [expected]


def test_an_instance_without_systems_is_spelt_and_hashed_as_before():
    assert not {"qkd_systems", "qkd_system"} & set(str(RING.to_json_dict()).split("'"))
    plain = changed(None)
    assert plain.sha256() == RING.sha256() != changed([{"id": "x"}]).sha256()
    both = changed([{"id": "x", "protocol": "decoy-bb84"}], {FIRST: "x"})
    assert parse_instance(qkdopt.io.to_text(both.to_json_dict())) == both


@pytest.mark.parametrize(
    ("systems", "names", "parts", "fault"),
    [
        ([{"id": "x"}], {FIRST: "y"}, {}, "qkd_system = 'y'; expected the id of one of"),
        (None, {FIRST: "y"}, {}, "(none is listed)"),
        ([{"id": "x"}, {"id": "x"}], {}, {}, "id 'x' is given 2 times"),
        ([{"id": "x", "surface": SURFACE, "skr_table": TABLE}], {}, {}, "are both given"),
        ([{"id": "x", "filter_ghz": 1e5}], {}, {}, "filter_ghz = 100000"),
        ([{"id": "x", "candidates": [1]}], {}, {}, "unknown field"),
        (
            [{"id": "x", "decoys": "vacuum+weak", "mean_photon_number": 0.04}], {}, {},
            "qkd_systems: x: qkd.weak_photon_number = 0.05",
        ),
        (
            [{"id": "x", "misalignment": 0.03}], {}, {"qkd": {"surface": SURFACE}},
            "x: gives misalignment, but has its key rates of qkd.surface",
        ),
        (
            [{"id": "x", "skr_table": TABLE}], dict.fromkeys(NAMES, "x"), {},
            "qkd_systems.x.skr_table: links with QKD differ in loss",
        ),
    ],
)  # fmt: skip
def test_a_bad_system_is_a_fault(systems, names, parts, fault):
    if "differ in loss" in fault:
        parts = {**parts, "fibre": {"loss_db_per_km": 0.21}}
        longer = RING.replace(network={"links": {FIRST: {"loss_db": 9.0}}})
        with pytest.raises(InstanceError, match=fault):
            longer.replace(
                qkd_systems=systems,
                network={"links": {name: {"qkd_system": own} for name, own in names.items()}},
            )
        return
    with pytest.raises(InstanceError) as caught:
        changed(systems, names, **parts)
    assert any(fault in text for text in caught.value.faults), caught.value.faults


def test_a_system_on_a_link_without_qkd_is_a_fault():
    with pytest.raises(InstanceError, match="has qkd_system but qkd is false"):
        RING.replace(
            qkd_systems=[{"id": "x"}],
            network={"links": {FIRST: {"qkd": False, "candidates": None, "qkd_system": "x"}}},
        )


def test_a_surface_of_the_network_holds_for_a_receiver_that_loses_more():
    both = changed([{"id": "x", "insertion_loss_db": 2.0}], {FIRST: "x"}, qkd={"surface": SURFACE})
    assert both.qkd_of(both.network.links[0]).surface == both.qkd.surface


def test_a_system_that_no_link_has_is_a_warning():
    assert any("no link has x" in text for text in changed([{"id": "x"}]).warnings())
    assert not list(changed([{"id": "x"}], {FIRST: "x"}).warnings())


def test_a_link_that_is_cut_or_has_no_receiver_leaves_its_system():
    both = changed([{"id": "x"}], {FIRST: "x"})
    assert len(without_link(both, FIRST).network.links) == len(NAMES) - 1
    assert with_qkd_on(both, NAMES[1:]).network.links[0].qkd_system is None


def test_sensitivity_changes_every_receiver_alike():
    both = changed([{"id": "x", "filter_ghz": 40.0}], {FIRST: "x"})
    narrow = FILTER.perturbed(both, -3.0)
    first, second, *_ = narrow.network.links
    assert narrow.qkd_of(first).filter_ghz == pytest.approx(40.0 * 10**-0.3)
    assert narrow.qkd_of(second).filter_ghz == pytest.approx(both.qkd.filter_ghz * 10**-0.3)
    # What a system has of the network changes with it, once.
    for parameter, field in ((GATE, "gate_ps"), (INSERTION_LOSS, "insertion_loss_db")):
        one = parameter.perturbed(both, 3.0)
        assert getattr(one.qkd_of(first), field) == getattr(one.qkd, field)
        assert getattr(one.qkd, field) != getattr(both.qkd, field)


def test_a_scenario_changes_every_receiver_alike():
    both = changed([{"id": "x", "misalignment": 0.02, "insertion_loss_db": 1.0}], {FIRST: "x"})
    worse = Scenario(10.0, misalignment=1.5, excess_loss_db=2.0).applied_to(both)
    own, qkd = worse.qkd_of(worse.network.links[0]), worse.qkd
    assert (own.misalignment, own.insertion_loss_db) == (pytest.approx(0.03), 3.0)
    assert qkd.misalignment == pytest.approx(1.5 * both.qkd.misalignment)
    assert qkd.insertion_loss_db == both.qkd.insertion_loss_db + 2.0


def test_calibration_refuses_links_with_systems():
    both = changed([{"id": "x"}], {FIRST: "x"})
    with pytest.raises(InstanceError, match=f"qkd_system is given for links {FIRST}"):
        validate_one_system(both, "calibrate", CALIBRATED_SYSTEM)
    validate_one_system(RING, "calibrate", CALIBRATED_SYSTEM)


def test_a_copy_that_is_changed_has_systems_and_a_hash_of_its_own():
    both = changed([{"id": "x", "filter_ghz": 40.0}], {FIRST: "x"})
    before, link = both.sha256(), both.network.links[0]
    assert both.qkd_of(link).filter_ghz == 40.0
    wide = both.qkd_systems[0].model_copy(update={"filter_ghz": 90.0})
    other = both.model_copy(update={"qkd_systems": (wide,)})
    assert other.qkd_of(link).filter_ghz == 90.0
    assert other.sha256() != before == both.sha256()
