"""How a run is divided: batches for the statistics, chunks for the processor's cache."""

from __future__ import annotations

import numpy as np

BATCHES = 40
SMALLEST_BATCH = 100
# Requests of one call of the kernel: their arrays stay in the processor's cache.
STRETCH = 8192


def batch_sizes(requests: int) -> list[int]:
    """Return the sizes of the counted batches of a run."""
    batches = int(np.clip(requests // SMALLEST_BATCH, 1, BATCHES))
    size, rest = divmod(requests, batches)
    return [size + (k < rest) for k in range(batches)]


def chunks(size: int) -> list[int]:
    """Divide a batch into chunks; return their sizes."""
    whole, rest = divmod(size, STRETCH)
    return [STRETCH] * whole + ([rest] if rest else [])
