"""Headless Chromium, driven by selenium; tests skip where either is missing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,1000")


@contextmanager
def chromium(downloads: Path) -> Iterator[Any]:
    """Start a browser that saves files in a folder; skip the test where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="pip install selenium")
    from selenium.webdriver.chrome.service import Service

    browser = next(filter(None, map(shutil.which, CHROMIUM)), None)
    program = shutil.which("chromedriver")
    if browser is None or program is None:
        pytest.skip("no chromium and chromedriver (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    driver = webdriver.Chrome(options=options, service=Service(program))
    try:
        yield driver
    finally:
        driver.quit()


def show(driver: Any, page: Path, *, width: int = 1400, dark: bool = False) -> None:
    """Open a page on a screen of a width [pixel], in light or dark colours."""
    screen = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    driver.get(page.as_uri())


def messages(driver: Any) -> list[str]:
    """Return what the page wrote to the console since the last call: errors and refusals."""
    return [entry["message"] for entry in driver.get_log("browser")]


def column(driver: Any, table: str, key: str) -> list[str]:
    """Return the exact values of a column, of the rows that are shown."""
    return driver.execute_script(
        "const t=document.querySelector(`[data-name='${arguments[0]}'] table`);"
        "const k=[...t.tHead.rows[0].cells].findIndex(c=>c.dataset.key===arguments[1]);"
        "return [...t.tBodies[0].rows].filter(r=>!r.hidden)"
        ".map(r=>r.cells[k].dataset.v??r.cells[k].textContent)",
        table, key,
    )  # fmt: skip


def press(driver: Any, table: str, key: str) -> None:
    """Sort a table by a column."""
    driver.execute_script(
        "document.querySelector(`[data-name='${arguments[0]}'] [data-key='${arguments[1]}'] "
        "button`).click()",
        table, key,
    )  # fmt: skip


def violations(driver: Any, axe: str) -> list[Any]:
    """Return (impact, rule, elements) of what axe finds, with everything open and laid out."""
    driver.execute_script(
        "for (const d of document.querySelectorAll('details')) d.open = true;"
        "const s = document.styleSheets[0];"
        "s.insertRule('section{content-visibility:visible!important}', s.cssRules.length)"
    )
    driver.execute_script(axe)
    driver.set_script_timeout(300)
    return driver.execute_async_script(
        "const done=arguments[0];axe.run(document,{resultTypes:['violations']})"
        ".then(r=>done(r.violations.map(v=>[v.impact,v.id,v.nodes.slice(0,3).map(n=>n.html)])))"
    )
