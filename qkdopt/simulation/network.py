"""A network compiled for the simulator: what light does to it, and what the key rates need."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qkdopt.errors import UsageError
from qkdopt.instance import Instance
from qkdopt.problem.coefficients import BoolArray, IntArray, Tables
from qkdopt.problem.network_tables import network_tables
from qkdopt.problem.routes import Route, RouteFinder
from qkdopt.simulation.options import SimulationOptions
from qkdopt.simulation.refusals import validate_network
from qkdopt.units import FloatArray

MOST_KEPT = 16
_KEPT_ROUTES: dict[tuple[object, ...], tuple[tuple[Route, ...], ...]] = {}
# Of the tabulated key rates, and of the search for where they end.
POINTS = 129
BISECTIONS = 60


class CompiledNetwork(NamedTuple):
    """What stays the same during a run. ``E`` links, ``P`` positions, ``Q`` candidates.

    Parameters
    ----------
    group_route, ..., order
        The fields of :class:`qkdopt.problem.network_tables.NetworkTables`; routes of (source n,
        target m) are group ``n * nodes + m``.
    nodes
        How many nodes there are.
    ends
        ``(E, 2)`` nodes that a link joins.
    transmittance
        ``(E, Q)`` of each candidate.
    alike
        ``(E,)`` whether a link's candidates have one transmittance: least noise is best.
    dark_skr
        ``(E, Q)`` key rate without light [bit/s].
    signal
        ``(E, Q)`` probability of a signal click per gate, 1 - exp(-eta mu).
    curve, curve_steps, curve_error
        Tabulated key rates, see :func:`rate_curves`.
    rate, table
        For :func:`qkdopt.physics.compiled_keyrate.key_rate`.
    threshold
        Share of its dark rate below which a working channel is left.
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
    nodes: int
    ends: IntArray
    transmittance: FloatArray
    alike: IntArray
    dark_skr: FloatArray
    signal: FloatArray
    curve: FloatArray
    curve_steps: FloatArray
    curve_error: FloatArray
    rate: FloatArray
    table: FloatArray
    threshold: float


def compile_network(
    instance: Instance, tables: Tables, options: SimulationOptions
) -> CompiledNetwork:
    """Compile an instance for the simulator.

    Parameters
    ----------
    instance
        The network; its demands and traffic are not used.
    tables
        Coefficients of the instance.
    options
        How requests are served; read are ``strategy``, ``order`` and ``threshold``.

    Raises
    ------
    UsageError
        The instance has noise that is no sum over lightpaths, or keys that take several paths.
    """
    faults = validate_network(instance)
    if faults:
        raise UsageError("; ".join(faults))
    light = network_tables(
        tables,
        _routes_of_pairs(instance),
        channels=channel_order(tables, options.order),
        first_candidate_only=options.strategy == "fixed",
    )
    known = np.arange(tables.background_noise.shape[1]) < light.candidates[:, None]
    eta = np.where(known, tables.transmittance, tables.transmittance[:, :1])
    position = {node.id: n for n, node in enumerate(instance.network.nodes)}
    rate, table = tables.key_rate_arguments()
    alike = (np.ptp(eta, axis=1) == 0.0).astype(np.int64)
    curve, curve_steps, curve_error = rate_curves(tables, eta, alike)
    return CompiledNetwork(
        **light._asdict(),
        nodes=len(position),
        ends=np.array([[position[k.a], position[k.b]] for k in instance.network.links]),
        transmittance=np.ascontiguousarray(eta),
        alike=alike,
        dark_skr=np.where(known, tables.candidate_skr_bps(tables.background_noise), 0.0),
        signal=-np.expm1(-eta * rate[:, :1]),
        curve=curve,
        curve_steps=curve_steps,
        curve_error=curve_error,
        rate=rate,
        table=table,
        threshold=options.threshold,
    )


def _routes_of_pairs(instance: Instance) -> tuple[tuple[Route, ...], ...]:
    """Routes of every ordered pair of nodes; none from a node to itself.

    The runs of a study share few networks: routes of the last ones are kept.
    """
    links = tuple((link.a, link.b, link.length_km) for link in instance.network.links)
    nodes = tuple(node.id for node in instance.network.nodes)
    key = (nodes, links, instance.routes, instance.fibre.layout)
    if key not in _KEPT_ROUTES:
        finder = RouteFinder(instance)
        found = tuple(
            finder.candidates(source, target, instance.routes.k) if source != target else ()
            for source in nodes
            for target in nodes
        )
        if len(_KEPT_ROUTES) >= MOST_KEPT:
            _KEPT_ROUTES.clear()
        _KEPT_ROUTES[key] = found
    return _KEPT_ROUTES[key]


