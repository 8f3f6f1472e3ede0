"""Consistent yields: one choice for physics, tables, search, simulator and checker."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import qkdopt
from qkdopt.instance import Instance
from qkdopt.simulation import SimulationOptions, simulate
from tests.random_instances import random_instance

INSTANCES = Path(__file__).parent.parent.parent / "instances"


def with_yields(instance: Instance, yields: str) -> Instance:
    return instance.replace(qkd={"yields": yields})


@pytest.mark.parametrize("yields", ["exact", "approximate"])
@pytest.mark.parametrize("seed", range(6))
def test_search_and_checker_agree(seed, yields):
    instance = random_instance(seed, most_demands=5, channels=(5, 7), yields=yields)
    result = qkdopt.solve(instance, strategy="local-search", seed=seed, time_limit=0.1)
    assert qkdopt.check(instance, result).faults == ()


def test_each_choice_has_its_own_rate():
    instance = qkdopt.read_instance(INSTANCES / "small" / "mesh6.json")
    found = {
        yields: qkdopt.solve(with_yields(instance, yields), strategy="ds-qkd").value
        for yields in ("paper", "exact", "approximate")
    }
    rates = [value.mean_skr_bps for value in found.values() if value is not None]
    assert rates[0] < rates[1] < rates[2]


def test_the_simulator_has_the_rate_of_the_choice():
    instance = qkdopt.read_instance(INSTANCES / "nsfnet_100erl_4ch.json")
    rates = [
        simulate(
            with_yields(instance, yields), SimulationOptions(), requests=3000, seed=1
        ).mean_skr_bps.value
        for yields in ("paper", "exact", "approximate")
    ]
    assert rates[0] < rates[1] < rates[2]


def test_the_choice_of_every_instance_so_far_keeps_its_hash():
    with (INSTANCES / "best_known.csv").open(encoding="utf-8") as file:
        known = {row["instance"]: row["sha256"] for row in csv.DictReader(file)}
    for name, sha256 in known.items():
        instance = qkdopt.read_instance(INSTANCES / f"{name}.json")
        assert instance.sha256() == sha256
        assert with_yields(instance, "paper").sha256() == sha256
    assert with_yields(instance, "exact").sha256() != sha256
