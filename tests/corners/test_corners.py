"""Every way to solve, on instances from the corners, against enumeration.

``benchmarks/corners.py`` does the same on as many instances as wanted, with progress.
"""

from __future__ import annotations

import pytest

from tests.corners.brownfield import brownfield
from tests.corners.enumeration import Enumeration
from tests.corners.generator import draw
from tests.corners.judge import GAP, WAYS, quick_ways, run
from tests.corners.networks import networks
from tests.corners.qkd_systems import qkd_systems
from tests.corners.shared_keys import shared_keys
from tests.corners.surfaces import surfaces
from tests.tiers import slow_beyond

QUICK_TIME_LIMIT = 3.0
SEEDS_A_CHUNK = 100
# With those of the other kinds (`test_brownfield.py` and others), 300 in the slow tier.
QUICK_SEEDS, SEEDS = 20, 213
KINDS = {
    "corners": draw, "in-place": brownfield, "networks": networks, "shared-keys": shared_keys,
    "surfaces": surfaces,
    "qkd-systems": qkd_systems,
}  # fmt: skip


def validate_spec(seed: int, ways, kind: str = "corners", **options) -> list[str]:
    drawn = KINDS[kind](seed)
    instance, objective = drawn.instance, drawn.objective
    enumeration = Enumeration(instance, objective).run()
    return [
        f"{kind} {seed} {way.name}: {fault}"
        for way in ways
        for fault in run(instance, objective, way, enumeration, gap=GAP, **options).faults
    ]


@pytest.mark.parametrize("seed", slow_beyond(QUICK_SEEDS, range(SEEDS)))
def test_no_way_is_wrong_on_a_corner_instance(seed):
    assert validate_spec(seed, quick_ways(seed), time_limit=QUICK_TIME_LIMIT) == []


@pytest.mark.long
@pytest.mark.parametrize("chunk", range(25))
@pytest.mark.parametrize("kind", KINDS)
def test_no_way_is_wrong_on_10000_corner_instances(kind, chunk):
    seeds = range(chunk * SEEDS_A_CHUNK, (chunk + 1) * SEEDS_A_CHUNK)
    assert [fault for seed in seeds for fault in validate_spec(seed, WAYS, kind)] == []


@pytest.mark.parametrize(("seeds", "least"), [(QUICK_SEEDS, 2), (SEEDS, 8)])
def test_each_way_meets_enough_instances(seeds, least):
    met = [way.name for seed in range(seeds) for way in quick_ways(seed)]
    assert {way.name for way in WAYS} == set(met)
    assert min(met.count(way.name) for way in WAYS) >= least
