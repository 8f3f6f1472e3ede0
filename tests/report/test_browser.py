"""A page in a browser: no error, controls that work, on laptop and phone, light and dark."""

from __future__ import annotations

import csv
import json

import pytest

from tests.command import wait_until
from tests.report.browser import chromium, column, messages, press, show, violations
from tests.report.grid import grid_result
from tests.report.pages import Reader, hostile, html_of, solved


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def driver(folder):
    with chromium(folder / "downloads") as driver:
        yield driver


@pytest.fixture(scope="module")
def page(folder):
    path = folder / "page.html"
    path.write_text(html_of(solved("mesh6"), solved("ring_blocks")), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def large(folder):
    """Return the page of 300 links and 80 channels."""
    path = folder / "grid.html"
    path.write_text(html_of(grid_result()), encoding="utf-8")
    return path


def test_a_table_sorts_by_its_exact_values_and_the_console_stays_empty(driver, page):
    show(driver, page)
    assert messages(driver) == []
    rates = [row.skr_bps for row in solved("mesh6")[1].qkd]
    press(driver, "links", "skr_bps")
    assert [float(v) for v in column(driver, "links", "skr_bps")] == sorted(rates)
    press(driver, "links", "skr_bps")
    assert [float(v) for v in column(driver, "links", "skr_bps")] == sorted(rates, reverse=True)
    assert messages(driver) == []


@pytest.mark.slow
def test_values_that_do_not_exist_come_last_both_ways(driver, folder):
    path = folder / "blocked.html"
    path.write_text(html_of(solved("ring_blocks")), encoding="utf-8")
    show(driver, path)
    blocked = sum(not row.served for row in solved("ring_blocks")[1].demands)
    for _ in range(2):
        press(driver, "demands", "skr_bps")
        values = column(driver, "demands", "skr_bps")
        assert values[-blocked:] == [""] * blocked
        assert "" not in values[:-blocked]


@pytest.mark.slow
def test_a_filter_and_a_choice_leave_rows_and_csv_has_them(driver, folder):
    path = folder / "filtered.html"
    path.write_text(html_of(solved("ring_blocks")), encoding="utf-8")
    (folder / "downloads").mkdir(exist_ok=True)
    show(driver, path)
    host = driver.find_element("css selector", "[data-name=demands]")
    host.find_element("css selector", "select").send_keys("blocked")
    blocked = [str(row.demand) for row in solved("ring_blocks")[1].demands if not row.served]
    assert column(driver, "demands", "demand") == blocked
    assert f"{len(blocked)} of 14 rows" in host.find_element("css selector", ".count").text
    next(b for b in host.find_elements("css selector", ".tools button") if "CSV" in b.text).click()
    saved = folder / "downloads" / "demands.csv"
    wait_until(saved.exists)
    with saved.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["demand"] for row in rows] == blocked
    assert {row["skr_bps"] for row in rows} == {""}
    host.find_element("css selector", "select").send_keys("all")
    host.find_element("css selector", "input").send_keys("no such text")
    assert column(driver, "demands", "demand") == []


@pytest.mark.slow
def test_the_spectrum_is_read_by_arrow_keys(driver, page):
    show(driver, page)
    box = driver.find_element("css selector", "#r1-spectrum .spectrum")
    readout = driver.find_element("css selector", "#r1-spectrum .readout")
    driver.execute_script("arguments[0].focus()", box)
    box.send_keys("\ue014")  # arrow right
    assert readout.text.startswith("0-1, channel 1 (192.2 THz): ")
    box.send_keys("\ue015")  # arrow down
    assert readout.text.startswith("1-2, channel 1 (192.2 THz): ")


@pytest.mark.slow
def test_the_noise_of_a_link_adds_up_channel_by_channel(driver, page):
    show(driver, page)
    data = json.loads(driver.execute_script("return document.getElementById('data').textContent"))
    for number, link in enumerate(data["r1-noise"]["links"]):
        driver.execute_script(
            "const p=document.querySelector('#r1-noise .pick');p.value=arguments[0];"
            "p.dispatchEvent(new Event('change'))",
            number,
        )
        noise = [float(v) for v in column(driver, "noise_by_channel", "noise_per_gate")]
        assert sum(noise) == pytest.approx(link["noise"], rel=1e-9)
        bars = driver.find_elements("css selector", "#r1-noise .bars rect")
        assert len(bars) == len(noise)


@pytest.mark.slow
def test_a_click_on_the_map_leads_to_the_noise_of_the_link(driver, page):
    show(driver, page)
    driver.execute_script(
        "document.querySelector('#r1-network .link[data-link=\"3\"]')"
        ".dispatchEvent(new Event('click'))"
    )
    name = solved("mesh6")[0].network.links[3].id
    text = "const p=document.querySelector('#r1-noise .pick');return p.selectedOptions[0].text"
    assert driver.execute_script(text) == name


