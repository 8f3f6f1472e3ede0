"""Recompute working channels, noise, QBER and key rates from physics.

Plain loops over links, from :mod:`qkdopt.physics`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import networkx as nx
import numpy as np

from qkdopt.checker.in_place import foreign_light
from qkdopt.checker.lightpaths import Lit
from qkdopt.checker.noise_power import in_quantum_fibre, noise_power, quantum_loss_db
from qkdopt.checker.qkd_systems import link_qkd
from qkdopt.checker.shared_keys import shared_rates
from qkdopt.checker.surface import surface_rate
from qkdopt.instance import Candidate, Instance, Link, NodeId
from qkdopt.physics import keyrate, noise
from qkdopt.result import AnyPlan, Tuning

FREQUENCY_TOLERANCE_THZ = 1e-6


@dataclass(frozen=True, slots=True)
class LinkRate:
    """Recomputed numbers of a link's working channel."""

    noise_per_gate: float
    qber: float
    skr_bps: float


def working_candidate(instance: Instance, link: Link, row: Tuning) -> Candidate | None:
    """Return the candidate that a result row names; None where the link has no such candidate.

    Parameters
    ----------
    instance
        The instance.
    link
        The link of the row.
    row
        Row of the result, with a channel or a frequency.
    """
    for candidate in instance.candidates_of(link):
        if isinstance(candidate, int):
            if row.channel == candidate and row.frequency_thz is None:
                return candidate
        elif row.channel is None and row.frequency_thz is not None:
            offset = abs(row.frequency_thz - candidate.frequency_thz)
            if offset < FREQUENCY_TOLERANCE_THZ:
                return candidate
    return None


def validate_working_channels(instance: Instance, result: AnyPlan, lit: Lit) -> Iterator[str]:
    """Yield every link without one working channel or with a lit guard band (C3, C4).

    Parameters
    ----------
    instance
        The instance.
    result
        A result or a saved plan.
    lit
        Lit channels by link.
    """
    links = {link.id: link for link in instance.network.links}
    listed = Counter(row.link for row in result.qkd)
    for name, times in listed.items():
        if name not in links:
            yield f"qkd: link {name!r}; expected the id of a link of {instance.name}"
        elif times > 1 or not links[name].qkd:
            yield f"qkd: link {name} has {times} working channels; expected {int(links[name].qkd)}"
    for link in instance.network.links:
        if link.qkd and not listed[link.id]:
            yield f"qkd: link {link.id} has no working channel; expected one"
    for row in result.qkd:
        if row.link in links:
            yield from _validate_guard_bands(instance, links[row.link], row, lit)


def _validate_guard_bands(instance: Instance, link: Link, row: Tuning, lit: Lit) -> Iterator[str]:
    working = working_candidate(instance, link, row)
    if working is None:
        label = row.channel if row.frequency_thz is None else f"{row.frequency_thz:g} THz"
        yield f"qkd: link {link.id} works on {label}; expected one of its candidates"
        return
    candidates = instance.candidates_of(link)
    reserved = candidates if instance.qkd.reserve == "all" else (working,)
    foreign = [(channel, from_a) for channel, from_a, _ in foreign_light(instance, link)]
    for channel, from_a in (*lit[link.id], *foreign):
        if not in_quantum_fibre(instance, link, from_a):
            continue
        for candidate in reserved:
            if instance.is_dark_near(channel, candidate):
                yield (
                    f"lightpaths: link {link.id} lights channel {channel} in the guard band of "
                    f"its QKD candidate at {instance.candidate_thz(candidate):g} THz; expected "
                    "it dark"
                )


def link_rates(instance: Instance, result: AnyPlan, lit: Lit) -> dict[str, LinkRate]:
    """Compute noise, QBER and key rate of every link with QKD.

    Parameters
    ----------
    instance
        The instance.
    result
        A result or a saved plan whose working channels are valid.
    lit
        Lit channels by link.
    """
    links = {link.id: link for link in instance.network.links}
    rates = {}
    for row in result.qkd:
        link = links[row.link]
        candidate = working_candidate(instance, link, row)
        assert candidate is not None  # validated before
        rates[link.id] = _link_rate(instance, link, candidate, lit[link.id])
    return rates


