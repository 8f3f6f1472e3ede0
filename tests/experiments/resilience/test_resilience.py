"""Runs of a resilience study, their table and plot, and the command."""

from __future__ import annotations

import json
import math
from itertools import product
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.container import ErrorbarContainer

import qkdopt
from qkdopt.cli.resilience import printed
from qkdopt.errors import UsageError
from qkdopt.experiments.resilience import COLUMNS, ResilienceSpec, cases, parse_sets, survival_table
from qkdopt.jobs import Store, open_workers, run_missing
from qkdopt.plotting import plot_survival
from qkdopt.simulation import EventOptions, SimulationOptions, simulate_failures
from tests.command import exit_status

mpl.use("Agg")

ROOT = Path(__file__).parent.parent.parent.parent
FOUR = ROOT / "instances" / "nsfnet_100erl_4ch.json"
SHORT = 4000
# All share one study; of a plain run `test_odd_instances.py` is.
pytestmark = pytest.mark.slow


def table_of(folder: Path, spec: ResilienceSpec, workers: int = 1) -> pd.DataFrame:
    tasks = cases(qkdopt.read_instance(FOUR), spec)
    store = Store(folder)
    with open_workers(None, workers) as team:
        assert run_missing(tasks, store, team).successful
    return survival_table(store.read([task.key for task in tasks]))


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> pd.DataFrame:
    spec = ResilienceSpec(channels="3;3,13,23,33", requests=SHORT, rate=1.0)
    return table_of(tmp_path_factory.mktemp("rows"), spec)


def test_every_combination_is_one_row(table):
    combinations = set(table[["event", "channels", "retune", "relay", "restoration"]].itertuples(
        index=False, name=None))  # fmt: skip
    ways = list(product(("{3}", "{3,13,23,33}"), ("always", "never"), ("lightpath", "widest")))
    expected = {(event, *way, "-") for event in ("noise", "receiver") for way in ways}
    expected |= {("cut", *way, on) for way in ways for on in ("on", "off")}
    assert combinations == expected
    assert len(table) == len(expected)
    assert list(table.columns) == list(COLUMNS)


def test_a_row_says_what_the_simulation_found(table):
    instance = qkdopt.read_instance(FOUR)
    row = table[
        (table["event"] == "cut") & (table["channels"] == "{3,13,23,33}")
        & (table["retune"] == "always") & (table["relay"] == "lightpath")
        & (table["restoration"] == "on")
    ].iloc[0]  # fmt: skip
    survival = simulate_failures(
        instance, SimulationOptions(), EventOptions(kind="cut", restore=True, rate=1.0),
        requests=SHORT,
    )  # fmt: skip
    for name in ("survived_at_event", "affected_survived_after_reaction", "restored", "outage",
                 "time_average_survived", "affected_with_key"):  # fmt: skip
        estimate = getattr(survival, name)
        assert row[f"{name}_percent"] == pytest.approx(100.0 * estimate.value)
        assert row[f"{name}_ci95_percent"] == pytest.approx(100.0 * estimate.ci95)
    assert row["before_bps"] == survival.before_bps.value
    assert row["events"] == survival.event_count


def test_what_must_hold_of_any_row(table):
    at_event, after = table["survived_at_event_percent"], table["survived_after_reaction_percent"]
    restored = table["restoration"] == "on"
    assert (after >= at_event - 1e-9)[~restored].all()
    # No retuning, no restoration, no reaction.
    still = (table["retune"] == "never") & ~restored
    assert still.sum() == 12
    assert (after == at_event)[still].all()
    assert table["restored_percent"].notna().eq(table["event"] == "cut").all()
    shares = table[[c for c in table if c.endswith("_percent") and "ci95" not in c]]
    assert (shares.fillna(0.0) >= 0.0).all(axis=None)
    receiver = table[(table["event"] == "receiver") & (table["relay"] == "lightpath")]
    alone = receiver[receiver["retune"] == "never"]
    assert len(alone) == 2
    assert (alone["affected_with_key_percent"] == 0.0).all()
    many = receiver[(receiver["retune"] == "always") & (receiver["channels"] != "{3}")]
    assert len(many) == 1
    assert (many["affected_with_key_percent"] > 50.0).all()
    # One candidate: nothing to retune to.
    one = table[table["channels"] == "{3}"].drop(columns=["instance_sha256"])
    pairs = [one[one["retune"] == way].drop(columns="retune") for way in ("always", "never")]
    pd.testing.assert_frame_equal(*(pair.reset_index(drop=True) for pair in pairs))


def test_events_are_the_same_for_all(table):
    assert table["events"].nunique() == 1


@pytest.mark.slow
def test_one_or_two_workers_give_the_same_bits(tmp_path):
    spec = ResilienceSpec(events="cut", channels="3,13", requests=SHORT)
    single, double = table_of(tmp_path / "a", spec), table_of(tmp_path / "b", spec, workers=2)
    pd.testing.assert_frame_equal(single, double, check_exact=True)


def test_another_specification_has_other_keys():
    instance = qkdopt.read_instance(FOUR)
    specs = [
        ResilienceSpec(events="cut", **change)
        for change in ({}, {"seed": 1}, {"rate": 0.3}, {"repair": 2.0}, {"target": "any"},
                       {"requests": 2000}, {"load_erlang": 60.0}, {"noise_per_gate": 1e-3})
    ]  # fmt: skip
    keys = [case.key for spec in specs for case in cases(instance, spec)]
    assert len(set(keys)) == len(keys) == 8 * len(specs)


