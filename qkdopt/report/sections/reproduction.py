"""Sections of a reproduction: published and own gains, each figure, the calibration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qkdopt.experiments.reproduction import Calibration, log_error
from qkdopt.report.data_frames import finite, frame_table
from qkdopt.report.frame import Section, render
from qkdopt.report.sections.load_chart import load_chart
from qkdopt.report.table import Column, rate_column, share_column

if TYPE_CHECKING:
    import pandas as pd

# The study gives gains on this network alone.
PUBLISHED_TOPOLOGY = "nsfnet"


def _percent(key: str, title: str) -> Column:
    return Column(key=key, title=title, unit="%", style="+.2f")


STYLES = {
    "comparison": Column(key="comparison", title="Comparison", wide=True),
    "figure": Column(key="figure", title="Figure", choice=True),
    "topology": Column(key="topology", title="Topology", choice=True),
    "curve": Column(key="curve", title="Curve", choice=True),
    "load_erlang": Column(key="load_erlang", title="Load", unit="erlang", style="g"),
    "published_percent": _percent("published_percent", "Published gain"),
    "ours_percent": _percent("ours_percent", "Our gain"),
    "ci95_percent": Column(key="ci95_percent", title="± 95 %", unit="%", style=".2f"),
    "draws_p05_percent": _percent("draws_p05_percent", "5 % of draws below"),
    "draws_p95_percent": _percent("draws_p95_percent", "95 % of draws below"),
    "published_base_bps": rate_column("published_base_bps", "Published, base"),
    "ours_base_bps": rate_column("ours_base_bps", "Ours, base"),
    "published_improved_bps": rate_column("published_improved_bps", "Published, improved"),
    "ours_improved_bps": rate_column("ours_improved_bps", "Ours, improved"),
    "mean_skr_bps": rate_column("mean_skr_bps", "Key rate at admission"),
    "ci95": rate_column("ci95", "± 95 %"),
    "blocking": share_column("blocking", "Blocking"),
    "p05_bps": rate_column("p05_bps", "5 % of draws below"),
    "p95_bps": rate_column("p95_bps", "95 % of draws below"),
    "launch_dbm": Column(key="launch_dbm", title="Launch power", unit="dBm", style=".2f"),
    "rms_log_error": share_column("rms_log_error", "Root mean square log error"),
}


def published_section(comparison: pd.DataFrame) -> Section:
    """Build every published gain beside ours.

    Parameters
    ----------
    comparison
        Rows of :func:`qkdopt.experiments.reproduction.comparison.compare`, at least one.
    """
    frame = comparison[["comparison", *(n for n in comparison.columns if n != "comparison")]]
    body = render(
        "reproduction_gains.html",
        statements=list(_gain_sentences(comparison)),
        error=f"{100.0 * log_error(comparison):.1f} %",
        rates=2 * len(comparison),
        table=frame_table("paper_vs_ours", "Published gains: one row each", frame, STYLES),
    )
    return Section(name="gains", title="Published and ours", body=body)


def _gain_sentences(comparison: pd.DataFrame) -> Iterator[str]:
    for row in comparison.to_dict("records"):
        ours, spread = finite(row["ours_percent"]), finite(row["ci95_percent"])
        half = "" if spread is None else f" ± {spread:.1f}"
        own = "none, as the base has no key" if ours is None else f"{ours:+.1f}{half} %"
        yield (
            f"{row['figure']} at {row['load_erlang']:g} erlang, {row['comparison']}: published "
            f"{row['published_percent']:+.1f} %, ours {own}."
        )


def figure_section(name: str, points: pd.DataFrame) -> Section:
    """Build a figure of the study: a chart a topology, and every point.

    Parameters
    ----------
    name
        Name of the figure, ``fig3`` to ``fig6``.
    points
        Points of :func:`qkdopt.experiments.reproduction.comparison.points`.
    """
    topologies = list(dict.fromkeys(points["topology"]))
    charts = [
        (
            str(topology).upper(),
            load_chart(
                f"Figure {name.removeprefix('fig')} on {str(topology).upper()}",
                points[points["topology"] == topology],
                published=name if topology == PUBLISHED_TOPOLOGY else None,
            ),
        )
        for topology in topologies
    ]
    body = render(
        "reproduction_figure.html",
        charts=charts,
        # Only averages over random draws have their range.
        table=frame_table(
            name, f"Points of {name}: one row each", points.dropna(axis=1, how="all"), STYLES
        ),
    )
    return Section(name=name, title=f"Figure {name.removeprefix('fig')}", body=body)


def calibration_section(calibration: Calibration) -> Section:
    """Build the launch powers that were tried, and the one of least error."""
    body = render(
        "reproduction_calibration.html",
        launch_dbm=f"{calibration.launch_dbm:.2f}",
        table=frame_table("calibration", "Launch powers tried", calibration.tried, STYLES),
    )
    return Section(name="calibration", title="Calibration", body=body)
