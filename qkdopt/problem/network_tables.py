"""A network laid out for compiled code: routes as hops, coefficients by position.

Channels are kept in *positions*: position 0 is the first that first fit tries, so that every
static order of channels is first fit on permuted bits. Position p is bit ``p & 63`` of word
``p >> 6``; the last two bits of a word stay unused, and their positions empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qkdopt.problem.coefficients import BoolArray, IntArray, Tables
from qkdopt.problem.routes import Route
from qkdopt.units import FloatArray

# Bits in use of a word of 64: signed arithmetic must not meet its sign.
WORD = 62


class NetworkTables(NamedTuple):
    """What switching light reads. ``E`` links, ``P`` positions, ``Q`` candidates.

    Parameters
    ----------
    group_route
        Routes of group g (a demand, or an ordered pair of nodes) are those from
        ``group_route[g]`` to ``group_route[g + 1]``.
    route_hop, hop_link, hop_direction, hop_fibre
        ``(R + 1,)``, ``(H,)``, ... hops of each route, as :class:`qkdopt.problem.routes.Hop`.
    usable
        ``(E, 2, words)`` bits of the channels that may ever be lit, by fibre.
    in_quantum_fibre
        ``(E, 2)`` whether light in a direction shares the quantum signal's fibre.
    full
        ``(words,)`` bits of all channels.
    outside
        ``(E, Q, words)`` bits of the channels outside of a candidate's guard band.
    blocks
        ``(E, 2, P, Q)`` 1 where light at a position lies in a candidate's guard band.
    noise
        ``(E, 2, P, Q)`` noise clicks per gate at a candidate from light at a position.
    background_noise
        ``(E, Q)`` noise clicks per gate of each candidate with no channel lit.
    candidates
        ``(E,)`` how many candidates a link has.
    order
        ``(P,)`` channel at each position; -1 where none is.
    """

    group_route: IntArray
    route_hop: IntArray
    hop_link: IntArray
    hop_direction: IntArray
    hop_fibre: IntArray
    usable: IntArray
    in_quantum_fibre: BoolArray
    full: IntArray
    outside: IntArray
    blocks: NDArray[np.int32]
    noise: FloatArray
    background_noise: FloatArray
    candidates: IntArray
    order: IntArray


def network_tables(
    tables: Tables,
    groups: Sequence[Sequence[Route]],
    *,
    channels: IntArray | None = None,
    first_candidate_only: bool = False,
) -> NetworkTables:
    """Lay out coefficients and routes.

    Parameters
    ----------
    tables
        Coefficients of the instance.
    groups
        Candidate routes of every demand, or of every ordered pair of nodes.
    channels
        ``(W,)`` channels in the order in which they are tried; None for rising order.
    first_candidate_only
        Every link works on its first candidate, whatever else it has.
    """
    width = tables.usable.shape[2]
    order = _positions(np.arange(width) if channels is None else channels)
    count = tables.candidate_count
    if first_candidate_only:
        count = np.minimum(count, 1)
    known = np.arange(tables.background_noise.shape[1]) < count[:, None]
    route_hop, hops = hops_of(groups)
    return NetworkTables(
        group_route=np.cumsum([0, *(len(routes) for routes in groups)]),
        route_hop=route_hop,
        hop_link=hops[:, 0].copy(),
        hop_direction=hops[:, 1].copy(),
        hop_fibre=hops[:, 2].copy(),
        usable=_words(_usable_by_fibre(tables), order),
        in_quantum_fibre=np.ascontiguousarray(tables.in_quantum_fibre),
        full=_words(np.ones(width, dtype=np.bool_), order),
        outside=_words(~tables.blocks & known[:, :, None], order),
        blocks=np.ascontiguousarray(guard_blocks(tables)[:, :, order, :].astype(np.int32)),
        noise=np.ascontiguousarray(tables.noise[:, :, order, :]),
        # Degradations raise it in place.
        background_noise=tables.background_noise.copy(),
        candidates=count.astype(np.int64),
        order=order,
    )


def hops_of(groups: Sequence[Sequence[Route]]) -> tuple[IntArray, IntArray]:
    """Return ``(R + 1,)`` first hop of each route, and ``(H, 3)`` hops of all routes in turn."""
    routes = [route for group in groups for route in group]
    hops = np.array([hop for route in routes for hop in route.hops], dtype=np.int64)
    start = np.cumsum([0, *(len(route.links) for route in routes)]).astype(np.int64)
    return start, hops.reshape(-1, 3)


def guard_blocks(tables: Tables) -> BoolArray:
    """``(E, 2, W, Q)`` whether light on a channel lies in a candidate's guard band."""
    in_fibre = tables.in_quantum_fibre[:, :, None, None]
    return np.asarray(tables.blocks.transpose(0, 2, 1)[:, None] & in_fibre)


def position_of(channel: int) -> int:
    """Return the position of a channel in the order from 0 on."""
    return channel // WORD * 64 + channel % WORD


def _usable_by_fibre(tables: Tables) -> BoolArray:
    """``(E, 2, W)`` channels that may be lit in a fibre; layout single has fibre 0 alone."""
    if tables.fibres[0] != tables.fibres[1]:
        return tables.usable
    return np.repeat(tables.usable.all(axis=1, keepdims=True), 2, axis=1)


def _positions(channels: IntArray) -> IntArray:
    """Channel at each position: ``WORD`` of them a word, then two empty positions."""
    words = -(-len(channels) // WORD)
    order = np.full((words, 64), -1, dtype=np.int64)
    for k in range(words):
        part = channels[k * WORD : (k + 1) * WORD]
        order[k, : len(part)] = part
    return order.ravel()


def _words(flags: BoolArray, order: IntArray) -> IntArray:
    """Pack flags by channel (the last axis) into words of bits by position."""
    placed = flags[..., order] & (order >= 0)
    parts = placed.reshape(*placed.shape[:-1], -1, 64)[..., :WORD].astype(np.int64)
    return np.ascontiguousarray((parts << np.arange(WORD)).sum(axis=-1))


def flags_of(words: IntArray, order: IntArray) -> BoolArray:
    """Unpack words of bits by position (the last axis) into flags by channel, ``(..., W)``."""
    bits = (words[..., None] >> np.arange(64)) & 1
    placed = bits.reshape(*words.shape[:-1], -1)[..., order >= 0]
    flags = np.zeros(placed.shape, dtype=np.bool_)
    flags[..., order[order >= 0]] = placed == 1
    return flags
