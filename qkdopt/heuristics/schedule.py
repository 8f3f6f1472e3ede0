"""How far a search has come: by its moves, or by the clock."""

from __future__ import annotations

import time
from collections.abc import Callable

CHUNK_MOVES = 20_000


class Schedule:
    """Limit of a search, by moves or by seconds, and how much of it is over.

    Parameters
    ----------
    seconds
        Time [s]; None for 1 s. Without meaning where ``moves`` are given.
    moves
        Number of moves; None for a time limit.
    should_stop
        Returns whether to end before; None to run to the end.
    """

    def __init__(
        self,
        seconds: float | None = None,
        moves: int | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:
        self._seconds = 1.0 if seconds is None else max(1e-3, seconds)
        self._moves = moves
        self._should_stop = should_stop
        self._started = time.monotonic()
        self._done = 0

    def count(self, moves: int) -> None:
        """Count moves that were made."""
        self._done += moves

    @property
    def share(self) -> float:
        """Share of the search that is over; 1 and more is the end."""
        if self._moves is not None:
            return self._done / max(1, self._moves)
        return (time.monotonic() - self._started) / self._seconds

    @property
    def stopped(self) -> bool:
        """Whether the search is to end now, whatever its share."""
        return self._should_stop is not None and self._should_stop()
