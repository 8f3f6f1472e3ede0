"""What a block of a proving ground sums up, and which blocks are for what."""

from __future__ import annotations

from qkdopt.simulation import tally as t

# Columns, in this order: the first of a simulator's tally.
OFFERED, SERVED, SKR, NO_KEY = t.OFFERED, t.SERVED, t.SKR, t.NO_KEY
SUMS = 4
# Blocks of the search and of the final ranking are different draws: a winner that was lucky
# in the search has no luck left in the ranking.
STREAMS = {"search": 0, "ranking": 1_000_000}
