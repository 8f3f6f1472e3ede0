"""Recompute the optical noise in the quantum filter of a link, source by source.

Foreign light in place is counted with the channels that a plan lights.

A co-propagating channel adds forward Raman scattering, crosstalk and four-wave mixing, a
counter-propagating one backward Raman scattering only; in layout ``pair`` the other fibre adds
none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qkdopt.checker.in_place import Foreign, foreign_light
from qkdopt.checker.qkd_systems import link_qkd
from qkdopt.instance import Candidate, Fibre, Instance, Link, OffGridCandidate, RamanTable
from qkdopt.instance.hardware import OTHER_BAND_THZ
from qkdopt.physics import fibre, fwm, noise, raman
from qkdopt.units import db_per_km_to_per_km, dbm_to_w, ghz_to_nm, loss_db_to_ratio


@dataclass(frozen=True, slots=True)
class ChannelPower:
    """What one lit channel adds in the quantum filter.

    Parameters
    ----------
    channel
        Channel of the grid.
    co_propagating
        Whether its light travels with the quantum signal.
    raman_w, crosstalk_w
        Raman scattering and crosstalk [W]; the latter of co-propagating channels alone.
    """

    channel: int
    co_propagating: bool
    raman_w: float
    crosstalk_w: float


@dataclass(frozen=True, slots=True)
class NoisePower:
    """Optical noise in the quantum filter of one link.

    Parameters
    ----------
    channels
        What each channel lit in the quantum fibre adds.
    mixing_w
        Four-wave mixing of co-propagating channels [W].
    amplifier_w
        Amplified spontaneous emission [W].
    """

    channels: tuple[ChannelPower, ...]
    mixing_w: float
    amplifier_w: float

    @property
    def total_w(self) -> float:
        """Return the sum of all sources [W]."""
        scattered = math.fsum(one.raman_w + one.crosstalk_w for one in self.channels)
        return scattered + self.mixing_w + self.amplifier_w


def noise_power(
    instance: Instance, link: Link, candidate: Candidate, lit: list[tuple[int, bool]]
) -> NoisePower:
    """Compute the noise power in the quantum filter.

    Parameters
    ----------
    instance
        The instance.
    link
        The link.
    candidate
        Candidate that the link works on.
    lit
        Its lit channels, and whether their light travels a -> b.
    """
    along = link.qkd_direction == "a->b"
    light: list[Foreign] = [(channel, from_a, None) for channel, from_a in lit]
    seen = [
        (channel, from_a == along, own_dbm)
        for channel, from_a, own_dbm in (*light, *foreign_light(instance, link))
        if in_quantum_fibre(instance, link, from_a)
    ]
    quantum_thz = instance.candidate_thz(candidate)
    quantum_db = quantum_loss_db(instance, link, candidate)
    return NoisePower(
        channels=tuple(
            _channel_power(instance, link, candidate, channel, own_dbm, co_propagating=co)
            for channel, co, own_dbm in seen
        ),
        mixing_w=_mixing_w(instance, link, quantum_thz, [c for c, co, _ in seen if co]),
        amplifier_w=_amplifier_power_w(instance, link, quantum_thz, quantum_db),
    )


def in_quantum_fibre(instance: Instance, link: Link, from_a: bool) -> bool:
    """Return whether light in a direction shares the quantum signal's fibre.

    Parameters
    ----------
    instance
        Instance, for the layout of its fibres.
    link
        The link.
    from_a
        Whether the light goes from its end ``a`` to ``b``.
    """
    return instance.fibre.layout == "single" or from_a == (link.qkd_direction == "a->b")


def quantum_loss_db(instance: Instance, link: Link, candidate: Candidate) -> float:
    """Return the loss [dB] of a link at a candidate.

    Parameters
    ----------
    instance
        Instance, for the loss of its fibres.
    link
        The link.
    candidate
        Channel of the grid, or a frequency off it, which may have a loss of its own.
    """
    loss_db = _loss_db(instance, link)
    if isinstance(candidate, OffGridCandidate) and candidate.loss_db_per_km is not None:
        return loss_db * candidate.loss_db_per_km / _fibre_of(instance, link).loss_db_per_km
    return loss_db


def _loss_db(instance: Instance, link: Link) -> float:
    if link.loss_db is not None:
        return link.loss_db
    if link.loss_db_per_km is not None:
        return link.loss_db_per_km * link.length_km
    return _fibre_of(instance, link).loss_db_per_km * link.length_km


def _fibre_of(instance: Instance, link: Link) -> Fibre:
    """Return the network's fibre with what the link's fibre type has in its place."""
    for own in instance.fibres or ():
        if own.id != link.fibre:
            continue
        changes: dict[str, float] = {"raman_scale": instance.fibre.raman_scale * own.raman_ratio}
        if own.loss_db_per_km is not None:
            changes["loss_db_per_km"] = own.loss_db_per_km
        if own.effective_area_um2 is not None:
            changes["effective_area_um2"] = own.effective_area_um2
        return instance.fibre.model_copy(update=changes)
    return instance.fibre


def _channel_power(
    instance: Instance,
    link: Link,
    candidate: Candidate,
    channel: int,
    own_dbm: float | None,
    *,
    co_propagating: bool,
) -> ChannelPower:
    loss_db = _loss_db(instance, link)
    quantum_db = quantum_loss_db(instance, link, candidate)
    usual_dbm = _launch_dbm(instance, link, loss_db)
    launch_w = float(dbm_to_w(usual_dbm if own_dbm is None else own_dbm))
    a_classical = float(db_per_km_to_per_km(loss_db / link.length_km))
    a_quantum = float(db_per_km_to_per_km(quantum_db / link.length_km))
    quantum_thz = instance.candidate_thz(candidate)
    channel_thz = instance.grid.frequency_thz(channel)
    scatter = raman.forward_raman_power if co_propagating else raman.backward_raman_power
    raman_w = scatter(
        launch_w,
        _cross_section(_fibre_of(instance, link), channel_thz, quantum_thz),
        float(ghz_to_nm(link_qkd(instance, link).filter_ghz, quantum_thz)),
        link.length_km,
        loss_classical_per_km=a_classical,
        loss_quantum_per_km=a_quantum,
    )
    crosstalk_w = 0.0
    if co_propagating:
        crosstalk_w = _crosstalk_w(instance, link, launch_w, a_classical, channel_thz, quantum_thz)
    return ChannelPower(channel, co_propagating, float(raman_w), crosstalk_w)


def _mixing_w(instance: Instance, link: Link, quantum_thz: float, channels: list[int]) -> float:
    """Compute four-wave mixing [W] of co-propagating channels."""
    mixing = instance.other_noise.four_wave_mixing
    if mixing is None or len(channels) < 2:
        return 0.0
    loss_db = _loss_db(instance, link)
    return float(
        fwm.four_wave_mixing_power(
            float(dbm_to_w(_launch_dbm(instance, link, loss_db))),
            np.array(sorted(instance.grid.frequency_thz(channel) for channel in channels)),
            quantum_thz, link.length_km,
            loss_per_km=float(db_per_km_to_per_km(loss_db / link.length_km)),
            gamma_per_w_km=mixing.gamma_per_w_km,
            dispersion_ps_nm_km=mixing.dispersion_ps_nm_km,
            dispersion_slope_ps_nm2_km=mixing.dispersion_slope_ps_nm2_km,
        )
    )  # fmt: skip


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


def _cross_section(settings: Fibre, channel_thz: float, quantum_thz: float) -> float:
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
    apart_thz = abs(channel_thz - quantum_thz)
    isolation_db = crosstalk.isolation_db
    if 1e3 * apart_thz < 1.5 * instance.grid.spacing_ghz:
        isolation_db = crosstalk.adjacent_isolation_db
    elif apart_thz > OTHER_BAND_THZ and crosstalk.other_band_isolation_db is not None:
        isolation_db = crosstalk.other_band_isolation_db
    return float(
        noise.linear_crosstalk_power(
            launch_w, isolation_db, link.length_km, loss_per_km=loss_per_km
        )
    )


def _amplifier_power_w(
    instance: Instance, link: Link, quantum_thz: float, quantum_db: float
) -> float:
    amplifier = instance.other_noise.amplifier
    if amplifier is None:
        return 0.0
    emitted = noise.amplifier_ase_power(
        quantum_thz,
        spontaneous_emission_factor=amplifier.spontaneous_emission_factor,
        gain_db=amplifier.gain_db,
        bandwidth_ghz=link_qkd(instance, link).filter_ghz,
        rejection_db=amplifier.rejection_db,
    )
    return float(emitted * loss_db_to_ratio(quantum_db))
