"""``auto`` with several threads and with the workers of a cluster."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

import qkdopt
from qkdopt.heuristics import ds_qkd
from qkdopt.optimize.auto import AutoRun
from qkdopt.optimize.clock import Clock
from qkdopt.optimize.incumbent import Incumbent
from qkdopt.problem import build_problem
from qkdopt.problem.plan import tune_working_channels
from tests.cluster import Cluster, busy_instance
from tests.command import HANG_SECONDS

NODES = 5


@pytest.fixture
def few_moves(monkeypatch):
    monkeypatch.setattr("qkdopt.optimize.auto.MOVES_OF_ROUNDS", (20_000,))
    monkeypatch.setattr("qkdopt.bounds.bound.ROOT_ITERATIONS", 30)
    # Past the nodes the joint MILP would take over.
    monkeypatch.setattr("qkdopt.optimize.auto.SMALL_JOINT", 0)


def found(**options):
    result = qkdopt.solve(busy_instance(), node_limit=NODES, **options)
    assert qkdopt.check(busy_instance(), result).faults == ()
    assert result.notes == ()
    return result.value.objective_bps, result.bound.objective_bps, result.bound.method


@pytest.mark.usefixtures("few_moves")
def test_a_node_limit_gives_the_same_result_whoever_expands_nodes(monkeypatch):
    alone = found(threads=1)
    assert alone[1] > alone[0]
    assert "11 nodes" in alone[2]
    assert found(threads=3) == alone
    cluster = Cluster()
    monkeypatch.setattr("qkdopt.optimize.run._cluster", lambda _: opened(cluster))
    assert found(threads=1, scheduler="tcp://here:1") == alone


@contextmanager
def opened(cluster):
    yield cluster.workers()


def on_its_last_route(problem):
    """Plan that serves one demand, on a route that is no candidate of the instance."""
    routes, channels = [-1] * len(problem.routes), [()] * len(problem.routes)
    routes[0], channels[0] = len(problem.routes[0]) - 1, (0,)
    assert routes[0] >= problem.instance.routes.k
    return tune_working_channels(problem, routes, channels)


def run_with(cluster, until, monkeypatch, scope="candidates"):
    """One run whose own threads do not search, until there is what is waited for."""
    monkeypatch.setattr("qkdopt.optimize.auto.SMALL_JOINT", 0)
    monkeypatch.setattr("qkdopt.optimize.remote_search.LONGEST_SECONDS", 1.0)
    monkeypatch.setattr(AutoRun, "_search", lambda self, improve: None)
    begin = ds_qkd if scope == "candidates" else on_its_last_route
    monkeypatch.setattr("qkdopt.optimize.auto.ds_qkd_synergistic", begin)
    problem = build_problem(busy_instance(), "mean", scope)
    incumbent = Incumbent(problem)
    incumbent.offer(begin(problem))
    first = incumbent.best()[1].key
    clock = Clock(HANG_SECONDS, 0.0)
    run = AutoRun(
        problem, incumbent, clock, seed=0, threads=2, solver="highs", workers=cluster.workers()
    )
    over = clock.over
    clock.over = lambda: over() or until(run, incumbent.best()[1].key > first)
    run.run()
    assert not clock.timed_out
    bound = run.bound()
    # A run that was ended at its first better plan may have none yet.
    if bound is not None and bound.objective_bps is not None:
        assert bound.objective_bps >= incumbent.best()[1].objective_bps
    return run


def test_restarts_of_workers_improve_the_plan(monkeypatch):
    monkeypatch.setattr("qkdopt.bounds.bound.ROOT_ITERATIONS", 10)
    run = run_with(Cluster(), lambda run, better: better, monkeypatch)
    assert run.notes == []


def test_workers_know_the_routes_that_plans_number(monkeypatch):
    monkeypatch.setattr("qkdopt.bounds.bound.ROOT_ITERATIONS", 10)
    run = run_with(Cluster(), lambda run, better: better, monkeypatch, scope="all")
    assert run.notes == []


def test_a_cluster_that_goes_away_is_noted_and_the_run_goes_on(monkeypatch):
    def over(run, better):
        return run._helpers is not None and run._helpers.lost and run._expansions >= 2

    monkeypatch.setattr("qkdopt.bounds.bound.ROOT_ITERATIONS", 30)
    run = run_with(Cluster(silent_after=0), over, monkeypatch)
    assert len(run.notes) == 1
    assert "until it was lost: no answer from the scheduler" in run.notes[0]


@pytest.mark.slow
def test_a_real_scheduler_killed_half_way_leaves_a_run_that_goes_on(monkeypatch, capfd):
    # Past its first nodes the instance is small enough for MILPs, which are solved here alone.
    monkeypatch.setattr("qkdopt.optimize.auto.SMALL_JOINT", 0)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    command = [sys.executable, "-m"]
    parts = [
        subprocess.Popen(
            [*command, f"distributed.cli.dask_{what}", "--no-dashboard", *how],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for what, how in (
            ("scheduler", ["--host", "tcp://127.0.0.1", "--port", str(port)]),
            ("worker", [address, "--nthreads", "1", "--no-nanny"]),
        )
    ]
    killed = []

    def kill(progress):
        if progress.seconds > 8.0 and progress.bound_bps is not None and not killed:
            killed.append(progress.bound_bps)
            parts[0].kill()

    try:
        result = qkdopt.solve(
            busy_instance(), time_limit=40.0, gap=0.0, threads=2, scheduler=address, progress=kill
        )
    finally:
        for process in parts:
            process.kill()
            process.wait(HANG_SECONDS)
    assert killed
    assert result.bound.objective_bps <= killed[0]
    assert [note for note in result.notes if "until it was lost" in note]
    assert qkdopt.check(busy_instance(), result).faults == ()
    assert "Traceback" not in capfd.readouterr().err
