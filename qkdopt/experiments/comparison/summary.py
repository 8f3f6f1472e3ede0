"""Summary of a comparison: one line a solver and formulation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

# Shift of the geometric mean of times [s], as benchmarks of MIP solvers use it.
SHIFT_SECONDS = 1.0
# Values within this relative difference are equal.
RELATIVE_TOLERANCE = 1e-4


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Return solved instances, shifted geometric mean time and mean gap by solver and formulation.

    An unsolved run counts with its time limit (a run that failed too), a missing gap as 1.
    ``best`` counts runs whose checked value is the best of all runs.
    """
    import pandas as pd

    solved = is_solved(rows)
    table = rows.assign(
        solved=solved,
        time=np.where(solved, rows["seconds"], rows["limit_seconds"]),
        open_gap=np.where(rows["checked"].eq(True), rows["gap"].astype(float).fillna(1.0), 1.0),
        best=_is_best(rows),
        failed=rows["status"].ne("done"),
        unchecked=rows["checked"].eq(False),
    )
    lines = [
        {
            "solver": solver,
            "formulation": formulation,
            "version": ", ".join(dict.fromkeys(str(v) for v in part["version"] if v)),
            "runs": len(part),
            "solved": int(part["solved"].sum()),
            "best": int(part["best"].sum()),
            "failed": int(part["failed"].sum()),
            "broken": int(part["unchecked"].sum()),
            "mean_seconds": shifted_mean(part["time"].to_numpy(dtype=np.float64)),
            "mean_gap_percent": 100.0 * float(part["open_gap"].mean()),
        }
        for (solver, formulation), part in table.groupby(["solver", "formulation"], sort=False)
    ]
    frame = pd.DataFrame(lines)
    return frame.sort_values(["solved", "mean_seconds"], ascending=[False, True]).reset_index(
        drop=True
    )


def is_solved(rows: pd.DataFrame) -> pd.Series:
    """Tell which runs ended with value and bound met, and passed the check."""
    return rows["outcome"].eq("optimal") & rows["checked"].eq(True)


def _is_best(rows: pd.DataFrame) -> pd.Series:
    """Tell which checked plans serve the most demands, with the best value among those."""
    served = rows["served"].astype(float).where(rows["checked"].eq(True))
    most_served = served.eq(served.groupby(rows["instance_sha256"]).transform("max"))
    value = rows["value_bps"].astype(float).where(most_served)
    return value >= (1.0 - RELATIVE_TOLERANCE) * value.groupby(rows["instance_sha256"]).transform(
        "max"
    )


def shifted_mean(seconds: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Return the geometric mean of times [s] shifted by :data:`SHIFT_SECONDS`.

    The shift keeps very short runs from dominating the mean.
    """
    return float(np.exp(np.log(seconds + SHIFT_SECONDS).mean()) - SHIFT_SECONDS)


def to_markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown."""
    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "| --- " * len(table.columns) + "|"]
    lines += ["| " + " | ".join(_cell(v) for v in row) + " |" for row in table.to_numpy()]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