def test_sets_are_parsed():
    assert [named_set.channels for named_set in parse_sets("3; 3,13;3")] == [(3,), (3, 13)]
    assert parse_sets(None)[0].channels is None
    with pytest.raises(UsageError, match="channels = '3-4'; expected channel numbers such as"):
        parse_sets("3;3-4")


def test_the_plot_has_a_bar_for_every_row(table):
    _, ax = plt.subplots()
    rows = table[table["relay"] == "widest"]
    assert plot_survival(rows, ax) is ax
    bars = [patch.get_height() for patch in ax.patches]
    assert sorted(bars) == pytest.approx(sorted(rows["survived_after_reaction_percent"]))
    assert len(ax.get_xticks()) == len(rows) / 2
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["{3}", "{3,13,23,33}"]
    plt.close("all")


def test_printed_shares_say_no_more_than_is_known():
    shares = {
        "survived_at_event": (99.999, 0.004), "survived_after_reaction": (100.0, math.nan),
        "affected_survived_after_reaction": (29.2, math.nan), "affected_with_key": (0.0, math.nan),
        "outage": (3.456, 1.234), "restored": (math.nan, math.nan),
        "time_average_survived": (100.0, math.nan),
    }  # fmt: skip
    row = {"event": "noise", "channels": "{3}", "retune": "always", "relay": "widest",
           "restoration": "-", "events": 7}  # fmt: skip
    for name, (value, ci95) in shares.items():
        row |= {f"{name}_percent": value, f"{name}_ci95_percent": ci95}
    lines = [line.split() for line in printed(pd.DataFrame([row])).splitlines()]
    assert lines[1] == lines[6] == ["noise,", "relay", "widest,", "7", "events"]
    # In the order of the heads: at event, after reaction, over time, outage.
    assert lines[3] == [
        "{3}",
        "always",
        "100.00",
        "+-",
        "<0.01",
        "100",
        "100",
        "3.46",
        "+-",
        "1.23",
    ]
    # After reaction, with key, restored.
    assert lines[8] == ["{3}", "always", "29.20", "0", "-"]


def test_the_plot_draws_no_interval_that_is_not_known(table):
    rows = table[table["relay"] == "widest"].copy()
    rows["survived_after_reaction_ci95_percent"] = math.nan
    _, ax = plt.subplots()
    plot_survival(rows, ax)
    groups = [bar for bar in ax.containers if isinstance(bar, ErrorbarContainer)]
    caps = [np.asarray(cap.get_ydata(), dtype=float) for bar in groups for cap in bar[1]]
    assert caps
    assert np.isnan(np.concatenate(caps)).all()
    plt.close("all")


@pytest.mark.usefixtures("no_processes")
def test_the_command_writes_table_and_plot_and_goes_on_where_it_was(tmp_path, capsys):
    folder = tmp_path / "out"
    command = ("resilience", FOUR, "--events", "receiver", "--requests", SHORT, "-o", folder,
               "--rate", 1, "--workers", 1)  # fmt: skip
    assert exit_status(*command) == 0
    captured = capsys.readouterr()
    assert "over time" in captured.out
    assert "+-" in captured.out
    table = pd.read_csv(folder / "resilience.csv")
    assert list(table.columns) == list(COLUMNS)
    assert len(table) == 4
    assert (folder / "survival.png").stat().st_size > 10_000
    rows = {path: path.stat().st_mtime_ns for path in (folder / "rows.parquet").glob("*.parquet")}
    assert len(rows) == 4
    assert exit_status(*command, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema"] == "qkdopt/resilience/1"
    assert answer["preset"] == "paper"
    assert [case["events"] for case in answer["cases"]] == table["events"].tolist()
    assert len(answer["cases"]) == 4
    first = answer["cases"][0]
    assert first["survived_at_event_percent"]["value"] == pytest.approx(
        table["survived_at_event_percent"][0]
    )
    assert first["restored_percent"] == {"value": None, "ci95": None}
    assert rows == {path: path.stat().st_mtime_ns for path in rows}


def test_bad_input_is_one_message_and_nothing_is_written(tmp_path, capsys):
    folder = tmp_path / "out"
    status = exit_status(
        "resilience", FOUR, "--events", "flood", "--channels", "3;99;x", "--rate", 0,
        "--repair", -1, "--noise", 2, "--requests", 5, "--seed", -1,
        "--load", 0, "--workers", 0, "-o", folder,
    )  # fmt: skip
    captured = capsys.readouterr()
    assert status == 2
    assert captured.out == ""
    for word in ("'flood'", "channels = 'x'; expected channel numbers", "rate = 0",
                 "repair = -1", "noise = 2",
                 "requests = 5", "seed = -1", "load = 0", "workers = 0"):  # fmt: skip
        assert captured.err.count(word) == 1, word
    assert not folder.exists()
    assert exit_status("resilience", FOUR, "--channels", "3;99", "--seed", -1, "-o", folder) == 2
    captured = capsys.readouterr().err
    assert "99" in captured
    assert "seed = -1" in captured
    broken = ROOT / "tests" / "bad" / "efficiency_in_per_cent.json"
    assert exit_status("resilience", broken, "--seed", -1, "-o", folder) == 2
    captured = capsys.readouterr().err
    assert "per cent" in captured
    assert "seed = -1" in captured
    assert not folder.exists()


def test_noise_that_is_no_sum_is_refused_before_anything_runs():
    data = qkdopt.read_instance(FOUR).to_json_dict()
    data["other_noise"] = {"four_wave_mixing": {}}
    instance = qkdopt.Instance.model_validate(data, strict=False)
    with pytest.raises(UsageError, match="four_wave_mixing"):
        cases(instance, ResilienceSpec())
