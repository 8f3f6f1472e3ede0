"""Plan the next demands around an earlier plan."""

from __future__ import annotations

import json

import pytest

import qkdopt
from qkdopt.errors import InstanceError, UnsupportedError, UsageError
from qkdopt.problem import build_problem
from qkdopt.problem.moves import keeps_in_place, moved_back, moved_demands
from qkdopt.problem.plan import BLOCKED, Plan, assess
from tests.command import exit_status
from tests.corners.enumeration import Enumeration
from tests.shipped import LIBRARY
from tests.small_instances import instance_of

LINE = [("a", 0, 1, 10.0), ("b", 1, 2, 10.0)]
QKD = {"candidates": [0, 5], "guard_ghz": 100.0}


def line(*demands, **sections):
    return instance_of(LINE, demands, channels=6, qkd=QKD, **sections)


def quick(instance, **options):
    result = qkdopt.solve(instance, threads=1, **({"strategy": "ds-qkd"} | options))
    assert qkdopt.check(instance, result).faults == ()
    return result


def places(result):
    return {path.demand: (path.links, path.channels) for path in result.lightpaths}


def test_demands_of_the_earlier_plan_stay_and_new_ones_are_planned():
    first = quick(line((0, 2), (1, 2)))
    more = line((0, 2), (1, 2), (0, 1), (2, 0))
    second = quick(more, around=first)
    assert {key: places(second)[key] for key in (0, 1)} == places(first)
    assert second.value.served == 4
    assert second.around.freed == ()
    assert second.around.given_sha256 == more.sha256() != second.instance.sha256
    assert "2 demands in place, 0 freed, 2 to be planned" in second.summary()


def test_demands_that_vanished_free_their_light():
    first = quick(line((0, 2), (1, 2), (0, 1)))
    fewer = line((0, 2), (1, 2), (0, 1)).replace(demands={1: None})
    second = quick(fewer, around=first)
    assert second.around.freed == (1,)
    assert places(second) == {key: places(first)[key] for key in (0, 2)}


def test_a_plan_around_a_plan_around_a_plan():
    first = quick(line((0, 2)))
    second = quick(line((0, 2), (1, 2)), around=first)
    third = quick(line((0, 2), (1, 2), (2, 0)), around=second.plan())
    assert {key: places(third)[key] for key in (0, 1)} == places(second)


def test_foreign_light_of_the_instance_stays():
    path = {"route": [0, 1, 2], "channels": [1]}
    first = quick(line((0, 2), lightpaths=[path]))
    second = quick(line((0, 2), (1, 2), lightpaths=[path]), around=first)
    assert len(second.around.lightpaths) == 2
    assert "1 foreign lightpaths" in second.summary()


def test_the_result_is_read_back_and_checked_against_the_instance_as_given(tmp_path):
    instance = line((0, 2), (1, 2))
    result = quick(instance, around=quick(line((0, 2))), movable=1)
    result.save(tmp_path / "result.json")
    read = qkdopt.read_result(tmp_path / "result.json")
    assert read == result
    assert qkdopt.check(instance, read).ok
    assert qkdopt.check(qkdopt.instance_around(instance, result.plan()), read).faults != ()
    result.plan().save(tmp_path / "plan.json")
    assert qkdopt.check(instance, qkdopt.read_plan(tmp_path / "plan.json")).ok
    other = line((0, 2), (2, 1))
    assert any("sha256" in fault for fault in qkdopt.check(other, read).faults)


def test_a_result_that_lost_foreign_light_is_found():
    path = {"route": [0, 1, 2], "channels": [1]}
    instance = line((0, 2), (1, 2), lightpaths=[path])
    result = quick(instance, around=quick(line((0, 2), lightpaths=[path])))
    lost = result.around.model_copy(update={"lightpaths": result.around.lightpaths[1:]})
    faults = qkdopt.check(instance, result.model_copy(update={"around": lost})).faults
    assert any("foreign light on 0-1-2 is missing" in fault for fault in faults)


def test_files_without_an_earlier_plan_have_no_new_fields():
    data = quick(line((0, 2))).to_json_dict()
    assert not {"around", "moved"} & set(data)


def test_an_earlier_plan_that_does_not_fit_is_refused_with_every_fault():
    first = quick(line((0, 2), (1, 2)))
    with pytest.raises(InstanceError) as refused:
        quick(line((0, 2, {"channels": 2}), (2, 1)), around=first)
    assert len(refused.value.faults) == 2
    with pytest.raises(InstanceError, match="expected ids of nodes"):
        quick(instance_of([("x", 7, 8, 5.0)], [(7, 8)]), around=first)


def test_movable_needs_an_earlier_plan_and_a_number():
    with pytest.raises(UsageError, match="expected around with it"):
        quick(line((0, 2)), movable=1)
    with pytest.raises(UsageError, match="expected 0 or more"):
        quick(line((0, 2)), around=quick(line((0, 2))), movable=-1)


def test_a_demand_in_place_below_its_least_rate_is_refused():
    path = {"demand": 0, "route": [0, 1, 2], "channels": [1]}
    hungry = line((0, 2, {"min_skr_bps": 1e9}), lightpaths=[path])
    with pytest.raises(InstanceError, match="bit/s at most; expected its min_skr_bps"):
        quick(hungry)


def test_a_new_demand_is_blocked_where_one_in_place_needs_the_key():
    noisy = instance_of(LINE, [(0, 2), (0, 1)], channels=6, qkd=QKD, launch_dbm=3.0)
    alone = quick(noisy.replace(demands={1: None}))
    asked = noisy.replace(demands={0: {"min_skr_bps": alone.demands[0].skr_bps * 0.999}})
    for strategy in ("ds-qkd", "ds-qkd-synergistic", "milp"):
        result = quick(asked, around=alone, strategy=strategy)
        assert places(result) == places(alone)
        assert not result.demands[1].served


