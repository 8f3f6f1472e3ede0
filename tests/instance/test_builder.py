"""Instances put together piece by piece, and changed."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

import qkdopt
from qkdopt.instance import builder, model

CLASSICAL = {"launch_dbm": -10.0}


def triangle() -> qkdopt.Network:
    network = qkdopt.Network("triangle").add_node("A").add_node("B").add_node("C")
    network.add_link("A", "B", length_km=10.0).add_link("B", "C", length_km=12.5)
    return network.add_demand("A", "C")


def test_pieces_become_the_instance_of_a_file(tmp_path):
    instance = triangle().instance(classical=CLASSICAL, routes={"k": 1})
    qkdopt.write_instance(tmp_path / "triangle.json", instance)
    assert qkdopt.read_instance(tmp_path / "triangle.json") == instance
    assert [link.length_km for link in instance.network.links] == [10.0, 12.5]
    assert (instance.demands[0].source, instance.demands[0].target) == ("A", "C")
    assert instance.routes.k == 1


def test_all_faults_of_the_pieces_come_in_one_error():
    network = triangle().add_link("A", "C", length_km=1e6).add_demand("A", "B", channels=0)
    with pytest.raises(qkdopt.InstanceError) as caught:
        network.instance(classical=CLASSICAL)
    assert "network.links[2].length_km" in str(caught.value)
    assert "demands[1].channels" in str(caught.value)


def test_replace_validates_and_leaves_the_instance_as_it_was():
    instance = triangle().instance(classical=CLASSICAL)
    before = instance.sha256()
    changed = instance.replace(routes={"k": 1}, demands=())
    assert (changed.routes.k, changed.demands) == (1, ())
    assert instance.sha256() == before != changed.sha256()
    assert instance.replace() == instance
    assert hash(instance.replace()) == hash(instance)


def test_replace_names_every_fault():
    instance = triangle().instance(classical=CLASSICAL)
    with pytest.raises(qkdopt.InstanceError) as caught:
        instance.replace(routes={"k": 0}, demand=())
    assert "routes.k" in str(caught.value)
    assert "demand: unknown field" in str(caught.value)


def test_examples_print_what_they_say(monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])
    for module in (builder, model):
        done = doctest.testmod(module)
        assert done.attempted > 0, module
        assert done.failed == 0, module
