"""Every way to solve, on instances from the corners, against enumeration.

``benchmarks/corners.py`` does the same on as many instances as wanted, with progress.
"""

from __future__ import annotations

import pytest

from tests.corners.enumeration import Enumeration
from tests.corners.generator import corner_instance
from tests.corners.judge import GAP, WAYS, quick_ways, run
from tests.tiers import slow_beyond

QUICK_TIME_LIMIT = 3.0
SEEDS_A_CHUNK = 100
QUICK_SEEDS, SEEDS = 20, 80


def validate_spec(seed: int, ways, **options) -> list[str]:
    instance, objective = corner_instance(seed)
    enumeration = Enumeration(instance, objective).run()
    return [
        f"seed {seed} {way.name}: {fault}"
        for way in ways
        for fault in run(instance, objective, way, enumeration, gap=GAP, **options).faults
    ]


@pytest.mark.parametrize("seed", slow_beyond(QUICK_SEEDS, range(SEEDS)))
def test_no_way_is_wrong_on_a_corner_instance(seed):
    assert validate_spec(seed, quick_ways(seed), time_limit=QUICK_TIME_LIMIT) == []


@pytest.mark.long
@pytest.mark.parametrize("chunk", range(50))
def test_no_way_is_wrong_on_5000_corner_instances(chunk):
    seeds = range(chunk * SEEDS_A_CHUNK, (chunk + 1) * SEEDS_A_CHUNK)
    assert [fault for seed in seeds for fault in validate_spec(seed, WAYS)] == []


@pytest.mark.parametrize(("seeds", "least"), [(QUICK_SEEDS, 2), (SEEDS, 8)])
def test_each_way_meets_enough_instances(seeds, least):
    met = [way.name for seed in range(seeds) for way in quick_ways(seed)]
    assert {way.name for way in WAYS} == set(met)
    assert min(met.count(way.name) for way in WAYS) >= least
