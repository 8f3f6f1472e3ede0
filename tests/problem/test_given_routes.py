"""Candidate routes by hops, and those that an instance gives itself."""

from __future__ import annotations

from itertools import islice

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qkdopt
from qkdopt.channel_sets.protection.failed_instances import without_link
from qkdopt.errors import InstanceError
from qkdopt.problem import build_problem
from qkdopt.simulation.network import _routes_of_pairs

MESH = qkdopt.read_instance("instances/small/mesh6.json")


def paths(routes):
    return [route.nodes for route in routes]


def every_path(instance, source, target):
    graph = nx.Graph()
    for link in instance.network.links:
        graph.add_edge(link.a, link.b, km=link.length_km)
    found = nx.all_simple_paths(graph, source, target)
    return [(tuple(path), nx.path_weight(graph, path, "km")) for path in found]


@settings(max_examples=20, deadline=None)
@given(k=st.integers(1, 12), order=st.sampled_from([None, "km", "hops"]))
def test_candidates_are_the_first_by_enumeration(k, order):
    instance = MESH.replace(routes={"k": k, "order": order})
    for demand, routes in zip(instance.demands, build_problem(instance).routes, strict=True):
        rows = every_path(instance, demand.source, demand.target)

        def key(row):
            hops, km = len(row[0]) - 1, round(row[1], 9)
            return ((hops, km) if order == "hops" else (km, hops)) + (row[0],)

        assert paths(routes) == [path for path, _ in sorted(rows, key=key)[:k]]


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_given_routes_are_the_candidates_of_their_pair_and_no_others(data):
    demand = MESH.demands[0]
    rows = [path for path, _ in every_path(MESH, demand.source, demand.target)]
    chosen = data.draw(st.lists(st.sampled_from(rows), min_size=1, max_size=5, unique=True))
    instance = MESH.replace(routes={"given": chosen})
    problem, before = build_problem(instance), build_problem(MESH)
    for own, routes, usual in zip(instance.demands, problem.routes, before.routes, strict=True):
        same = (own.source, own.target) == (demand.source, demand.target)
        assert paths(routes) == (chosen if same else paths(usual))
    assert problem.route_set == "K=3, given"
    every = build_problem(instance, scope="all")
    listed = paths(every.routes[0])
    assert listed[: len(chosen)] == chosen
    assert sorted(listed) == sorted(rows)
    assert paths(every.over_candidates().routes[0]) == chosen


def test_plans_keep_to_them_and_bounds_say_so():
    demand = MESH.demands[0]
    longest = max(every_path(MESH, demand.source, demand.target), key=lambda row: row[1])[0]
    instance = MESH.replace(routes={"given": [longest]})
    result = qkdopt.solve(instance, time_limit=10.0)
    route = next(path.route for path in result.lightpaths if path.demand == demand.id)
    assert route == longest
    assert result.bound.routes == "K=3, given"
    assert qkdopt.check(instance, result).faults == ()


def test_parallel_links_each_give_a_route():
    network = qkdopt.Network("parallel").add_node("A").add_node("B")
    for km in (10.0, 8.0):
        network.add_link("A", "B", length_km=km)
    instance = network.add_demand("A", "B").instance().replace(routes={"given": [["A", "B"]]})
    assert [route.links for route in build_problem(instance).routes[0]] == [(1,), (0,)]


def test_the_simulator_takes_them():
    demand = MESH.demands[0]
    detour = max(every_path(MESH, demand.source, demand.target), key=lambda row: row[1])[0]
    nodes = [node.id for node in MESH.network.nodes]
    pair = nodes.index(demand.source) * len(nodes) + nodes.index(demand.target)
    usual = _routes_of_pairs(MESH)
    own = _routes_of_pairs(MESH.replace(routes={"given": [detour]}))
    assert paths(own[pair]) == [detour]
    assert [own[n] == usual[n] for n in range(len(usual))].count(False) == 1
    by_hops = _routes_of_pairs(MESH.replace(routes={"order": "hops"}))
    assert all(
        [len(route.links) for route in routes] == sorted(len(route.links) for route in routes)
        for routes in by_hops
    )


def test_a_cut_takes_the_routes_over_it_away():
    instance = MESH.replace(routes={"given": [[0, 1, 2], [0, 3, 2], [0, 5, 4]]})
    assert without_link(instance, "0-1").routes.given == ((0, 3, 2), (0, 5, 4))
    only = MESH.replace(routes={"given": [[0, 1, 2]]})
    assert without_link(only, "0-1").routes.given is None


def test_faults_of_given_routes_come_in_one_error():
    bad = [[0, 9], [0, 2], [0, 1, 0], [0, 1], [0, 1]]
    with pytest.raises(InstanceError) as caught:
        MESH.replace(routes={"given": bad})
    text = str(caught.value)
    for fault in (
        "routes.given[0] = [0, 9]: 9 is no node",
        "routes.given[1] = [0, 2]: no link joins 0 and 2",
        "routes.given[2] = [0, 1, 0]: visits a node twice",
        "routes.given: [0, 1] is given 2 times",
    ):
        assert fault in text
    assert len(list(islice(text.splitlines(), 10))) >= 4


def test_an_order_not_given_changes_no_hash():
    assert MESH.replace(routes={"order": None, "given": None}).sha256() == MESH.sha256()
    assert MESH.replace(routes={"order": "hops"}).sha256() != MESH.sha256()
