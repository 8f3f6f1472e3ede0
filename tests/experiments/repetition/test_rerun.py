"""Outputs run again: what is identical, what differs and why, and what cannot be run again."""

from __future__ import annotations

import json
from functools import wraps
from pathlib import Path

import pytest

import qkdopt
from qkdopt.experiments.repetition.reasons import NONE_KNOWN
from qkdopt.result import Bound
from tests.command import exit_status

SMALL = Path(__file__).parents[3] / "instances" / "small"
LINE, MESH = SMALL / "line.json", SMALL / "mesh6.json"


def solved(tmp_path: Path, instance: Path = MESH, *options: object) -> Path:
    path = tmp_path / "result.json"
    options = options or ("--strategy", "ds-qkd")
    assert exit_status("-q", "solve", instance, *options, "-o", path) == 0
    return path


def changed(path: Path, **changes: object) -> Path:
    """Write a result anew with fields changed, each by its path ``a__b``."""
    data = json.loads(path.read_text(encoding="utf-8"))
    for name, value in changes.items():
        *outer, last = name.split("__")
        inner = data
        for step in outer:
            inner = inner[int(step) if step.isdigit() else step]
        inner[last] = value
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_a_heuristic_is_identical(tmp_path):
    again = qkdopt.rerun(solved(tmp_path))
    assert again.agreement == "identical"
    assert again.confirmed
    assert [part.name for part in again.parts] == ["plan", "value", "rates", "bound", "status"]
    # Nothing would be found identical if nothing was compared.
    assert min(part.compared for part in again.parts) >= 2
    assert again.reasons == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"node_limit": 3, "seed": 4},
        {"strategy": "local-search", "node_limit": 1},
        {"strategy": "milp", "node_limit": 20},
        {"routes": "all", "node_limit": 2},
    ],
    ids=lambda options: "-".join(map(str, options.values())),
)
def test_work_that_no_clock_limits_is_identical(options):
    instance = qkdopt.read_instance(MESH)
    again = qkdopt.rerun(qkdopt.solve(instance, **options), instance)
    assert again.agreement == "identical", again.parts
    assert again.answer.limits.node_limit == options["node_limit"]


def test_a_result_of_another_strategy_than_it_says_is_seen(tmp_path):
    path = solved(tmp_path)
    changed(path, provenance__options__strategy="fixed")
    again = qkdopt.rerun(path)
    assert again.agreement == "worse"
    assert again.reasons == (NONE_KNOWN,)


def test_what_differs_is_said_with_its_size_and_the_reason(tmp_path, capsys):
    path = solved(tmp_path)
    data = json.loads(path.read_text(encoding="utf-8"))
    row = data["qkd"][0]
    row["skr_bps"] *= 1.0 + 1e-12
    data["environment"]["versions"]["numpy"] = "1.0"
    data["environment"]["cpu"] = "another"
    path.write_text(json.dumps(data), encoding="utf-8")
    assert exit_status("-q", "rerun", path) == 0
    told = capsys.readouterr().out
    assert "rates" in told
    assert "1 of 72 values differ, by 1e-10 % at most" in told
    assert f"qkd[0].skr_bps: {row['skr_bps']!r} -> " in told
    assert "numpy 1.0 -> " in told
    assert "cpu another -> " in told
    assert "verdict    same value" in told


def test_a_run_ended_by_the_clock_says_so(tmp_path, capsys):
    path = solved(tmp_path, MESH, "--strategy", "local-search", "--time-limit", 0.2)
    capsys.readouterr()
    status = exit_status("-q", "rerun", path, "--json")
    told = json.loads(capsys.readouterr().out)
    assert status == (0 if told["confirmed"] else 1)
    assert "limited by time (0.2 s), ended by the clock" in told["reasons"][0]
    assert told["agreement"] in ("identical", "same value", "better", "worse")


@pytest.mark.parametrize(
    ("factor", "agreement"), [(1.0 - 1e-3, "better"), (1.0 + 1e-3, "worse"), (1.0, "same value")]
)
def test_the_order_is_by_served_and_then_by_the_objective(factor, agreement):
    from qkdopt.experiments.repetition.agreement import agreement_of_results
    from qkdopt.experiments.repetition.differences import part

    now = qkdopt.solve(qkdopt.read_instance(MESH), strategy="ds-qkd")
    value = now.value.model_copy(update={"objective_bps": factor * now.value.objective_bps})
    earlier = now.model_copy(update={"value": value})
    other = (part("plan", 1, 2),)
    assert agreement_of_results(other, earlier, now, ()) == agreement
    # One demand more outweighs any objective.
    fewer = value.model_copy(update={"served": value.served - 1, "objective_bps": 1e9})
    assert agreement_of_results(other, now.model_copy(update={"value": fewer}), now, ()) == "better"