def _link_rate(
    instance: Instance, link: Link, candidate: Candidate, lit: list[tuple[int, bool]]
) -> LinkRate:
    qkd = link_qkd(instance, link)
    quantum_thz = instance.candidate_thz(candidate)
    power = noise_power(instance, link, candidate, lit)
    clicks = noise.noise_clicks_per_gate(
        power.total_w,
        quantum_thz,
        insertion_loss_db=qkd.insertion_loss_db,
        detector_efficiency=qkd.detector_efficiency,
        gate_ps=qkd.gate_ps,
    )
    eta = keyrate.channel_transmittance(
        quantum_loss_db(instance, link, candidate),
        insertion_loss_db=qkd.insertion_loss_db,
        detector_efficiency=qkd.detector_efficiency,
    )
    protocol = keyrate.DecoyBB84(
        mean_photon_number=qkd.mean_photon_number,
        misalignment=qkd.misalignment,
        detector_efficiency=qkd.detector_efficiency,
        dark_count_per_gate=qkd.dark_count_per_gate,
        error_correction_efficiency=qkd.error_correction_efficiency,
        sifting=qkd.sifting,
        repetition_hz=1e6 * qkd.repetition_mhz,
        weak_photon_number=None if qkd.decoys == "infinite" else qkd.weak_photon_number,
        yields=qkd.yields,
    )
    skr = keyrate.secret_key_rate_bps(clicks, eta, protocol=protocol)
    if qkd.skr_table is not None:
        skr = np.interp(clicks, qkd.skr_table.noise_per_gate, qkd.skr_table.skr_bps)
    if qkd.surface is not None:
        loss_db = quantum_loss_db(instance, link, candidate) + qkd.insertion_loss_db
        skr = np.asarray(surface_rate(qkd.surface, loss_db, float(clicks)))
    qber = keyrate.quantum_bit_error_rate(clicks, eta, protocol=protocol)
    return LinkRate(float(clicks), float(qber), float(skr))


def demand_rates(
    instance: Instance, result: AnyPlan, links: dict[str, LinkRate]
) -> dict[NodeId, tuple[float, frozenset[str]]]:
    """Compute the key rate of every served demand, and the links that may be its bottleneck.

    Parameters
    ----------
    instance
        The instance.
    result
        A result or a saved plan.
    links
        Recomputed numbers by link id.

    Returns
    -------
    rates
        Rate [bit/s] and bottlenecks by demand.
    """
    skr = {
        link.id: links[link.id].skr_bps if link.id in links else 0.0
        for link in instance.network.links
    }
    if instance.qkd.key_accounting == "shared":
        return shared_rates(instance, result, {name: rate.skr_bps for name, rate in links.items()})
    rates: dict[NodeId, tuple[float, frozenset[str]]] = {}
    for path in result.lightpaths:
        if instance.qkd.relay == "widest":
            rate = _widest(instance, skr, path.route[0], path.route[-1])
            bottlenecks = frozenset(name for name, value in skr.items() if value == rate)
        else:
            rate = min(skr[name] for name in path.links)
            bottlenecks = frozenset(name for name in path.links if skr[name] == rate)
        rates[path.demand] = rate, bottlenecks
    return rates


def _widest(instance: Instance, skr: dict[str, float], source: NodeId, target: NodeId) -> float:
    """Return the best bottleneck between two nodes: the highest rate whose links connect them."""
    graph = nx.Graph()
    graph.add_nodes_from(node.id for node in instance.network.nodes)
    for link in sorted(instance.network.links, key=lambda link: -skr[link.id]):
        graph.add_edge(link.a, link.b)
        if nx.has_path(graph, source, target):
            return skr[link.id]
    return 0.0
