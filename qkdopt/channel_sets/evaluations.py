"""Evaluations of placements: run by workers, kept on disk."""

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
from qkdopt.jobs import Row, RunReport, Store, UnfinishedError, Workers, run_missing
from qkdopt.jobs.task import to_row
from qkdopt.units import FloatArray

# Part of every evaluation's key: raised when a change of the code changes results.
RESULTS_VERSION = 1
# Duration of a task: short enough to share among workers, long compared with writing its row.
TASK_SECONDS = 0.4


class Evaluator(Protocol):
    """Evaluates placements block by block."""

    @property
    def key(self) -> str:
        """Return a hash of everything that a tally depends on, beside placement and block."""
        ...

    def seconds(self, blocks: int) -> float:
        """Return the approximate seconds of one placement on a number of blocks."""
        ...

    def tallies(
        self, placements: Sequence[Placement], stream: str, first: int, count: int
    ) -> FloatArray:
        """Return ``(placements, count, scenarios, SUMS)`` tallies.

        Parameters
        ----------
        placements
            Sets to evaluate.
        stream
            Key of :data:`qkdopt.channel_sets.sums.STREAMS`.
        first, count
            First block of the stream, and number of blocks.
        """
        ...


@dataclass(frozen=True)
class Evaluation:
    """One task: a group of placements on a range of blocks."""

    evaluator: Evaluator
    evaluator_key: str
    placements: tuple[Placement, ...]
    stream: str
    first: int
    count: int

    @property
    def key(self) -> str:
        """Return the name of the run."""
        identity = [
            RESULTS_VERSION, self.evaluator_key, self.stream, self.first, self.count,
            [placement.sets for placement in self.placements],
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:24]

    @property
    def title(self) -> str:
        """Return a title to display."""
        blocks = f"blocks {self.first} to {self.first + self.count - 1}"
        return f"{len(self.placements)} placements, {self.stream} {blocks}"

    @property
    def weight(self) -> float:
        """Return the approximate seconds."""
        return len(self.placements) * self.evaluator.seconds(self.count)

    def run(self) -> Row:
        """Evaluate the placements and return the row."""
        return to_row({"key": self.key}, self._measured, {"tallies": [], "shape": []})

    def _measured(self) -> Row:
        tallies = self.evaluator.tallies(self.placements, self.stream, self.first, self.count)
        return {"tallies": tallies.ravel().tolist(), "shape": [float(n) for n in tallies.shape]}


@dataclass
class Evaluations:
    """Tallies of every placement so far; workers evaluate more.

    Parameters
    ----------
    evaluator
        Evaluator of placements.
    store, workers
        Folder of the rows, and executor of the tasks.
    progress
        Is called with a title and the report of the runs.
    """

    evaluator: Evaluator
    store: Store
    workers: Workers
    progress: Callable[[str, RunReport], None] = lambda _, __: None
    _sums: dict[str, dict[Placement, FloatArray]] = field(default_factory=lambda: defaultdict(dict))

    def blocks(self, placement: Placement, stream: str = "search") -> int:
        """Return the number of blocks that a placement has been evaluated on."""
        sums = self._sums[stream].get(placement)
        return 0 if sums is None else len(sums)

    def known(self, stream: str = "search") -> list[Placement]:
        """Return every placement evaluated, in the order of first evaluation."""
        return list(self._sums[stream])

    def sums(self, placement: Placement, blocks: int, stream: str = "search") -> FloatArray:
        """Return ``(blocks, scenarios, SUMS)`` sums of the first blocks.

        Parameters
        ----------
        placement
            Evaluated on at least ``blocks`` blocks.
        blocks
            Number of blocks.
        stream
            Key of :data:`qkdopt.channel_sets.sums.STREAMS`.
        """
        return self._sums[stream][placement][:blocks]

    def extend(
        self, placements: Iterable[Placement], blocks: int, title: str, stream: str = "search"
    ) -> None:
        """Evaluate placements until each has at least ``blocks`` blocks.

        Parameters
        ----------
        placements
            Sets to evaluate.
        blocks
            Number of blocks that each has afterwards.
        title
            Of the runs, for progress.
        stream
            Key of :data:`qkdopt.channel_sets.sums.STREAMS`.

        Raises
        ------
        UnfinishedError
            Interrupted, or evaluations were lost or failed.
        """
        short = defaultdict(list)
        for placement in dict.fromkeys(placements):
            if self.blocks(placement, stream) < blocks:
                short[self.blocks(placement, stream)].append(placement)
        tasks = [
            task
            for first, group in sorted(short.items())
            for task in self._tasks(group, stream, first, blocks - first)
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
        """Divide the work into tasks of about equal duration, whatever the workers."""
        key = self.evaluator.key
        size = max(1, int(TASK_SECONDS / self.evaluator.seconds(count)))
        # A single placement with many blocks is divided by blocks.
        part = max(1, math.ceil(count * TASK_SECONDS / self.evaluator.seconds(count)))
        steps = range(0, count, part) if size == 1 else range(1)
        return [
            Evaluation(
                self.evaluator, key, tuple(placements[k : k + size]), stream, first + step,
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
        """Keep a row; one that cannot be read is removed, and is missing again."""
        try:
            self._keep(task)
        except (OSError, ValueError, KeyError, TypeError):
            self.store.discard(task.key)
            return False
        return True

    def _keep(self, task: Evaluation) -> None:
        row = self.store.row(task.key)
        stacked = np.array(row["tallies"]).reshape([int(n) for n in row["shape"]])
        by_placement = self._sums[task.stream]
        no_blocks = np.zeros((0, stacked.shape[2], SUMS))
        for placement, tallies in zip(task.placements, stacked, strict=True):
            by_placement[placement] = np.concatenate(
                [by_placement.get(placement, no_blocks), tallies]
            )
