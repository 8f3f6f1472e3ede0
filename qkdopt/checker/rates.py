"""Recompute working channels, noise, QBER and key rates from physics.

Plain loops over links, from :mod:`qkdopt.physics`. A co-propagating channel adds forward Raman
scattering, crosstalk and four-wave mixing, a counter-propagating one backward Raman scattering
only; in layout ``pair`` the other fibre adds none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import networkx as nx
import numpy as np

from qkdopt.checker.in_place import Foreign, foreign_light
from qkdopt.checker.lightpaths import Lit
from qkdopt.instance import Candidate, Instance, Link, NodeId, OffGridCandidate, RamanTable
from qkdopt.physics import fibre, fwm, keyrate, noise, raman
from qkdopt.result import AnyPlan, Tuning
from qkdopt.units import db_per_km_to_per_km, dbm_to_w, ghz_to_nm, loss_db_to_ratio

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
        if not _in_quantum_fibre(instance, link, from_a):
            continue
        for candidate in reserved:
            if instance.is_dark_near(channel, candidate):
                yield (
                    f"lightpaths: link {link.id} lights channel {channel} in the guard band of "
                    f"its QKD candidate at {instance.candidate_thz(candidate):g} THz; expected "
                    "it dark"
                )


def _in_quantum_fibre(instance: Instance, link: Link, from_a: bool) -> bool:
    return instance.fibre.layout == "single" or from_a == (link.qkd_direction == "a->b")


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
    qkd = instance.qkd
    quantum_thz = instance.candidate_thz(candidate)
    loss_db = _loss_db(instance, link)
    quantum_db = loss_db
    if isinstance(candidate, OffGridCandidate) and candidate.loss_db_per_km is not None:
        quantum_db = loss_db * candidate.loss_db_per_km / instance.fibre.loss_db_per_km
    power_w = _classical_power_w(instance, link, quantum_thz, quantum_db, lit)
    power_w += _amplifier_power_w(instance, quantum_thz, quantum_db)
    clicks = noise.noise_clicks_per_gate(
        power_w,
        quantum_thz,
        insertion_loss_db=qkd.insertion_loss_db,
        detector_efficiency=qkd.detector_efficiency,
        gate_ps=qkd.gate_ps,
    )
    eta = keyrate.channel_transmittance(
        quantum_db,
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
    qber = keyrate.quantum_bit_error_rate(clicks, eta, protocol=protocol)
    return LinkRate(float(clicks), float(qber), float(skr))


def _loss_db(instance: Instance, link: Link) -> float:
    if link.loss_db is not None:
        return link.loss_db
    if link.loss_db_per_km is not None:
        return link.loss_db_per_km * link.length_km
    return instance.fibre.loss_db_per_km * link.length_km


def _classical_power_w(
    instance: Instance,
    link: Link,
    quantum_thz: float,
    quantum_db: float,
    lit: list[tuple[int, bool]],
) -> float:
    """Compute the power [W] that lit channels and foreign light add in the quantum filter."""
    loss_db = _loss_db(instance, link)
    usual_dbm = _launch_dbm(instance, link, loss_db)
    launch_w = float(dbm_to_w(usual_dbm))
    a_classical = float(db_per_km_to_per_km(loss_db / link.length_km))
    a_quantum = float(db_per_km_to_per_km(quantum_db / link.length_km))
    width_nm = float(ghz_to_nm(instance.qkd.filter_ghz, quantum_thz))
    total_w, co_thz = 0.0, []
    light: list[Foreign] = [(channel, from_a, None) for channel, from_a in lit]
    light += foreign_light(instance, link)
    for channel, from_a, own_dbm in light:
        power_w = launch_w if own_dbm is None else float(dbm_to_w(own_dbm))
        if not _in_quantum_fibre(instance, link, from_a):
            continue
        channel_thz = instance.grid.frequency_thz(channel)
        co_propagating = from_a == (link.qkd_direction == "a->b")
        scatter = raman.forward_raman_power if co_propagating else raman.backward_raman_power
        rho = _cross_section(instance, channel_thz, quantum_thz)
        total_w += float(
            scatter(
                power_w, rho, width_nm, link.length_km,
                loss_classical_per_km=a_classical, loss_quantum_per_km=a_quantum,
            )
        )  # fmt: skip
        if co_propagating:
            co_thz.append(channel_thz)
            total_w += _crosstalk_w(instance, link, power_w, a_classical, channel_thz, quantum_thz)
    mixing = instance.other_noise.four_wave_mixing
    if mixing is not None and len(co_thz) > 1:
        total_w += float(
            fwm.four_wave_mixing_power(
                launch_w, np.array(sorted(co_thz)), quantum_thz, link.length_km,
                loss_per_km=a_classical, gamma_per_w_km=mixing.gamma_per_w_km,
                dispersion_ps_nm_km=mixing.dispersion_ps_nm_km,
                dispersion_slope_ps_nm2_km=mixing.dispersion_slope_ps_nm2_km,
            )
        )  # fmt: skip
    return total_w


def _launch_dbm(instance: Instance, link: Link, loss_db: float) -> float:
    """Return the launch power of a lit channel into the link, from either end [dBm]."""
    classical = instance.classical
    for launch_dbm in (link.launch_dbm, classical.launch_dbm):
        if launch_dbm is not None:
            return launch_dbm
    assert classical.receiver_sensitivity_dbm is not None  # validated: one of the two
    return float(
        fibre.receiver_sensitivity_launch_dbm(
            classical.receiver_sensitivity_dbm, loss_db, classical.margin_db
        )
    )


def _cross_section(instance: Instance, channel_thz: float, quantum_thz: float) -> float:
    settings = instance.fibre
    if isinstance(settings.raman_profile, RamanTable):
        table = raman.MeasuredCrossSection(
            np.array(settings.raman_profile.offset_nm),
            np.array(settings.raman_profile.rho_per_km_nm),
        )
        return float(
            raman.measured_cross_section(
                channel_thz, quantum_thz, table=table, raman_scale=settings.raman_scale
            )
        )
    gnpy = settings.raman_profile == "gnpy"
    return float(
        raman.cross_section(
            channel_thz,
            quantum_thz,
            profile=raman.gnpy_profile() if gnpy else raman.hollenbeck_cantrell_profile(),
            temperature_k=settings.temperature_k,
            raman_scale=settings.raman_scale,
            effective_area_um2=settings.effective_area_um2,
        )
    )


def _crosstalk_w(
    instance: Instance,
    link: Link,
    launch_w: float,
    loss_per_km: float,
    channel_thz: float,
    quantum_thz: float,
) -> float:
    crosstalk = instance.other_noise.crosstalk
    if crosstalk is None:
        return 0.0
    adjacent = 1e3 * abs(channel_thz - quantum_thz) < 1.5 * instance.grid.spacing_ghz
    isolation_db = crosstalk.adjacent_isolation_db if adjacent else crosstalk.isolation_db
    return float(
        noise.linear_crosstalk_power(
            launch_w, isolation_db, link.length_km, loss_per_km=loss_per_km
        )
    )


def _amplifier_power_w(instance: Instance, quantum_thz: float, quantum_db: float) -> float:
    amplifier = instance.other_noise.amplifier
    if amplifier is None:
        return 0.0
    emitted = noise.amplifier_ase_power(
        quantum_thz,
        spontaneous_emission_factor=amplifier.spontaneous_emission_factor,
        gain_db=amplifier.gain_db,
        bandwidth_ghz=instance.qkd.filter_ghz,
        rejection_db=amplifier.rejection_db,
    )
    return float(emitted * loss_db_to_ratio(quantum_db))


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
