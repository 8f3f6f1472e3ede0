"""Max-min fair shares of the links' keys: what demands get when all draw at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qkdopt.units import FloatArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# A link with less than this share of its key left has none left.
SATURATED = 1e-12


def crossing(paths: Sequence[Sequence[int]], links: int) -> csr_array:
    """``(E, R)`` 1 where the key of a demand is relayed over a link.

    Parameters
    ----------
    paths
        Links of the path of each of R demands; empty where it has none.
    links
        How many links there are.
    """
    from scipy.sparse import csr_array

    row = [e for path in paths for e in path]
    column = np.repeat(np.arange(len(paths)), [len(path) for path in paths])
    return csr_array((np.ones(len(row)), (row, column)), shape=(links, len(paths)))


def fair_shares(crosses: csr_array, rate_bps: FloatArray, share: FloatArray) -> FloatArray:
    """``(R,)`` max-min fair key of each demand [bit/s], by progressive filling.

    All demands grow together in proportion to their shares; those of a link whose key is used up
    stop. No demand can have more without another, that has no more by its share, having less
    (Bertsekas and Gallager, Data Networks, section 6.5.2).

    Parameters
    ----------
    crosses
        ``(E, R)`` 1 where the key of a demand is relayed over a link.
    rate_bps
        ``(E,)`` key rate of each link [bit/s].
    share
        ``(R,)`` in what proportion demands share; 0 for those that get nothing.
    """
    on_links = np.asarray(crosses.sum(axis=0)).reshape(-1) > 0.0
    growing = (share > 0.0) & on_links
    given = np.zeros(len(share))
    left = rate_bps.astype(np.float64)
    while growing.any():
        drawn = crosses @ (share * growing)
        used = drawn > 0.0
        step = float((left[used] / drawn[used]).min())
        given[growing] += step * share[growing]
        left = np.maximum(0.0, left - step * drawn)
        # The link that set the step is full, whatever rounding says.
        full = used & ((left <= SATURATED * rate_bps) | (left <= left[used].min()))
        growing &= ~(np.asarray(crosses.T @ full.astype(np.float64)) > 0.0)
    return given


__all__ = ["crossing", "fair_shares"]
