"""Surfaces of key rates in files: CSV rows of loss, noise and rate, or the grid as JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from qkdopt.errors import FaultsError
from qkdopt.instance.base import Part
from qkdopt.instance.faults import fault_texts
from qkdopt.io.csv_rows import csv_rows
from qkdopt.io.reading import parse_json, read_text
from qkdopt.physics.surface import KeyRateSurface

COLUMNS = ("loss_db", "noise_per_gate", "skr_bps")
GRID = ("losses_db", "noises_per_gate", "skr_bps")


def read_surface(path: str | Path) -> KeyRateSurface:
    """Read a surface of key rates: a CSV file, or the grid as JSON.

    A CSV file has the columns ``loss_db``, ``noise_per_gate`` and ``skr_bps``, others beside them
    as it likes, and a row for each point of a grid, in any order; lines that begin with ``#`` are
    left out.

    Raises
    ------
    FaultsError
        The file cannot be read, or its points are no grid that never rises: every fault.

    Examples
    --------
    >>> import qkdopt
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> rows = ["loss_db,noise_per_gate,skr_bps", "3,0,900", "3,1e-4,0", "6,0,400", "6,1e-4,0"]
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "surface.csv"
    ...     _ = path.write_text(chr(10).join(rows))
    ...     surface = qkdopt.read_surface(path)
    >>> surface.skr_bps.tolist()
    [[900.0, 0.0], [400.0, 0.0]]
    """
    where = str(path)
    expected = "a CSV file, or a JSON file of a grid"
    text = read_text(Path(path), FaultsError, expected=expected)
    grid = _from_json(text, where) if Path(path).suffix.lower() == ".json" else _grid(text, where)
    try:
        return KeyRateSurface(**grid)
    except FaultsError as error:
        raise FaultsError(where, error.faults) from None


def surface_csv(surface: KeyRateSurface) -> str:
    """Return a surface as the text of a CSV file that :func:`read_surface` reads."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for loss, row in zip(surface.losses_db, surface.skr_bps, strict=True):
        for noise, rate in zip(surface.noises_per_gate, row, strict=True):
            writer.writerow([repr(float(value)) for value in (loss, noise, rate)])
    return file.getvalue()


def surface_fields(surface: KeyRateSurface, source: str = "") -> dict[str, Any]:
    """Return a surface as an instance has it in ``qkd.surface``."""
    fields: dict[str, Any] = {name: getattr(surface, name).tolist() for name in GRID}
    return fields | ({"source": source} if source else {})


class _JsonGrid(Part):
    """The grid of a JSON file, row by row; :class:`KeyRateSurface` has the rules of its values."""

    losses_db: tuple[float, ...]
    noises_per_gate: tuple[float, ...]
    skr_bps: tuple[tuple[float, ...], ...]

    def faults(self) -> Iterator[str]:
        """Yield a fault for rows of different lengths."""
        if len({len(row) for row in self.skr_bps}) > 1:
            yield "skr_bps: rows of different lengths; expected a rate for each noise in every row"


def _from_json(text: str, where: str) -> dict[str, Any]:
    """Return the axes and rates of a grid; what else stands in the file is left out."""
    faults: list[str] = []
    data = parse_json(text, where, faults, FaultsError)
    if not isinstance(data, dict) or not set(GRID) <= data.keys():
        faults.append(f"no grid of key rates; expected an object with {', '.join(GRID)}")
        raise FaultsError(where, faults)
    fields = {name: data[name] for name in GRID}
    try:
        grid = _JsonGrid.model_validate_json(json.dumps(fields))
    except ValidationError as problem:
        faults += fault_texts(problem, fields, _JsonGrid)
    if faults:
        raise FaultsError(where, faults)
    return {name: np.array(getattr(grid, name)) for name in GRID}


def _grid(text: str, where: str) -> dict[str, Any]:
    """Return the axes and rates of the points of a CSV text."""
    rows = csv_rows(text, COLUMNS, where=where)
    faults: list[str] = []
    points = list(_points(rows, faults))
    losses, noises = (sorted({point[k] for point in points}) for k in (0, 1))
    rates = np.full((len(losses), len(noises)), np.nan)
    for loss, noise, rate in points:
        place = losses.index(loss), noises.index(noise)
        if not np.isnan(rates[place]):
            faults.append(f"loss_db {loss:g} with noise_per_gate {noise:g} twice; expected once")
        rates[place] = rate
    if not faults:
        faults += [
            f"no row of loss_db {losses[i]:g} with noise_per_gate {noises[j]:g}; expected every "
            "noise at every loss (a full grid)"
            for i, j in np.argwhere(np.isnan(rates))
        ]
    if faults:
        raise FaultsError(where, faults)
    return {"losses_db": losses, "noises_per_gate": noises, "skr_bps": rates}


def _points(rows: list[dict[str, str]], faults: list[str]) -> Iterator[tuple[float, float, float]]:
    """Yield loss, noise and rate of each row; ``faults`` gets one text for each bad cell."""
    for number, row in enumerate(rows, start=1):
        values = []
        for name in COLUMNS:
            try:
                values.append(float(row[name] or ""))
            except ValueError:
                values.append(math.nan)
            if not math.isfinite(values[-1]):
                faults.append(f"row {number}: {name} = {row[name]!r}; expected a number")
        if all(map(math.isfinite, values)):
            yield values[0], values[1], values[2]


__all__ = ["read_surface", "surface_csv", "surface_fields"]
