"""A run never loses ground: what it returns is no worse than the legal plan it was started from."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import qkdopt
from qkdopt.optimize.clock import Clock
from qkdopt.optimize.record import saved_plan_of
from qkdopt.optimize.result_parts import plan_of_result
from qkdopt.problem import build_problem
from qkdopt.problem.plan import BLOCKED, tune_working_channels
from qkdopt.result import Objective, SavedPlan
from tests.random_instances import random_instance
from tests.tiers import slow_beyond

OBJECTIVES: tuple[Objective, ...] = ("mean", "max-min", "link-sum")
STARTS = ("fixed", "ds-qkd", "ds-qkd-synergistic", "local-search", "auto")
LIMITS = {
    "no time": {"time_limit": 1e-9},
    "little time": {"time_limit": 0.03},
    "nodes": {"node_limit": 1},
    "interrupted": {"time_limit": 60.0},
}


def interrupted_clock(*arguments, **options):
    clock = Clock(*arguments, **options)
    clock.interrupt()
    return clock


def blocked_too(instance: qkdopt.Instance, plan: SavedPlan, kept: int) -> SavedPlan:
    """Return a plan without some of its lightpaths: what is left has more key."""
    problem = build_problem(instance, plan.objective)
    routes, channels = [], []
    read = plan_of_result(problem, plan)
    for r, (route, lit) in enumerate(zip(read.routes, read.channels, strict=True)):
        keep = bool(kept >> r & 1)
        routes.append(route if keep else BLOCKED)
        channels.append(lit if keep else ())
    return saved_plan_of(problem, tune_working_channels(problem, routes, channels))


@st.composite
def started(draw, *, load_states=False):
    """Draw an instance, an objective and a legal plan to start from."""
    instance = random_instance(
        draw(st.integers(0, 400)),
        most_demands=draw(st.integers(2, 5)),
        channels=(3, 5),
        relay="lightpath" if load_states else draw(st.sampled_from(["lightpath", "widest"])),
        other_noise=not load_states and draw(st.booleans()),
    )
    if draw(st.booleans()):
        floors = [
            demand.model_copy(update={"min_skr_bps": draw(st.sampled_from([None, 1.0, 2e3, 2e4]))})
            for demand in instance.demands
        ]
        instance = instance.model_copy(update={"demands": tuple(floors)})
    made_for = draw(st.sampled_from(OBJECTIVES))
    made_by = draw(st.sampled_from(STARTS))
    start = qkdopt.solve(
        instance, strategy=made_by, objective=made_for, time_limit=0.05, threads=1
    ).plan()
    if draw(st.booleans()):
        start = blocked_too(instance, start, draw(st.integers(0, 31)))
    assume(qkdopt.check(instance, start).ok)
    objectives = OBJECTIVES[:1] if load_states else OBJECTIVES
    return instance, draw(st.sampled_from(objectives)), start


def assert_no_ground_lost(instance, objective, start, **options):
    result = qkdopt.solve(
        instance, objective=objective, start=start, threads=options.pop("threads", 1), **options
    )
    assert qkdopt.check(instance, result).faults == ()
    assert result.faults == ()
    before = qkdopt.check(instance, start.model_copy(update={"objective": objective}))
    reached = (result.value.served, result.value.objective_bps * (1.0 + 1e-12) + 1e-9)
    assert reached >= (before.served, before.objective_bps)
    assert result.history[0].served >= before.served
    return result


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("strategy", ["fixed", "ds-qkd", "ds-qkd-synergistic", "local-search"])
@settings(max_examples=12)
@given(started())
def test_no_heuristic_loses_ground(strategy, limit, case):
    with patch("qkdopt.optimize.run.Clock", interrupted_clock if limit == "interrupted" else Clock):
        options = dict(LIMITS[limit])
        if limit == "nodes" and strategy == "local-search":
            options = {"time_limit": 0.05}
        assert_no_ground_lost(*case, strategy=strategy, **options)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("limit", ["no time", "little time", "interrupted"])
@settings(max_examples=12)
@given(started())
def test_auto_loses_no_ground(limit, threads, case):
    with patch("qkdopt.optimize.run.Clock", interrupted_clock if limit == "interrupted" else Clock):
        assert_no_ground_lost(*case, strategy="auto", threads=threads, **LIMITS[limit])


@pytest.mark.parametrize("formulation", slow_beyond(1, ["joint", "textbook", "load-state"]))
@pytest.mark.parametrize("limit", list(LIMITS))
@settings(max_examples=6)
@given(st.data())
def test_no_formulation_loses_ground(formulation, limit, data):
    case = data.draw(started(load_states=formulation == "load-state"))
    with patch("qkdopt.optimize.run.Clock", interrupted_clock if limit == "interrupted" else Clock):
        try:
            assert_no_ground_lost(*case, strategy="milp", formulation=formulation, **LIMITS[limit])
        except qkdopt.UnsupportedError:
            assume(False)


INSTANCE = "instances/small/mesh6.json"


def spoiled(path, value):
    """Return a saved plan with one field changed."""
    data = qkdopt.solve(qkdopt.read_instance(INSTANCE), strategy="ds-qkd").plan().to_json_dict()
    node = data
    *steps, last = path
    for step in steps:
        node = node[step]
    node[last] = value(node) if callable(value) else value
    return SavedPlan.model_validate(data, strict=False)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("lightpaths", 0, "channels"), [99], "uses channel 99"),
        (("lightpaths", 0, "channels"), [-1], "uses channel -1"),
        (("lightpaths", 0, "channels"), [0, 1], "expected 1 different"),
        (("lightpaths",), lambda data: [*data["lightpaths"]] * 2, "listed 2 times"),
    ],
)
def test_a_start_that_breaks_a_rule_is_refused(path, value, expected):
    with pytest.raises(qkdopt.ResultError, match=expected):
        qkdopt.solve(qkdopt.read_instance(INSTANCE), strategy="fixed", start=spoiled(path, value))


def test_a_start_with_two_lightpaths_on_a_channel_is_refused():
    instance = qkdopt.read_instance(INSTANCE)
    data = qkdopt.solve(instance, strategy="ds-qkd").plan().to_json_dict()
    for path in data["lightpaths"]:
        path["channels"] = [1]
    with pytest.raises(qkdopt.ResultError, match="at most one lightpath"):
        qkdopt.solve(instance, start=SavedPlan.model_validate(data, strict=False))


def test_a_start_below_a_least_key_rate_is_refused():
    instance = qkdopt.read_instance(INSTANCE)
    start = qkdopt.solve(instance, strategy="ds-qkd").plan()
    demanding = instance.replace(
        demands=[
            demand.model_copy(update={"min_skr_bps": 1e9}).model_dump(exclude_none=True)
            for demand in instance.demands
        ]
    )
    reference = start.instance.model_copy(update={"sha256": demanding.sha256()})
    with pytest.raises(qkdopt.ResultError, match="min_skr_bps"):
        qkdopt.solve(demanding, start=start.model_copy(update={"instance": reference}))


def test_working_channels_of_a_start_are_chosen_anew():
    instance = qkdopt.read_instance(INSTANCE)
    start = qkdopt.solve(instance, strategy="ds-qkd")
    result = qkdopt.solve(
        instance, strategy="fixed", start=start.plan().model_copy(update={"qkd": ()})
    )
    assert result.value == start.value