@pytest.mark.slow
def test_a_link_into_a_closed_chapter_opens_it(driver, page):
    show(driver, page)
    chapter = driver.find_element("css selector", "#r2")
    assert chapter.get_attribute("open") is None
    driver.execute_script("location.hash='#r2-demands'")
    wait_until(lambda: chapter.get_attribute("open") is not None)


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("dark", [False, True])
def test_the_page_is_as_wide_as_the_screen(driver, page, folder, width, dark):
    path = folder / "hostile.html"
    path.write_text(html_of(hostile()), encoding="utf-8")
    for one in (page, path):
        show(driver, one, width=width, dark=dark)
        assert driver.execute_script("return document.documentElement.scrollWidth") <= width
        assert messages(driver) == []


@pytest.mark.slow
def test_colours_change_by_a_button(driver, page):
    show(driver, page, dark=True)
    ground = "return getComputedStyle(document.body).backgroundColor"
    before = driver.execute_script(ground)
    driver.find_element("css selector", ".theme").click()
    after = driver.execute_script(ground)
    assert (before, after) == ("rgb(20, 24, 28)", "rgb(255, 255, 255)")


@pytest.mark.slow
def test_hostile_text_runs_nothing(driver, folder):
    path = folder / "hostile.html"
    path.write_text(html_of(hostile()), encoding="utf-8")
    show(driver, path)
    for details in driver.find_elements("css selector", "details"):
        driver.execute_script("arguments[0].open = true", details)
    assert driver.execute_script("return document.images.length") == 0
    assert driver.execute_script("return document.scripts.length") == 2
    assert messages(driver) == []


@pytest.mark.slow
def test_without_scripts_every_number_is_there(driver, folder, page):
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        show(driver, page)
        rows = driver.find_elements("css selector", "#r1-demands tbody tr")
        assert len([row for row in rows if row.is_displayed()]) == len(solved("mesh6")[1].demands)
        assert not driver.find_elements("css selector", ".tools")
    finally:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.slow
def test_rows_beyond_the_first_screen_come_when_they_are_needed(driver, large):
    path = large
    show(driver, path)
    demands = grid_result()[1].to_json_dict()["demands"]
    host = driver.find_element("css selector", "#r1-demands .table")
    count = host.find_element("css selector", ".count")
    assert count.text == "700 of 700 rows, the first 100 shown"
    assert len(column(driver, "demands", "demand")) == 100
    choice = host.find_element("css selector", "select")
    states = {option.text for option in choice.find_elements("css selector", "option")}
    assert states == {
        "all",
        *(row["state"] for row in Reader(path.read_text("utf-8")).table("demands")),
    }
    press(driver, "demands", "skr_bps")
    rates = sorted(row["skr_bps"] for row in demands if row["served"])
    values = [float(value) for value in column(driver, "demands", "skr_bps") if value]
    assert values == pytest.approx(rates, rel=1e-12)
    show(driver, path)
    host = driver.find_element("css selector", "#r1-demands .table")
    host.find_element("css selector", "input").send_keys("zz")
    assert host.find_element("css selector", ".count").text == "0 of 700 rows"
    show(driver, path)
    driver.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert len(column(driver, "demands", "demand")) == len(demands) == 700
    assert messages(driver) == []
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        show(driver, path)
        rows = driver.find_elements("css selector", "#r1-demands tbody tr")
        assert len(rows) == 700
    finally:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.slow
def test_300_links_of_80_channels_are_ready_within_2_s_of_work(driver, large):
    path = large
    assert path.stat().st_size < 6_000_000
    # Seconds of the page's own thread: others share the processor.
    driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    show(driver, path)
    metrics = driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    seconds = {one["name"]: one["value"] for one in metrics}
    assert seconds["TaskDuration"] < 2.0
    assert driver.execute_script("return document.documentElement.dataset.ready") is not None
    before = seconds["TaskDuration"]
    press(driver, "demands", "skr_bps")
    metrics = driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    assert {one["name"]: one["value"] for one in metrics}["TaskDuration"] - before < 1.0
    driver.execute_cdp_cmd("Performance.disable", {})


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1400])
def test_axe_finds_no_serious_fault(driver, page, axe, width, dark):
    show(driver, page, width=width, dark=dark)
    found = violations(driver, axe)
    assert [one for one in found if one[0] in ("serious", "critical")] == []


@pytest.mark.slow
def test_axe_finds_a_fault_that_was_planted(driver, page, axe):
    show(driver, page)
    driver.execute_script(
        "document.querySelector('#r2-demands p').style.color = '#bbb';"
        "document.querySelector('#r1-noise .pick').closest('label').replaceWith("
        "document.querySelector('#r1-noise .pick'))"
    )
    found = {rule for _, rule, _ in violations(driver, axe)}
    assert {"color-contrast", "select-name"} <= found
