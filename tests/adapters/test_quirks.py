"""Faults of solvers that the adapters work around.

Each test shows one quirk as the solver has it, past our adapter. It FAILS WHEN THE QUIRK IS GONE:
then the work-around that it names may go as well.
"""

from __future__ import annotations

import shutil
import subprocess
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyomo.environ as pyo
import pytest
from scipy.sparse import csc_matrix, csr_array

from qkdopt import read_instance, solve
from qkdopt.adapters import Limits, Program, Status, adapter_of, program_of_model
from qkdopt.adapters.base import Observer
from qkdopt.adapters.conformance import knapsack, market_split, random_program
from qkdopt.adapters.highs import SPARSIFY, HighsAdapter, pass_program
from qkdopt.adapters.mps import write_mps
from qkdopt.heuristics import ds_qkd
from qkdopt.milp import build_joint, build_textbook, linearise_links, set_start
from qkdopt.problem import build_problem
from qkdopt.runtime.output import new_highs, suppress_stdout
from tests.command import HANG_SECONDS
from tests.corners.generator import corner_instance
from tests.corners.shared_keys import shared_keys
from tests.random_instances import random_instance

CASES = Path(__file__).parent.parent / "cases"

ROOT = Path(__file__).parent.parent.parent
CALM = Limits(seconds=20.0, gap=1e-9)
# What the adapter switches off in CP-SAT's presolve.
LOSSY = {"presolve_inclusion_work_limit": 100_000_000}


def needs(module: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(find_spec(module) is None, reason=f"{module} is not installed")


needs_glpsol = pytest.mark.skipif(shutil.which("glpsol") is None, reason="glpsol is not installed")


def run(command: list[str], folder) -> str:
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return process.stdout


def cbc(folder, *options: str) -> str:
    """Run CBC on ``program.mps``; return the head of its solution, or what it printed."""
    from cbcbox import cbc_bin_path

    command = [cbc_bin_path(), "program.mps", *options, "-solve", "-solution", "solution.txt"]
    output = run(command, folder)
    solution = folder / "solution.txt"
    return solution.read_text(encoding="ascii").splitlines()[0] if solution.exists() else output


def feasible_by_ranges(name: str) -> Program:
    """Return a small feasible program with ranges that the named solver calls infeasible."""
    fields = {
        "cbc": {
            "cost": [0.03, 2.42, -8.05, -3.76],
            "lower": [0.0, -20.27, -36.63, -41.53],
            "upper": [2.0, 220.36, 723.49, 75.53],
            "integer": [True, False, False, False],
            "matrix": [
                [-45.2611, 43.0486, 25.0933, 0.0],
                [-86.2405, -203.2552, 141.0423, -4.7632],
                [0.0, 0.0, 0.0, -65.7431],
                [0.0, 0.0, 156.9949, -39.8361],
                [18.5954, 0.0, 234.3232, -9.4026],
            ],
            "row_lower": [14982.394586, 73915.068499, -1427.443983, 86710.214939, -np.inf],
            "row_upper": [14984.764691, 73917.612032, np.inf, np.inf, 130505.456715],
        },
        "copt": {
            "cost": [-1.59, -4.14, -2.16, 6.22],
            "lower": [0.0, -1.0, -3.0, -3.0],
            "upper": [1.0, 4.0, 2.0, 4.0],
            "integer": [True] * 4,
            "matrix": [
                [-55.0, -50.0, -138.0, -98.0],
                [-107.0, -197.0, -151.0, -133.0],
                [32.0, -28.0, 42.0, 0.0],
                [4.0, 30.0, -14.0, -4.0],
                [0.0, -43.0, -123.0, 0.0],
            ],
            "row_lower": [16.398226, 95.836848, -np.inf, -16.879254, -247.834864],
            "row_upper": [19.601774, 98.163152, 84.482872, -15.120746, np.inf],
        },
    }[name]
    matrix = csr_array(np.array(fields.pop("matrix")))
    arrays = {key: np.array(value) for key, value in fields.items()}
    return Program(matrix=matrix, offset=0.0, maximise=False, **arrays)


def test_highs_presolve_leaves_open_whether_infeasible_or_unbounded():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.NonNegativeIntegers)
    m.y = pyo.Var(domain=pyo.NonNegativeReals)
    m.row = pyo.Constraint(expr=m.x - m.y <= 1.0)
    m.goal = pyo.Objective(expr=m.x + m.y, sense=pyo.maximize)
    outcome = adapter_of("highs").solve(m, CALM)
    # `ambiguous`: only bounded columns make it infeasible.
    assert outcome.message == "kUnboundedOrInfeasible"
    assert outcome.status is Status.FAILED


