"""The table of the benchmark's page is that of the best-known values."""

from __future__ import annotations

import sys

from tests.shipped import LIBRARY

sys.path.insert(0, str(LIBRARY.parent / "benchmarks"))
import benchmark_page


def test_the_page_has_the_rows_of_the_table():
    text = benchmark_page.PAGE.read_text(encoding="utf-8")
    assert benchmark_page.page(text) == text


def test_another_value_would_show(monkeypatch, tmp_path):
    other = tmp_path / "best_known.csv"
    text = benchmark_page.TABLE.read_text(encoding="utf-8")
    other.write_text(text.replace(",mean,", ",link-sum,", 1), encoding="utf-8")
    monkeypatch.setattr(benchmark_page, "TABLE", other)
    page = benchmark_page.PAGE.read_text(encoding="utf-8")
    assert benchmark_page.page(page) != page
