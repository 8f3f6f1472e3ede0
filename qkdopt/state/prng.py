"""Random numbers of the compiled search: xorshift64*, its whole state in one array.

The state is passed in, so a run repeats bit for bit whatever else the process does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qkdopt.state.compiled import inner

SeedArray = NDArray[np.uint64]

_SHIFT_A = np.uint64(12)
_SHIFT_B = np.uint64(25)
_SHIFT_C = np.uint64(27)
_SHIFT_TOP = np.uint64(11)
_MULTIPLIER = np.uint64(2685821657736338717)
_UNIT = 1.0 / 9007199254740992.0  # 2^-53: the top 53 bits fill a double's fraction


def seeded(seed: int) -> SeedArray:
    """State of a generator for a seed; different seeds give unrelated streams."""
    state = np.random.SeedSequence(seed).generate_state(1, np.uint64)
    # Zero is the one state that xorshift never leaves.
    return np.maximum(state, np.uint64(1))


@inner
def uniform(state: SeedArray) -> float:
    """Draw from [0, 1).

    Notes
    -----
    xorshift64* of S. Vigna, "An experimental exploration of Marsaglia's xorshift
    generators, scrambled", ACM TOMS 42, 30 (2016).
    """
    x = state[0]
    x ^= x >> _SHIFT_A
    x ^= x << _SHIFT_B
    x ^= x >> _SHIFT_C
    state[0] = x
    return float((x * _MULTIPLIER) >> _SHIFT_TOP) * _UNIT


@inner
def below(state: SeedArray, count: int) -> int:
    """Draw an integer from 0 to ``count - 1``."""
    return int(uniform(state) * count)