def test_highs_has_zero_for_the_bound_of_a_linear_program():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0.0, 3.5))
    m.row = pyo.Constraint(expr=m.x <= 3.0)
    m.goal = pyo.Objective(expr=2.0 * m.x + 1.0, sense=pyo.maximize)
    highs = new_highs()
    pass_program(highs, program_of_model(m)[0])
    highs.run()
    # `proves_linear`: the bound of a linear program is its optimum.
    assert highs.getInfo().objective_function_value == -7.0
    assert highs.getInfo().mip_dual_bound == 0.0


@needs("pyscipopt")
def test_scip_sorts_the_columns_by_type(tmp_path):
    from pyscipopt import Model

    m = knapsack()
    m.first = pyo.Var(bounds=(0.0, 1.0))
    m.row = pyo.Constraint(expr=m.first + m.x[0] <= 1.5)
    program, columns = program_of_model(m)
    write_mps(program, tmp_path / "program.mps")
    scip = Model()
    scip.hideOutput()
    scip.readProblem(str(tmp_path / "program.mps"))
    names = [variable.name for variable in scip.getVars() if variable.name != "one"]
    # `_variables` looks columns up by name.
    assert sorted(names) == [f"c{i}" for i in range(len(columns))]
    assert names != sorted(names)


@needs("ortools")
def test_ortools_wrapper_rounds_continuous_columns_and_says_optimal():
    from ortools.linear_solver import pywraplp

    program = random_program(1)
    solver = pywraplp.Solver.CreateSolver("SAT")
    ends = zip(program.integer, program.lower.tolist(), program.upper.tolist(), strict=True)
    x = [(solver.IntVar if i else solver.NumVar)(low, high, "") for i, low, high in ends]
    rows = zip(program.matrix.toarray(), program.row_lower, program.row_upper, strict=True)
    for row, low, high in rows:
        side = solver.Constraint(float(low), float(high))
        for variable, entry in zip(x, row, strict=True):
            side.SetCoefficient(variable, float(entry))
    goal = solver.Objective()
    for variable, entry in zip(x, program.cost, strict=True):
        goal.SetCoefficient(variable, float(entry))
    goal.SetMaximization() if program.maximise else goal.SetMinimization()
    status = solver.Solve()
    best = adapter_of("highs").solve_program(program, CALM)[0].incumbent
    # Our own scaling, with a proved error.
    assert status == pywraplp.Solver.OPTIMAL
    assert goal.BestBound() + program.offset < best - 0.01
    assert program.maximise
    assert adapter_of("cp-sat").solve_program(program, CALM)[0].bound >= best - 1e-6


@needs("ortools")
def test_a_step_of_cp_sats_presolve_loses_the_optimum():
    model = lossy_model()
    best = adapter_of("highs").solve(model, CALM).incumbent
    with_step, without = (
        adapter_of("cp-sat").solve(model, Limits(seconds=20.0, gap=0.0, options=options)).bound
        for options in (LOSSY, {})
    )
    # `presolve_inclusion_work_limit = 0`.
    assert with_step < 0.9 * best
    assert without >= best * (1.0 - 1e-9)


def lossy_model():
    problem = build_problem(random_instance(133, floors=False), "mean")
    return build_joint(problem, linearise_links(problem, 20.0), served=1)


