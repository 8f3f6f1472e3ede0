"""Intervals cover, pairs are tighter, and nothing depends on how the work is divided."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import qkdopt
from qkdopt.errors import UsageError
from qkdopt.generate import new_instance
from qkdopt.simulate import SimulationOptions, simulate
from qkdopt.simulate.statistics import mean, paired_gain, ratio
from qkdopt.simulate.traffic import poisson_requests

FOUR = "instances/nsfnet_100erl_4ch.json"
PUBLISHED = Path(__file__).parent / "data" / "blocking_nsfnet22.csv"


def test_intervals_cover_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(1000):
        denominator = rng.poisson(50.0, 40).astype(float)
        numerator = denominator * 3.0 + rng.normal(0.0, 20.0, 40)
        found = ratio(numerator, denominator)
        covered += abs(found.value - 3.0) <= found.ci95
    assert 930 <= covered <= 970


def test_paired_gain_is_tighter_than_the_runs_alone_and_covers():
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(500):
        common = rng.normal(100.0, 20.0, 40)
        served = np.full(40, 10.0)
        better = 1.1 * common + rng.normal(0.0, 1.0, 40)
        found = paired_gain(better, served, common, served)
        covered += abs(found.value - 0.1) <= found.ci95
        assert found.ci95 < mean(common).ci95 / 100.0 / 3.0
    assert 460 <= covered <= 490


def test_nothing_to_say_is_none():
    assert ratio(np.zeros(0), np.zeros(0)).value is None
    assert ratio(np.ones(1), np.ones(1)).ci95 is None


def test_requests_do_not_depend_on_how_they_are_divided():
    instance = qkdopt.read_instance(FOUR)
    (whole,) = poisson_requests(instance, 50.0, 3, 1, [1000])
    parts = list(poisson_requests(instance, 50.0, 3, 1, [1, 300, 699]))
    for name in ("times", "holding", "pairs", "widths", "draws"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert np.allclose(joined, getattr(whole, name), rtol=1e-12)


def test_the_number_of_workers_changes_no_bit():
    instance = qkdopt.read_instance(FOUR)
    runs = [
        simulate(instance, requests=20_000, replications=3, workers=workers)
        for workers in (1, 2, 3)
    ]
    assert np.array_equal(runs[0].tally, runs[1].tally)
    assert np.array_equal(runs[0].links, runs[2].links)
    again = simulate(instance, requests=20_000, replications=3, seed=1)
    assert not np.array_equal(runs[0].tally, again.tally)


def test_strategies_meet_the_same_requests_and_pair():
    instance = qkdopt.read_instance(FOUR)
    fixed, dynamic = (
        simulate(instance, SimulationOptions(strategy=name), requests=100_000)
        for name in ("fixed", "ds-qkd")
    )
    gain = dynamic.gain_over(fixed)
    assert gain.value > 0.1
    alone = dynamic.mean_skr_bps.ci95 / dynamic.mean_skr_bps.value
    assert gain.ci95 < 2.0 * alone
    with pytest.raises(ValueError, match="cannot be paired"):
        dynamic.gain_over(simulate(instance, requests=100_000, seed=9))


def published() -> list[dict[str, str]]:
    lines = PUBLISHED.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


@pytest.mark.parametrize("row", published(), ids=lambda row: row["load_erlang"])
def test_blocking_is_the_published_one(row):
    instance = new_instance(
        "blocking", topology="nsfnet22", demands=0, seed=1, load_erlang=100.0, candidates=(0,)
    )
    data = instance.to_json_dict()
    for link in data["network"]["links"]:
        link["qkd"] = False
    data["routes"] = {"k": 5}
    classical = type(instance).model_validate(data, strict=False)
    found = simulate(
        classical, load_erlang=float(row["load_erlang"]), requests=500_000, warmup=3000
    ).blocking
    spread = 2.0 * float(row["xlron_sd_percent"])
    assert abs(100.0 * found.value - float(row["xlron_mean_percent"])) <= spread


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"load_erlang": -1.0}, "more than 0"),
        ({"requests": 0}, "at least 1"),
        ({"replications": 0}, "at least 1"),
        ({"warmup": -1}, "0 or more"),
    ],
)
def test_what_makes_no_sense_is_refused(options, expected):
    with pytest.raises(UsageError, match=expected):
        simulate(qkdopt.read_instance(FOUR), **options)


def test_unknown_names_are_refused_all_at_once():
    with pytest.raises(UsageError, match=r"strategy.*policy.*threshold"):
        SimulationOptions(strategy="magic", policy="none", threshold=7.0)
