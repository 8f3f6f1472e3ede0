"""A network built node by node is the instance that a file would give."""

from __future__ import annotations

import pytest

import qkdopt
from qkdopt.errors import InstanceError, UsageError


def triangle():
    network = qkdopt.Network("triangle", source="own drawing")
    for node in "ABC":
        network.add_node(node, label=f"node {node}", lat=1.0)
    network.add_link("A", "B", length_km=40.0, loss_db=9.0)
    network.add_link("B", "C", length_km=25.0, qkd=False)
    network.add_link("A", "B", length_km=45.0, candidates=[5, 6], qkd_direction="b->a")
    return network.add_demand("A", "C", channels=2).add_demand(
        "B", "A", min_skr_bps=10.0, demand_id="x"
    )


def test_all_that_was_added_is_in_the_instance(tmp_path):
    instance = triangle().instance(preset="field", candidates=[3, 13], k=2, load_erlang=9.0)
    assert [link.id for link in instance.network.links] == ["A-B", "B-C", "A-B-2"]
    assert [link.qkd for link in instance.network.links] == [True, False, True]
    assert instance.network.links[0].loss_db == 9.0
    assert instance.network.links[2].candidates == (5, 6)
    assert instance.network.nodes[2].label == "node C"
    assert [demand.id for demand in instance.demands] == [0, "x"]
    assert (instance.demands[0].channels, instance.demands[1].min_skr_bps) == (2, 10.0)
    assert (instance.qkd.candidates, instance.routes.k, instance.load_erlang) == ((3, 13), 2, 9.0)
    assert instance.preset == "field"
    instance.save(tmp_path / "own.json")
    assert qkdopt.read_instance(tmp_path / "own.json") == instance
    result = qkdopt.solve(instance, strategy="ds-qkd")
    assert qkdopt.check(instance, result).faults == ()


def test_every_fault_comes_in_one_error():
    network = triangle().add_link("A", "D", length_km=3.0).add_link("B", "A", length_km=-1.0)
    network.add_demand("A", "E")
    with pytest.raises(InstanceError) as caught:
        network.instance(launch_dbm=99.0)
    assert caught.value.where == "triangle"
    with pytest.raises(InstanceError, match=r"network.links\[4\].length_km = -1"):
        network.instance()
    network._links.pop()
    with pytest.raises(InstanceError, match=r"A-D\.b = 'D'; expected the id of a node"):
        network.instance()


def test_an_unknown_preset_is_named():
    with pytest.raises(UsageError, match="preset = 'feild'; expected one of paper, field"):
        triangle().instance(preset="feild")
