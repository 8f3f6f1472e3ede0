"""What a run counts, in the columns of its tally."""

from __future__ import annotations

from qkdopt.result import BlockedBy

OFFERED, SERVED, SKR, NO_KEY = 0, 1, 2, 3
# Blocked requests, by cause, in this order.
CAUSES: tuple[BlockedBy, ...] = ("no free channel", "guard band", "no receiver channel")
NO_FREE_CHANNEL, GUARD_BAND, NO_RECEIVER = 4, 5, 6
SWITCHED, MOVED = 7, 8
SAMPLES, SAMPLED_DEMANDS, SAMPLED_SKR, SAMPLED_NO_KEY = 9, 10, 11, 12
# Of requests that draw on keys: refused for want of key; needs and what was delivered of them, over
# time [bit/s x mean holding times]; time of all requests, of those beside an empty pool, and of the
# network [mean holding times].
KEY_BLOCKED, KEY_NEEDED, KEY_DELIVERED, DEMAND_TIME, SHORT_TIME, ELAPSED = 13, 14, 15, 16, 17, 18
COLUMNS = 19
# Columns of the links' tally, summed over samples.
LINK_SKR, LINK_QBER, LINK_LIGHT, LINK_NO_KEY = 0, 1, 2, 3
# Time in which the link's pool was empty and more was drawn than its rate [mean holding times].
LINK_EMPTY = 4
LINK_COLUMNS = 5
