"""The figure of a run: plan and bound over time, in a file."""

from __future__ import annotations

from pathlib import Path

from qkdopt.errors import OutputError
from qkdopt.io import validate_writable
from qkdopt.result import Result

FORMATS = (".png", ".pdf", ".svg")


def validate_figure(path: Path) -> None:
    """Validate that a figure can be written to a file, before what it shows is computed.

    Raises
    ------
    OutputError
        The ending is of no format of figures, or the file cannot be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise OutputError(f"{path}: no format of figures; expected {', '.join(FORMATS)}")
    validate_writable(path)


def draw_history(path: Path, result: Result) -> None:
    """Draw plan and bound of a run over its time into a file.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    # They take half a second to import: only where something is drawn.
    from matplotlib.figure import Figure

    from qkdopt.plotting import plot_history

    figure = Figure(figsize=(8.0, 4.5), layout="constrained")
    plot_history(result, figure.subplots())
    try:
        figure.savefig(path, dpi=150)
    except OSError as problem:
        raise OutputError(f"{path}: cannot be written ({problem.strerror})") from problem
