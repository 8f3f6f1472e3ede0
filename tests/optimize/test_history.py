"""The history of a run: a point a change, only ever better, ended by value and bound."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qkdopt
from qkdopt.optimize.clock import Clock
from qkdopt.optimize.history import History
from qkdopt.optimize.incumbent import Incumbent
from qkdopt.problem import build_problem
from qkdopt.result import HISTORY_POINTS, Value
from tests.random_instances import random_instance

MESH = "instances/small/mesh6.json"
EIGHT_CHANNELS = "instances/small/nsfnet_8ch.json"


def value_of(served, objective_bps):
    return Value(
        served=served, objective_bps=objective_bps, demands=9, mean_skr_bps=0.0,
        mean_skr_per_request_bps=0.0, worst_skr_bps=0.0,
    )  # fmt: skip


def serves_nobody(problem):
    """Strategy of one's own: every link tuned, nothing lit."""
    demands, links = len(problem.routes), len(problem.instance.network.links)
    return qkdopt.Plan((-1,) * demands, ((),) * demands, (0,) * links)


def named(options):
    """Name a case alike in every process of a test run."""
    return " ".join(f"{key}={getattr(value, '__name__', value)}" for key, value in options.items())


def states(points):
    return [(p.served, p.objective_bps, p.bound_bps) for p in points]


@pytest.mark.parametrize(
    "options",
    [
        {"strategy": "fixed"},
        {"strategy": "ds-qkd"},
        {"strategy": "ds-qkd-synergistic"},
        {"strategy": "local-search", "time_limit": 0.3},
        {"strategy": "milp", "time_limit": 20.0},
        {"strategy": "milp", "formulation": "load-state", "time_limit": 20.0},
        {"strategy": "auto", "time_limit": 1.0, "gap": 0.0},
        {"strategy": "auto", "threads": 1, "time_limit": 1.0, "gap": 0.0},
        {"strategy": "auto", "node_limit": 2},
        {"strategy": serves_nobody},
    ],
    ids=named,
)
def test_every_strategy_keeps_its_history(options):
    instance = qkdopt.read_instance(MESH)
    result = qkdopt.solve(instance, **options)
    assert result.history
    assert result.faults == ()
    assert qkdopt.check(instance, result).faults == ()
    kept = states(result.history)
    assert all(before != after for before, after in pairwise(kept))
    bound = None if result.bound is None else result.bound.objective_bps
    assert kept[-1] == (result.value.served, result.value.objective_bps, bound)
    assert result.history[-1].gap == result.gap
    if result.strategy in ("fixed", "ds-qkd", "ds-qkd-synergistic"):
        assert len(result.history) == 1


def test_the_solver_s_bounds_are_there_before_its_last_one():
    instance = qkdopt.read_instance(EIGHT_CHANNELS)
    result = qkdopt.solve(instance, strategy="milp", time_limit=30.0)
    bounds = [p for p in result.history if p.bound_bps is not None]
    assert len(bounds) > 1
    assert {p.phase for p in bounds} == {"milp: objective"}
    assert bounds[0].seconds < result.seconds


@pytest.mark.parametrize(
    "options",
    [
        {"node_limit": 1},
        {"strategy": "local-search", "node_limit": 1},
        {"strategy": "milp", "node_limit": 20},
        {"strategy": "milp", "formulation": "load-state", "node_limit": 20},
    ],
    ids=named,
)
def test_a_run_limited_by_nodes_repeats_its_history(options, monkeypatch):
    instance = qkdopt.read_instance(EIGHT_CHANNELS)
    first = qkdopt.solve(instance, **options)
    # As on a machine so slow that every report of the clock is due.
    monkeypatch.setattr("qkdopt.optimize.auto.REPORT_SECONDS", 0.0)
    monkeypatch.setattr("qkdopt.adapters.isolated.PERIOD_S", 0.001)
    second = qkdopt.solve(instance, **options)
    assert [(*s, p.phase) for s, p in zip(states(first.history), first.history, strict=True)] == [
        (*s, p.phase) for s, p in zip(states(second.history), second.history, strict=True)
    ]
    clock = {"seconds": True, "history": True, "provenance": {"written_at"}}
    assert first.model_dump(exclude=clock) == second.model_dump(exclude=clock)


def test_a_result_without_history_is_read(tmp_path):
    instance = qkdopt.read_instance(MESH)
    data = qkdopt.solve(instance, strategy="ds-qkd").to_json_dict()
    del data["history"]
    path = tmp_path / "old.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    old = qkdopt.read_result(path)
    assert old.history == ()
    assert qkdopt.check(instance, old).faults == ()
    assert list(old.history_frame().columns)[:2] == ["seconds", "served"]
    assert len(old.history_frame()) == 0


