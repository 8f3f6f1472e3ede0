"""Parameters do to noise and signal what physics says; the sweep says what they are worth."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdopt.errors import InstanceError
from qkdopt.experiments.sensitivity.analysis import (
    AS_IT_STANDS,
    COLUMNS,
    rank_parameters,
    sensitivity_jobs,
    sensitivity_table,
)
from qkdopt.experiments.sensitivity.parameters import (
    EFFICIENCY,
    FILTER,
    GATE,
    INSERTION_LOSS,
    LAUNCH,
    PARAMETERS,
    RAMAN_SCALE,
)
from qkdopt.experiments.sensitivity.perturbation import sensitivity_settings
from qkdopt.experiments.sensitivity.power import Receivers
from qkdopt.instance import Instance
from qkdopt.plotting import plot_sensitivity
from qkdopt.problem.coefficients import build_tables
from qkdopt.simulation import SimulationOptions, simulate
from tests.random_instances import random_instance

mpl.use("Agg")
HALF_DB = -10.0 * np.log10(2.0)


def changed(instance: Instance, **parts: dict) -> Instance:
    data = instance.to_json_dict()
    for name, changes in parts.items():
        data[name] = data.get(name, {}) | changes
    return Instance.model_validate(data, strict=False)


SMALL = changed(
    random_instance(12, channels=(7, 7), shape="ring"),
    qkd={"candidates": [1, 4], "reserve": "all", "guard_ghz": 200.0, "relay": "lightpath"},
    fibre={"layout": "single"},
    classical={"launch_dbm": -12.4},
)


def simulated(instance: Instance) -> np.ndarray:
    outcome = simulate(
        instance, SimulationOptions(), load_erlang=4.0, requests=2000, warmup=100, seed=3
    )
    return np.asarray(outcome.tally[:, :3])


def swept(instance: Instance, **options) -> tuple[pd.DataFrame, list]:
    sweep = sensitivity_settings(instance, **options)
    jobs = sensitivity_jobs(sweep.settings, set_name="own", load_erlang=4.0, seed=1, requests=600)
    rows = pd.DataFrame([job.run() for job in {job.key: job for job in jobs}.values()])
    return sensitivity_table(sweep.settings, jobs, rows), list(sweep.notes)


@given(seed=st.integers(0, 10_000), db=st.floats(-9.0, 3.0))
def test_power_filter_gate_and_raman_scale_do_the_same_to_raman_noise(seed, db):
    instance = random_instance(seed)
    expected = build_tables(instance).noise * 10.0 ** (db / 10.0)
    for parameter in (LAUNCH, FILTER, GATE, RAMAN_SCALE):
        perturbed = build_tables(parameter.perturbed(instance, db))
        assert perturbed.noise == pytest.approx(expected, rel=1e-12, abs=0.0)
        assert np.array_equal(perturbed.transmittance, build_tables(instance).transmittance)


@given(seed=st.integers(0, 10_000), db=st.floats(-3.0, 6.0))
def test_a_db_of_efficiency_is_a_db_of_loss(seed, db):
    instance = changed(random_instance(seed), qkd={"insertion_loss_db": 7.0})
    by_efficiency = build_tables(EFFICIENCY.perturbed(instance, db))
    by_loss = build_tables(INSERTION_LOSS.perturbed(instance, -db))
    ratio = 10.0 ** (db / 10.0)
    for name in ("noise", "transmittance"):
        value = getattr(by_efficiency, name)
        assert value == pytest.approx(getattr(by_loss, name), rel=1e-12, abs=0.0)
        assert value == pytest.approx(
            getattr(build_tables(instance), name) * ratio, rel=1e-12, abs=0.0
        )


def test_only_the_gate_moves_dark_counts_at_a_constant_rate_per_ns():
    per_ps = SMALL.qkd.dark_count_per_gate / SMALL.qkd.gate_ps
    for parameter in PARAMETERS:
        perturbed = parameter.perturbed(SMALL, 3.0).qkd
        expected = per_ps * perturbed.gate_ps
        assert perturbed.dark_count_per_gate == pytest.approx(expected, rel=1e-12, abs=0.0)
    assert GATE.perturbed(SMALL, 3.0).qkd.gate_ps == pytest.approx(SMALL.qkd.gate_ps * 10**0.3)


def test_half_the_power_half_the_filter_and_half_the_cross_section_are_one_run():
    halves = [
        simulated(parameter.perturbed(SMALL, HALF_DB))
        for parameter in (LAUNCH, FILTER, RAMAN_SCALE)
    ]
    for half in halves[1:]:
        np.testing.assert_allclose(half, halves[0], rtol=1e-12, atol=0.0)
    assert halves[0][:, 2].sum() > 1.01 * simulated(SMALL)[:, 2].sum()


def test_half_the_gate_is_the_same_run_without_dark_counts_and_a_better_one_with():
    silent = changed(SMALL, qkd={"dark_count_per_gate": 0.0})
    gate, power = (simulated(parameter.perturbed(silent, HALF_DB)) for parameter in (GATE, LAUNCH))
    np.testing.assert_allclose(gate, power, rtol=1e-12, atol=0.0)
    noisy = changed(SMALL, qkd={"dark_count_per_gate": 1e-4})
    gate, power = (
        simulated(parameter.perturbed(noisy, HALF_DB))[:, 2] for parameter in (GATE, LAUNCH)
    )
    assert gate.sum() > 1.001 * power.sum()


def test_every_parameter_stands_at_0_db_and_that_is_one_run():
    sweep = sensitivity_settings(SMALL)
    jobs = sensitivity_jobs(sweep.settings, set_name="own", load_erlang=4.0, seed=1, requests=500)
    still = [job.key for job in jobs if job.label == AS_IT_STANDS]
    assert len(still) == len(PARAMETERS)
    assert len(set(still)) == 1
    assert len({job.key for job in jobs}) == len(jobs) - len(PARAMETERS) + 1
    tried = [s.db for s in sweep.settings if s.parameter == "filter width"]
    assert tried == [-9.0, -6.0, -3.0, 0.0, 3.0]
    widths = [s.value for s in sweep.settings if s.parameter == "filter width"]
    assert widths == pytest.approx([100.0 * 10 ** (db / 10) for db in tried])


def test_what_cannot_be_built_is_left_out_and_reported():
    narrow = changed(SMALL, qkd={"filter_ghz": 10.0, "gate_ps": 100.0})
    sweep = sensitivity_settings(narrow, receivers=Receivers(-22.0, 1.0, -11.0))
    tried = {s.parameter: [] for s in sweep.settings}
    for s in sweep.settings:
        tried[s.parameter].append(s.db)
    # 10 GHz x 100 ps = 1: a factor of 0.44 is 3.6 dB.
    assert min(tried["filter width"]) == min(tried["time gate"]) == -3.0
    assert max(tried["launch power"]) == 0.0
    assert min(tried["launch power"]) == 0.0
    assert max(tried["detector efficiency"]) == 6.0
    notes = "\n".join(sweep.notes)
    for part in (
        "filter width -9, -6 dB left out: filter x gate below 0.44",
        "launch power +3 dB left out: above the cap of -11 dBm",
        "below the floor of a link",
        "detector efficiency +9 dB left out: outside the parameter's range",
        "insertion loss -9, -6, -3 dB left out",
    ):
        assert part in notes


def test_a_present_power_below_the_minimum_is_reported():
    sweep = sensitivity_settings(SMALL, receivers=Receivers(-12.0))
    assert "launch power as it stands is below the floor of a link" in sweep.notes
    at_min_power = [s for s in sweep.settings if s.sign == 0]
    assert [s.db > 0.0 for s in at_min_power] == [True, True]


def test_a_measured_receiver_keeps_its_own_efficiency():
    # Measured at one loss, so every link has it.
    links = [link | {"loss_db": 3.0} for link in SMALL.to_json_dict()["network"]["links"]]
    measured = changed(
        SMALL,
        network={"links": links},
        qkd={"skr_table": {"noise_per_gate": [0.0, 1e-3], "skr_bps": [1e4, 0.0]}},
    )
    sweep = sensitivity_settings(measured)
    assert not {"detector efficiency", "insertion loss"} & {s.parameter for s in sweep.settings}
    assert sum("table of its own receiver" in note for note in sweep.notes) == 2


def test_every_fault_of_a_sweep_is_reported_at_once():
    mixing = changed(SMALL, other_noise={"four_wave_mixing": {}})
    with pytest.raises(InstanceError) as caught:
        sensitivity_settings(mixing, step_db=0.1, receivers=Receivers(-20.0, 0.0, -30.0))
    assert len(caught.value.faults) == 2 + len(SMALL.network.links)
    with pytest.raises(InstanceError, match=r"sensitivity = 300; .*mW"):
        sensitivity_settings(SMALL, receivers=Receivers(300.0))


def test_the_table_pairs_every_setting_with_the_instance_as_it_stands():
    table, _ = swept(SMALL, receivers=Receivers(-28.0, 3.0))
    assert [name for name in table if name in COLUMNS] == list(COLUMNS)
    still = table[(table["db"] == 0.0) & (table["better"] != 0)]
    assert np.all(still["paired_gain_percent"] == 0.0)
    for parameter in ("launch power", "filter width", "time gate", "Raman scale"):
        rates = table[table["parameter"] == parameter].sort_values("db")["mean_skr_per_request_bps"]
        assert rates.is_monotonic_decreasing
    efficiency = table[table["parameter"] == "detector efficiency"].sort_values("db")
    assert efficiency["mean_skr_per_request_bps"].is_monotonic_increasing
    network, link = table[table["better"] == 0]["mean_skr_per_request_bps"]
    assert link >= network
    # By hand: this setting's rate over that of the instance as it stands.
    row = table.iloc[0]
    gain = 100.0 * (row["mean_skr_per_request_bps"] / still["mean_skr_per_request_bps"].iloc[0] - 1)
    assert row["paired_gain_percent"] == pytest.approx(gain, rel=1e-12)


def test_blocked_requests_count_as_no_key_in_gains():
    sweep = sensitivity_settings(SMALL)
    jobs = sensitivity_jobs(sweep.settings, set_name="own", load_erlang=4.0, seed=1, requests=600)
    rows = [job.run() for job in jobs]
    before = sensitivity_table(sweep.settings, jobs, pd.DataFrame(rows))
    # The same key from half of the requests served is as much per request.
    rows[0]["batch_served"] = [served / 2.0 for served in rows[0]["batch_served"]]
    after = sensitivity_table(sweep.settings, jobs, pd.DataFrame(rows))
    pd.testing.assert_frame_equal(after, before)


def hand_table(rows: list[tuple]) -> pd.DataFrame:
    names = ["parameter", "better", "db", "mean_skr_per_request_bps", "paired_gain_percent"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(value=table["db"], unit="dB", ci95=1.0, blocking=0.0, paired_ci95=2.0)


def test_ranking_by_hand():
    table = hand_table(
        [
            ("power", -1, -6.0, 250.0, 150.0), ("power", -1, -2.0, 144.0, 44.0),
            ("power", -1, 0.0, 100.0, 0.0), ("power", -1, 1.0, 1.0, -99.0),
            ("loss", -1, 0.0, 100.0, 0.0), ("loss", -1, 2.0, 64.0, -36.0),
            ("dead", 1, 0.0, 100.0, 0.0), ("dead", 1, -3.0, 0.0, -100.0),
            ("stuck", 1, 0.0, 100.0, 0.0),
            ("choice", 0, -4.0, 300.0, 200.0),
        ]
    )  # fmt: skip
    ranked = rank_parameters(table).set_index("parameter")
    # 1.25 a dB: 0.64 = 1.25^-2; 1.2 a dB: 1.44 = 1.2^2.
    assert list(ranked.index) == ["power", "loss", "dead"]
    assert ranked["can_improve"].tolist() == [True, False, False]
    assert ranked["gain_percent_per_db"].tolist()[:2] == pytest.approx([20.0, 25.0])
    assert np.isnan(ranked.loc["dead", "gain_percent_per_db"])
    assert ranked["step_db"].tolist() == [-2.0, 2.0, -3.0]
    # d(1.44^(1/2)) = 1/2 x 1.44^(-1/2) x 2 % = 0.8333 %.
    assert ranked.loc["power", "ci95"] == pytest.approx(1.2 / 1.44)
    assert ranked.loc["power", "best_db"] == -6.0
    assert ranked.loc["loss", "best_gain_percent"] == 0.0


def test_of_settings_alike_the_nearest_to_the_present_is_the_best():
    table = hand_table([("gate", -1, db, 100.0, 0.0) for db in (-3.0, 0.0, 3.0)])
    assert rank_parameters(table)["best_db"].tolist() == [0.0]


def test_without_any_key_there_is_no_ranking_but_a_table():
    dead = changed(SMALL, classical={"launch_dbm": 25.0})
    table, _ = swept(dead)
    assert (table["mean_skr_per_request_bps"] == 0.0).all()
    ranked = rank_parameters(table)
    assert ranked[["gain_percent_per_db", "best_value", "best_db"]].isna().all(axis=None)
    assert plot_sensitivity(table, mpl.figure.Figure().subplots()).get_xlabel()


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_parameter_changed_to_its_better_side_never_costs_key(seed):
    instance = changed(
        random_instance(seed, channels=(7, 7)),
        qkd={"candidates": [2], "reserve": "all", "guard_ghz": 200.0, "insertion_loss_db": 3.0},
    )
    before = simulated(instance)[:, 2]
    for parameter in PARAMETERS:
        after = simulated(parameter.perturbed(instance, 2.0 * parameter.sign))[:, 2]
        assert np.all(after >= before * (1.0 - 1e-12))


def test_the_plot_has_a_curve_a_parameter_and_the_better_side_to_the_right():
    table, _ = swept(SMALL, receivers=Receivers(-28.0, 3.0))
    ax = mpl.figure.Figure().subplots()
    assert plot_sensitivity(table, ax) is ax
    names = ax.get_legend_handles_labels()[1]
    assert names == list(dict.fromkeys(table["parameter"]))
    x, y = ax.containers[0].lines[0].get_data()
    assert np.all(np.diff(np.asarray(y)[np.argsort(x)]) > 0.0)