@needs("highspy")
def test_highs_ends_without_an_answer_after_its_presolve(monkeypatch):
    words, run_once = [], HighsAdapter._run

    def spy(*arguments):
        answer = run_once(*arguments)
        words.append(answer[0].word)
        return answer

    monkeypatch.setattr(HighsAdapter, "isolated", False)
    monkeypatch.setattr(HighsAdapter, "_run", spy)
    # With rules that are off by now.
    monkeypatch.setattr("qkdopt.adapters.highs.RULES_OFF", SPARSIFY)
    instance = read_instance(CASES / "corner_2692.json")
    options = {"strategy": "milp", "formulation": "load-state", "threads": 1, "seed": 0}
    result = solve(instance, objective="mean", time_limit=20.0, **options)
    # `HighsAdapter.run` runs again without presolve.
    assert "kSolveError" in words
    assert words[words.index("kSolveError") + 1] != "kSolveError"
    assert result.stopped_by != "solver failed"


@needs("highspy")
def test_highs_loses_solutions_where_its_presolve_makes_rows_sparser(monkeypatch):
    monkeypatch.setattr(HighsAdapter, "isolated", False)
    instance = read_instance(CASES / "corner_4482.json")
    options = {"strategy": "milp", "formulation": "load-state", "threads": 1, "seed": 0}
    right = solve(instance, objective="mean", time_limit=20.0, **options)
    # `SPARSIFY`: the rule is off.
    monkeypatch.setattr("qkdopt.adapters.highs.RULES_OFF", 0)
    wrong = solve(instance, objective="mean", time_limit=20.0, **options)
    assert wrong.status == "optimal"
    assert wrong.bound.objective_bps < 0.98 * right.value.objective_bps


@needs("highspy")
def test_highs_loses_solutions_where_its_presolve_fixes_many_columns_at_once(monkeypatch):
    monkeypatch.setattr(HighsAdapter, "isolated", False)
    drawn = shared_keys(4441)
    options = {"strategy": "milp", "threads": 1, "seed": 0, "time_limit": 20.0}
    right = solve(drawn.instance, objective=drawn.objective, **options)
    # `ENUMERATION` and `DUAL_FIXING_PROBING`: the rules are off.
    monkeypatch.setattr("qkdopt.adapters.highs.RULES_OFF", SPARSIFY)
    wrong = solve(drawn.instance, objective=drawn.objective, **options)
    assert wrong.status == "optimal"
    assert wrong.bound.objective_bps < 0.6 * right.value.objective_bps


@needs("highspy")
def test_highs_gives_back_the_start_beside_the_objective_of_a_better_solution(monkeypatch):
    # Seen with the rule that is off by now.
    monkeypatch.setattr(HighsAdapter, "isolated", False)
    monkeypatch.setattr("qkdopt.adapters.highs.RULES_OFF", 0)
    problem = build_problem(random_instance(70), "mean")
    model = build_joint(problem, linearise_links(problem, 1.55), served=2)
    set_start(model, ds_qkd(problem))
    program, columns = program_of_model(model)
    start = np.array([0.0 if column.value is None else column.value for column in columns])
    adapter = HighsAdapter()
    limits = Limits(seconds=20.0, gap=6e-5)
    answer, objective = adapter._run(program, limits, start, Observer(None))
    given = program.objective(answer.values)
    # `HighsAdapter.run` runs again without a start.
    assert objective > given * 1.01
    assert adapter.solve_program(program, limits, start=start)[0].incumbent > given * 1.01


@needs("pyscipopt")
def test_scips_dual_bound_leaves_out_what_its_gap_limit_pruned(monkeypatch):
    from qkdopt.adapters import scip

    instance, objective = corner_instance(377)
    problem = build_problem(instance, objective)
    plan = ds_qkd(problem)
    model = build_joint(problem, linearise_links(problem, 0.06), served=plan.served)
    set_start(model, plan)
    best = adapter_of("highs").solve(model, CALM).incumbent
    set_start(model, plan)
    # With what the adapter switches off: there it shows.
    dual_presolve = {"constraints/linear/dualpresolving": True}
    limits = Limits(seconds=20.0, gap=6.3e-4, options=dual_presolve)
    safe = adapter_of("scip").solve(model, limits, start=True).bound
    # In this process, where the patch is.
    monkeypatch.setattr(scip.ScipAdapter, "isolated", False)
    monkeypatch.setattr(scip, "_without_gap", lambda _primal, dual, _gap: dual)
    set_start(model, plan)
    bound = adapter_of("scip").solve(model, limits, start=True).bound
    # `_without_gap`.
    assert bound < best * (1.0 - 1e-4) < safe