@pytest.mark.parametrize("formulation", ["joint", "textbook", "cp-sat"])
@pytest.mark.parametrize("limit", [0, 1, 2])
def test_no_more_demands_move_than_may_and_the_best_of_those_are_found(formulation, limit):
    # Channel 1 is in the way of a demand that has no other.
    links = [("a", 0, 1, 10.0, {"unavailable": [2, 3]}), ("b", 1, 2, 10.0)]
    paths = [
        {"demand": 0, "route": [0, 1], "channels": [1], "movable": True},
        {"demand": 1, "route": [1, 2], "channels": [1], "movable": True},
    ]
    instance = instance_of(
        links, [(0, 1), (1, 2), (0, 2)], channels=5,
        qkd={"candidates": [0], "guard_ghz": 100.0}, lightpaths=paths, moves_limit=limit,
    )  # fmt: skip
    solver = "cp-sat" if formulation == "cp-sat" else "highs"
    enumeration = Enumeration(instance).run()
    result = quick(instance, strategy="milp", formulation=formulation, solver=solver)
    assert result.status == "optimal"
    assert result.value.served == enumeration.most
    assert len(result.moved) <= limit
    assert result.value.objective_bps == pytest.approx(enumeration.best[enumeration.most], rel=1e-3)


def test_local_search_moves_what_it_may_and_no_more():
    links = [("a", 0, 1, 10.0, {"unavailable": [2, 3]}), ("b", 1, 2, 10.0)]
    paths = [{"demand": 0, "route": [1, 2], "channels": [1], "movable": True}]
    demands = [(1, 2), (0, 2), (0, 2)]
    qkd = {"candidates": [0], "guard_ghz": 100.0}
    instance = instance_of(links, demands, channels=5, qkd=qkd, lightpaths=paths)
    result = quick(instance, strategy="local-search", time_limit=0.5)
    assert (result.value.served, result.moved) == (3, (0,))
    stays = instance.replace(moves_limit=0)
    assert quick(stays, strategy="local-search", time_limit=0.3).value.served == 2


def test_the_load_state_formulation_refuses_movable_demands():
    first = quick(line((0, 2)))
    with pytest.raises(UnsupportedError, match="may be moved"):
        quick(
            line((0, 2), (1, 2)), around=first, movable=1, strategy="milp",
            formulation="load-state",
        )  # fmt: skip


def test_a_moved_demand_goes_back_where_that_costs_nothing():
    path = {"demand": 0, "route": [0, 1], "channels": [1], "movable": True}
    problem = build_problem(line((0, 1), (1, 2), lightpaths=[path]))
    away = Plan((0, BLOCKED), ((2,), ()), (0, 0))
    assert moved_demands(problem, away) == (0,)
    assert moved_back(problem, away, 0).channels == ((1,), ())
    assert moved_back(problem, Plan((0, 0), ((2,), (1,)), (0, 0)), 0) is not None
    other = build_problem(line((0, 1), (0, 2), lightpaths=[path]))
    assert moved_back(other, Plan((0, 0), ((2,), (1,)), (0, 0)), 0) is None


def test_plans_that_leave_demands_in_place_out_are_never_kept():
    path = {"demand": 0, "route": [0, 1], "channels": [1], "movable": True}
    problem = build_problem(line((0, 1), (1, 2), lightpaths=[path]))
    without = Plan((BLOCKED, 0), ((), (1,)), (0, 0))
    assert not keeps_in_place(problem, without, assess(problem, without))


def test_the_command_plans_around_a_result(tmp_path, capsys):
    instance = qkdopt.read_instance(LIBRARY / "small" / "line.json")
    ids = [demand.id for demand in instance.demands]
    fewer = instance.replace(demands={ids[-1]: None})
    fewer.save(tmp_path / "first.json")
    first, second = tmp_path / "r1.json", tmp_path / "r2.json"
    options = ("--strategy", "ds-qkd", "-o")
    assert exit_status("solve", tmp_path / "first.json", *options, first) == 0
    full = LIBRARY / "small" / "line.json"
    assert exit_status("solve", full, "--from", first, "--movable", 2, *options, second) == 0
    shown = capsys.readouterr().out
    assert f"{len(ids) - 1} demands in place, at most 2 of {len(ids) - 1} may move" in shown
    assert "moved      0 demands" in shown
    assert json.loads(second.read_text())["around"]["moves_limit"] == 2
    assert exit_status("check", full, second) == 0
    assert exit_status("solve", full, "--movable", 2) == 2


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("route", [0], "route"),
        ("route", [], "route"),
        ("channels", [], "channels"),
        ("channels", [-1], "channels"),
        ("channels", [3, 3], "expected each once"),
        ("links", [], "expected one link a hop"),
    ],
)
def test_an_earlier_plan_that_nobody_checked_is_one_error(field, value, fault, tmp_path, capsys):
    first = quick(line((0, 2), (1, 2)))
    data = first.plan().to_json_dict()
    data["lightpaths"][0][field] = value
    plan, instance = tmp_path / "plan.json", tmp_path / "line.json"
    plan.write_text(json.dumps(data), encoding="utf-8")
    qkdopt.write_instance(instance, line((0, 2), (1, 2)))
    assert exit_status("solve", instance, "--from", plan, "--strategy", "ds-qkd") == 2
    message = capsys.readouterr().err
    assert message.startswith("qkdopt: ")
    assert "lightpaths" in message
    assert fault in message
