"""A plan as three tables of comma-separated values."""

from __future__ import annotations

import csv
import io

from qkdopt.io.exporters.plan import ExportedPlan, joined


def csv_files(plan: ExportedPlan) -> dict[str, bytes]:
    """Return the content of ``demands.csv``, ``lightpaths.csv`` and ``links.csv``.

    Lists have their parts between blanks; nothing stands where a value is null.
    """
    files = {}
    for name, rows in plan.tables().items():
        text = io.StringIO()
        if rows:
            writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows([{key: joined(value) for key, value in row.items()} for row in rows])
        files[f"{name}.csv"] = text.getvalue().encode()
    return files
