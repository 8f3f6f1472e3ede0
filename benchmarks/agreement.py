"""Do solvers agree? `python benchmarks/agreement.py DIR`.

DIR is the output folder of `qkdopt compare instances/small/*.json --profile
solvers/profiles/agreement.toml --solvers highs,scip,cp-sat,cbc,glpk -o DIR`.

Prints the largest relative difference of checked values on every instance of `instances/small`,
with and without GLPK (which times out on the larger ones), beside the target of 1e-4, and the
difference from enumeration where that is feasible (a few minutes).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from qkdopt.io import read_instance  # noqa: E402
from tests.brute_force import Oracle  # noqa: E402

TARGET = 1e-4
ENUMERATED = ("line", "line_1to2_reserved", "triangle", "triangle_pair")


def main() -> None:
    """Print one line an instance."""
    table = pd.read_csv(Path(sys.argv[1]) / "results.csv")
    assert table["checked"].all(), "a plan was refused by the checker"
    for name, rows in table.groupby("instance"):
        others = rows[rows["solver"] != "glpk"]
        assert others["served"].nunique() == 1, f"{name}: different numbers served"
        print(
            f"{name:22} {int(others['served'].iloc[0]):3d} served, "
            f"{others['value_bps'].max():10.3f} bit/s, spread {spread(others):.1e} "
            f"(with GLPK {spread(rows):.1e}), target {TARGET:g}, "
            f"proved by {', '.join(rows.loc[rows['status'] == 'optimal', 'solver'])}"
            + enumerated(str(name), float(others["value_bps"].max()))
        )


def spread(rows: pd.DataFrame) -> float:
    """Largest difference of values, relative to the largest."""
    highest = float(rows["value_bps"].max())
    return (highest - float(rows["value_bps"].min())) / highest if highest > 0.0 else 0.0


def enumerated(name: str, value: float) -> str:
    """Difference from enumeration, where that is feasible."""
    if name not in ENUMERATED:
        return ""
    path = ROOT / "instances" / "small" / f"{name}.json"
    best = Oracle(read_instance(path), "mean").best_serving_all()
    assert best is not None
    return f"; from enumeration {abs(value / best - 1.0):.1e}"


if __name__ == "__main__":
    main()
