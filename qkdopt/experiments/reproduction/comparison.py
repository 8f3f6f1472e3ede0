"""Comparison of every published gain with ours."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from qkdopt.experiments.study import gain_between
from qkdopt.simulation.statistics import Estimate, mean, paired_gain

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Target:
    """One published gain, and the curves that it compares.

    The paper gives no load for figure 3; 140 erlang is assumed (its text speaks of the maximum).
    """

    figure: str
    comparison: str
    load_erlang: float
    base: str
    improved: str
    published_percent: float
    base_bps: float
    improved_bps: float


# (figure, load in the file) -> (load, base curve, improved curve)
CURVES = {
    ("3", ""): (140.0, "fixed {3}", "DS-QKD 1:2 {3,13}"),
    ("4", "120"): (120.0, "fixed {3}", "DS-QKD N=5"),
    ("4", "140"): (140.0, "DS-QKD N=2", "DS-QKD N=5"),
    ("5", "100"): (100.0, "compact {0,1,2,3}", "uniform {3,13,23,33}"),
    ("6", "260"): (260.0, "fixed {3}", "first fit {3,13,23,33}"),
}


def targets() -> list[Target]:
    """Return the published gains, from the data shipped with their source."""
    text = files("qkdopt").joinpath("data", "reference", "paper_targets.csv").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    published = []
    for row in csv.DictReader(lines):
        load, base, improved = CURVES[row["figure"], row["load_erlang"]]
        published.append(
            Target(
                figure=f"fig{row['figure']}",
                comparison=row["comparison"],
                load_erlang=load,
                base=base,
                improved=improved,
                published_percent=float(row["gain_percent"]),
                base_bps=1e3 * float(row["implied_base_kbps"]),
                improved_bps=1e3 * float(row["implied_improved_kbps"]),
            )
        )
    return published


def points(rows: pd.DataFrame, figure: str) -> pd.DataFrame:
    """Return the figure's points: one row a topology, load and curve, draws averaged.

    Columns ``topology``, ``load_erlang``, ``curve``, ``mean_skr_bps``, ``ci95``, ``blocking``,
    and over random draws ``p05_bps`` and ``p95_bps``, the range that holds 90 % of them.
    """
    import pandas as pd

    lines = []
    for (topology, load, curve), part in _by_point(rows, figure):
        values = part["mean_skr_bps"].to_numpy(dtype=np.float64)
        point = {
            "topology": topology,
            "load_erlang": load,
            "curve": curve,
            "mean_skr_bps": float(values.mean()),
            "ci95": mean(values).ci95 if len(values) > 1 else part["mean_skr_bps_ci95"].iloc[0],
            "blocking": float(part["blocking"].mean()),
            "p05_bps": float(np.quantile(values, 0.05)) if len(values) > 1 else None,
            "p95_bps": float(np.quantile(values, 0.95)) if len(values) > 1 else None,
        }
        lines.append(point)
    return pd.DataFrame(lines)


def compare(rows: pd.DataFrame) -> pd.DataFrame:
    """Set each published gain beside ours, with its paired interval."""
    import pandas as pd

    lines = []
    for target in targets():
        base = _rows_at(rows, target, target.base)
        improved = _rows_at(rows, target, target.improved)
        if base.empty or improved.empty:
            continue
        pairs = _pairs(base, improved)
        gains = _gains(pairs)
        ours = gains[0] if len(gains) == 1 else _overall(pairs)
        lines.append(
            {
                "figure": target.figure,
                "topology": "nsfnet",
                "load_erlang": target.load_erlang,
                "comparison": target.comparison,
                "published_percent": target.published_percent,
                "ours_percent": None if ours.value is None else 100.0 * ours.value,
                "ci95_percent": None if ours.ci95 is None else 100.0 * ours.ci95,
                "draws_p05_percent": _quantile(gains, 0.05),
                "draws_p95_percent": _quantile(gains, 0.95),
                "published_base_bps": target.base_bps,
                "ours_base_bps": float(base["mean_skr_bps"].mean()),
                "published_improved_bps": target.improved_bps,
                "ours_improved_bps": float(improved["mean_skr_bps"].mean()),
            }
        )
    return pd.DataFrame(lines)


def log_error(comparison: pd.DataFrame) -> float:
    """Return the root mean square of log(ours / published) over the rates that the gains imply."""
    ratios = [
        np.log(comparison[f"ours_{which}_bps"] / comparison[f"published_{which}_bps"])
        for which in ("base", "improved")
    ]
    return float(np.sqrt(np.mean(np.square(np.concatenate(ratios)))))


def _by_point(rows: pd.DataFrame, figure: str) -> list[tuple[tuple[str, float, str], pd.DataFrame]]:
    figure_rows = rows[(rows["label"].str.split(" ").str[0] == figure) & (rows["status"] == "done")]
    figure_rows = figure_rows.assign(
        topology=figure_rows["instance"].str.split("_").str[0],
        curve=figure_rows["label"].str.split(" ", n=1).str[1],
    )
    groups = figure_rows.groupby(["topology", "load_erlang", "curve"], sort=False)
    return [((str(a), float(str(b)), str(c)), part) for (a, b, c), part in groups]


def _rows_at(rows: pd.DataFrame, target: Target, curve: str) -> pd.DataFrame:
    chosen = (
        (rows["label"] == f"{target.figure} {curve}")
        & (rows["load_erlang"] == target.load_erlang)
        & rows["instance"].str.startswith("nsfnet_")
        & (rows["status"] == "done")
    )
    curve_rows = rows[chosen]
    draws = curve_rows["set"].str.extract(r"#(\d+)$")[0].astype(float)
    return curve_rows.assign(draw=draws).sort_values("draw")


def _pairs(base: pd.DataFrame, improved: pd.DataFrame) -> list[tuple[pd.Series, pd.Series]]:
    """Pair draws of the same number, or each draw with the one base that is no draw."""
    if base["draw"].isna().all():
        return [(base.iloc[0], row) for _, row in improved.iterrows()]
    bases = {row["draw"]: row for _, row in base.iterrows()}
    return [(bases[row["draw"]], row) for _, row in improved.iterrows() if row["draw"] in bases]


def _gains(pairs: list[tuple[pd.Series, pd.Series]]) -> list[Estimate]:
    """Return each pair's paired gain; without interval where a draw has fewer requests."""
    gains = []
    for base, row in pairs:
        if np.array_equal(base["batch_offered"], row["batch_offered"]):
            gains.append(gain_between(row, base))
        else:
            gains.append(Estimate(row["mean_skr_bps"] / base["mean_skr_bps"] - 1.0, None))
    return gains


def _overall(pairs: list[tuple[pd.Series, pd.Series]]) -> Estimate:
    """Return the gain of the mean over draws, with that ratio's interval: a draw is a batch."""
    base = np.array([base["mean_skr_bps"] for base, _ in pairs], dtype=np.float64)
    improved = np.array([row["mean_skr_bps"] for _, row in pairs], dtype=np.float64)
    ones = np.ones(len(pairs))
    return paired_gain(improved, ones, base, ones)


def _quantile(gains: list[Estimate], share: float) -> float | None:
    if len(gains) < 2:
        return None
    return 100.0 * float(np.quantile([gain.value or 0.0 for gain in gains], share))
