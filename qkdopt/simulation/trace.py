"""Recorded requests: a CSV file of arrival, holding, source, target and, optionally, channels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qkdopt.errors import InstanceError
from qkdopt.instance import Instance
from qkdopt.io import STANDARD_STREAM, read_text
from qkdopt.io.csv_rows import csv_rows
from qkdopt.result.provenance import content_sha256
from qkdopt.simulation.traffic import Requests

COLUMNS = ("arrival", "holding", "source", "target")
OPTIONAL = "channels"
MOST_QUOTED = 60


@dataclass(frozen=True)
class Trace:
    """A recorded list of requests, in mean holding times, and the load it amounts to."""

    requests: Requests
    load_erlang: float
    arrivals_per_time: float

    def sha256(self) -> str:
        """Return the hash of the requests, whatever the spelling and the unit of the file."""
        r = self.requests
        columns = (r.times, r.holding, r.pairs, r.lightpath_counts)
        return content_sha256([column.tolist() for column in columns])

    @property
    def widest(self) -> int:
        """Most lightpaths of one request."""
        return int(self.requests.lightpath_counts.max())


def read_trace(path: str | Path, instance: Instance, seed: int = 0) -> Trace:
    """Read a trace whose node names are the instance's.

    Parameters
    ----------
    path
        CSV file with a header, ``-`` for standard input; lines that begin with # are left out.
        Times may be in any unit: they are divided by the mean holding time.
    instance
        The network: its node ids, and the channels of its grid.
    seed
        Of the draws of policies that choose at random.

    Raises
    ------
    InstanceError
        The file cannot be read or breaks a rule; all faults at once, by request.
    """
    where = "standard input" if Path(path) == STANDARD_STREAM else str(path)
    text = read_text(Path(path), InstanceError, expected="a CSV file")
    rows = csv_rows(text, COLUMNS, where=where, error=InstanceError, optional=OPTIONAL)
    return _Reader(where, instance).read(rows, seed)


class _Reader:
    def __init__(self, where: str, instance: Instance) -> None:
        self._where = where
        self._channels = instance.grid.channels
        nodes = instance.network.nodes
        self._position = {str(node.id): n for n, node in enumerate(nodes)}
        self._faults: list[str] = []

    def read(self, rows: list[dict[str, str]], seed: int) -> Trace:
        if not rows:
            raise InstanceError(self._where, ["holds no request; expected at least one"])
        table = np.array([self._row(number, row) for number, row in enumerate(rows, start=1)])
        self._check_order(table[:, 0])
        if self._faults:
            raise InstanceError(self._where, self._faults)
        # Policies smooth and samples are taken over so many mean holding times.
        unit = float(table[:, 1].mean()) or 1.0
        times, holding = (table[:, 0] - table[0, 0]) / unit, table[:, 1] / unit
        span = float(times[-1]) or 1.0
        rate = len(rows) / span
        return Trace(
            Requests(
                times=np.ascontiguousarray(times),
                holding=np.ascontiguousarray(holding),
                pairs=(table[:, 2] * len(self._position) + table[:, 3]).astype(np.int64),
                lightpath_counts=table[:, 4].astype(np.int64),
                draws=np.random.default_rng(seed).random(len(rows)),
            ),
            load_erlang=float(holding.sum()) / span,
            arrivals_per_time=rate,
        )

    def _row(self, number: int, row: dict[str, str]) -> tuple[float, float, int, int, int]:
        arrival = self._number(number, row, "arrival")
        holding = self._number(number, row, "holding")
        if holding < 0.0:
            self._fault(number, f"holding = {holding:g}; expected 0 or more")
        source, target = self._node(number, row, "source"), self._node(number, row, "target")
        if source == target and source >= 0:
            self._fault(number, f"source and target are both {row['source']}")
        width = self._number(number, row, OPTIONAL) if row.get(OPTIONAL) else 1.0
        if math.isnan(width):
            width = 1.0
        if not (width == int(width) and 1 <= width <= self._channels):
            self._fault(number, f"channels = {width:g}; expected 1 to {self._channels}")
            width = 1.0
        return arrival, holding, source, target, int(width)

    def _number(self, number: int, row: dict[str, str], name: str) -> float:
        try:
            value = float(row[name])
        except (TypeError, ValueError):
            value = math.nan
        if not math.isfinite(value):
            self._fault(number, f"{name} = {_short(row[name])}; expected a finite number")
            return math.nan
        return value

    def _node(self, number: int, row: dict[str, str], name: str) -> int:
        text = (row[name] or "").strip()
        if text not in self._position:
            self._fault(number, f"{name} = {_short(text)}; expected the id of a node")
            return -1
        return self._position[text]

    def _check_order(self, arrivals: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
        # What is no number has its fault already: neighbours are those that can be compared.
        known = np.flatnonzero(~np.isnan(arrivals))
        for k in np.flatnonzero(np.diff(arrivals[known]) < 0.0):
            above, here = arrivals[known[k]], arrivals[known[k + 1]]
            self._fault(
                int(known[k + 1]) + 1,
                f"arrival = {here:g} comes before {above:g} of the request above; "
                "expected times that never fall (file not sorted?)",
            )

    def _fault(self, number: int, text: str) -> None:
        self._faults.append(f"request {number}: {text}")


def _short(text: str | None) -> str:
    """Quote what was read, of a long field the beginning."""
    if text is None or len(text) <= MOST_QUOTED:
        return repr(text)
    return f"{text[:MOST_QUOTED]!r}... ({len(text)} characters)"
