"""Diagnostics of a set: lit channels, and the key rate that each channel would have."""

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
    """Diagnostics of a placement, averaged over states of the network.

    ``W`` channels of the grid, ``C`` channels of the pool, ``E`` links.

    Parameters
    ----------
    name, channels
        Of the placement, and ``C`` of the pool's channels.
    lit
        ``(W,)`` share of links with QKD on which a channel is lit.
    skr_bps
        ``(C,)`` key rate [bit/s] that a link with QKD would have on a channel beside these lit
        channels, were its guard band dark: the limit by Raman scattering alone.
    works
        ``(C,)`` share of links with QKD that work on a channel.
    noise
        ``(C, W)`` noise clicks per gate by one lightpath on w in channel c, mean over
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


def channel_diagnostics(
    evaluator: PoolEvaluator, placement: Placement, blocks: int = BLOCKS
) -> ChannelDiagnostics:
    """Average states of the network under the first scenario.

    Parameters
    ----------
    evaluator
        Network and scenarios.
    placement
        Set to diagnose.
    blocks
        Number of blocks to average over.
    """
    pool = evaluator.pool_tables(evaluator.scenarios[0])
    sets = placement.of_links(evaluator.instance)
    diagnostics = [
        _State.at(state, pool, sets) for state in evaluator.diagnostics(placement, blocks)
    ]
    with_key = np.array([link.qkd for link in evaluator.instance.network.links])
    lit, rates, works = (
        np.mean([getattr(state, name) for state in diagnostics], axis=0)
        for name in ("lit", "skr_bps", "works")
    )
    named = Pool.of(evaluator.instance)
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
class _State:
    """State of the network: ``(E, W)`` lit, ``(E, C)`` key rate [bit/s] and 1 where it works."""

    lit: FloatArray
    skr_bps: FloatArray
    works: FloatArray

    @classmethod
    def at(cls, state: Diagnostics, pool: Tables, sets: Sets) -> _State:
        """Evaluate a state of the network.

        Parameters
        ----------
        state
            Lit and working channels.
        pool
            Tables with every channel of the pool as a candidate.
        sets
            ``(E,)`` candidate sets, as numbers of the pool.
        """
        noise = pool.background_noise + np.einsum("edw,edwc->ec", state.lit, pool.noise)
        works = np.zeros_like(noise)
        for e, chosen in enumerate(sets):
            if chosen:
                works[e, chosen[state.working[e]]] = 1.0
        return cls(state.lit.max(axis=1), pool.candidate_skr_bps(noise), works)
