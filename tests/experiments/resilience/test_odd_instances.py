"""Parameters and resilience on instances off the beaten track: every run is done, its laws hold."""

from __future__ import annotations

import pandas as pd
import pytest

from qkdopt.experiments.resilience import ResilienceSpec, cases, survival_table
from qkdopt.experiments.sensitivity.analysis import (
    rank_parameters,
    sensitivity_jobs,
    sensitivity_table,
)
from qkdopt.experiments.sensitivity.perturbation import sensitivity_settings
from qkdopt.experiments.sensitivity.power import Receivers
from qkdopt.instance import Instance
from tests.tiers import slow_if

LINKS = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)]
MEASURED = {"noise_per_gate": [0.0, 1e-4, 1e-3], "skr_bps": [2e4, 1e4, 0.0]}
ODD = {
    "measured": {"qkd": {"skr_table": MEASURED}, "loss_db": 3.0},
    "other noise": {"other_noise": {"crosstalk": {}, "amplifier": {"rejection_db": 60.0}}},
    "pair": {"fibre": {"layout": "pair"}, "qkd": {"reserve": "working"}},
    "no load": {"traffic": None},
    "two channels": {"grid": {"channels": 2}, "qkd": {"candidates": [1], "guard_ghz": 0.0}},
    "one channel": {
        "grid": {"channels": 1},
        "qkd": {"candidates": [{"frequency_thz": 192.0}], "guard_ghz": 100.0},
    },
    "bare link": {"bare": [0, 3]},
}


def odd(name: str) -> Instance:
    data = {
        "name": name,
        "network": {
            "nodes": [{"id": n} for n in range(4)],
            "links": [
                {"id": f"{a}-{b}", "a": a, "b": b, "length_km": 9.0 + 3.0 * e}
                for e, (a, b) in enumerate(LINKS)
            ],
        },
        "grid": {"channels": 10},
        "classical": {"launch_dbm": -12.4},
        "qkd": {"candidates": [1, 6], "reserve": "all"},
        "traffic": {"load_erlang": 4.0},
    }
    for part, changes in ODD[name].items():
        if part == "bare":
            for e in changes:
                data["network"]["links"][e]["qkd"] = False
        elif part == "loss_db":  # a table of key rates holds for one loss
            for link in data["network"]["links"]:
                link["loss_db"] = changes
        else:
            data[part] = None if changes is None else data.get(part, {}) | changes
    return Instance.model_validate(data, strict=False)


@pytest.mark.parametrize("name", slow_if(["measured", "two channels", "no load", "pair"], ODD))
def test_resilience_of_an_odd_instance(name):
    tasks = cases(odd(name), ResilienceSpec(requests=1000, rate=1.0))
    rows = pd.DataFrame([task.run() for task in tasks])
    assert rows["error"].eq("").all()
    table = survival_table(rows)
    assert table["load_erlang"].eq(100.0 if name == "no load" else 4.0).all()
    assert table["before_bps"].notna().all()
    assert (table["before_bps"] > 0.0).all()
    shares = table[["survived_at_event_percent", "survived_after_reaction_percent"]]
    still = table["event"].ne("cut")
    assert shares[still].notna().any(axis=None)
    assert (shares[still].fillna(0.0) <= 100.0 + 1e-9).all(axis=None)


# The key-rate table of "measured" is another type to the compiler, which takes a quarter of a
# minute for it.
@pytest.mark.parametrize("name", slow_if(["measured", "two channels", "no load"], ODD))
def test_parameters_of_an_odd_instance(name):
    instance = odd(name)
    sweep = sensitivity_settings(instance, receivers=Receivers(-28.0))
    jobs = sensitivity_jobs(
        sweep.settings, set_name="own", load_erlang=instance.load_erlang, seed=0, requests=300
    )
    rows = pd.DataFrame([job.run() for job in {job.key: job for job in jobs}.values()])
    assert rows["error"].eq("").all()
    ranked = rank_parameters(sensitivity_table(sweep.settings, jobs, rows))
    assert len(ranked) == (4 if name == "measured" else 6)
    assert (ranked["gain_percent_per_db"] > 0.0).all()
