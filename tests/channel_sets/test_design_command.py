"""``qkdopt design rank`` from the command line."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest

from qkdopt.channel_sets import Scenario, rank_channel_sets
from qkdopt.channel_sets.design_problem import default_baseline, uniform_set
from qkdopt.channel_sets.scenario import read_scenarios
from qkdopt.errors import OptionsError
from qkdopt.instance import Instance
from qkdopt.io import read_instance, write_json_whole
from qkdopt.jobs import lock
from qkdopt.simulation import SimulationOptions
from tests.channel_sets.small import small_instance
from tests.command import exit_status
from tests.report.pages import Reader
from tests.shipped import LIBRARY

# The fixture ``folder`` is made with them.
pytestmark = [pytest.mark.usefixtures("no_processes"), pytest.mark.slow]
QUICK = ("--requests", 20_000, "--load", 20, "--workers", 1)


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "small.json"
    write_json_whole(path, small_instance(8).to_json_dict())
    return path


@pytest.fixture(scope="module")
def folder(instance, tmp_path_factory):
    folder = tmp_path_factory.mktemp("design")
    options = ("--channels", "1:2", "--reserve", "all", "-o", folder)
    assert exit_status("design", "rank", instance, *options, *QUICK) == 0
    return folder


def test_tables_and_plots_are_written(folder):
    for name in (
        "design.csv",
        "pareto.csv",
        "scenarios.csv",
        "ranking.png",
        "pareto.png",
        "why.png",
        "design.html",
    ):
        assert (folder / name).stat().st_size > 0
    table = pd.read_csv(folder / "design.csv")
    for column in (
        "rank", "channels", "mean_skr_bps", "mean_skr_per_request_bps", "ci95", "blocking",
        "paired_gain_percent", "paired_ci95",
    ):  # fmt: skip
        assert table[column].notna().all()
    assert (table["mean_skr_per_request_bps"] <= table["mean_skr_bps"]).all()
    assert len(set(table["channels"])) == len(table)
    page = Reader((folder / "design.html").read_text(encoding="utf-8"))
    assert [row["channels"] for row in page.table("design")] == list(table["channels"])
    gains = [float(row["paired_gain_percent"]) for row in page.table("design")]
    assert gains == list(table["paired_gain_percent"])


def test_the_best_set_is_written_as_an_instance(folder):
    best = read_instance(folder / "best.json")
    table = pd.read_csv(folder / "design.csv")
    assert best.qkd.reserve == "all"
    assert "{" + ",".join(map(str, best.qkd.candidates)) + "}" == table["channels"].iloc[0]


def test_a_second_run_evaluates_nothing_and_finds_the_same(instance, folder, capsys):
    rows = sorted((folder / "rows.parquet").iterdir())
    before = (folder / "design.csv").read_text(encoding="utf-8")
    options = ("--channels", "1:2", "--reserve", "all", "-o", folder, "--json")
    assert exit_status("design", "rank", instance, *options, *QUICK) == 0
    assert sorted((folder / "rows.parquet").iterdir()) == rows
    assert (folder / "design.csv").read_text(encoding="utf-8") == before
    message = json.loads(capsys.readouterr().out)
    assert message["schema"] == "qkdopt/design/1"
    assert message["ranking"][0]["rank"] == 1
    best = pd.read_csv(folder / "design.csv")["mean_skr_per_request_bps"].iloc[0]
    assert math.isclose(message["ranking"][0]["mean_skr_per_request_bps"], best)


@pytest.mark.slow
def test_sets_by_link(instance, tmp_path, capsys):
    options = ("--channels", 1, "--receivers", 23, "--reserve", "all", "-o", tmp_path)
    assert exit_status("design", "rank", instance, *options, *QUICK, "--baseline", "3") == 0
    assert "by link, 23 receivers" in capsys.readouterr().out
    best = read_instance(tmp_path / "best.json")
    assert sum(len(best.candidates_of(link)) for link in best.network.links) <= 23


def test_scenarios_and_criteria(instance, tmp_path):
    scenarios = tmp_path / "scenarios.toml"
    scenarios.write_text("load_erlang = [10, 30]\nraman_scale = [0.62, 1.6]\n", encoding="utf-8")
    options = ("--channels", 1, "--scenarios", scenarios, "--criterion", "worst")
    folder = tmp_path / "d"
    assert exit_status("design", "rank", instance, *options, *QUICK, "-o", folder) == 0
    table = pd.read_csv(folder / "scenarios.csv")
    assert table["scenario"].nunique() == 4
    worst = table.groupby("name")["mean_skr_per_request_bps"].min()
    ranked = pd.read_csv(folder / "design.csv")["name"].tolist()
    assert len(set(worst[ranked])) > 1
    assert worst[ranked].is_monotonic_decreasing


def test_weights_count_in_the_mean(instance, tmp_path):
    scenarios = tmp_path / "s.toml"
    scenarios.write_text(
        "[[scenarios]]\nload_erlang = 10\nweight = 3\n[[scenarios]]\nload_erlang = 40\n",
        encoding="utf-8",
    )
    options = ("--channels", 1, "--scenarios", scenarios, "-o", tmp_path / "d")
    assert exit_status("design", "rank", instance, *options, *QUICK) == 0
    each = pd.read_csv(tmp_path / "d" / "scenarios.csv").pivot(
        index="name", columns="scenario", values="mean_skr_per_request_bps"
    )
    table = pd.read_csv(tmp_path / "d" / "design.csv").set_index("name")
    expected = 0.75 * each["10 erlang"] + 0.25 * each["40 erlang"]
    for column in ("mean_skr_per_request_bps", "criterion"):
        assert table[column].to_numpy() == pytest.approx(expected[table.index].to_numpy())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--channels", "0"), "channels = '0'"),
        (("--channels", "4:2"), "expected a number such as 4"),
        (("--channels", "9"), "1 to the grid's 8"),
        (("--channels", "2", "--method", "magic"), "'magic' is not one of 'auto'"),
        (("--channels", "2", "--baseline", "3,8"), "numbered from 1?"),
        (("--channels", "2", "--baseline", "3,3"), "different channels"),
        (("--channels", "2", "--strategy", "fixed"), "'fixed' is not one of 'ds-qkd'"),
        (("--channels", "2", "--reserve", "some"), "'some' is not one of 'working'"),
        (("--channels", "2", "--receivers", "20"), "at least one for each of 21 links"),
        (("--channels", "1:2", "--receivers", "30"), "expected one number"),
        (("--channels", "2", "--requests", "100"), "requests = 100"),
        (("--channels", "2", "--load", "nan"), "load = nan"),
        (("--channels", "2", "--seed", "-1"), "seed = -1"),
        (("--channels", "2", "--workers", "0"), "workers = 0"),
        (("--channels", "2", "--criterion", "best"), "'best' is not one of 'mean'"),
        (("--channels", "2", "--receiver-cost", "-1"), "receiver = -1"),
        (("--channels", "2", "--scenarios", "none.toml"), "expected a TOML file"),
    ],
)  # fmt: skip
def test_bad_options_write_nothing(options, message, instance, tmp_path, capsys):
    folder = tmp_path / "never"
    assert exit_status("design", "rank", instance, "-o", folder, *options) == 2
    assert message in capsys.readouterr().err
    assert not folder.exists()


def test_every_bad_option_is_reported_at_once(instance, tmp_path, capsys):
    options = (
        "--channels", "0", "--load", "0", "--seed", "-1", "--requests", "5", "--quantile", "7",
        "--criterion", "quantile", "--workers", "0", "--sensitivity", "-28", "--also", "3,3;99",
        "--receiver-cost", "-1",
    )  # fmt: skip
    assert exit_status("design", "rank", instance, "-o", tmp_path / "never", *options) == 2
    message = capsys.readouterr().err
    for word in (
        "channels = '0'", "load = 0", "seed = -1", "requests = 5", "quantile = 7", "workers = 0",
        "without --launch", "3,3", "99", "receiver = -1",
    ):  # fmt: skip
        assert word in message


def test_a_bad_instance_hides_no_bad_option(tmp_path, capsys):
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    options = (
        "--channels", "2", "--workers", "0", "--criterion", "quantile", "--quantile", "7",
        "--requests", "5",
    )  # fmt: skip
    assert exit_status("design", "rank", tmp_path / "x.json", *options) == 2
    message = capsys.readouterr().err
    for word in ("network", "workers = 0", "quantile = 7", "requests = 5"):
        assert word in message


def test_the_shipped_scenarios_are_eight():
    path = LIBRARY.parent / "studies" / "scenarios_nsfnet.toml"
    scenarios = read_scenarios(path, small_instance(8), 100.0)
    assert len({(scenario.load_erlang, scenario.raman_profile) for scenario in scenarios}) == 8
    instances = [scenario.applied_to(small_instance(8)) for scenario in scenarios]
    assert {instance.fibre.raman_profile for instance in instances} == {
        "gnpy", "hollenbeck-cantrell",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no scenario"),
        ("raman_scale = [0.0]", "raman_scale"),
        ("load = [3]", "load"),
        ("[[scenarios]]\nloss = 2.0\n[[scenarios]]\nloss = 2.0", "given 2 times"),
        ("loss = [1.0, 9.0]", "loss x9: fibre.loss_db_per_km = 1.8; expected 0.1 to 1.5 dB/km"),
        ("raman_scale = [", "expected TOML"),
    ],
)
def test_bad_scenarios_write_nothing(text, message, instance, tmp_path, capsys):
    path = tmp_path / "s.toml"
    path.write_text(text, encoding="utf-8")
    folder = tmp_path / "never"
    options = ("--channels", "2", "--scenarios", path, "-o", folder)
    assert exit_status("design", "rank", instance, *options) == 2
    assert message in capsys.readouterr().err
    assert not folder.exists()


def test_a_folder_that_is_a_file_is_refused(instance, tmp_path, capsys):
    (tmp_path / "taken").write_text("x", encoding="utf-8")
    options = ("--channels", "1", "-o", tmp_path / "taken")
    assert exit_status("design", "rank", instance, *options, *QUICK) == 2
    assert "expected a folder" in capsys.readouterr().err


def test_four_wave_mixing_is_refused(tmp_path, capsys):
    data = small_instance(8).to_json_dict()
    data["other_noise"] = {"four_wave_mixing": {}}
    path = tmp_path / "fwm.json"
    write_json_whole(path, data)
    assert exit_status("design", "rank", path, "--channels", "1", "-o", tmp_path / "never") == 2
    assert "four_wave_mixing" in capsys.readouterr().err
    assert not (tmp_path / "never").exists()


def test_the_shipped_case_has_the_study_as_its_baseline():
    four = read_instance(LIBRARY / "nsfnet_100erl_4ch.json")
    every = read_instance(LIBRARY / "nsfnet_100erl.json")
    assert default_baseline(four, 4) == default_baseline(every, 4)
    assert [uniform_set(40, size).sets[0] for size in (1, 2, 3, 4)] == [
        (3,), (3, 13), (3, 13, 23), (3, 13, 23, 33),
    ]  # fmt: skip
    for channels in (1, 2, 5, 12, 40):
        for size in range(1, channels + 1):
            assert len(set(uniform_set(channels, size).sets[0])) == size
            assert max(uniform_set(channels, size).sets[0]) < channels


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--order", "first-fit", "--on", "demands"), "--order does not apply"),
        (("--margin", "0"), "--margin without --launch"),
        (("--assignments", "5"), "--assignments does not apply to a ranking on traffic"),
        (
            ("--on", "demands", "--order", "random"),
            "--order does not apply to a ranking on demands",
        ),
        (("--on", "demands", "--load", "5"), "--load does not apply to a ranking on demands"),
    ],
)
def test_options_that_would_not_be_used_are_refused(options, message, instance, tmp_path, capsys):
    folder = tmp_path / "never"
    assert exit_status("design", "rank", instance, "--channels", "2", "-o", folder, *options) == 2
    assert message in capsys.readouterr().err
    assert not folder.exists()


def test_demands_have_no_load(tmp_path, capsys):
    scenarios = tmp_path / "s.toml"
    scenarios.write_text("load_erlang = [10, 20]", encoding="utf-8")
    path = LIBRARY / "small" / "mesh6.json"
    options = ("--channels", "1", "--on", "demands", "--scenarios", scenarios)
    assert exit_status("design", "rank", path, *options, "-o", tmp_path / "never") == 2
    assert "differ in load alone" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"baseline": [99]}, "up to 7"),
        ({"baseline": [3, 3]}, "different channels"),
        ({"reserve": "bogus"}, "reserve = 'bogus'"),
        ({"load_erlang": -1.0}, "load = -1"),
        ({"options": SimulationOptions(strategy="fixed")}, "strategy = 'fixed'"),
        ({"requests": 5}, "requests = 5"),
        ({"on": "trees"}, "on = 'trees'"),
        ({"load_erlang": 3.0, "scenarios": (Scenario(3.0),)}, "one of the two"),
        ({"on": "demands"}, "no demands"),
    ],
)
def test_python_refuses_the_same(options, message):
    with pytest.raises(OptionsError, match=message):
        rank_channel_sets(small_instance(8), 2, **options)
    with pytest.raises(OptionsError, match="9"):
        rank_channel_sets(small_instance(8), 9)


def test_sets_by_link_are_their_own_baseline():
    data = small_instance(8).to_json_dict()
    data["network"]["links"][2]["candidates"] = [0, 4]
    data["qkd"] = {**data.get("qkd", {}), "candidates": [6]}
    baseline = default_baseline(Instance.model_validate(data, strict=False), 1)
    assert baseline.sets[2] == (0, 4)
    assert set(baseline.sets) == {(0, 4), (6,)}


def test_nothing_is_compared_with_a_baseline_without_key(tmp_path, capsys):
    data = small_instance(8).to_json_dict()
    data["fibre"] = {**data.get("fibre", {}), "raman_scale": 10.0}
    data["classical"]["launch_dbm"] = 5.0
    path = tmp_path / "noisy.json"
    write_json_whole(path, data)
    options = ("--channels", "1", "--reserve", "all", "-o", tmp_path / "d")
    assert exit_status("design", "rank", path, *options, *QUICK) == 0
    assert "no set gives any key" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "d" / "design.csv")
    assert (table["mean_skr_bps"] == 0.0).all()
    assert table["paired_gain_percent"].isna().all()


def test_a_guard_band_as_wide_as_the_grid_is_reported(tmp_path, capsys):
    data = small_instance(8).to_json_dict()
    data["qkd"] = {**data.get("qkd", {}), "guard_ghz": 800.0, "candidates": [0]}
    path = tmp_path / "wide.json"
    write_json_whole(path, data)
    options = ("--channels", "1:5", "--reserve", "all", "--baseline", "0")
    assert exit_status("design", "rank", path, *options, "-o", tmp_path / "never") == 2
    message = capsys.readouterr().err
    assert "channels = 5: no such set leaves" in message
    assert "channels = 4:" not in message
    assert not (tmp_path / "never").exists()


def test_a_damaged_row_is_evaluated_again(instance, tmp_path):
    options = ("--channels", 1, "--reserve", "all", "-o", tmp_path)
    assert exit_status("design", "rank", instance, *options, *QUICK) == 0
    before = (tmp_path / "design.csv").read_text(encoding="utf-8")
    for row in list((tmp_path / "rows.parquet").glob("*.parquet"))[::2]:
        row.write_bytes(row.read_bytes()[:200])
    assert exit_status("design", "rank", instance, *options, *QUICK) == 0
    assert (tmp_path / "design.csv").read_text(encoding="utf-8") == before


def test_a_second_design_in_the_same_folder_is_refused(instance, tmp_path, capsys):
    import os

    from qkdopt.jobs import heartbeat

    with lock(tmp_path):
        beat = json.loads((tmp_path / heartbeat.NAME).read_text(encoding="utf-8"))
        assert beat["process"] == os.getpid()
    assert not (tmp_path / heartbeat.NAME).exists()
    # A sign of another process of this machine that is alive: its parent.
    beat["process"] = os.getppid()
    (tmp_path / heartbeat.NAME).write_text(json.dumps(beat), encoding="utf-8")
    options = ("--channels", 1, "-o", tmp_path)
    assert exit_status("design", "rank", instance, *options, *QUICK) == 2
    assert "runs this already" in capsys.readouterr().err


def test_the_folder_says_what_it_is_about(folder):
    record = json.loads((folder / "question.json").read_text(encoding="utf-8"))
    assert record["reserve"] == "all"
    assert record["scenarios"][0]["load_erlang"] == 20.0
    assert record["environment"]["versions"]["qkdopt"]


def test_the_least_launch_power_is_reported_and_written(instance, tmp_path, capsys):
    options = ("--channels", 1, "--launch", "link", "--sensitivity", -30, "-o", tmp_path)
    assert exit_status("design", "rank", instance, *options, *QUICK) == 0
    assert "dBm on average" in capsys.readouterr().out
    launch = pd.read_csv(tmp_path / "launch.csv")
    best = read_instance(tmp_path / "best.json")
    assert [link.launch_dbm for link in best.network.links] == launch["launch_dbm"].tolist()


def test_less_power_than_more_loss_needs_is_refused(instance, tmp_path, capsys):
    scenarios = tmp_path / "s.toml"
    scenarios.write_text("loss = [1.0, 1.2]", encoding="utf-8")
    options = ("--channels", 1, "--launch", "link", "--sensitivity", -30, "--scenarios", scenarios)
    assert exit_status("design", "rank", instance, *options, "-o", tmp_path / "never") == 2
    assert "least launch power would not hold" in capsys.readouterr().err


def test_demands_are_assigned(tmp_path, capsys):
    path = LIBRARY / "small" / "mesh6.json"
    options = ("--channels", "1:2", "--on", "demands", "--reserve", "all", "--assignments", 4)
    assert (
        exit_status("design", "rank", path, *options, "-o", tmp_path, "--workers", 1, "--json") == 0
    )
    message = json.loads(capsys.readouterr().out)
    assert message["on"] == "demands"
    assert message["ranking"][0]["mean_skr_per_request_bps"] > 0.0
    assert (tmp_path / "why.png").exists()


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("x.json", "--channels", "2"), "rank"),
        (("--channels", "2", "x.json"), "rank"),
        (("x.json", "--channels", "2", "--method", "greedy"), "rank"),
        (("x.json", "--channels", "2", "--method", "exact"), "prove"),
        (("--method=exact", "x.json", "--channels", "2"), "prove"),
        (("x.json", "--channels", "2", "--protect", "1000"), "protect"),
        (("x.json", "--channels", "2", "--protect=1000"), "protect"),
    ],
)
def test_the_earlier_form_is_answered_with_the_new_name(words, command, capsys):
    assert exit_status("design", *words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"qkdopt: design: expected its new name, qkdopt design {command} INSTANCE\n"


def test_a_command_that_design_does_not_have_is_no_earlier_form(capsys):
    assert exit_status("design", "rnak", "x.json") == 2
    assert "No such command 'rnak'" in capsys.readouterr().err
