"""The generator reaches the corners, often enough to matter, and stays small."""

from __future__ import annotations

import pytest

from qkdopt.instance import Instance
from tests.corners.enumeration import assignment_count
from tests.corners.generator import MOST_ASSIGNMENTS, corner_instance, draw
from tests.corners.light import candidates, centre_thz
from tests.corners.paths import shortest_routes

SEEDS = range(600)


@pytest.fixture(scope="module")
def drawn():
    return [corner_instance(seed) for seed in SEEDS]


def has_off_grid(instance: Instance, low: float, high: float) -> bool:
    return any(
        not isinstance(c, int) and low <= centre_thz(instance, c) <= high
        for link in instance.network.links
        for c in candidates(instance, link)
    )


def launches(instance: Instance) -> list[float]:
    own = [link.launch_dbm for link in instance.network.links]
    return [dbm for dbm in (instance.classical.launch_dbm, *own) if dbm is not None]


def has_unjoined_demand(instance: Instance) -> bool:
    return any(not shortest_routes(instance, d.source, d.target) for d in instance.demands)


def has_parallel_links(instance: Instance) -> bool:
    ends = [frozenset((link.a, link.b)) for link in instance.network.links]
    return len(set(ends)) < len(ends)


def lengths(instance: Instance) -> list[float]:
    return [link.length_km for link in instance.network.links]


def guard_in_spacings(instance: Instance) -> float:
    return instance.qkd.guard_ghz / instance.grid.spacing_ghz


# What is drawn, and in how many of 600 at least.
CORNERS = {
    "rate table": (lambda i: i.qkd.skr_table is not None, 150),
    "many samples": (lambda i: i.qkd.skr_table and len(i.qkd.skr_table.skr_bps) >= 7, 30),
    "Raman table": (lambda i: not isinstance(i.fibre.raman_profile, str), 40),
    "vibrational profile": (lambda i: i.fibre.raman_profile == "hollenbeck-cantrell", 40),
    "O band": (lambda i: has_off_grid(i, 227.0, 236.0), 60),
    "off the grid, near": (lambda i: has_off_grid(i, 180.0, 226.0), 60),
    "candidates of a link": (lambda i: any(k.candidates for k in i.network.links), 60),
    "launch of a link": (lambda i: any(k.launch_dbm is not None for k in i.network.links), 60),
    "strong launch": (lambda i: max(launches(i), default=0.0) >= 10.0, 40),
    "weak launch": (lambda i: min(launches(i), default=0.0) <= -50.0, 20),
    "receiver's launch": (lambda i: i.classical.receiver_sensitivity_dbm is not None, 20),
    "link without QKD": (lambda i: any(not link.qkd for link in i.network.links), 60),
    "reversed": (lambda i: any(k.qkd_direction == "b->a" for k in i.network.links), 200),
    "guard 0": (lambda i: i.qkd.guard_ghz == 0.0, 60),
    "fractional guard": (lambda i: guard_in_spacings(i) % 1.0 > 0.0, 60),
    "guard of two spacings": (lambda i: guard_in_spacings(i) == 2.0, 40),
    "layout pair": (lambda i: i.fibre.layout == "pair", 200),
    "reserve all": (lambda i: i.qkd.reserve == "all", 100),
    "widest": (lambda i: i.qkd.relay == "widest", 80),
    "vacuum and weak": (lambda i: i.qkd.decoys != "infinite", 100),
    "minimum rate": (lambda i: any(d.min_skr_bps for d in i.demands), 60),
    "wide demand": (lambda i: any(d.channels > 1 for d in i.demands), 100),
    "no demand": (lambda i: not i.demands, 20),
    "three demands": (lambda i: len(i.demands) >= 3, 100),
    "disconnected pair": (has_unjoined_demand, 20),
    "parallel links": (has_parallel_links, 100),
    "crosstalk": (lambda i: i.other_noise.crosstalk is not None, 60),
    "amplifier": (lambda i: i.other_noise.amplifier is not None, 60),
    "four-wave mixing": (lambda i: i.other_noise.four_wave_mixing is not None, 10),
    "short": (lambda i: min(lengths(i)) < 1.0, 40),
    "long": (lambda i: max(lengths(i)) > 80.0, 40),
    "long gate": (lambda i: i.qkd.gate_ps == 1e6, 15),
    "many dark counts": (lambda i: i.qkd.dark_count_per_gate >= 1e-5, 20),
    "one channel": (lambda i: i.grid.channels == 1, 10),
    "five channels": (lambda i: i.grid.channels == 5, 60),
}


@pytest.mark.parametrize("corner", CORNERS)
def test_each_corner_is_drawn_often(drawn, corner):
    holds, least = CORNERS[corner]
    assert sum(bool(holds(instance)) for instance, _ in drawn) >= least


def test_objectives_are_all_drawn(drawn):
    objectives = [objective for _, objective in drawn]
    assert min(objectives.count(name) for name in ("mean", "max-min", "link-sum")) >= 100


def test_every_instance_can_be_enumerated(drawn):
    assert max(assignment_count(instance) for instance, _ in drawn) <= MOST_ASSIGNMENTS


def test_a_seed_gives_one_instance():
    for seed in (0, 7, 4999):
        assert corner_instance(seed) == corner_instance(seed)


def test_few_draws_are_refused():
    redraws = sum(draw(seed).redraws for seed in SEEDS)
    assert redraws < 0.5 * len(SEEDS)


def test_links_under_a_rate_table_have_one_loss(drawn):
    for instance, _ in drawn:
        if instance.qkd.skr_table is None:
            continue
        assert len({link.loss_db for link in instance.network.links}) == 1
        for link in instance.network.links:
            for candidate in candidates(instance, link):
                assert isinstance(candidate, int) or candidate.loss_db_per_km is None
