"""An instance with some of its data changed is validated as one that is read."""

from __future__ import annotations

import pytest

import qkdopt
from qkdopt.errors import InstanceError
from qkdopt.instance import Demand, Traffic, with_candidates


@pytest.fixture(scope="module")
def instance():
    return qkdopt.new_instance("plain", topology="nsfnet", demands=4, seed=1)


def test_a_mapping_changes_some_fields_of_a_part(instance):
    changed = instance.replace(qkd={"guard_ghz": 100.0}, fibre={"layout": "pair"})
    assert changed.qkd.guard_ghz == 100.0
    assert changed.qkd.model_copy(update={"guard_ghz": instance.qkd.guard_ghz}) == instance.qkd
    assert changed.fibre.layout == "pair"
    assert changed.network is instance.network
    assert instance.replace() == instance


def test_a_part_takes_the_place_of_a_part(instance):
    demands = (Demand(id=1, source=0, target=1), {"id": 2, "source": 1, "target": 2})
    changed = instance.replace(demands=iter(demands), traffic=Traffic(load_erlang=7.0), name="new")
    assert [demand.id for demand in changed.demands] == [1, 2]
    assert changed.load_erlang == 7.0
    assert changed.replace(traffic={"load_erlang": 8.0}).load_erlang == 8.0
    assert changed.replace(traffic=None).traffic is None
    assert (changed.name, instance.name) == ("new", "plain")


def test_every_fault_is_in_one_error(instance):
    with pytest.raises(InstanceError) as caught:
        instance.replace(
            name="bad",
            qkd={"candidates": [99], "gaurd_ghz": 1.0},
            classical={"launch_dbm": 90.0},
            demands=[{"id": 1, "source": "nowhere", "target": 1}],
        )
    faults = caught.value.faults
    assert caught.value.where == "bad, changed"
    assert any("gaurd_ghz: unknown field" in fault and "guard_ghz" in fault for fault in faults)
    assert any(fault.startswith("classical.launch_dbm = 90") for fault in faults)
    with pytest.raises(InstanceError, match="expected a channel from 0 to 39"):
        instance.replace(qkd={"candidates": [99]})
    with pytest.raises(InstanceError, match="expected the id of a node"):
        instance.replace(demands=[{"id": 1, "source": "nowhere", "target": 1}])


def test_the_hash_is_that_of_the_same_instance_read_from_a_file(instance, tmp_path):
    changed = with_candidates(instance, (3, 13), reserve="working")
    changed.save(tmp_path / "changed.json")
    read = qkdopt.read_instance(tmp_path / "changed.json")
    assert read.sha256() == changed.sha256() != instance.sha256()
    assert read == changed
    assert len({read, changed, instance}) == 2


def test_candidates_of_links_are_validated_too(instance):
    sets = [(5, 6)] * len(instance.network.links)
    changed = with_candidates(instance, by_link=sets)
    assert {link.candidates for link in changed.network.links} == {(5, 6)}
    assert with_candidates(changed, (1,)).network == instance.network
    with pytest.raises(InstanceError, match="expected a channel from 0 to 39"):
        with_candidates(instance, by_link=[(5, 77)] * len(sets))
    with pytest.raises(InstanceError, match="greater than or equal to 0"):
        with_candidates(instance, by_link=[(-1,)] * len(sets))
