"""Evaluations: never twice, the same however they are divided, and resumed from disk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from qkdopt.channel_sets.evaluations import Evaluations
from qkdopt.channel_sets.search import every
from qkdopt.jobs import Store, UnfinishedError, open_workers
from tests.channel_sets.small import KnownGround, evaluations_of, small_ground

SETS = every(12, 2)[:10]


def test_nothing_is_evaluated_twice(tmp_path):
    evaluator = KnownGround(lambda placement: 1.0 + placement.sets[0][0])
    with evaluations_of(evaluator, tmp_path) as evaluations:
        evaluations.extend(SETS, 2, "first")
        evaluations.extend([*SETS, *SETS], 2, "again")
        evaluations.extend(SETS[:3], 5, "more")
    assert sum(placements * count for placements, count in evaluator.calls) == 10 * 2 + 3 * 3
    assert evaluations.blocks(SETS[0]) == 5
    assert evaluations.sums(SETS[0], 4).shape == (4, 1, 4)


def test_a_design_that_was_stopped_goes_on_from_disk(tmp_path):
    evaluator = KnownGround(lambda placement: 1.0 + placement.sets[0][0], own_spread=0.1)
    with evaluations_of(evaluator, tmp_path) as first:
        first.extend(SETS, 3, "first")
    calls = len(evaluator.calls)
    with evaluations_of(evaluator, tmp_path) as second:
        second.extend(SETS, 3, "again")
    assert len(evaluator.calls) == calls
    for placement in SETS:
        np.testing.assert_array_equal(first.sums(placement, 3), second.sums(placement, 3))


def test_two_processes_find_what_one_finds(tmp_path):
    evaluator = small_ground(requests=200)
    with evaluations_of(evaluator, tmp_path / "one") as sequential:
        sequential.extend(SETS, 2, "here")
    with open_workers(None, 2) as team:
        parallel = Evaluations(evaluator, Store(tmp_path / "two"), team)
        parallel.extend(SETS, 2, "there")
    for placement in SETS:
        np.testing.assert_array_equal(sequential.sums(placement, 2), parallel.sums(placement, 2))


def test_long_work_is_divided_by_blocks(tmp_path):
    evaluator = KnownGround(lambda placement: 1.0, own_spread=1.0)
    with evaluations_of(evaluator, tmp_path) as evaluations:
        evaluations.extend(SETS[:1], 100, "long")
    assert len(evaluator.calls) == 3
    assert evaluations.blocks(SETS[0]) == 100
    whole = evaluator.tallies(SETS[:1], "search", 0, 100)[0]
    np.testing.assert_array_equal(evaluations.sums(SETS[0], 100), whole)


@dataclass(frozen=True)
class BrokenGround(KnownGround):
    def tallies(self, placements, stream, first, count):
        raise ZeroDivisionError("no light")


def test_a_failure_is_reported_and_tried_again(tmp_path):
    with (
        evaluations_of(BrokenGround(lambda placement: 1.0), tmp_path) as evaluations,
        pytest.raises(UnfinishedError, match="no light"),
    ):
        evaluations.extend(SETS, 2, "broken")
    with evaluations_of(KnownGround(lambda placement: 1.0), tmp_path) as again:
        again.extend(SETS, 2, "mended")
    assert again.blocks(SETS[0]) == 2
