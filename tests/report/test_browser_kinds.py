"""Pages of every kind in a browser: no error, no fault of access, tables, focus, numbers.

`design prove` writes the page of a result, which is the kind "plan".
"""

from __future__ import annotations

import csv
import math

import pytest

from tests.command import wait_until
from tests.report.browser import chromium, column, messages, press, show, violations
from tests.report.kinds import KINDS
from tests.report.pages import number

WIDTHS = (1280, 390)
# Of all that can be focused on a page, as many as take seconds.
MOST_STEPS = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("kinds")


@pytest.fixture(scope="module")
def driver(folder):
    (folder / "downloads").mkdir()
    with chromium(folder / "downloads") as driver:
        yield driver


@pytest.fixture(scope="module")
def page_of(folder):
    """Return the file of a kind, written once."""

    def page(kind):
        path = folder / f"{kind}.html"
        if not path.exists():
            KINDS[kind].write(path)
        return path

    return page


def open_all(driver):
    driver.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")


def ordered(values, *, down=False):
    """Return values as a table sorts them: numbers by size, nothing last."""
    known = sorted((value for value in values if value is not None), reverse=down)
    return known + [None] * (len(values) - len(known))


def close(values):
    """Return values that equal those of a page to all digits that its tables have."""
    return [None if value is None else pytest.approx(value, rel=1e-12) for value in values]


def shown(driver, table, key):
    return [number(value) for value in column(driver, table, key)]


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_are_those_that_were_written_and_the_console_is_empty(driver, page_of, kind):
    show(driver, page_of(kind), width=1280)
    open_all(driver)
    columns = KINDS[kind].columns()
    assert columns
    for table, key, expected in columns:
        assert shown(driver, table, key) == close(expected)
    assert messages(driver) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_tables_sort_filter_and_are_saved(driver, folder, page_of, kind):
    show(driver, page_of(kind), width=1280)
    open_all(driver)
    for table, key, expected in KINDS[kind].columns():
        press(driver, table, key)
        assert shown(driver, table, key) == close(ordered(expected))
        press(driver, table, key)
        assert shown(driver, table, key) == close(ordered(expected, down=True))
    table, key, _ = KINDS[kind].columns()[0]
    host = driver.find_element("css selector", f"[data-name='{table}']")
    first = host.find_element("css selector", "tbody tr").text.split()[0]
    host.find_element("css selector", "input").send_keys(first)
    texts = driver.execute_script(
        "return [...arguments[0].querySelectorAll('tbody tr')].map(r=>[r.hidden,"
        "[...r.cells].map(c=>c.textContent).join(' ')])",
        host,
    )
    assert [hidden for hidden, _ in texts] == [first.lower() not in t.lower() for _, t in texts]
    kept = column(driver, table, key)
    assert kept
    saved = folder / "downloads" / f"{table}.csv"
    saved.unlink(missing_ok=True)
    next(b for b in host.find_elements("css selector", ".tools button") if "CSV" in b.text).click()
    wait_until(saved.exists)
    with saved.open(encoding="utf-8-sig", newline="") as file:
        assert [row[key] for row in csv.DictReader(file)] == kept
    assert messages(driver) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_screen(
    driver, page_of, axe, kind, width, dark
):
    show(driver, page_of(kind), width=width, dark=dark)
    found = violations(driver, axe)
    assert [one for one in found if one[0] in ("serious", "critical")] == []
    assert driver.execute_script("return document.documentElement.scrollWidth") <= width
    assert messages(driver) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_texts_of_charts_can_be_read_and_are_not_cut(driver, page_of, kind):
    for width in WIDTHS:
        show(driver, page_of(kind), width=width)
        open_all(driver)
        texts = driver.execute_script(
            "document.styleSheets[0].insertRule('section{content-visibility:visible!important}');"
            "return [...document.querySelectorAll('.chart text,.bars text,.map text')].map(t=>{"
            "const s=t.ownerSVGElement,a=t.getBoundingClientRect(),b=s.getBoundingClientRect();"
            "const size=parseFloat(getComputedStyle(t).fontSize)*t.getScreenCTM().a;"
            "return [t.textContent,size,a.left-b.left,b.right-a.right,a.top-b.top,"
            "b.bottom-a.bottom]})"
        )
        assert [one for one in texts if one[1] < 9.5] == []
        # Half a pixel of blur is no cut.
        assert [one for one in texts if min(one[2:]) < -0.5] == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dark", [False, True])
def test_the_focus_of_the_keyboard_is_seen(driver, page_of, kind, dark):
    from selenium.webdriver.common.action_chains import ActionChains

    show(driver, page_of(kind), width=1280, dark=dark)
    seen = set()
    for _ in range(MOST_STEPS):
        ActionChains(driver).send_keys("\ue004").perform()
        name, style, width, colour, ground, box, screen = driver.execute_script(
            "const e=document.activeElement,c=getComputedStyle(e),r=e.getBoundingClientRect();"
            "return [e.tagName+e.textContent.slice(0,40),c.outlineStyle,parseFloat(c.outlineWidth),"
            "c.outlineColor,getComputedStyle(document.body).backgroundColor,"
            "[r.left,r.top,r.right,r.bottom],[innerWidth,innerHeight]]"
        )
        if name.startswith("BODY"):
            break
        seen.add(name)
        assert (style, width) == ("solid", 3), name
        assert contrast(colour, ground) >= 3.0, name
        left, top, right, bottom = box
        assert min(right, bottom) > 0.0, name
        assert (left < screen[0], top < screen[1]) == (True, True), name
    assert any(name.startswith("A") for name in seen)
    assert any(name.startswith("BUTTON") for name in seen)


def contrast(one, other):
    """Return the ratio of contrast of two colours, by WCAG 2."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [float(part) / 255.0 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [p / 12.92 if p <= 0.04045 else math.pow((p + 0.055) / 1.055, 2.4) for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