def test_a_bound_below_the_other_value_contradicts(tmp_path, monkeypatch, capsys):
    path = solved(tmp_path)
    honest = qkdopt.solve

    @wraps(honest)
    def too_low(instance, **options):
        # A plan that is worth less, so that its bound can lie below the earlier plan.
        plan = honest(instance, strategy="fixed")
        assert plan.value.served == 8
        bound = Bound(
            objective_bps=plan.value.objective_bps, served=8, method="a guess", routes="K=3"
        )
        proved = {"bound": bound, "gap": 0.0, "served_proved": True, "status": "optimal"}
        # Its baseline, which is worth as much as the earlier plan, would give it away.
        rest = {"stopped_by": "gap", "history": (), "baseline": None}
        return plan.model_copy(update=proved | rest)

    monkeypatch.setattr("qkdopt.experiments.repetition.runs.solve", too_low)
    assert exit_status("-q", "rerun", path) == 1
    told = capsys.readouterr().out
    assert "verdict    contradicts" in told
    assert "against    a guess (now) proved at most" in told


def test_a_result_that_the_checker_refuses_is_not_confirmed(tmp_path, capsys):
    path = solved(tmp_path)
    value = json.loads(path.read_text(encoding="utf-8"))["value"]["objective_bps"]
    changed(path, value__objective_bps=1.1 * value)
    assert exit_status("-q", "rerun", path) == 1
    assert "value.objective_bps" in capsys.readouterr().err


