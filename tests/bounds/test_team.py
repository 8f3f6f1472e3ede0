"""Nodes expanded by several at a time: the same outcome, and nothing lost."""

from __future__ import annotations

import os
import signal
import sys
import time
from functools import cache

import numpy as np
import pytest

import qkdopt
from qkdopt.bounds.bound import LoadStateBound
from qkdopt.bounds.branching import LoadTree
from qkdopt.bounds.expansion import Branching
from qkdopt.bounds.node_team import NodeTeam
from qkdopt.bounds.remote_nodes import RemoteNodes
from qkdopt.errors import UsageError
from qkdopt.jobs.workers import open_workers
from qkdopt.problem import build_problem
from tests.cluster import Cluster, busy_instance
from tests.command import HANG_SECONDS, exit_status
from tests.shipped import LIBRARY
from tests.tiers import slow_beyond

MESH = LIBRARY / "small" / "mesh6.json"
EXPANSIONS = 6


@cache
def root():
    """Relaxation, number served and root state, solved roughly."""
    run = LoadStateBound(build_problem(busy_instance()), 30, np.full(30, 2e4))
    count = iter(range(30))
    run.tighten(0.0, 0.0, lambda: next(count, None) is None)
    return run._data, 30, run._root_state


def grown(team, expansions=EXPANSIONS, should_stop=lambda: False):
    """A tree, after so many expansions."""
    tree = LoadTree(*root())
    began = time.monotonic()
    while not tree.done and tree.expansions < expansions:
        assert time.monotonic() - began < HANG_SECONDS
        if team.batch is not None:
            team.batch = min(4, expansions - tree.expansions)
        tree.expand(0.0, should_stop, team)
    tree.halt(team)
    team.close()
    return tree


@cache
def grown_alone(expansions=EXPANSIONS):
    return grown(NodeTeam(1, batch=4), expansions)


def nodes_of(tree):
    """Everything that the next step of a tree depends on."""
    return sorted((value, number, node.window.tobytes()) for value, number, node in tree._waiting)


def room_of(tree):
    """Load vectors in the windows of open nodes, where no side of a cut empty or closed."""
    open_nodes = {number: node for _, number, node in tree._waiting}
    open_nodes |= {number: out.node for number, out in tree._out.items()}
    return sum(int(np.prod(np.diff(n.window) + 1, dtype=object)) for n in open_nodes.values())


@pytest.mark.parametrize("threads", slow_beyond(1, [2, 4]))
def test_threads_change_nothing_where_nodes_are_limited(threads):
    alone, together = grown_alone(), grown(NodeTeam(threads, batch=4))
    assert alone.expansions == EXPANSIONS
    assert together.bound_bps == alone.bound_bps < root()[2].value_bps
    assert (together.nodes, together.expansions) == (alone.nodes, alone.expansions)
    assert nodes_of(together) == nodes_of(alone)


def test_threads_without_a_batch_keep_every_plan():
    tree = grown(NodeTeam(3))
    assert tree.expansions >= EXPANSIONS
    assert room_of(tree) == room_of(LoadTree(*root()))
    assert tree.bound_bps == max(-value for value, _, _ in tree._waiting) < root()[2].value_bps


@pytest.mark.parametrize("threads", slow_beyond(1, [3, 1]))
def test_an_interruption_within_a_batch_leaves_a_valid_bound(monkeypatch, threads):
    team = NodeTeam(threads, batch=4)
    tree = LoadTree(*root())
    whole, calls = Branching.expand, []

    def interrupted(self, *arguments):
        calls.append(1)
        # The third batch is of four nodes.
        if len(calls) == 5:
            raise KeyboardInterrupt
        return whole(self, *arguments)

    monkeypatch.setattr(Branching, "expand", interrupted)

    def three_batches():
        for _ in range(3):
            tree.expand(0.0, lambda: False, team)

    with pytest.raises(KeyboardInterrupt):
        three_batches()
    everything = room_of(LoadTree(*root()))
    assert room_of(tree) == everything
    open_bps = [node.value_bps for _, _, node in tree._waiting]
    open_bps += [out.node.value_bps for out in tree._out.values()]
    assert tree.bound_bps >= max(open_bps)
    # It goes on from there, with whatever was under way.
    before = tree.expansions
    tree.expand(0.0, lambda: False, team)
    assert tree.expansions > before
    assert room_of(tree) == everything
    team.close()


@pytest.mark.parametrize("threads", slow_beyond(1, [3, 1]))
@pytest.mark.parametrize("batch", [None, 4])
def test_time_that_is_up_within_a_batch_leaves_a_valid_bound(threads, batch):
    team = NodeTeam(threads, batch=batch)
    tree = LoadTree(*root())
    for _ in range(2):
        tree.expand(0.0, lambda: False, team)
    before = tree.bound_bps
    tree.expand(0.0, lambda: True, team)
    tree.halt(team)
    assert not tree._out
    assert room_of(tree) == room_of(LoadTree(*root()))
    assert max(-value for value, _, _ in tree._waiting) <= tree.bound_bps <= before
    team.close()


