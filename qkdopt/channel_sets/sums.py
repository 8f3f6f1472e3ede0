"""Sums of a block of an evaluator, and streams of blocks."""

from __future__ import annotations

from qkdopt.simulation import tally as t

# Columns, in this order: the first of a simulator's tally.
OFFERED, SERVED, SKR, NO_KEY = t.OFFERED, t.SERVED, t.SKR, t.NO_KEY
SUMS = 4
# Blocks of the search and of the final ranking are different draws, against selection bias: a
# winner by chance in the search has no advantage in the ranking.
STREAMS = {"search": 0, "ranking": 1_000_000}
