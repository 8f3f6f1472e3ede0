"""Evaluations: never twice, the same however they are divided, and resumed from disk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from qkdopt.channel_sets.evaluations import Evaluations, UnfinishedError
from qkdopt.channel_sets.families import every
from qkdopt.jobs import Store, open_workers
from tests.channel_sets.small import KnownGround, evaluations_of, small_ground

SETS = every(12, 2)[:10]


def test_nothing_is_evaluated_twice(tmp_path):
    ground = KnownGround(lambda one: 1.0 + one.sets[0][0])
    with evaluations_of(ground, tmp_path) as known:
        known.extend(SETS, 2, "first")
        known.extend([*SETS, *SETS], 2, "again")
        known.extend(SETS[:3], 5, "more")
    assert sum(placements * count for placements, count in ground.asked) == 10 * 2 + 3 * 3
    assert known.blocks(SETS[0]) == 5
    assert known.sums(SETS[0], 4).shape == (4, 1, 4)


def test_a_design_that_was_stopped_goes_on_from_disk(tmp_path):
    ground = KnownGround(lambda one: 1.0 + one.sets[0][0], own_spread=0.1)
    with evaluations_of(ground, tmp_path) as first:
        first.extend(SETS, 3, "first")
    asked = len(ground.asked)
    with evaluations_of(ground, tmp_path) as second:
        second.extend(SETS, 3, "again")
    assert len(ground.asked) == asked
    for one in SETS:
        np.testing.assert_array_equal(first.sums(one, 3), second.sums(one, 3))


def test_two_processes_find_what_one_finds(tmp_path):
    ground = small_ground(requests=200)
    with evaluations_of(ground, tmp_path / "one") as here:
        here.extend(SETS, 2, "here")
    with open_workers(None, 2) as team:
        there = Evaluations(ground, Store(tmp_path / "two"), team)
        there.extend(SETS, 2, "there")
    for one in SETS:
        np.testing.assert_array_equal(here.sums(one, 2), there.sums(one, 2))


def test_long_work_is_divided_by_blocks(tmp_path):
    ground = KnownGround(lambda one: 1.0, own_spread=1.0)
    with evaluations_of(ground, tmp_path) as known:
        known.extend(SETS[:1], 100, "long")
    assert len(ground.asked) == 3
    assert known.blocks(SETS[0]) == 100
    whole = ground.tallies(SETS[:1], "search", 0, 100)[0]
    np.testing.assert_array_equal(known.sums(SETS[0], 100), whole)


@dataclass(frozen=True)
class BrokenGround(KnownGround):
    def tallies(self, placements, stream, first, count):
        raise ZeroDivisionError("no light")


def test_a_failure_is_told_and_tried_again(tmp_path):
    with (
        evaluations_of(BrokenGround(lambda one: 1.0), tmp_path) as known,
        pytest.raises(UnfinishedError, match="no light"),
    ):
        known.extend(SETS, 2, "broken")
    with evaluations_of(KnownGround(lambda one: 1.0), tmp_path) as again:
        again.extend(SETS, 2, "mended")
    assert again.blocks(SETS[0]) == 2
