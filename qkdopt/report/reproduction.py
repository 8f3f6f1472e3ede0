"""The page of a reproduction of the DS-QKD study."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qkdopt.experiments.reproduction import Reproduction, paper_instance
from qkdopt.report.frame import Chapter, Page
from qkdopt.report.sections.reproduction import (
    calibration_section,
    figure_section,
    published_section,
)
from qkdopt.report.sections.study_assumptions import study_assumptions_section
from qkdopt.report.text import counted
from qkdopt.runtime.files import write_text_whole

if TYPE_CHECKING:
    import pandas as pd

NOTES = (
    "Every curve is on a topology under preset paper with the candidate set that it names; the "
    "parameters below are those of NSFNET. The launch power is the only parameter that was fitted "
    "to the study.",
    "The study states gains in its text, each with a key rate: published points are the rates "
    "that these imply, not values read off its figures. It gives no load for figure 3; 140 erlang "
    "is assumed.",
    "Values are estimates of a simulation, which the checker cannot recompute; the same requests "
    "and seed give them again. Gains are paired: both curves met the same requests.",
)


def write_reproduction_page(
    path: str | Path, found: Reproduction, options: Mapping[str, Any]
) -> None:
    """Write a reproduction as one HTML page that needs no network.

    Parameters
    ----------
    path
        File of the page.
    found
        Points of each figure, published and own gains, and the calibration.
    options
        Plain data of options and environment.

    Raises
    ------
    UnsupportedError
        The page would be larger than 6 MB.
    OutputError
        The file cannot be written.
    """
    sections = [published_section(found.comparison)] if len(found.comparison) else []
    sections += [figure_section(name, _points(table)) for name, table in found.points.items()]
    if found.calibration is not None:
        sections.append(calibration_section(found.calibration))
    instance = paper_instance("nsfnet", (3,))
    sections.append(study_assumptions_section(instance, options, NOTES))
    page = Page(
        title="Reproduction of the DS-QKD study",
        subtitle=f"{counted(len(found.points), 'figure')}, our curves and the published points",
        chapters=[Chapter(name="f", title="", sections=sections)],
    )
    write_text_whole(path, page.to_html())


def _points(table: pd.DataFrame) -> pd.DataFrame:
    """Return points with the name of their curve first."""
    return table[["curve", *(name for name in table.columns if name != "curve")]]
