"""Write the table of ``docs/benchmark.md`` from the best-known values: no figure is copied by hand.

``python benchmarks/benchmark_page.py`` rewrites what stands between the page's two marks.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmark.md"
TABLE = ROOT / "instances" / "best_known.csv"
BEGIN, END = "<!-- table: python benchmarks/benchmark_page.py -->", "<!-- end of table -->"


def lines() -> list[str]:
    """Return the table, one row an instance and objective."""
    rows = pd.read_csv(TABLE)
    found = [
        "| instance | objective | served | value [kbit/s] | bound [kbit/s] | gap | found | date |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows.sort_values(["objective", "instance"]).itertuples():
        proved = "" if row.served == row.served_bound else f" (at most {row.served_bound})"
        bound = "-" if pd.isna(row.bound_bps) else f"{row.bound_bps / 1e3:.4f}"
        gap = "-" if pd.isna(row.gap) else f"{100.0 * row.gap:.2f} %"
        found.append(
            f"| `{row.instance}` | {row.objective} | {row.served}{proved} | "
            f"{row.value_bps / 1e3:.4f} | {bound} | {gap} | {row.strategy} | {row.date} |"
        )
    return found


def page(text: str) -> str:
    """Return the page with its table renewed."""
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return "\n".join([before + BEGIN, *lines(), END + after])


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
