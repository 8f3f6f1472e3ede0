"""Evaluations so far: more blocks for some placements, by workers, kept on disk."""

from __future__ import annotations

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from qkdopt.channel_sets.placement import Placement
from qkdopt.channel_sets.sums import SUMS
from qkdopt.jobs import Row, RunReport, Store, Workers, run_missing
from qkdopt.jobs.task import finished_row
from qkdopt.units import FloatArray

# Part of every evaluation's name: raised when a change of the code changes what one finds.
RESULTS_VERSION = 1
# A task takes about so long: short enough to share among workers, long beside writing its row.
TASK_SECONDS = 0.4


class Evaluator(Protocol):
    """Where placements are tried."""

    @property
    def key(self) -> str:
        """Hash of everything that a tally depends on, beside placement and block."""
        ...

    def seconds(self, blocks: int) -> float:
        """How long one placement takes on so many blocks, about."""
        ...

    def tallies(
        self, placements: Sequence[Placement], stream: str, first: int, count: int
    ) -> FloatArray:
        """Return ``(placements, count, scenarios, SUMS)``."""
        ...


@dataclass(frozen=True)
class Evaluation:
    """One task: some placements on some blocks."""

    ground: Evaluator
    ground_key: str
    placements: tuple[Placement, ...]
    stream: str
    first: int
    count: int

    @property
    def key(self) -> str:
        """Name of the run."""
        told = [
            RESULTS_VERSION, self.ground_key, self.stream, self.first, self.count,
            [placement.sets for placement in self.placements],
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:24]

    @property
    def title(self) -> str:
        """Words for people."""
        blocks = f"blocks {self.first} to {self.first + self.count - 1}"
        return f"{len(self.placements)} placements, {self.stream} {blocks}"

    @property
    def weight(self) -> float:
        """Seconds, about."""
        return len(self.placements) * self.ground.seconds(self.count)

    def run(self) -> Row:
        """Try the placements."""
        return finished_row({"key": self.key}, self._measured, {"tallies": [], "shape": []})

    def _measured(self) -> Row:
        found = self.ground.tallies(self.placements, self.stream, self.first, self.count)
        return {"tallies": found.ravel().tolist(), "shape": [float(n) for n in found.shape]}


class UnfinishedError(Exception):
    """Some evaluations are missing: interrupted, lost or failed."""

    def __init__(self, report: RunReport) -> None:
        super().__init__("; ".join(report.reasons) or "interrupted")
        self.report = report


@dataclass
class Evaluations:
    """What is known of every placement; asks workers for more.

    Parameters
    ----------
    ground
        Where placements are tried.
    store, workers
        Rows are kept in the one, and made by the other.
    progress
        Told what goes on.
    """

    ground: Evaluator
    store: Store
    workers: Workers
    progress: Callable[[str, RunReport], None] = lambda _, __: None
    _known: dict[str, dict[Placement, FloatArray]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def blocks(self, placement: Placement, stream: str = "search") -> int:
        """How many blocks a placement has."""
        known = self._known[stream].get(placement)
        return 0 if known is None else len(known)

    def known(self, stream: str = "search") -> list[Placement]:
        """Every placement tried, in the order of first trial."""
        return list(self._known[stream])

    def sums(self, placement: Placement, blocks: int, stream: str = "search") -> FloatArray:
        """``(blocks, scenarios, SUMS)`` of the first blocks."""
        return self._known[stream][placement][:blocks]

    def extend(
        self, placements: Iterable[Placement], blocks: int, title: str, stream: str = "search"
    ) -> None:
        """See to it that each placement has at least so many blocks.

        Raises
        ------
        UnfinishedError
            Some could not be had now.
        """
        short = defaultdict(list)
        for placement in dict.fromkeys(placements):
            if self.blocks(placement, stream) < blocks:
                short[self.blocks(placement, stream)].append(placement)
        tasks = [
            task
            for first, some in sorted(short.items())
            for task in self._tasks(some, stream, first, blocks - first)
        ]
        if not tasks:
            return
        self._run(tasks, title)
        damaged = [task for task in tasks if not self._is_kept(task)]
        if damaged:
            self._run(damaged, f"{title}, damaged rows again")
            for task in damaged:
                self._keep(task)

    def _tasks(
        self, placements: list[Placement], stream: str, first: int, count: int
    ) -> list[Evaluation]:
        """Divide the work into tasks of about equal length, whoever does them."""
        key = self.ground.key
        size = max(1, int(TASK_SECONDS / self.ground.seconds(count)))
        # A single placement with many blocks is divided by blocks.
        part = max(1, math.ceil(count * TASK_SECONDS / self.ground.seconds(count)))
        steps = range(0, count, part) if size == 1 else range(1)
        return [
            Evaluation(
                self.ground, key, tuple(placements[k : k + size]), stream, first + step,
                min(part, count - step) if size == 1 else count,
            )
            for k in range(0, len(placements), size)
            for step in steps
        ]  # fmt: skip

    def _run(self, tasks: list[Evaluation], title: str) -> None:
        report = run_missing(
            tasks, self.store, self.workers, retry_failed=True,
            progress=lambda report: self.progress(title, report),
        )  # fmt: skip
        if not report.successful:
            raise UnfinishedError(report)

    def _is_kept(self, task: Evaluation) -> bool:
        """Keep a row; one that cannot be read is forgotten, and is missing again."""
        try:
            self._keep(task)
        except (OSError, ValueError, KeyError, TypeError):
            self.store.discard(task.key)
            return False
        return True

    def _keep(self, task: Evaluation) -> None:
        row = self.store.row(task.key)
        found = np.array(row["tallies"]).reshape([int(n) for n in row["shape"]])
        known = self._known[task.stream]
        none = np.zeros((0, found.shape[2], SUMS))
        for placement, tallies in zip(task.placements, found, strict=True):
            known[placement] = np.concatenate([known.get(placement, none), tallies])
