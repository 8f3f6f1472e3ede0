"""An instance whose demands follow the topology's matrix has that matrix as traffic too."""

from __future__ import annotations

import numpy as np
import pytest

import qkdopt
from qkdopt.instance.generation import new_instance
from qkdopt.instance.generation.topologies import traffic_weights
from qkdopt.simulation.traffic import poisson_requests
from tests.command import exit_status


@pytest.mark.parametrize("load", [None, 7.0])
def test_the_simulator_sees_the_matrix(load, tmp_path):
    path = tmp_path / "weighted.json"
    given = () if load is None else ("--load-erlang", load)
    command = ("instance", "new", "--topology", "germany50", "--weighted", "--demands", 5)
    assert exit_status(*command, *given, "-o", path) == 0
    instance = qkdopt.read_instance(path)
    assert instance.load_erlang == (100.0 if load is None else load)
    weights = traffic_weights("germany50")
    matrix = {(one.source, one.target): one.share for one in instance.traffic.matrix}
    assert matrix == {pair: share for pair, share in weights.items() if share > 0.0}
    # Requests come from the pairs of the matrix, each about as often as it says.
    (requests,) = poisson_requests(instance, instance.load_erlang, 0, 0, [200_000])
    nodes = [node.id for node in instance.network.nodes]
    total = sum(matrix.values())
    counts = np.bincount(requests.pairs, minlength=len(nodes) ** 2)
    for pair, count in enumerate(counts):
        share = matrix.get((nodes[pair // len(nodes)], nodes[pair % len(nodes)]), 0.0) / total
        assert abs(count - 200_000 * share) <= 6.0 * np.sqrt(200_000 * share) + 1e-9


def test_uniform_demands_have_no_matrix():
    assert new_instance("n", topology="nsfnet", demands=3, seed=1).traffic is None
    loaded = new_instance("n", topology="nsfnet", demands=3, seed=1, load_erlang=50.0)
    assert loaded.traffic is not None
    assert loaded.traffic.matrix is None
