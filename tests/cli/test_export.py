"""``qkdopt instance export``: files that other solvers read back to the same optimum."""

from __future__ import annotations

import subprocess

import pytest

import qkdopt
from qkdopt.runtime.output import new_highs
from tests.command import exit_status
from tests.shipped import LIBRARY
from tests.tiers import slow_if

INSTANCE = LIBRARY / "small" / "line_1to2_reserved.json"
SERVED = 5


def by_highs(path) -> float:
    highs = new_highs()
    highs.readModel(str(path))
    highs.run()
    return highs.getInfo().objective_function_value


def by_scip(path) -> float:
    scip = pytest.importorskip("pyscipopt").Model()
    scip.hideOutput()
    scip.readProblem(str(path))
    scip.optimize()
    return scip.getObjVal()


def by_cbc(path) -> float:
    binary = pytest.importorskip("cbcbox").cbc_bin_path()
    done = subprocess.run([binary, path, "-solve"], capture_output=True, text=True, check=True)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("Objective value:")]
    return float(line.split()[-1])


@pytest.mark.parametrize("ending", ["mps", "lp"])
@pytest.mark.parametrize("formulation", slow_if(["textbook"], ["joint", "textbook", "load-state"]))
def test_every_reader_finds_the_same_optimum(tmp_path, ending, formulation):
    path = tmp_path / f"model.{ending}"
    arguments = ("-o", path, "--formulation", formulation, "--served", SERVED, "--tolerance", 1)
    assert exit_status("instance", "export", INSTANCE, *arguments) == 0
    best = [read(path) for read in (by_highs, by_scip, by_cbc)]
    assert best == pytest.approx([best[0]] * 3, rel=1e-6)
    exact = qkdopt.solve(qkdopt.read_instance(INSTANCE), strategy="milp", gap=1e-5, threads=1)
    assert exact.value.served == SERVED
    # The objective is the total, in kbit/s; linearised rates lie above the exact ones.
    assert best[0] >= SERVED * exact.value.objective_bps / 1e3 * (1.0 - 1e-9)
    assert best[0] == pytest.approx(SERVED * exact.value.objective_bps / 1e3, rel=1e-4)


def test_names_are_those_of_the_rules(tmp_path):
    path = tmp_path / "model.lp"
    assert exit_status("instance", "export", INSTANCE, "-o", path) == 0
    text = path.read_text(encoding="utf-8")
    for name in ("c1_one_route(0)", "x(0_0)", "l(0_0_", "c5_noise_of_link", "c10_load_states"):
        assert name in text


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("-o", "m.txt"), "expected mps or lp"),
        (("-o", "m.lp", "--formulation", "cp-sat"), "'cp-sat' is not one of 'joint'"),
        (("-o", "m.lp", "--served", "99"), "expected 0 to"),
        (("-o", "m.lp", "--tolerance", "0"), "expected more than 0"),
        (("-o", "none/m.lp"), "does not exist"),
        (("-o", "m.lp", "--formulation", "load-state", "--objective", "max-min"), "does not cover"),
    ],
)
def test_bad_input_writes_nothing(tmp_path, monkeypatch, capsys, arguments, expected):
    monkeypatch.chdir(tmp_path)
    assert exit_status("instance", "export", INSTANCE, *arguments) == 2
    assert expected in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
