"""Requests in order of time: drawn from a Poisson process, or recorded; and how a run is divided.

In batches for the statistics, and these in chunks for the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from qkdopt.instance import Instance, LoadProfile, Traffic
from qkdopt.problem.coefficients import IntArray
from qkdopt.units import FloatArray

BATCHES = 40
SMALLEST_BATCH = 100
# Requests of one call of the kernel: their arrays stay in the processor's cache.
STRETCH = 8192


@dataclass(frozen=True)
class Requests:
    """Requests of one chunk, in order of time.

    Parameters
    ----------
    times, holding
        ``(n,)`` arrival and duration [mean holding times].
    pairs
        ``(n,)`` source x nodes + target.
    lightpath_counts
        ``(n,)`` lightpaths.
    draws
        ``(n,)`` uniform in [0, 1), for policies that choose at random.
    """

    times: FloatArray
    holding: FloatArray
    pairs: IntArray
    lightpath_counts: IntArray
    draws: FloatArray

    def part(self, first: int, end: int) -> Requests:
        """Return requests ``first`` to ``end``."""
        return Requests(
            self.times[first:end],
            self.holding[first:end],
            self.pairs[first:end],
            self.lightpath_counts[first:end],
            self.draws[first:end],
        )


def widest_request(instance: Instance) -> int:
    """Return the most lightpaths of one drawn request."""
    lightpath_counts = instance.traffic.widths if instance.traffic is not None else None
    return max((width.channels for width in lightpath_counts or ()), default=1)


def poisson_requests(
    instance: Instance,
    load_erlang: float,
    seed: int,
    replication: int,
    sizes: Iterable[int],
    *,
    with_draws: bool = True,
) -> Iterator[Requests]:
    """Draw chunks of requests of the given sizes, one after the other.

    Every stream (gaps, holding times, pairs, lightpaths, draws) has a generator of its own that
    depends on seed and replication alone: strategies meet the same requests, and another
    division into chunks changes nothing.

    Parameters
    ----------
    instance
        The network and its traffic. Without a matrix all pairs are alike; without widths every
        request has one lightpath.
    load_erlang
        Arrivals per mean holding time; more than 0.
    seed, replication
        What the requests are drawn from; 0 or more.
    sizes
        Requests of each chunk.
    with_draws
        Whether draws for strategies that choose at random are made; without, they are 0.
    """
    traffic = instance.traffic or Traffic()
    root = np.random.SeedSequence([seed, replication])
    gaps, holding, pairs, lightpath_counts, draws = (
        np.random.Generator(np.random.SFC64(s)) for s in root.spawn(5)
    )
    nodes = len(instance.network.nodes)
    pair_codes, pair_ends = _pairs(instance, traffic)
    width_values, width_ends = _lightpath_counts(traffic)
    now = 0.0
    for size in sizes:
        times = gaps.standard_exponential(size)
        np.cumsum(times, out=times)
        times *= 1.0 / load_erlang
        times += now
        now = float(times[-1]) if size else now
        if traffic.profile is not None:
            times = at_changing_load(times, traffic.profile, traffic.period or 1.0)
        yield Requests(
            times=times,
            holding=holding.standard_exponential(size),
            pairs=(
                _uniform_pairs(pairs, nodes, size)
                if pair_ends is None
                else pair_codes[np.searchsorted(pair_ends, pairs.random(size), side="right")]
            ),
            lightpath_counts=(
                np.ones(size, dtype=np.int64)
                if width_ends is None
                else width_values[
                    np.searchsorted(width_ends, lightpath_counts.random(size), side="right")
                ]
            ),
            draws=draws.random(size) if with_draws else np.zeros(size),
        )


def at_changing_load(times: FloatArray, profile: LoadProfile, period: float) -> FloatArray:
    """Turn arrivals at the mean load into those of a load that changes with time, exactly.

    A Poisson process of any rate is one of rate 1 on the clock of its integrated rate (Cinlar,
    Introduction to Stochastic Processes, section 4.7): by how much load there has been, as if it
    were time, the arrivals are those of the mean load.

    Parameters
    ----------
    times
        ``(n,)`` arrivals at the mean load [mean holding times], never falling.
    profile
        Load in equal parts of the period.
    period
        Its length [mean holding times].
    """
    parts = len(profile.factors)
    ends = period * np.linspace(0.0, 1.0, parts + 1)
    offered = np.concatenate([[0.0], np.cumsum(profile.factors) / np.sum(profile.factors)]) * period
    whole = np.floor(times / period) * period
    changed = whole + np.interp(times - whole, offered, ends)
    # From one period to the next round-off may set an arrival before the one above it.
    return np.maximum.accumulate(changed)


def _uniform_pairs(rng: np.random.Generator, nodes: int, size: int) -> IntArray:
    """Codes of ordered pairs of different nodes, all alike."""
    codes = np.arange(nodes * nodes).reshape(nodes, nodes)
    return codes[~np.eye(nodes, dtype=np.bool_)][rng.integers(nodes * (nodes - 1), size=size)]


def _pairs(instance: Instance, traffic: Traffic) -> tuple[IntArray, FloatArray | None]:
    """Codes of the matrix's pairs and the upper ends of their shares in [0, 1)."""
    if traffic.matrix is None:
        return np.zeros(0, dtype=np.int64), None
    position = {node.id: n for n, node in enumerate(instance.network.nodes)}
    nodes = len(position)
    codes = [position[pair.source] * nodes + position[pair.target] for pair in traffic.matrix]
    return np.array(codes), _ends([pair.share for pair in traffic.matrix])


def _lightpath_counts(traffic: Traffic) -> tuple[IntArray, FloatArray | None]:
    if traffic.widths is None:
        return np.ones(1, dtype=np.int64), None
    values = np.array([width.channels for width in traffic.widths])
    return values, _ends([width.share for width in traffic.widths])


def _ends(shares: list[float]) -> FloatArray:
    ends: FloatArray = np.cumsum(shares) / np.sum(shares)
    # A draw just below 1 belongs to the last share, whatever the round-off.
    ends[-1] = 1.0
    return ends


def batch_sizes(requests: int) -> list[int]:
    """Return the sizes of the counted batches of a run."""
    batches = int(np.clip(requests // SMALLEST_BATCH, 1, BATCHES))
    size, rest = divmod(requests, batches)
    return [size + (k < rest) for k in range(batches)]


def chunks(size: int) -> Iterator[int]:
    """Divide a batch into chunks; yield their sizes, for a list would grow with the run."""
    whole, rest = divmod(size, STRETCH)
    yield from repeat(STRETCH, whole)
    if rest:
        yield rest
