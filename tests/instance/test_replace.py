"""An instance with some of its data changed is validated as one that is read."""

from __future__ import annotations

import json

import pytest

import qkdopt
from qkdopt.errors import InstanceError
from qkdopt.instance import Crosstalk, Demand, Instance, Traffic, with_candidates
from tests.random_instances import random_instance


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


def test_rows_are_changed_and_taken_away_by_their_id(instance):
    first, second, *rest = instance.network.links
    changed = instance.replace(
        network={"links": {second.id: {"launch_dbm": -3.0}, first.id: None}},
        demands={instance.demands[1].id: {"min_skr_bps": 5.0}, instance.demands[0].id: None},
    )
    assert changed.network.links == (second.model_copy(update={"launch_dbm": -3.0}), *rest)
    assert changed.network.nodes == instance.network.nodes
    assert [demand.id for demand in changed.demands] == [1, 2, 3]
    assert [demand.min_skr_bps for demand in changed.demands] == [5.0, None, None]
    back = changed.replace(
        network={"links": instance.network.links}, demands={1: instance.demands[1]}
    )
    assert back.network == instance.network
    assert back.demands == instance.demands[1:]
    assert back.replace(demands=instance.demands).sha256() == instance.sha256()


def test_a_mapping_changes_some_fields_at_any_depth(instance):
    noisy = instance.replace(other_noise={"crosstalk": {"isolation_db": 90.0}})
    adjacent = noisy.replace(other_noise={"crosstalk": {"adjacent_isolation_db": 70.0}})
    assert adjacent.other_noise.crosstalk == Crosstalk(
        isolation_db=90.0, adjacent_isolation_db=70.0
    )
    assert noisy.replace(other_noise={"crosstalk": None}) == instance


def test_an_id_that_no_row_has_is_a_fault_beside_the_others(instance):
    link = instance.network.links[0].id
    with pytest.raises(InstanceError) as caught:
        instance.replace(
            network={"links": {"nowhere": None, link: {"length_km": -1.0}}},
            demands={99: {"channels": 2}},
            where="an odd change",
        )
    assert caught.value.where == "an odd change"
    unknown_link, unknown_demand, length = caught.value.faults
    assert unknown_link == "network.links: no id 'nowhere'; expected one that is there"
    assert unknown_demand == "demands: no id 99; expected one that is there"
    assert length.startswith("network.links[0].length_km = -1")
    with pytest.raises(InstanceError, match="no id 99"):
        instance.replace(demands={99: {"channels": 2}})
    with pytest.raises(InstanceError, match="greater than or equal to 1"):
        instance.replace(demands={instance.demands[0].id: {"channels": 0}})
    every = {link.id: None for link in instance.network.links}
    with pytest.raises(InstanceError, match=r"network\.links = \[\]"):
        instance.replace(network={"links": every})


@pytest.mark.parametrize("seed", range(20))
def test_equal_instances_have_equal_hashes(seed):
    instance = random_instance(seed)
    same = Instance.model_validate_json(json.dumps(instance.to_json_dict()))
    assert same == instance
    assert hash(same) == hash(instance)
