"""A strategy of the user's own: its plan is checked, whatever it returns."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

import qkdopt
from qkdopt.errors import RefusedError, UsageError
from qkdopt.heuristics import ds_qkd
from qkdopt.problem.plan import BLOCKED
from qkdopt.result import Result
from tests.command import exit_status

MESH = "instances/small/mesh6.json"


def serve_none(problem):
    return replace(
        ds_qkd(problem),
        routes=(BLOCKED,) * len(problem.routes),
        channels=((),) * len(problem.routes),
    )


def clash(problem):
    """Light channel 0 for everybody."""
    plan = ds_qkd(problem)
    return replace(plan, channels=tuple((0,) * len(c) for c in plan.channels))


def test_the_plan_of_a_function_is_the_result():
    instance = qkdopt.read_instance(MESH)
    result = qkdopt.solve(instance, strategy=serve_none)
    assert isinstance(result, Result)
    assert (result.strategy, result.value.served, result.stopped_by) == (
        "serve_none",
        0,
        "exhausted",
    )
    assert qkdopt.check(instance, result).faults == ()


def test_a_plan_that_breaks_rules_is_refused_with_the_rules():
    with pytest.raises(RefusedError, match="plan of strategy clash") as caught:
        qkdopt.solve(qkdopt.read_instance(MESH), strategy=clash)
    assert any("channel 0" in fault for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda plan: None, "expected a qkdopt.Plan"),
        (lambda plan: replace(plan, routes=plan.routes[1:]), "entries; expected"),
        (lambda plan: replace(plan, routes=(99, *plan.routes[1:])), "has route 99; expected 0 to"),
        (lambda plan: replace(plan, channels=((-1,), *plan.channels[1:])), "expected 0 to 7"),
        (lambda plan: replace(plan, working=(9, *plan.working[1:])), "has candidate 9; expected"),
    ],
)
def test_what_is_no_plan_is_refused_before_it_is_assessed(change, fault):
    def broken(problem):
        return change(ds_qkd(problem))

    with pytest.raises(RefusedError, match="plan of strategy broken") as caught:
        qkdopt.solve(qkdopt.read_instance(MESH), strategy=broken)
    assert any(fault in line for line in caught.value.faults)


def test_a_strategy_of_an_installed_package_has_a_name(monkeypatch):
    points = [
        EntryPoint("serve-none", f"{__name__}:serve_none", "qkdopt.strategies"),
        EntryPoint("ds-qkd", f"{__name__}:serve_none", "qkdopt.strategies"),
        EntryPoint("broken", f"{__name__}:MESH", "qkdopt.strategies"),
    ]
    monkeypatch.setattr("qkdopt.optimize.strategies.entry_points", lambda group: points)
    instance = qkdopt.read_instance(MESH)
    assert qkdopt.solve(instance, strategy="serve-none").value.served == 0
    assert qkdopt.solve(instance, strategy="ds-qkd").value.served > 0
    with pytest.raises(UsageError, match="expected a function"):
        qkdopt.solve(instance, strategy="broken")
    with pytest.raises(UsageError, match=r"strategy = 'x'; expected one of fixed, .*serve-none"):
        qkdopt.solve(instance, strategy="x")


def test_the_command_names_what_there_is(capsys):
    assert exit_status("solve", MESH, "--strategy", "nosuch") == 2
    assert "ds-qkd-synergistic" in capsys.readouterr().err
