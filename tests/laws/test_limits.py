"""Laws about runs of one instance: a larger limit, or a start, is never worse."""

from __future__ import annotations

from itertools import pairwise

import pytest

import qkdopt
from qkdopt.instance import Instance
from qkdopt.result import Objective, Result
from tests.corners.brownfield import brownfield
from tests.corners.generator import draw
from tests.corners.shared_keys import shared_keys
from tests.laws.relations import beyond
from tests.tiers import slow_beyond, slow_if

NODES = (0, 1, 3)
FIRST_SEED = 800_000
DRAWS = {"corners": draw, "in-place": brownfield, "shared-keys": shared_keys}


def drawn(kind: str, seed: int) -> tuple[Instance, Objective]:
    one = DRAWS[kind](FIRST_SEED + seed)
    return one.instance, one.objective


def rank(result: Result) -> tuple[int, float]:
    """Return what results are compared by; rates that differ by rounding are equal."""
    assert result.value is not None
    return result.value.served, result.value.objective_bps * (1.0 + 1e-9) + 1e-6


def is_as_good(result: Result, other: Result) -> bool:
    assert other.value is not None
    return rank(result) >= (other.value.served, other.value.objective_bps)


@pytest.mark.parametrize("seed", slow_beyond(1, range(10)))
@pytest.mark.parametrize("kind", DRAWS)
@pytest.mark.parametrize("strategy", slow_if(["milp"], ["auto", "milp"]))
def test_more_nodes_are_never_worse(strategy, kind, seed):
    """Runs of one seed are the same as far as they go; bounds of all hold for the plans of all."""
    instance, objective = drawn(kind, seed)
    runs = [
        qkdopt.solve(
            instance, objective=objective, strategy=strategy, node_limit=nodes, threads=1, seed=seed
        )
        for nodes in NODES
    ]
    for fewer, more in pairwise(runs):
        assert is_as_good(more, fewer)
    for one in runs:
        for other in runs:
            assert other.bound is None or beyond(instance, one, other) == []


@pytest.mark.parametrize("seed", slow_beyond(1, range(20)))
@pytest.mark.parametrize("kind", DRAWS)
def test_a_start_is_never_made_worse(kind, seed):
    """Whatever strategy and limits, what is returned is as good as the start."""
    instance, objective = drawn(kind, seed)
    start = qkdopt.solve(
        instance, objective=objective, strategy="local-search", time_limit=0.1, threads=1
    )
    for strategy in ("ds-qkd", "ds-qkd-synergistic", "local-search"):
        for given in (start, start.plan()):
            again = qkdopt.solve(
                instance, objective=objective, strategy=strategy, start=given, node_limit=0,
                threads=1,
            )  # fmt: skip
            assert is_as_good(again, start)
            assert qkdopt.check(instance, again).faults == ()
