"""A network compiled for the simulator.

Channels are kept in *positions*: position 0 is the first that first fit tries, so that every
static order of channels is first fit on permuted bits. Position p is bit ``p & 63`` of word
``p >> 6``; the last two bits of a word stay unused, and their positions empty.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qkdopt.errors import UsageError
from qkdopt.heuristics.annealing.rate import rate_arguments
from qkdopt.instance import Instance
from qkdopt.problem.coefficients import BoolArray, IntArray, Tables
from qkdopt.problem.routes import Route, RouteFinder
from qkdopt.simulation.curves import rate_curves
from qkdopt.simulation.options import SimulationOptions
from qkdopt.simulation.orders import channel_order
from qkdopt.simulation.refusals import noise_faults
from qkdopt.units import FloatArray

# Bits in use of a word of 64: signed arithmetic must not meet its sign.
WORD = 62
MOST_KEPT = 16
_KEPT_ROUTES: dict[tuple[object, ...], tuple[tuple[Route, ...], ...]] = {}


class CompiledNetwork(NamedTuple):
    """What stays the same during a run. ``E`` links, ``P`` positions, ``Q`` candidates.

    Parameters
    ----------
    nodes, pair_route
        Routes of (source n, target m) are those from ``pair_route[n * nodes + m]`` on.
    route_hop, hop_link, hop_side, hop_fibre
        ``(R + 1,)``, ``(H,)``, ... hops of each route: link, direction of travel, and fibre.
    ends
        ``(E, 2)`` nodes that a link joins.
    usable
        ``(E, 2, words)`` bits of the channels that may ever be lit, by fibre.
    hears
        ``(E, 2)`` whether light in a direction shares the quantum signal's fibre.
    full
        ``(words,)`` bits of all channels.
    outside
        ``(E, Q, words)`` bits of the channels outside of a candidate's guard band.
    blocks
        ``(E, 2, P, Q)`` 1 where light at a position lies in a candidate's guard band.
    noise
        ``(E, 2, P, Q)`` noise clicks per gate at a candidate from light at a position.
    floor, transmittance, candidates
        ``(E, Q)``, ``(E, Q)``, ``(E,)``: of each candidate, and how many a link has.
    alike
        ``(E,)`` whether a link's candidates have one transmittance: least noise is best.
    dark_skr
        ``(E, Q)`` key rate without light [bit/s].
    curve, curve_steps, curve_error
        Tabulated key rates, see :func:`qkdopt.simulation.curves.rate_curves`.
    rate, table
        For :func:`qkdopt.heuristics.annealing.rate.key_rate`.
    signal
        ``(E, Q)`` probability of a signal click per gate, 1 - exp(-eta mu).
    order
        ``(P,)`` channel at each position; -1 where none is.
    threshold
        Share of its dark rate below which a working channel is left.
    """

    nodes: int
    pair_route: IntArray
    route_hop: IntArray
    hop_link: IntArray
    hop_side: IntArray
    hop_fibre: IntArray
    ends: IntArray
    usable: IntArray
    hears: BoolArray
    full: IntArray
    outside: IntArray
    blocks: NDArray[np.int32]
    noise: FloatArray
    floor: FloatArray
    transmittance: FloatArray
    candidates: IntArray
    alike: IntArray
    dark_skr: FloatArray
    signal: FloatArray
    curve: FloatArray
    curve_steps: FloatArray
    curve_error: FloatArray
    rate: FloatArray
    table: FloatArray
    order: IntArray
    threshold: float


def compile_network(
    instance: Instance, tables: Tables, options: SimulationOptions
) -> CompiledNetwork:
    """Compile an instance for the simulator.

    Raises
    ------
    UsageError
        The instance has noise that is no sum over lightpaths.
    """
    faults = noise_faults(instance)
    if faults:
        raise UsageError("; ".join(faults))
    order = _positions(channel_order(tables, options.order))
    count = tables.candidate_count
    if options.strategy == "fixed":
        count = np.minimum(count, 1)
    known = np.arange(tables.floor.shape[1]) < count[:, None]
    eta = np.where(known, tables.transmittance, tables.transmittance[:, :1])
    heard = tables.blocks.transpose(0, 2, 1)[:, None] & tables.disturbs[:, :, None, None]
    routes = _routes_of_pairs(instance)
    hops = [route for found in routes for route in found]
    sides = np.array([int(not f) for route in hops for f in route.forward], dtype=np.int64)
    position = {node.id: n for n, node in enumerate(instance.network.nodes)}
    rate, table = rate_arguments(tables)
    alike = (np.ptp(eta, axis=1) == 0.0).astype(np.int64)
    curve, curve_steps, curve_error = rate_curves(tables, eta, alike)
    return CompiledNetwork(
        nodes=len(position),
        pair_route=np.cumsum([0, *(len(found) for found in routes)]),
        route_hop=np.cumsum([0, *(len(route.links) for route in hops)]),
        hop_link=np.array([e for route in hops for e in route.links], dtype=np.int64),
        hop_side=sides,
        hop_fibre=tables.fibres[sides].astype(np.int64),
        ends=np.array([[position[k.a], position[k.b]] for k in instance.network.links]),
        usable=_words(_usable_by_fibre(tables), order),
        hears=np.ascontiguousarray(tables.disturbs),
        full=_words(np.ones(tables.usable.shape[2], dtype=np.bool_), order),
        outside=_words(~tables.blocks & known[:, :, None], order),
        blocks=np.ascontiguousarray(heard[:, :, order, :].astype(np.int32)),
        noise=np.ascontiguousarray(tables.noise[:, :, order, :]),
        floor=np.ascontiguousarray(tables.floor),
        transmittance=np.ascontiguousarray(eta),
        candidates=count.astype(np.int64),
        alike=alike,
        dark_skr=np.where(known, tables.skr_bps(tables.floor, tables.transmittance), 0.0),
        signal=-np.expm1(-eta * rate[0]),
        curve=curve,
        curve_steps=curve_steps,
        curve_error=curve_error,
        rate=rate,
        table=table,
        order=order.astype(np.int64),
        threshold=options.threshold,
    )


def _routes_of_pairs(instance: Instance) -> tuple[tuple[Route, ...], ...]:
    """Routes of every ordered pair of nodes; none from a node to itself.

    The runs of a study share few networks: routes of the last ones are kept.
    """
    links = tuple((link.a, link.b, link.length_km) for link in instance.network.links)
    key = (tuple(node.id for node in instance.network.nodes), links, instance.routes.k)
    if key not in _KEPT_ROUTES:
        finder = RouteFinder(instance)
        found = tuple(
            finder.shortest(source, target, instance.routes.k) if source != target else ()
            for source in key[0]
            for target in key[0]
        )
        if len(_KEPT_ROUTES) >= MOST_KEPT:
            _KEPT_ROUTES.clear()
        _KEPT_ROUTES[key] = found
    return _KEPT_ROUTES[key]


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
