"""What a run counts, in the columns of its tally."""

from __future__ import annotations

from qkdopt.result import BlockedBy

OFFERED, SERVED, SKR, NO_KEY = 0, 1, 2, 3
# Blocked requests, by cause, in this order.
CAUSES: tuple[BlockedBy, ...] = ("no free channel", "guard band", "no receiver channel")
NO_FREE_CHANNEL, GUARD_BAND, NO_RECEIVER = 4, 5, 6
SWITCHED, MOVED = 7, 8
SAMPLES, SAMPLED_DEMANDS, SAMPLED_SKR, SAMPLED_NO_KEY = 9, 10, 11, 12
COLUMNS = 13
# Columns of the links' tally, summed over samples.
LINK_SKR, LINK_QBER, LINK_LIGHT, LINK_NO_KEY = 0, 1, 2, 3
LINK_COLUMNS = 4
