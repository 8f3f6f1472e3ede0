"""Every way to solve, on instances from the corners, against enumeration.

``benchmarks/corners.py`` does the same on as many instances as wanted, with progress.
"""

from __future__ import annotations

import pytest

from tests.corners.enumeration import Enumeration
from tests.corners.generator import corner_instance
from tests.corners.judge import GAP, WAYS, quick_ways, run

QUICK_TIME_LIMIT = 3.0
SEEDS_A_CHUNK = 100


def validate_spec(seed: int, ways, **options) -> list[str]:
    instance, objective = corner_instance(seed)
    enumeration = Enumeration(instance, objective).run()
    return [
        f"seed {seed} {way.name}: {fault}"
        for way in ways
        for fault in run(instance, objective, way, enumeration, gap=GAP, **options).faults
    ]


@pytest.mark.parametrize("seed", range(300))
def test_no_way_is_wrong_on_a_corner_instance(seed):
    assert validate_spec(seed, quick_ways(seed), time_limit=QUICK_TIME_LIMIT) == []


@pytest.mark.long
@pytest.mark.parametrize("chunk", range(50))
def test_no_way_is_wrong_on_5000_corner_instances(chunk):
    seeds = range(chunk * SEEDS_A_CHUNK, (chunk + 1) * SEEDS_A_CHUNK)
    assert [fault for seed in seeds for fault in validate_spec(seed, WAYS)] == []


def test_each_way_meets_at_least_40_of_300_instances():
    met = [way.name for seed in range(300) for way in quick_ways(seed)]
    assert {way.name for way in WAYS} == set(met)
    assert min(met.count(way.name) for way in WAYS) >= 40
