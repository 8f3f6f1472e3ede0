"""An interruption at any moment leaves a valid bound."""

from __future__ import annotations

import numpy as np
import pytest

from qkdopt.bounding import LoadStateBound
from qkdopt.heuristics import ds_qkd
from qkdopt.load_state.branch import LoadTree
from qkdopt.plan import assess
from qkdopt.problem import build_problem
from tests.random_instances import random_instance


@pytest.mark.parametrize("broken", ["_split", "_children", "_mixture"])
def test_an_interrupted_branching_loses_no_node(monkeypatch, broken):
    problem = build_problem(random_instance(11, most_demands=9, channels=(7, 8), floors=False))
    exact = assess(problem, ds_qkd(problem))
    run = LoadStateBound(problem, exact.served, exact.demand_skr_bps)
    for _ in range(3):
        run.tighten(0.0, 0.0, lambda: False)
    before = run.objective_bps
    whole = getattr(LoadTree, broken)

    def interrupted(self, *arguments):
        whole(self, *arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(LoadTree, broken, interrupted)
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                run.tighten(0.0, 0.0, lambda: False)
    assert not run.closed
    assert run.objective_bps == before
    rest = LoadStateBound(problem, exact.served, exact.demand_skr_bps)
    for one in (run, rest):
        while not one.closed and (one.nodes < 200):
            one.tighten(0.0, 0.0, lambda: False)
    assert run.objective_bps is not None
    assert run.objective_bps >= exact.objective_bps * (1.0 - 1e-12)
    assert np.isfinite(run.objective_bps)
