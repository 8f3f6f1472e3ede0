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
from qkdopt.simulation.curves import rate_curves
from qkdopt.simulation.options import SimulationOptions
from qkdopt.simulation.orders import channel_order
from qkdopt.simulation.refusals import validate_noise
from qkdopt.units import FloatArray

MOST_KEPT = 16
_KEPT_ROUTES: dict[tuple[object, ...], tuple[tuple[Route, ...], ...]] = {}


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
        Tabulated key rates, see :func:`qkdopt.simulation.curves.rate_curves`.
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
        The instance has noise that is no sum over lightpaths.
    """
    faults = validate_noise(instance)
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
        dark_skr=np.where(
            known, tables.skr_bps(tables.background_noise, tables.transmittance), 0.0
        ),
        signal=-np.expm1(-eta * rate[0]),
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
    key = (nodes, links, instance.routes.k, instance.fibre.layout)
    if key not in _KEPT_ROUTES:
        finder = RouteFinder(instance)
        found = tuple(
            finder.shortest(source, target, instance.routes.k) if source != target else ()
            for source in nodes
            for target in nodes
        )
        if len(_KEPT_ROUTES) >= MOST_KEPT:
            _KEPT_ROUTES.clear()
        _KEPT_ROUTES[key] = found
    return _KEPT_ROUTES[key]