def test_the_table_has_a_row_a_point_and_numbers_where_there_is_no_bound():
    result = qkdopt.solve(qkdopt.read_instance(MESH), node_limit=1)
    frame = result.history_frame()
    assert len(frame) == len(result.history)
    assert frame["bound_bps"].dtype == frame["gap"].dtype == float
    assert frame["objective_bps"].iloc[-1] == result.value.objective_bps


NOTES = st.tuples(
    st.floats(0.0, 100.0),
    st.integers(0, 3),
    st.floats(0.0, 50.0),
    st.none() | st.floats(50.0, 100.0),
)


@settings(max_examples=300)
@given(st.lists(NOTES, min_size=1, max_size=40), st.none() | st.floats(50.0, 100.0))
def test_points_are_monotone_whatever_is_reported(notes, final_bps):
    history = History()
    for seconds, served, objective_bps, bound_bps in notes:
        history.note(seconds, served, objective_bps, bound_bps=bound_bps)
    value = value_of(*max((served, objective) for _, served, objective, _ in notes))
    points, faults = history.closed(100.0, value, final_bps)
    assert faults == []
    assert states(points)[-1] == (value.served, value.objective_bps, final_bps)
    for before, after in pairwise(points):
        assert before.seconds <= after.seconds
        assert (before.served, before.objective_bps) <= (after.served, after.objective_bps)
        if before.served == after.served and before.bound_bps is not None:
            assert after.bound_bps is not None
            assert after.bound_bps <= before.bound_bps


def test_a_bound_of_a_number_that_is_behind_is_left_out():
    history = History()
    history.note(1.0, 5, 10.0)
    history.note(2.0, 6, 8.0)
    history.note(3.0, 5, 10.0, bound_bps=11.0)
    points, _ = history.closed(4.0, value_of(6, 8.0), None)
    assert states(points) == [(5, 10.0, None), (6, 8.0, None)]


def test_a_bound_below_a_plan_is_a_fault_and_left_out():
    history = History()
    history.note(1.0, 5, 10.0, bound_bps=12.0)
    history.note(2.0, 5, 13.0)
    history.note(3.0, 6, 8.0)
    points, faults = history.closed(4.0, value_of(6, 8.0), 9.0)
    assert len(faults) == 1
    assert "12 bit/s was proved with 5 served; a plan was worth 13" in faults[0]
    assert states(points) == [(5, 10.0, None), (5, 13.0, None), (6, 8.0, None), (6, 8.0, 9.0)]


def test_no_point_claims_more_than_the_result():
    history = History()
    history.note(1.0, 5, 10.0, bound_bps=12.0)
    history.note(2.0, 5, 10.0, bound_bps=11.0)
    points, faults = history.closed(4.0, value_of(5, 10.0), 11.5)
    assert faults == []
    assert states(points) == [(5, 10.0, 12.0), (5, 10.0, 11.5)]


def test_a_long_history_is_thinned_evenly_and_keeps_its_ends():
    history = History()
    count = 25 * HISTORY_POINTS
    for k in range(count):
        history.note(float(k), 1, float(k), bound_bps=1e6)
    points, _ = history.closed(float(count), value_of(1, count - 1.0), 1e6)
    assert len(points) == HISTORY_POINTS
    assert (points[0].seconds, points[-1].seconds) == (0.0, count - 1.0)
    steps = [after.seconds - before.seconds for before, after in pairwise(points)]
    assert max(steps) <= 4.0 * count / HISTORY_POINTS


def test_a_pause_takes_no_time_of_the_history(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("qkdopt.optimize.clock.time.monotonic", lambda: now[0])
    clock = Clock(60.0, 1e-3, started=0.0)
    with clock.paused():
        now[0] = 1000.0
        assert clock.seconds == 0.0
    now[0] = 1001.0
    assert clock.seconds == 1.0


def test_a_report_with_the_bound_of_another_number_shows_none():
    seen = []
    clock = Clock(60.0, 1e-3, seen.append)
    problem = build_problem(random_instance(1))
    incumbent = Incumbent(problem, observer=clock.note_plan)
    incumbent.offer(qkdopt.Plan(
        (-1,) * len(problem.routes), ((),) * len(problem.routes),
        (0,) * len(problem.instance.network.links),
    ))  # fmt: skip
    clock.report("load states", incumbent, 7.0, bound_served=1)
    clock.report("load states", incumbent, 8.0, bound_served=0)
    assert [progress.bound_bps for progress in seen] == [None, 8.0]
    assert [point.bound_bps for point in clock.history.closed(9.0, value_of(0, 0.0), 8.0)[0]] == [
        None, 8.0,
    ]  # fmt: skip
