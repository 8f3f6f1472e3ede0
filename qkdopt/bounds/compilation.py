"""The first compilation of the bound's kernels, which is no part of any time limit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qkdopt.bounds.bundle import first_state, improve
from qkdopt.bounds.classes import build_relaxation
from qkdopt.bounds.cut_kernels import add_all
from qkdopt.bounds.dual import _demand_part, _link_part, dual_data
from qkdopt.bounds.master import solve_master
from qkdopt.bounds.path_cuts import _add_paths
from qkdopt.bounds.paths import _find_all
from qkdopt.instance import Instance
from qkdopt.problem import Problem, build_problem
from qkdopt.runtime.compiled import compiled_before

# What a step of the bound calls; those that they call are compiled with them.
KERNELS = (_demand_part, _link_part, add_all, solve_master)
# What it calls besides where any path counts.
PATH_KERNELS = (_find_all, _add_paths)
# The types of a kernel's arguments are those of any other instance.
SMALLEST = {
    "schema": "qkdopt/instance/1",
    "name": "smallest",
    "network": {
        "nodes": [{"id": 0}, {"id": 1}],
        "links": [{"id": "0-1", "a": 0, "b": 1, "length_km": 10.0}],
    },
    "grid": {"channels": 4},
    "classical": {"launch_dbm": -12.4},
    "qkd": {"candidates": [0], "guard_ghz": 100.0},
    "demands": [{"id": 0, "source": 0, "target": 1}],
}


def smallest_problem() -> Problem:
    """Return a problem of one link and one demand, to compile with."""
    return build_problem(Instance.model_validate(SMALLEST, strict=False))


def bound_compiled(*, any_route: bool = False) -> bool:
    """Whether an earlier run has compiled the kernels, those of paths too if any route counts."""
    return all(map(compiled_before, KERNELS + (PATH_KERNELS if any_route else ())))


def compile_bound(*, any_route: bool = False) -> None:
    """Run every kernel of the bound once, those of paths too if any route counts."""
    problem = smallest_problem()
    _step(problem)
    if any_route:
        _step(replace(problem, scope="all"))


def _step(problem: Problem) -> None:
    relaxation = build_relaxation(problem)
    data = dual_data(relaxation, np.array([0.0, 1e3]))
    state = first_state(data, 1e3)
    everything = np.ones(len(data.loads), dtype=np.bool_)
    improve(
        data, 1, state, everything, iterations=2, tolerance=0.0, should_stop=lambda _value: False
    )
