"""The page of a comparison of solvers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qkdopt.report.frame import Chapter, Page
from qkdopt.report.sections.comparison import comparison_sections
from qkdopt.report.text import counted
from qkdopt.runtime.files import write_text_whole

if TYPE_CHECKING:
    import pandas as pd


def write_comparison(path: str | Path, rows: pd.DataFrame) -> None:
    """Write the runs of a comparison as one HTML page that needs no network.

    Parameters
    ----------
    path
        File of the page.
    rows
        Rows of :func:`qkdopt.compare`; every plan in them was checked when it was found.

    Raises
    ------
    UnsupportedError
        The page would be larger than 6 MB.
    OutputError
        The file cannot be written.
    """
    instances = counted(rows["instance_sha256"].nunique(), "instance")
    page = Page(
        title="Solvers compared",
        subtitle=f"{counted(len(rows), 'run')} on {instances}; every plan was checked",
        chapters=[Chapter(name="c", title="", sections=comparison_sections(rows))],
    )
    write_text_whole(path, page.to_html())