@needs("pyscipopt")
def test_scip_loses_the_optimum_where_it_presolves_by_dual_arguments(tmp_path):
    from pyscipopt import Model

    problem = build_problem(read_instance(CASES / "corner_3034000.json"), "mean")
    model = build_textbook(problem, linearise_links(problem, 0.3), served=2)
    write_mps(program_of_model(model)[0], tmp_path / "program.mps")
    found = []
    # The adapter switches it off.
    for dual_presolve in (False, True):
        scip = Model()
        scip.hideOutput()
        scip.readProblem(str(tmp_path / "program.mps"))
        scip.setParam("constraints/linear/dualpresolving", dual_presolve)
        scip.optimize()
        found.append(-scip.getDualbound() if scip.getStatus() == "optimal" else 0.0)
    assert found[1] < 0.9 * found[0]


@needs("ortools")
def test_cp_sat_calls_a_hint_feasible_that_it_has_repaired():
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    x = [model.new_bool_var("") for _ in range(4)]
    model.add_linear_constraint(4 * x[0] + 5 * x[1] + 3 * x[2] + 4 * x[3], 0, 8)
    model.maximize(sum(x))
    for variable, value in zip(x, (1, 1, 1, 0), strict=True):
        model.add_hint(variable, value)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.log_search_progress = True
    solver.parameters.log_to_stdout = False
    lines = []
    solver.log_callback = lines.append
    solver.solve(model)
    hint_lines = [line for line in "\n".join(lines).splitlines() if "The solution hint is" in line]
    # `SearchState.on_log` listens to the first such line only.
    assert "infeasible" in hint_lines[0]
    assert "is feasible" in hint_lines[1]


@needs("cbcbox")
def test_cbc_calls_the_relaxations_optimum_optimal_when_its_time_is_over(tmp_path):
    program = program_of_model(market_split(slack=False))[0]
    write_mps(program, tmp_path / "program.mps")
    # CPU time, which depends less on the load of the machine. Where exactly
    # the relaxation ends is not predictable: about every sixth run stops in between.
    seconds = (0.0005 * 1.3**step for _ in range(40) for step in range(12))
    heads = (cbc(tmp_path, "-timeMode", "cpu", "-seconds", f"{s}") for s in seconds)
    # `_LogState.searched`: no solution is known, and there is none this soon.
    assert any(head.startswith("Optimal") for head in heads)


@needs("cbcbox")
def test_cbc_loses_solutions_in_what_it_rewrites_before_the_search(tmp_path):
    problem = build_problem(read_instance(CASES / "corner_1481.json"), "max-min")
    model = build_textbook(problem, linearise_links(problem, 10.0), served=1)
    program = program_of_model(model)[0]
    write_mps(program, tmp_path / "program.mps")
    safe = ("-preprocess", "off", "-preRootLPStr", "off")
    optima = [_minimum(cbc(tmp_path, *safe[:count])) for count in (0, 2, 4)]
    # `_command`: each of the two loses solutions.
    assert min(optima[:2]) > -0.99
    assert optima[2] == pytest.approx(-1.0)
    assert adapter_of("cbc").solve_program(program, CALM)[0].incumbent == pytest.approx(1.0)


@needs("cbcbox")
def test_cbc_loses_the_optimum_where_it_scales_a_scaled_model(tmp_path):
    result = judged_by_cbc(scaling="auto")
    assert result.faults
    assert not judged_by_cbc(scaling="off").faults


def judged_by_cbc(**settings):
    instance = read_instance(CASES / "corner_3404.json")
    return solve(
        instance,
        strategy="milp",
        formulation="textbook",
        solver="cbc",
        settings=settings,
        threads=1,
    )


def _minimum(head: str) -> float:
    """Return the objective value at the head of a solution of CBC's."""
    assert head.startswith("Optimal")
    return float(head.rsplit(maxsplit=1)[-1])


@needs("cbcbox")
def test_cbc_takes_slow_convergence_for_a_proof_of_infeasibility(tmp_path):
    program = feasible_by_ranges("cbc")
    write_mps(program.one_sided(), tmp_path / "program.mps")
    # `-boundPropLevel singletons`.
    assert cbc(tmp_path).startswith("Integer infeasible")
    assert cbc(tmp_path, "-boundPropLevel", "singletons").startswith("Optimal")
    assert adapter_of("cbc").solve_program(program, CALM)[0].status is Status.OPTIMAL


