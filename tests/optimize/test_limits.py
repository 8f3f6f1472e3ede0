"""Limits and interruptions hold whatever a solver does: plan, bound and the reason are there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import qkdopt
from qkdopt.adapters import ADAPTERS
from qkdopt.bounds.bound import LoadStateBound
from qkdopt.errors import SolverMissingError
from qkdopt.heuristics import ds_qkd
from qkdopt.optimize import compilation
from qkdopt.optimize.auto import AutoRun
from qkdopt.optimize.clock import Clock
from qkdopt.optimize.incumbent import Incumbent
from qkdopt.optimize.milp import JointRun
from qkdopt.problem import build_problem
from qkdopt.problem.plan import BLOCKED, assess, tune_working_channels
from qkdopt.runtime.cache import ONCE
from tests.adapters.stubborn import StubbornAdapter
from tests.adapters.test_isolated import gone
from tests.brute_force import Oracle
from tests.command import exit_status
from tests.random_instances import random_instance
from tests.tiers import slow_beyond

# A run in the background has SIGINT ignored.
pytestmark = pytest.mark.usefixtures("ctrl_c")
ROOT = Path(__file__).parent.parent.parent
SMALL = ROOT / "instances" / "small"
MESH = SMALL / "mesh6.json"
PRESOLVE = Path(__file__).parent / "data" / "presolve_without_a_clock.json"


@pytest.fixture
def stubborn(monkeypatch):
    monkeypatch.setitem(ADAPTERS, "stubborn", StubbornAdapter())


@pytest.mark.parametrize("formulation", slow_beyond(1, ["joint", "textbook", "load-state"]))
def test_a_solver_that_ignores_its_limit_costs_neither_plan_nor_bound(stubborn, formulation):
    instance = qkdopt.read_instance(MESH)
    result = qkdopt.solve(
        instance, strategy="milp", solver="stubborn", formulation=formulation, time_limit=4.0
    )
    assert qkdopt.check(instance, result).faults == ()
    assert result.value.served == len(instance.demands)
    if formulation == "load-state":
        # Its whole time goes into the number served.
        assert result.bound.served == len(instance.demands)
    else:
        assert result.bound.objective_bps > result.value.objective_bps
    assert result.stopped_by == "time limit"
    assert result.limits.time_limit_s == 4.0
    assert not result.interrupted


def test_auto_outlives_a_solver_that_ignores_its_limit(stubborn):
    instance = qkdopt.read_instance(MESH)
    result = qkdopt.solve(instance, solver="stubborn", time_limit=3.0, gap=0.0)
    assert qkdopt.check(instance, result).faults == ()
    assert result.bound.objective_bps >= result.value.objective_bps
    assert result.stopped_by == "time limit"


@pytest.mark.parametrize(
    "threads", [pytest.param(1, marks=pytest.mark.long), pytest.param(2, marks=pytest.mark.slow)]
)
def test_presolve_that_never_looks_at_the_clock_is_ended(threads):
    instance = qkdopt.read_instance(PRESOLVE)
    # A gap that search and bound alone do not close, so that the solver is asked.
    result = qkdopt.solve(instance, time_limit=30.0, threads=threads, gap=1e-7)
    assert qkdopt.check(instance, result).faults == ()
    assert result.gap < 0.01
    assert result.solver.name == "highs"
    # Before, the solver went on for a quarter of an hour.
    assert result.stopped_by == "time limit"


def command(*arguments, ignored=False, pid=None):
    """Start the command line with the stubborn solver; SIGINT may be ignored as by a shell."""
    words = [sys.executable, "-m", "tests.adapters.stubborn", *map(str, arguments)]
    if ignored:
        words = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *words]
    return subprocess.Popen(
        words,
        cwd=ROOT,
        env={**os.environ, "STUBBORN_PID": str(pid or "")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("sent", "ignored"),
    [
        ((signal.SIGINT,), False),
        pytest.param((signal.SIGTERM,), False, marks=pytest.mark.slow),
        pytest.param((signal.SIGINT, signal.SIGTERM), True, marks=pytest.mark.slow),
    ],
    ids=["ctrl-c", "sigterm", "in the background"],
)
def test_a_signal_while_a_solver_does_not_listen(tmp_path, sent, ignored):
    file, pid = tmp_path / "r.json", tmp_path / "pid"
    options = ("--strategy", "milp", "--solver", "stubborn", "--time-limit", "3600", "-o", file)
    run = command("solve", MESH, *options, ignored=ignored, pid=pid)
    while not (pid.exists() and pid.read_text()):
        assert run.poll() is None
    for number in sent:
        run.send_signal(number)
    out, err = run.communicate(timeout=120.0)
    assert run.returncode == 130, err
    assert "Traceback" not in err
    assert "note       interrupted" in out
    result = qkdopt.read_result(file)
    assert (result.stopped_by, result.interrupted) == ("interrupted", True)
    assert result.bound.objective_bps > result.value.objective_bps
    assert qkdopt.check(qkdopt.read_instance(MESH), result).faults == ()
    assert gone(int(pid.read_text()))


def test_a_signal_before_there_is_a_plan_writes_nothing(tmp_path, monkeypatch, capsys):
    def interrupted(*_):
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("qkdopt.optimize.run.build_problem", interrupted)
    assert exit_status("solve", MESH, "-o", tmp_path / "r.json") == 130
    assert not (tmp_path / "r.json").exists()
    assert "Traceback" not in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_bound_is_printed(monkeypatch, capsys, number):
    tighten = LoadStateBound.tighten

    def and_interrupt(self, *arguments):
        tighten(self, *arguments)
        signal.raise_signal(number)

    monkeypatch.setattr(LoadStateBound, "tighten", and_interrupt)
    assert exit_status("bound", MESH, "--json") == 130
    assert json.loads(capsys.readouterr().out)["objective_bps"] > 0.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_explanation_says_what_is_known(monkeypatch, capsys, number):
    from qkdopt.conflicts.feasibility import FeasibilityOracle

    solve = FeasibilityOracle._solve

    def and_interrupt(self, *arguments):
        signal.raise_signal(number)
        return solve(self, *arguments)

    monkeypatch.setattr(FeasibilityOracle, "_solve", and_interrupt)
    assert exit_status("explain", SMALL / "ring_blocks.json") == 130
    assert "undecided  not decided before the interruption" in capsys.readouterr().out


def test_a_signal_waits_while_the_result_is_written(tmp_path, monkeypatch):
    from qkdopt.cli import solve as command

    write = command.write_answer

    def interrupted(*arguments):
        signal.raise_signal(signal.SIGTERM)
        write(*arguments)

    monkeypatch.setattr(command, "write_answer", interrupted)
    assert exit_status("solve", MESH, "--strategy", "ds-qkd", "-o", tmp_path / "r.json") == 0
    assert qkdopt.read_result(tmp_path / "r.json").value.served > 0


@pytest.mark.parametrize("strategy", ["auto", "milp", "ds-qkd", "local-search"])
def test_a_solver_that_is_not_installed_is_refused_at_once(monkeypatch, capsys, strategy):
    monkeypatch.setattr(type(ADAPTERS["scip"]), "available", lambda self: False)
    command = ("solve", MESH, "--solver", "scip", "--strategy", strategy)
    assert exit_status(*command) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "qkdopt: solver 'scip' is not installed; pip install pyscipopt\n"
    with pytest.raises(SolverMissingError, match="pip install pyscipopt"):
        qkdopt.solve(qkdopt.read_instance(MESH), solver="scip")


def endless(*_, **__):
    while True:
        pass


@pytest.mark.parametrize("step", ["linearise_links", "build"])
def test_building_a_model_ends_with_the_limit(monkeypatch, step):
    problem = build_problem(qkdopt.read_instance(MESH))
    incumbent = Incumbent(problem)
    incumbent.offer(ds_qkd(problem))
    options = {}
    if step == "build":
        options["build"] = endless
    else:
        monkeypatch.setattr(f"qkdopt.optimize.milp.{step}", endless)
    run = JointRun(incumbent, Clock(1.0, 1e-3), solver="highs", seed=0, threads=1, **options)
    run.run()
    assert run.as_bound().objective_bps is None
    assert run.as_bound().served == len(problem.routes)


def test_compiling_a_model_for_the_solver_ends_with_the_limit(monkeypatch):
    monkeypatch.setattr("qkdopt.adapters.solver.program_of_model", endless)
    result = qkdopt.solve(qkdopt.read_instance(MESH), strategy="milp", time_limit=2.0)
    assert (result.bound.objective_bps, result.stopped_by) == (None, "time limit")


def test_the_best_heuristic_is_given_up_with_the_limit(monkeypatch):
    monkeypatch.setattr("qkdopt.optimize.auto.ds_qkd_synergistic", endless)
    instance = qkdopt.read_instance(MESH)
    result = qkdopt.solve(instance, time_limit=1.0)
    assert result.value.served > 0
    assert result.stopped_by == "time limit"


def test_the_first_compilation_is_announced_and_off_the_clock(monkeypatch):
    now = [0.0]
    phases, compiled = [], []

    def compile_something(what):
        compiled.append(what)
        now[0] += 1000.0

    monkeypatch.setattr("qkdopt.optimize.clock.time.monotonic", lambda: now[0])
    monkeypatch.setattr(compilation, "compiled_before", lambda kernel: False)
    monkeypatch.setattr(compilation, "bound_compiled", lambda **_: False)
    monkeypatch.setattr(compilation, "compile_search", lambda: compile_something("search"))
    monkeypatch.setattr(compilation, "compile_bound", lambda **_: compile_something("bound"))
    problem = build_problem(qkdopt.read_instance(MESH))
    clock = Clock(60.0, 1e-3, lambda progress: phases.append(progress.phase), started=0.0)
    compilation.compile_first(Incumbent(problem), clock, bound=True)
    assert compiled == ["search", "bound"]
    assert phases == ["compiling, this first time only"]
    assert clock.seconds == 0.0


def test_every_kernel_is_counted_while_it_compiles(monkeypatch):
    import numba

    @numba.njit
    def _called(x):
        return x + 1

    @numba.njit
    def calling(x):
        return _called(x)

    def compile_both():
        calling(1)
        _called(1.0)

    monkeypatch.setattr(compilation, "compiled_before", lambda kernel: False)
    monkeypatch.setattr(compilation, "SEARCH_KERNELS", (calling, _called))
    monkeypatch.setattr(compilation, "compiled_when", lambda _: ONCE)  # these are kept nowhere
    monkeypatch.setattr(compilation, "compile_search", compile_both)
    phases = []
    problem = build_problem(qkdopt.read_instance(MESH))
    clock = Clock(60.0, 1e-3, lambda progress: phases.append(progress.phase))
    compilation.compile_first(Incumbent(problem), clock, bound=False)
    calling(2.0)  # nobody listens any more
    assert phases == [
        "compiling, this first time only",
        "compiling kernel 1 of 2, this first time only: calling",
        "compiling kernel 2 of 2, this first time only: called",
    ]


def test_compiling_runs_the_kernels_that_a_solve_runs():
    from qkdopt.bounds.cut_kernels import add_all
    from qkdopt.bounds.dual import _demand_part, _link_part
    from qkdopt.bounds.master import solve_master
    from qkdopt.heuristics.annealing.kernel import anneal, rebuild
    from qkdopt.heuristics.route_annealing.colouring_kernel import colour
    from qkdopt.heuristics.route_annealing.kernel import anneal_routes, set_up
    from qkdopt.heuristics.route_annealing.recolouring_kernel import recolour
    from qkdopt.problem.network_state import find_free_positions, switch_route

    compilation.compile_search()
    compilation.compile_bound()
    assert {*compilation.SEARCH_KERNELS, *compilation.BOUND_KERNELS} == {
        find_free_positions, switch_route, anneal, rebuild, anneal_routes, set_up, colour,
        recolour, _demand_part, _link_part, add_all, solve_master,
    }  # fmt: skip
    kernels = (
        find_free_positions, switch_route, anneal, rebuild, anneal_routes, set_up, colour,
        recolour, _demand_part, _link_part, add_all, solve_master,
    )  # fmt: skip
    before = [len(kernel.signatures) for kernel in kernels]
    for objective in ("mean", "max-min", "link-sum"):
        instance = qkdopt.read_instance(MESH)
        qkdopt.solve(instance, objective=objective, time_limit=1.0)
    assert [len(kernel.signatures) for kernel in kernels] == before


def test_the_root_has_a_bound_as_soon_as_it_is_begun():
    for objective in ("mean", "link-sum", "max-min"):
        problem = build_problem(qkdopt.read_instance(MESH), objective)
        exact = assess(problem, ds_qkd(problem))
        run = LoadStateBound(problem, exact.served, exact.demand_skr_bps)
        run.tighten(exact.objective_bps, 1e-3, lambda: True)
        assert run.objective_bps >= exact.objective_bps


@pytest.mark.parametrize("objective", ["mean", "link-sum", "max-min"])
@pytest.mark.parametrize("seed", range(6))
def test_bounds_begun_at_the_prices_of_another_number_hold(seed, objective):
    instance = random_instance(seed)
    best = Oracle(instance, objective).best()
    problem = build_problem(instance, objective)
    run = LoadStateBound(problem, max(best), np.full(1, 1e4))
    for served in sorted(best, reverse=True):
        run = run.at_number(served)
        for _ in range(3):
            if not run.closed:
                run.tighten(0.0, 0.0, lambda: False)
            assert run.for_served == served
            assert run.objective_bps >= best[served] * (1.0 - 1e-12)


def test_a_number_served_that_changes_last_is_bounded_too():
    problem = build_problem(qkdopt.read_instance(MESH))
    plan = ds_qkd(problem)
    fewer = tune_working_channels(problem, [BLOCKED, *plan.routes[1:]], [(), *plan.channels[1:]])
    incumbent = Incumbent(problem)
    incumbent.offer(fewer)
    run = AutoRun(problem, incumbent, Clock(60.0, 1e-3), seed=0, threads=1, solver="highs")
    assert run._tighten()
    # As when the search comes to serve one more just before the end.
    incumbent.offer(plan)
    assert run.bound().objective_bps is None
    run._bound_last_number()
    assert run.bound().objective_bps >= incumbent.best()[1].objective_bps


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"strategy": "ds-qkd"}, "exhausted"),
        ({"strategy": "local-search", "time_limit": 0.5}, "time limit"),
        pytest.param(
            {"strategy": "milp", "node_limit": 1, "gap": 0.0}, "node limit", marks=pytest.mark.slow
        ),
        ({"strategy": "milp", "gap": 0.5}, "gap"),
    ],
)
def test_a_result_says_what_ended_it_and_at_which_limits(options, expected):
    instance = qkdopt.read_instance(SMALL / "nsfnet_8ch.json")
    result = qkdopt.solve(instance, **options)
    assert result.stopped_by == expected
    assert result.limits.gap == options.get("gap", 1e-3)
    assert result.limits.node_limit == options.get("node_limit")
    nodes = "node_limit" in options
    assert result.limits.time_limit_s == (None if nodes else options.get("time_limit", 60.0))


def test_results_of_earlier_versions_are_read(tmp_path):
    instance = qkdopt.read_instance(MESH)
    data = qkdopt.solve(instance, strategy="ds-qkd").to_json_dict()
    del data["stopped_by"], data["limits"]
    path = tmp_path / "old.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    old = qkdopt.read_result(path)
    assert (old.stopped_by, old.limits) == (None, None)
    assert qkdopt.check(instance, old).faults == ()


def test_an_interruption_ends_the_bound_of_a_run_with_one_thread(monkeypatch):
    problem = build_problem(qkdopt.read_instance(MESH))
    incumbent = Incumbent(problem)
    incumbent.offer(ds_qkd(problem))
    clock = Clock(60.0, 0.0)
    calls = []
    tighten = LoadStateBound.tighten

    def and_interrupt(self, *arguments):
        calls.append(1)
        tighten(self, *arguments)
        clock.interrupt()

    monkeypatch.setattr(LoadStateBound, "tighten", and_interrupt)
    monkeypatch.setattr(AutoRun, "_search", lambda self, seconds: None)
    AutoRun(problem, incumbent, clock, seed=0, threads=1, solver="highs").run()
    assert len(calls) == 1