def test_the_instance_is_found_beside_the_result_and_its_hash_decides(tmp_path, monkeypatch):
    copy = tmp_path / "mesh6.json"
    copy.write_text(MESH.read_text(encoding="utf-8"), encoding="utf-8")
    path = solved(tmp_path, copy)
    other = tmp_path / "elsewhere"
    other.mkdir()
    moved = [file.rename(other / file.name) for file in (copy, path)]
    monkeypatch.chdir(tmp_path)
    assert qkdopt.rerun(moved[1]).agreement == "identical"
    moved[0].write_text(LINE.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(qkdopt.ResultError, match=r"mesh6.json: another hash"):
        qkdopt.rerun(moved[1])
    with pytest.raises(qkdopt.ResultError, match=r"instance line has hash"):
        qkdopt.rerun(moved[1], qkdopt.read_instance(LINE))
    assert exit_status("-q", "rerun", moved[1], "--instance", MESH) == 0


def test_an_earlier_plan_is_read_where_it_was_and_has_to_be_the_same(tmp_path, capsys):
    start = solved(tmp_path).rename(tmp_path / "start.json")
    path = solved(tmp_path, MESH, "--start", start, "--strategy", "fixed")
    assert qkdopt.rerun(path).agreement == "identical"
    kept = start.rename(tmp_path / "kept.json")
    capsys.readouterr()
    assert exit_status("-q", "rerun", path) == 2
    assert "start: what the earlier run was given" in capsys.readouterr().err
    assert exit_status("-q", "rerun", path, "--start", kept) == 0
    assert exit_status("-q", "solve", MESH, "--strategy", "fixed", "-o", start) == 0
    assert exit_status("-q", "rerun", path) == 2
    assert "is another one" in capsys.readouterr().err


def test_a_plan_around_an_earlier_one_is_identical(tmp_path):
    first = solved(tmp_path).rename(tmp_path / "first.json")
    path = solved(tmp_path, MESH, "--from", first, "--strategy", "ds-qkd")
    assert json.loads(path.read_text(encoding="utf-8"))["around"]
    assert qkdopt.rerun(path).agreement == "identical"


def test_a_result_of_an_earlier_version_is_run_by_what_it_tells(tmp_path):
    path = solved(tmp_path, LINE)
    data = json.loads(path.read_text(encoding="utf-8"))
    del data["provenance"]
    path.write_text(json.dumps(data), encoding="utf-8")
    assert qkdopt.rerun(path, qkdopt.read_instance(LINE)).agreement == "identical"
    del data["limits"]
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(qkdopt.ResultError, match="provenance is missing"):
        qkdopt.rerun(path, qkdopt.read_instance(LINE))


@pytest.mark.slow
def test_a_bound_is_identical_and_a_lower_one_is_better(tmp_path, capsys):
    assert exit_status("-q", "bound", MESH, "--node-limit", 2, "--json") == 0
    path = tmp_path / "bound.json"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    assert qkdopt.rerun(path).agreement == "identical"
    proved = json.loads(path.read_text(encoding="utf-8"))["objective_bps"]
    assert qkdopt.rerun(changed(path, objective_bps=1.01 * proved)).agreement == "better"
    assert qkdopt.rerun(changed(path, objective_bps=0.99 * proved)).agreement == "worse"
    assert qkdopt.rerun(changed(path, served=9, objective_bps=1.0)).agreement == "better"


@pytest.mark.slow
def test_a_simulation_is_identical_and_another_number_is_seen(tmp_path, capsys):
    options = ("--requests", 3000, "--load", 5, "--seed", 7, "--replications", 2)
    assert exit_status("-q", "simulate", MESH, *options, "--json") == 0
    path = tmp_path / "simulation.json"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    assert qkdopt.rerun(path).agreement == "identical"
    changed(path, blocking__value=0.25)
    again = qkdopt.rerun(path)
    assert (again.agreement, again.reasons) == ("different", (NONE_KNOWN,))
    (part,) = (part for part in again.parts if not part.identical)
    assert [difference.where for difference in part.differences] == ["blocking.value"]


@pytest.mark.slow
def test_a_trace_is_read_again(tmp_path, capsys):
    trace = tmp_path / "trace.csv"
    rows = [f"{k * 0.1},1.0,{k % 6},{(k + 2) % 6}" for k in range(400)]
    trace.write_text("\n".join(["arrival,holding,source,target", *rows]), encoding="utf-8")
    assert exit_status("-q", "simulate", MESH, "--trace", trace, "--json") == 0
    path = tmp_path / "simulation.json"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    assert qkdopt.rerun(path).agreement == "identical"
    trace.write_text("\n".join(["arrival,holding,source,target", *rows[1:]]), encoding="utf-8")
    with pytest.raises(qkdopt.ResultError, match="trace: what the earlier run was given"):
        qkdopt.rerun(path)


@pytest.mark.slow
def test_a_dimensioning_is_identical_and_a_bound_above_the_price_contradicts(tmp_path):
    ring = qkdopt.share_keys(qkdopt.read_instance(SMALL / "ring.json"), rate_bps=8000.0)
    found = qkdopt.dimension(
        ring, transmitter=60.0, receiver=40.0, seed=2, move_limit=50_000, threads=1
    )
    again = qkdopt.rerun(found, ring)
    assert again.agreement == "identical", again.parts
    # Links that cost a hundredth: what is proved now exceeds what they claim to cost.
    with pytest.raises(qkdopt.RefusedError, match="price"):
        qkdopt.rerun(found.model_copy(update={"price": 0.01 * found.price}), ring)


@pytest.mark.slow
def test_a_frontier_is_identical():
    ring = qkdopt.share_keys(qkdopt.read_instance(SMALL / "ring.json"), rate_bps=8000.0)
    table = qkdopt.dimension_frontier(
        ring, transmitter=60.0, receiver=40.0, factors=(1.0, 1e9), move_limit=50_000, threads=1
    )
    assert qkdopt.rerun(table, ring).agreement == "identical"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "is empty"),
        ("[1]", "expected an output of qkdopt"),
        ('{"schema": "qkdopt/instance/1"}', "provenance is missing"),
        ('{"provenance": {"command": 3}, "environment": {}}', "provenance.command"),
    ],
)
def test_what_is_no_output_is_one_error(content, expected, tmp_path, capsys):
    path = tmp_path / "other.json"
    path.write_text(content, encoding="utf-8")
    assert exit_status("-q", "rerun", path) == 2
    told = capsys.readouterr()
    assert expected in told.err
    assert told.out == ""


def test_an_option_of_another_version_is_refused(tmp_path):
    path = solved(tmp_path)
    data = json.loads(path.read_text(encoding="utf-8"))
    data["provenance"]["options"]["colour"] = "red"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(qkdopt.ResultError, match="option colour: this version has none"):
        qkdopt.rerun(path)


def test_the_result_found_now_is_written(tmp_path):
    path, new = solved(tmp_path), tmp_path / "new.json"
    assert exit_status("-q", "rerun", path, "-o", new) == 0
    assert qkdopt.read_result(new).lightpaths == qkdopt.read_result(path).lightpaths