@needs("cbcbox")
def test_cbc_crashes_on_a_matrix_without_entries(tmp_path):
    text = "NAME p\nROWS\n N cost\n L r0\nCOLUMNS\n c0 cost 1.0\nRHS\n RHS r0 1.0\nENDATA\n"
    (tmp_path / "program.mps").write_text(text, encoding="ascii")
    # The offset's column has a row of its own.
    assert "Optimal" not in cbc(tmp_path)


@needs("cbcbox")
def test_cbc_through_pyomo_has_the_incumbent_for_a_bound_at_a_time_limit():
    from cbcbox import cbc_bin_path

    model = market_split(sense=pyo.maximize)
    solver = pyo.SolverFactory("cbc", executable=cbc_bin_path(), options={"seconds": 1})
    results = solver.solve(model, load_solutions=False)
    # Our own parser: the bound is 10, and no solution has a value above 9 so soon.
    assert results.problem.sense == pyo.minimize
    assert results.problem.upper_bound < 9.5
    assert adapter_of("cbc").solve(model, Limits(seconds=1.0, gap=0.0)).bound > 9.99


@needs_glpsol
def test_glpk_prints_infinite_bounds(tmp_path):
    write_mps(program_of_model(knapsack())[0], tmp_path / "program.mps")
    output = run(["glpsol", "--freemps", "program.mps", "--nointopt"], tmp_path)
    # `_number`: what is not finite is no bound.
    assert "not found yet >=              -inf" in output


@needs_glpsol
def test_glpk_stopped_from_outside_writes_no_solution():
    outcome = adapter_of("glpk").solve(
        market_split(),
        Limits(seconds=HANG_SECONDS, gap=0.0),
        watch=lambda incumbent, _: incumbent is None,
    )
    # `Capabilities.keeps_solution`: it had an incumbent.
    assert outcome.status is Status.INTERRUPTED
    assert not outcome.has_solution


@needs("xpress")
def test_xpress_through_pyomo_ends_a_time_limit_as_other():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solver = pyo.SolverFactory("xpress_direct")
        results = solver.solve(market_split(), options={"timelimit": 1}, load_solutions=False)
    # `_word` reads Xpress's own attributes.
    assert str(results.solver.termination_condition) == "other"
    outcome = adapter_of("xpress").solve(market_split(), Limits(seconds=1.0, gap=0.0))
    assert outcome.status is Status.LIMIT


@needs("xpress")
def test_xpress_has_zero_for_the_bound_before_it_has_one():
    from qkdopt.adapters.xpress import _load, _new_problem

    problem = _new_problem()
    _load(problem, program_of_model(market_split(sense=pyo.maximize))[0])
    bounds = []
    problem.addCheckTimeCallback(
        lambda running, _: bounds.append(running.attributes.bestbound), None, 0
    )
    problem.controls.timelimit = 1.0
    problem.optimize()
    # `_bound`: zero is below the incumbents to come, in a maximisation.
    assert bounds[0] == 0.0
    assert bounds[-1] == pytest.approx(10.0)


@needs("coptpy")
def test_copt_calls_feasible_ranges_infeasible():
    import coptpy

    program = feasible_by_ranges("copt")
    with suppress_stdout():
        environment = coptpy.Envr()
        model = environment.createModel("")
        model.setParam("Logging", 0)
        big = coptpy.COPT.INFINITY
        rows = np.maximum(program.row_lower, -big), np.minimum(program.row_upper, big)
        columns = program.lower, program.upper, [coptpy.COPT.INTEGER] * 4
        model.loadMatrix(program.cost, csc_matrix(program.matrix), *rows, *columns)
        model.solve()
    # `takes_ranges`: they are given as two rows.
    assert model.status == coptpy.COPT.INFEASIBLE
    assert program.violation(np.array([0.0, 0.0, 2.0, -3.0])) == 0.0
    assert adapter_of("copt").solve_program(program, CALM)[0].status is Status.OPTIMAL
