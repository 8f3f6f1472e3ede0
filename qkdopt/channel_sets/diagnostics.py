"""Why a set wins: where the light is, and what key rate each channel would have beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qkdopt.channel_sets.evaluator import Diagnostics, PoolEvaluator
from qkdopt.channel_sets.placement import Placement, Pool, Sets
from qkdopt.problem.coefficients import Tables
from qkdopt.units import FloatArray

BLOCKS = 4


@dataclass(frozen=True)
class ChannelDiagnostics:
    """What explains a placement, averaged over looks at the network.

    ``W`` channels of the grid, ``C`` channels of the pool, ``E`` links.

    Parameters
    ----------
    name, channels
        Of the placement, and ``C`` of the pool's channels.
    lit
        ``(W,)`` share of links with QKD on which a channel is lit.
    skr_bps
        ``(C,)`` key rate that a link with QKD would have on a channel at this light, were its
        guard band dark: what Raman scattering alone allows.
    works
        ``(C,)`` share of links with QKD that work on a channel.
    noise
        ``(C, W)`` noise clicks per gate that one lightpath on w puts into channel c, mean over
        links with QKD and directions.
    links
        ``(E, C)`` as ``works``, link by link.
    """

    name: str
    channels: tuple[str, ...]
    lit: FloatArray
    skr_bps: FloatArray
    works: FloatArray
    noise: FloatArray
    links: FloatArray


def reasons(
    ground: PoolEvaluator, placement: Placement, blocks: int = BLOCKS
) -> ChannelDiagnostics:
    """Look at the network again and again under the first scenario."""
    pool = ground.pool_tables(ground.scenarios[0])
    sets = placement.of_links(ground.instance)
    diagnostics = [_Found.at(look, pool, sets) for look in ground.diagnostics(placement, blocks)]
    with_key = np.array([link.qkd for link in ground.instance.network.links])
    lit, rates, works = (
        np.mean([getattr(look, name) for look in diagnostics], axis=0)
        for name in ("lit", "skr_bps", "works")
    )
    named = Pool.of(ground.instance)
    return ChannelDiagnostics(
        name=named.title(placement),
        channels=tuple(named.spelled_channel(c) for c in range(len(named.candidates))),
        lit=lit[with_key].mean(axis=0),
        skr_bps=rates[with_key].mean(axis=0),
        works=works[with_key].mean(axis=0),
        noise=pool.noise[with_key].mean(axis=(0, 1)).T,
        links=works,
    )


@dataclass(frozen=True)
class _Found:
    """One look: ``(E, W)`` lit, ``(E, C)`` key rate on each channel and whether it works."""

    lit: FloatArray
    skr_bps: FloatArray
    works: FloatArray

    @classmethod
    def at(cls, look: Diagnostics, pool: Tables, sets: Sets) -> _Found:
        noise = pool.floor + np.einsum("edw,edwc->ec", look.light, pool.noise)
        works = np.zeros_like(noise)
        for e, chosen in enumerate(sets):
            if chosen:
                works[e, chosen[look.working[e]]] = 1.0
        return cls(look.light.max(axis=1), pool.skr_bps(noise, pool.transmittance), works)
