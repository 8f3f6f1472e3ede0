"""The page of a result: complete, equal to the result, alone, and safe against any text."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qkdopt
from qkdopt.checker.noise_budget import noise_budgets
from qkdopt.errors import RefusedError, ResultError, UnsupportedError
from qkdopt.report import frame
from qkdopt.report.text import ranges, shortened
from tests.random_instances import random_instance
from tests.report.pages import HOSTILE, Reader, hostile, html_of, number, solved, spoil
from tests.small_instances import instance_of

SECTIONS = (
    "headline", "network", "spectrum", "demands", "noise", "time", "equipment", "assumptions",
)  # fmt: skip
NAMES = ("mesh6", "mesh6_pair", "mesh6_no_key", "ring_blocks", "ring_without_key", "line")


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_links_and_demands_is_that_of_the_result(name):
    instance, result = solved(name)
    page = Reader(html_of((instance, result)))
    links = {row["link"]: row for row in page.table("links")}
    assert list(links) == [link.id for link in instance.network.links]
    for row in result.qkd:
        for field in ("skr_bps", "qber", "noise_per_gate"):
            assert number(links[row.link][field]) == getattr(row, field)
    demands = {row["demand"]: row for row in page.table("demands")}
    assert len(demands) == len(instance.demands)
    for row in result.demands:
        shown = demands[str(row.demand)]
        assert number(shown["skr_bps"]) == (row.skr_bps if row.served else None)
        assert shown["bottleneck"] == (row.bottleneck if row.served else "")
        keyed = "with key" if row.skr_bps > 0.0 else "without key"
        assert shown["state"] == (keyed if row.served else "blocked")
        assert bool(shown.get("reason")) == (shown["state"] != "with key")


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_any_valid_plan_has_a_page(seed):
    relay = "widest" if seed % 3 == 0 else "lightpath"
    instance = random_instance(seed, other_noise=seed % 2 == 0, relay=relay)
    result = qkdopt.solve(instance, strategy="ds-qkd")
    page = Reader(html_of((instance, result)))
    rates = [number(row["skr_bps"]) for row in page.table("demands")]
    assert rates == [row.skr_bps if row.served else None for row in result.demands]
    assert ("shared_skr_bps" in page.table("demands")[0]) == (relay == "lightpath")
    reasons = [bool(row.get("reason")) for row in page.table("demands")]
    assert reasons == [not row.skr_bps > 0.0 for row in result.demands]


@pytest.mark.parametrize("name", NAMES)
def test_the_headline_states_served_keys_gain_and_gap(name):
    instance, result = solved(name)
    text = Reader(html_of((instance, result))).text
    value = result.value
    assert f"{value.served} of {value.demands}" in text
    assert f"{1e-3 * value.mean_skr_bps:,.3f} kbit/s" in text
    assert f"{1e-3 * value.worst_skr_bps:,.3f} kbit/s" in text
    assert "as if the demand had the links" in text
    assert "no bound was proved" in text.lower()


def test_a_proved_gap_is_put_in_plain_words():
    instance = solved("triangle")[0]
    result = qkdopt.solve(instance, node_limit=5)
    page = Reader(html_of((instance, result)))
    text = page.text
    assert f"at most {100.0 * result.gap:.2f} % of that limit is left to gain" in text
    assert f"Proved by: {result.bound.method}." in text
    assert "it is proved that no plan serves more" in text
    history = page.table("history")
    assert [number(row["bound_bps"]) for row in history] == [p.bound_bps for p in result.history]


def test_the_parts_of_the_noise_add_up():
    instance, result = solved("mesh6")
    rows = Reader(html_of((instance, result))).table("noise")
    assert len(rows) == len(result.qkd)
    for row in rows:
        parts = float(row["raman_co_per_gate"]) + float(row["raman_counter_per_gate"])
        assert parts == pytest.approx(float(row["noise_per_gate"]), rel=1e-12, abs=1e-30)


def test_a_shared_key_rate_is_a_fair_share_of_the_links():
    instance = instance_of([("a", 0, 1, 10.0), ("b", 1, 2, 15.0)], [(0, 1), (0, 2), (1, 2)])
    result = qkdopt.solve(instance, strategy="ds-qkd")
    assert result.value.served == 3
    link = {row.link: row.skr_bps for row in result.qkd}
    rows = Reader(html_of((instance, result))).table("demands")
    shared = [number(row["shared_skr_bps"]) for row in rows]
    assert link["b"] < link["a"]
    half = link["b"] / 2
    assert shared == pytest.approx([link["a"] - half, half, half], rel=1e-12)


def test_a_page_of_shared_keys_says_what_is_needed_and_what_is_given():
    instance = instance_of([("a", 0, 1, 10.0), ("b", 1, 2, 15.0)], [(0, 1), (0, 2), (1, 2)])
    shared = qkdopt.share_keys(instance, rate_bps=20_000.0)
    result = qkdopt.solve(shared, strategy="ds-qkd")
    page = Reader(html_of((shared, result)))
    rows = page.table("demands")
    assert "shared_skr_bps" not in rows[0]
    assert [number(row["need_bps"]) for row in rows] == [20_000.0] * 3
    given = {row.demand: row.skr_bps for row in result.demands}
    assert [number(row["skr_bps"]) for row in rows] == list(given.values())
    text = html_of((shared, result))
    assert "when all draw at once" in text
    assert "as if the demand had" not in text
    assert f"{result.value.key_met}" in text
    saved = html_of((shared, result.plan()))
    assert "Needs met" in saved


@pytest.mark.parametrize("name", ["mesh6", "mesh6_pair", "line_1to2_reserved"])
def test_the_spectrum_has_every_lit_channel_once_and_no_lit_guard_band(name):
    instance, result = solved(name)
    data = json.loads(Reader(html_of((instance, result))).data)["r1-spectrum"]
    lit = sum(row["kinds"].count(">") + row["kinds"].count("<") for row in data["rows"])
    assert lit == sum(len(path.links) * len(path.channels) for path in result.lightpaths)
    assert sum(row["kinds"].count("w") for row in data["rows"]) == len(result.qkd)
    assert all(len(row["kinds"]) == instance.grid.channels for row in data["rows"])


def test_equipment_is_counted_by_site_and_channel():
    instance, result = solved("mesh6")
    page = Reader(html_of((instance, result)))
    lightpaths = sum(len(path.channels) for path in result.lightpaths)
    sites = page.table("sites")
    for kind in ("data_transmitters", "data_receivers", "add_filters", "drop_filters"):
        assert sum(int(row[kind]) for row in sites) == lightpaths
    for kind in ("QKD_transmitters", "QKD_receivers", "QKD_add_filters", "QKD_drop_filters"):
        assert sum(int(row[kind]) for row in sites) == len(result.qkd)
    pieces = sum(int(row["pieces"]) for row in page.table("equipment"))
    assert pieces == 4 * lightpaths + 4 * len(result.qkd)


def test_a_page_loads_nothing_and_runs_its_own_script_alone():
    text = html_of(solved("mesh6"))
    page = Reader(text)
    assert not [given for tag, given in page.tags if "src" in given]
    links = [str(given["href"]) for _, given in page.tags if "href" in given]
    assert all(link.startswith(("#", "data:,")) for link in links)
    assert not [given for _, given in page.tags if "style" in given]
    assert not [name for _, given in page.tags for name in given if name.startswith("on")]
    style = re.search("<style>(.*?)</style>", text, flags=re.DOTALL)[1]
    script = re.search("<script>(.*?)</script>", text, flags=re.DOTALL)[1]
    policy = next(str(given["content"]) for _, given in page.tags if "http-equiv" in given)
    for part, content in (("style-src", style), ("script-src", script)):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{part} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "@import" not in style
    assert "url(" not in style


def test_anchors_are_unique_and_lead_somewhere():
    page = Reader(html_of(solved("mesh6"), solved("line")))
    names = [given["id"] for _, given in page.tags if "id" in given]
    assert len(names) == len(set(names))
    links = [str(given["href"])[1:] for tag, given in page.tags if tag == "a"]
    assert set(links) <= set(names)
    assert {f"r1-{name}" for name in SECTIONS} | {f"r2-{name}" for name in SECTIONS} <= set(names)


def test_hostile_text_stays_text():
    text = html_of(hostile())
    page = Reader(text)
    assert [tag for tag, _ in page.tags].count("script") == 2
    assert {tag for tag, _ in page.tags}.isdisjoint({"img", "b", "iframe", "object", "a1"})
    assert text.count("<script") == 2
    assert "alert(1)" in page.text
    assert "49" not in {row["demand"] for row in page.table("demands")}
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x07]", text)
    assert len(text.encode()) < 1_000_000
    data = json.loads(page.data)
    assert data["r1-spectrum"]["demands"][0].startswith(HOSTILE[0])


def test_a_long_name_keeps_its_beginning_and_its_end():
    name = "begin" + "x" * 10_000 + "end"
    assert shortened(name).startswith("begin")
    assert shortened(name).endswith("end")
    assert "10,008 characters" in shortened(name)
    assert shortened("x" * 120) == "x" * 120


def test_runs_of_channels_are_drawn_together():
    assert ranges([7, 0, 1, 2, 3, 9, 10]) == "0–3, 7, 9, 10"
    assert ranges([]) == ""


def test_a_result_that_fails_its_check_is_refused_and_nothing_is_written(tmp_path):
    instance, result = solved("mesh6")
    page = tmp_path / "page.html"
    page.write_text("before", encoding="utf-8")
    wrong = spoil(result, mean_skr_bps=1.0)
    with pytest.raises(RefusedError, match="mean_skr_bps"):
        qkdopt.write_report(page, [result, wrong], instances=instance)
    assert page.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [page]


def test_a_result_without_its_instance_is_named(tmp_path):
    with pytest.raises(ResultError, match="line, ds-qkd: no instance line with hash"):
        qkdopt.write_report(
            tmp_path / "p.html", [solved("mesh6")[1], solved("line")[1]],
            instances=[solved("mesh6")[0]],
        )  # fmt: skip
    with pytest.raises(ResultError, match="no results"):
        qkdopt.write_report(tmp_path / "p.html", [], instances=[])


def test_results_stand_side_by_side(tmp_path):
    instance, result = solved("mesh6")
    other = qkdopt.solve(instance, strategy="fixed")
    page = Reader(html_of((instance, result), (instance, other)))
    rows = page.table("results")
    for row, one in zip(rows, (result, other), strict=True):
        assert number(row["mean_skr_bps"]) == one.value.mean_skr_bps
        assert int(row["served"]) == one.value.served
    rates = page.table("demand_rates")
    for number_of, one in ((1, result), (2, other)):
        shown = [number(row[f"skr_bps_{number_of}"]) for row in rates]
        assert shown == [row.skr_bps if row.served else None for row in one.demands]


def test_a_result_without_a_plan_says_so():
    instance, result = solved("mesh6")
    nothing = result.model_copy(
        update={
            "status": "infeasible", "value": None, "lightpaths": (), "qkd": (), "history": (),
            "bound": None, "gap": None, "baseline": None, "served_proved": False,
            "demands": tuple(
                row.model_copy(update={"served": False, "skr_bps": 0.0, "bottleneck": None})
                for row in result.demands
            ),
        }
    )  # fmt: skip
    assert "No plan exists" in Reader(html_of((instance, nothing))).text


def test_a_page_beyond_the_limit_is_refused_with_a_way_out(monkeypatch):
    monkeypatch.setattr(frame, "MAX_PAGE_BYTES", 10_000)
    with pytest.raises(UnsupportedError, match="qkdopt export writes plan and key rates"):
        html_of(solved("line"))
    with pytest.raises(UnsupportedError, match="fewer results at a time"):
        html_of(solved("line"), solved("ring"))


def test_working_channels_off_the_grid_are_shown():
    instance = instance_of(
        [("a", 0, 1, 10.0), ("b", 1, 2, 10.0)], [(0, 2)],
        qkd={"candidates": [{"frequency_thz": 228.8, "loss_db_per_km": 0.33}]},
    )  # fmt: skip
    result = qkdopt.solve(instance, strategy="ds-qkd")
    page = Reader(html_of((instance, result)))
    assert [row["working_channel"] for row in page.table("links")] == ["off grid, 228.8 THz"] * 2
    assert "QKD at 228.8 THz" in page.text
    assert {row["working"] for row in page.table("spectrum")} == {"228.8 THz"}


def test_every_source_of_noise_is_in_the_budget():
    instance = instance_of(
        [("a", 0, 1, 10.0), ("b", 1, 2, 20.0)],
        [(0, 1), (0, 2), (1, 2), (2, 0), (0, 2), (1, 0)], channels=10,
        other_noise={"four_wave_mixing": {}, "crosstalk": {}, "amplifier": {}},
    )  # fmt: skip
    result = qkdopt.solve(instance, strategy="ds-qkd")
    for name, budget in noise_budgets(instance, result).items():
        parts = sum(one.per_gate for one in budget.channels)
        parts += budget.mixing_per_gate + budget.amplifier_per_gate
        assert parts == pytest.approx(budget.rate.noise_per_gate, rel=1e-12)
        assert budget.amplifier_per_gate == pytest.approx(budget.dark_rate.noise_per_gate)
        assert budget.dark_rate.skr_bps >= budget.rate.skr_bps, name
    row = Reader(html_of((instance, result))).table("noise")[0]
    assert float(row["crosstalk_per_gate"]) > 0.0
    assert float(row["mixing_per_gate"]) > 0.0