def channel_order(tables: Tables, order: str) -> IntArray:
    """Return the channel at each position, ``(W,)``.

    Orders that depend on the state (random, most used, least used) start from first fit.
    """
    channels = np.arange(tables.usable.shape[2])
    if order == "last-fit":
        return channels[::-1].copy()
    if order == "raman-aware":
        return np.argsort(_average_noise(tables), kind="stable")
    return channels


def _average_noise(tables: Tables) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """``(W,)`` noise clicks per gate of a channel, averaged over links with the same weight."""
    positions = np.arange(tables.background_noise.shape[1])[None, :]
    known = (positions < tables.candidate_count[:, None])[:, None, None, :]
    candidate_noise = np.where(known, tables.noise, np.inf)
    # A link works on its quietest candidate.
    min_noise = np.where(
        (tables.candidate_count > 0)[:, None, None], candidate_noise.min(axis=3), 0.0
    )
    scale = min_noise.max(axis=(1, 2), keepdims=True)
    relative = np.divide(min_noise, scale, out=np.zeros_like(min_noise), where=scale > 0.0)
    return np.asarray(relative.mean(axis=(0, 1)))


def rate_curves(
    tables: Tables, eta: FloatArray, alike: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Tabulate the key rate of every link and candidate from no noise to where it ends.

    A policy weighs hundreds of places for one request. It reads their key rates from this table,
    off by less than a part in ten thousand of the dark rate; every rate that is counted is exact.

    Parameters
    ----------
    tables
        Coefficients of the instance: the key rate as a function of noise and transmittance.
    eta
        ``(E, Q)`` transmittance of each candidate, detector included.
    alike
        ``(E,)`` 1 where all candidates of a link have one transmittance, else 0.

    Returns
    -------
    rates
        ``(E, Q, POINTS)`` key rates [bit/s] at evenly spaced noise. Q is 1 where every link's
        candidates have one transmittance.
    steps
        ``(E, Q)`` steps of the table per noise click per gate.
    distance
        ``(E, Q)`` bound on the distance of table and exact rate [bit/s].
    """
    columns = 1 if alike.all() else eta.shape[1]
    eta = eta[:, :columns]
    end = _noise_without_key(tables, eta)
    noise = end[..., None] * np.linspace(0.0, 1.0, POINTS)
    every = tables.link_numbers[:, None, None]
    rates = tables.skr_bps(every, noise, np.broadcast_to(eta[..., None], noise.shape))
    # Curves that bend anywhere and as they please leave a chord by no more than they fall along it.
    bending = np.array([tables.bends(int(e)) is not None for e in tables.link_numbers])
    distance = np.where(bending[:, None], _fall(rates), _distance(rates))
    return np.ascontiguousarray(rates), (POINTS - 1) / end, distance


def _fall(rates: FloatArray) -> FloatArray:
    """Return the largest fall of a rate between two points of its table."""
    return np.asarray((-np.diff(rates, axis=-1)).max(axis=-1) + 1e-9 * rates[..., 0])


def _distance(rates: FloatArray) -> FloatArray:
    """Bound the distance of a table from the curve through its points.

    Between points a smooth curve leaves its chord by an eighth of its second difference, at a
    kink by a quarter; the half of the largest one nearby is on the safe side of both.
    """
    bend = np.abs(np.diff(rates, 2, axis=-1)).max(axis=-1)
    return np.asarray(0.5 * bend + 1e-9 * rates[..., 0])


def _noise_without_key(tables: Tables, eta: FloatArray) -> FloatArray:
    """Smallest noise without key, by bisection."""
    last = [max((1.0, *(tables.bends(int(e)) or ())[-1:])) for e in tables.link_numbers]
    low, high = np.zeros(eta.shape), np.repeat(np.array(last)[:, None], eta.shape[1], axis=1)
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        alive = tables.skr_bps(tables.link_numbers[:, None], middle, eta) > 0.0
        low, high = np.where(alive, middle, low), np.where(alive, high, middle)
    return np.asarray(high)
