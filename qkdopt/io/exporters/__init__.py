"""Plans for other programs: one file a format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qkdopt.errors import OutputError, UsageError
from qkdopt.io.exporters.csv import csv_files
from qkdopt.io.exporters.etsi_qkd import etsi_qkd_file
from qkdopt.io.exporters.geojson import geojson_file
from qkdopt.io.exporters.gnpy import gnpy_file
from qkdopt.io.exporters.graphml import graphml_file
from qkdopt.io.exporters.parquet import parquet_files
from qkdopt.io.exporters.plan import ExportedPlan, LinkNumbers

# Formats of one file, and those of a folder of tables.
FILES: dict[str, Callable[[ExportedPlan], bytes]] = {
    "graphml": graphml_file,
    "geojson": geojson_file,
    "gnpy": gnpy_file,
    "etsi-qkd": etsi_qkd_file,
}
FOLDERS: dict[str, Callable[[ExportedPlan], dict[str, bytes]]] = {
    "csv": csv_files,
    "parquet": parquet_files,
}
FORMATS = (*FOLDERS, *FILES)


def exported_files(plan: ExportedPlan, file_format: str, output: Path) -> dict[Path, bytes]:
    """Return the content of every file of an export.

    Parameters
    ----------
    plan
        The plan, checked.
    file_format
        One of ``FORMATS``.
    output
        The file, or the folder of the tables.

    Raises
    ------
    UsageError
        No such format.
    OutputError
        A folder is given for one file, or a file for tables.
    UnsupportedError
        The format cannot hold the plan.
    """
    if file_format in FOLDERS:
        if output.exists() and not output.is_dir():
            raise OutputError(f"{output}: is a file; expected a folder for the tables")
        files = FOLDERS[file_format](plan)
        return {output / name: content for name, content in files.items()}
    if file_format not in FILES:
        raise UsageError(f"format = {file_format!r}; expected one of {', '.join(FORMATS)}")
    return {output: FILES[file_format](plan)}


__all__ = ["FILES", "FOLDERS", "FORMATS", "ExportedPlan", "LinkNumbers", "exported_files"]