def ready(cluster):
    """A team with a cluster that has the relaxation."""
    remote = RemoteNodes(cluster.workers() if isinstance(cluster, Cluster) else cluster)
    remote.prepare(root()[0])
    began = time.monotonic()
    while not remote.slots:
        assert time.monotonic() - began < HANG_SECONDS
        time.sleep(0.01)
    return NodeTeam(1, remote, batch=4)


@pytest.mark.parametrize(
    ("options", "lost"), [({}, ""), ({"failing": 3}, ""), ({"silent_after": 2}, "no answer")]
)
def test_workers_change_nothing_whatever_becomes_of_them(options, lost):
    cluster = Cluster(**options)
    team = ready(cluster)
    tree = grown(team)
    assert nodes_of(tree) == nodes_of(grown_alone())
    assert cluster.done or lost
    assert cluster.submitted > (options.get("failing", 0) or options.get("silent_after", 0))
    assert (lost in team.note) if lost else not team.note


def test_workers_that_always_fail_are_given_up():
    cluster = Cluster(failing=10**6)
    team = ready(cluster)
    tree = grown(team, expansions=14)
    assert tree.expansions == 14
    assert "tasks failed in a row" in team.note
    assert "was killed" in team.note
    assert cluster.submitted < 20


def test_a_worker_with_other_sources_expands_nothing(monkeypatch):
    monkeypatch.setattr("qkdopt.jobs.watched.FAILURES", 1)
    digests = iter(["ours"])
    monkeypatch.setattr("qkdopt.bounds.remote_nodes.source_digest", lambda: next(digests, "theirs"))
    cluster = Cluster()
    team = ready(cluster)
    tree = grown(team, expansions=3)
    assert tree.expansions == 3
    assert cluster.done == 0
    assert "another version" in team.note


def test_a_real_cluster_gives_the_same_bound():
    from distributed import LocalCluster

    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        open_workers(cluster.scheduler_address, None) as workers,
    ):
        team, away = ready(workers), []
        result = team.result_away
        team.result_away = lambda future: away.append(result(future)) or away[-1]
        assert nodes_of(grown(team)) == nodes_of(grown_alone())
        assert away
        assert None not in away
        assert not team.note


@pytest.mark.slow
def test_two_workers_of_which_one_is_killed_give_the_same_bound():
    from distributed import Client, LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        with Client(address) as client, open_workers(address, None) as workers:
            processes = list(client.run(os.getpid).values())
            assert len(processes) == 2
            team = ready(workers)
            handed_over = []
            submit = team.submit_away

            def kill_with_the_third(*arguments):
                future = submit(*arguments)
                handed_over.append(future)
                if len(handed_over) == 3:
                    os.kill(processes[0], signal.SIGKILL)
                return future

            team.submit_away = kill_with_the_third
            assert nodes_of(grown(team, expansions=12)) == nodes_of(grown_alone(12))
            assert len(handed_over) >= 3
            assert not team.note


def answer(capsys):
    """The line after those about progress."""
    *progress, last = capsys.readouterr().err.splitlines()
    assert not [line for line in progress if "Traceback" in line or line.startswith("qkdopt:")]
    assert last.startswith("qkdopt: ")
    return last


@pytest.mark.parametrize("command", ["solve", "bound"])
def test_without_dask_or_a_scheduler_the_answer_is_one_line(monkeypatch, capsys, command):
    monkeypatch.setattr("qkdopt.jobs.workers.CONNECT_SECONDS", 1.0)
    assert exit_status(command, MESH, "--scheduler", "tcp://127.0.0.1:9") == 2
    assert "no answer" in answer(capsys)
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert exit_status(command, MESH, "--scheduler", "tcp://127.0.0.1:9") == 2
    assert "pip install 'qkdopt[cluster]'" in answer(capsys)


def test_the_bound_of_an_instance_is_that_of_its_node_limit():
    mesh = qkdopt.read_instance(LIBRARY / "small" / "nsfnet_8ch.json")
    found = [qkdopt.bound(mesh, served=4, node_limit=2, threads=n) for n in (1, 2, 4)]
    assert len({(bound.objective_bps, bound.method) for bound in found}) == 1
    assert "5 nodes" in found[0].method
    for options in ({"threads": 0}, {"node_limit": -1}):
        with pytest.raises(UsageError, match="expected at least"):
            qkdopt.bound(mesh, **options)


def test_a_scheduler_is_for_auto_alone():
    with pytest.raises(UsageError, match="expected strategy auto"):
        qkdopt.solve(qkdopt.read_instance(MESH), strategy="ds-qkd", scheduler="tcp://a:1")
