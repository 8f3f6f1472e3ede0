"""Coefficient tables: physics evaluated once per instance, as arrays.

``E`` links, ``W`` grid channels, ``Q`` the largest number of candidates of a link, and
two directions of travel: 0 along the link's file order a -> b, 1 against it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qkdopt.instance import Candidate, Instance, Link, RamanTable
from qkdopt.instance.hardware import OTHER_BAND_THZ
from qkdopt.physics import fwm, keyrate, noise, raman
from qkdopt.physics.fibre import receiver_sensitivity_launch_dbm
from qkdopt.problem.key_rates import KeyRates
from qkdopt.problem.light_in_place import available_channels, foreign_power
from qkdopt.units import FloatArray, db_per_km_to_per_km, dbm_to_w, ghz_to_nm

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Tables:
    """Everything a search or a model needs to know about light, without the physics.

    Parameters
    ----------
    noise
        ``(E, 2, W, Q)`` noise clicks per gate at a candidate from one lightpath on a
        channel in a direction. Zero in a fibre that carries no quantum signal.
    background_noise
        ``(E, Q)`` noise clicks per gate with no lightpath of a demand lit: that of foreign light
        is in it.
    transmittance
        ``(E, Q)`` of the quantum channel, detector included.
    blocks
        ``(E, Q, W)`` the channel lies in the guard band of the candidate.
    usable
        ``(E, 2, W)`` the channel may ever be lit in that direction: false where it is unavailable
        or foreign light has it, and around every candidate when all of them are reserved.
    in_quantum_fibre
        ``(E, 2)`` light in that direction shares the quantum signal's fibre.
    fibres
        ``(2,)`` fibre of each direction: ``(0, 0)`` in layout single, ``(0, 1)`` in pair.
    candidates
        Candidates of each link in the file's order; empty without QKD.
    """

    instance: Instance
    noise: FloatArray
    background_noise: FloatArray
    transmittance: FloatArray
    blocks: BoolArray
    usable: BoolArray
    in_quantum_fibre: BoolArray
    fibres: IntArray
    candidates: tuple[tuple[Candidate, ...], ...]

    @cached_property
    def candidate_count(self) -> IntArray:
        """``(E,)`` number of candidates; 0 on a link without QKD."""
        return np.array([len(c) for c in self.candidates], dtype=np.int64)

    @cached_property
    def link_numbers(self) -> IntArray:
        """``(E,)`` position of every link."""
        return np.arange(len(self.candidates), dtype=np.int64)

    @cached_property
    def _key_rates(self) -> tuple[tuple[KeyRates, ...], IntArray]:
        """Key rates that differ, and ``(E,)`` which of them each link has."""
        every: list[KeyRates] = []
        position = np.zeros(len(self.candidates), dtype=np.int64)
        qkd = [self.instance.qkd_of(link) for link in self.instance.network.links]
        for e, own in enumerate(qkd):
            rates = KeyRates.of(own)
            if rates not in every:
                every.append(rates)
            position[e] = every.index(rates)
        return tuple(every), position

    @property
    def key_rates(self) -> tuple[KeyRates, ...]:
        """Key rates of the QKD systems, each that differs from the others."""
        return self._key_rates[0]

    @property
    def key_rates_of(self) -> IntArray:
        """``(E,)`` position in ``key_rates`` of what each link has."""
        return self._key_rates[1]

    def restricted(self, columns: Sequence[Sequence[int]], instance: Instance) -> Tables:
        """Return the tables of a choice among the candidates, without evaluating physics again.

        Parameters
        ----------
        columns
            Per link the numbers of the candidates that stay, in their new order.
        instance
            What the tables are of from now on; its ``qkd.reserve`` says which channels stay dark.
        """
        width = max(1, *(len(chosen) for chosen in columns))
        # A link with fewer candidates is filled up with its first; the count hides them.
        filled = np.array([[*chosen, *[0] * (width - len(chosen))] for chosen in columns])
        counts = np.array([len(chosen) for chosen in columns])
        known = np.arange(width) < counts[:, None]
        rows = np.arange(len(columns))[:, None]
        blocks = self.blocks[rows, filled] & known[:, :, None]
        noise = np.take_along_axis(self.noise, filled[:, None, None, :], axis=3)
        return Tables(
            instance=instance,
            noise=noise * known[:, None, None, :],
            background_noise=self.background_noise[rows, filled] * known,
            transmittance=self.transmittance[rows, filled] * known,
            blocks=blocks,
            usable=_usable(instance, blocks, self.in_quantum_fibre),
            in_quantum_fibre=self.in_quantum_fibre,
            fibres=self.fibres,
            candidates=tuple(
                tuple(samples[c] for c in chosen)
                for samples, chosen in zip(self.candidates, columns, strict=True)
            ),
        )

    def bends(self, link: int) -> tuple[float, ...] | None:
        """Noise clicks per gate where a rate in place of the equations bends; linear between.

        None where the equations hold on this link.
        """
        return self.key_rates[int(self.key_rates_of[link])].bends

    def skr_bps(
        self, links: int | IntArray, noise_per_gate: FloatArray, transmittance: FloatArray
    ) -> FloatArray:
        """Exact key rate [bit/s] at a noise and a transmittance.

        Parameters
        ----------
        links
            Position of the link, or of many, as each has the key rate of its own QKD system.
        noise_per_gate, transmittance
            Noise clicks per gate, and transmittance; broadcast together, and with the links.
        """
        return self._by_link(KeyRates.skr_bps, links, noise_per_gate, transmittance)

    def candidate_skr_bps(self, noise_per_gate: FloatArray) -> FloatArray:
        """``(E, C)`` exact key rate [bit/s] of every candidate at its noise clicks per gate."""
        return self.skr_bps(self.link_numbers[:, None], noise_per_gate, self.transmittance)

    def qber(
        self, links: int | IntArray, noise_per_gate: FloatArray, transmittance: FloatArray
    ) -> FloatArray:
        """Quantum bit error rate at a noise and a transmittance; see :meth:`skr_bps`."""
        return self._by_link(KeyRates.qber, links, noise_per_gate, transmittance)

    def _by_link(
        self,
        evaluate: Callable[[KeyRates, FloatArray, FloatArray], FloatArray],
        links: int | IntArray,
        noise: FloatArray,
        transmittance: FloatArray,
    ) -> FloatArray:
        """Evaluate every point with the key rates that its link has."""
        if len(self.key_rates) == 1:
            return evaluate(self.key_rates[0], noise, transmittance)
        if isinstance(links, int | np.integer):
            return evaluate(self.key_rates[int(self.key_rates_of[links])], noise, transmittance)
        owner, noise, transmittance = np.broadcast_arrays(
            self.key_rates_of[links], noise, transmittance
        )
        values = np.zeros(owner.shape)
        for number, rates in enumerate(self.key_rates):
            chosen = owner == number
            values[chosen] = evaluate(rates, noise[chosen], transmittance[chosen])
        return values

    def key_rate_arguments(self) -> tuple[FloatArray, FloatArray]:
        """Return what :func:`qkdopt.physics.compiled_keyrate.key_rate` is called with.

        Returns
        -------
        tuple
            ``(E, 13)`` parameters of each link, and ``(S, 1 + L, 1 + N)`` key rates in place of
            the equations of each system, with their noises and transmittances; N = 0, and no
            transmittances, where no link has any.
        """
        # Whoever compiles nothing need not wait for the compiler's import.
        from qkdopt.physics.compiled_keyrate import rate_parameters

        grids = [rates.grid() for rates in self.key_rates]
        rows, columns = (max(grid.shape[axis] for grid in grids) for axis in (0, 1))
        table = np.zeros((len(grids), rows, columns))
        for number, grid in enumerate(grids):
            table[number, : grid.shape[0], : grid.shape[1]] = grid
        parameters = [
            rate_parameters(rates.protocol, number, *grid.shape)
            for number, (rates, grid) in enumerate(zip(self.key_rates, grids, strict=True))
        ]
        return np.array(parameters)[self.key_rates_of], table


def build_tables(instance: Instance) -> Tables:
    """Evaluate the physics of every link, channel and candidate of an instance."""
    links = instance.network.links
    candidates = tuple(instance.candidates_of(link) for link in links)
    width = max(1, *(len(c) for c in candidates))
    shape = (len(links), width)
    channels = instance.grid.channels
    coefficients = np.zeros((len(links), 2, channels, width))
    background_noise, transmittance = np.zeros(shape), np.zeros(shape)
    blocks = np.zeros((*shape, channels), dtype=np.bool_)
    for e, link in enumerate(links):
        for c, candidate in enumerate(candidates[e]):
            optics = LinkOptics(instance, link, candidate)
            coefficients[e, :, :, c] = optics.noise_per_channel()
            background_noise[e, c] = optics.noise_floor()
            transmittance[e, c] = optics.transmittance()
            blocks[e, c] = [instance.is_dark_near(w, candidate) for w in range(channels)]
    in_quantum_fibre = _in_quantum_fibre(instance)
    coefficients *= in_quantum_fibre[:, :, None, None]
    if instance.lightpaths:
        power = foreign_power(instance, lambda link: link_launch_dbm(instance, link))
        background_noise += np.einsum("edw,edwc->ec", power, coefficients)
    return Tables(
        instance=instance,
        noise=coefficients,
        background_noise=background_noise,
        transmittance=transmittance,
        blocks=blocks,
        usable=_usable(instance, blocks, in_quantum_fibre),
        in_quantum_fibre=in_quantum_fibre,
        fibres=np.array([0, 0] if instance.fibre.layout == "single" else [0, 1]),
        candidates=candidates,
    )


def _usable(instance: Instance, blocks: BoolArray, in_quantum_fibre: BoolArray) -> BoolArray:
    """``(E, 2, W)`` channels that may ever be lit; see :class:`Tables`."""
    usable = available_channels(instance)
    if instance.qkd.reserve == "all":
        usable &= ~(np.asarray(blocks.any(axis=1))[:, None, :] & in_quantum_fibre[:, :, None])
    return usable


def _in_quantum_fibre(instance: Instance) -> BoolArray:
    """``(E, 2)`` which direction of travel shares the quantum signal's fibre."""
    links = instance.network.links
    if instance.fibre.layout == "single":
        return np.array([[link.qkd, link.qkd] for link in links], dtype=np.bool_)
    along = [link.qkd and link.qkd_direction == "a->b" for link in links]
    against = [link.qkd and link.qkd_direction == "b->a" for link in links]
    return np.array([along, against], dtype=np.bool_).T


class LinkOptics:
    """Physics of one candidate QKD channel on one link.

    Parameters
    ----------
    instance
        The instance.
    link
        One of its links.
    candidate
        Candidate QKD channel: a channel of the grid, or an off-grid frequency.
    """

    def __init__(self, instance: Instance, link: Link, candidate: Candidate) -> None:
        self._instance = instance
        self._link = link
        self._quantum_thz = instance.candidate_thz(candidate)
        self._channel_thz = np.array(
            [instance.grid.frequency_thz(w) for w in range(instance.grid.channels)]
        )
        self._loss_db = link_loss_db(instance, link)
        self._quantum_loss_db = instance.candidate_loss_db(link, candidate)
        self._qkd = instance.qkd_of(link)

    def transmittance(self) -> float:
        """Transmittance of the quantum channel, receiver and detector included."""
        qkd = self._qkd
        return float(
            keyrate.channel_transmittance(
                self._quantum_loss_db,
                insertion_loss_db=qkd.insertion_loss_db,
                detector_efficiency=qkd.detector_efficiency,
            )
        )

    def noise_per_channel(self) -> FloatArray:
        """``(2, W)`` noise clicks per gate by one lightpath, in direction a -> b and b -> a."""
        launch_w = float(dbm_to_w(self.launch_dbm()))
        co, counter = self._raman_power(launch_w)
        leak = self._crosstalk_power(launch_w)
        along = self._clicks(co + leak)
        # Light against the quantum signal leaks into the receiver only by reflection.
        against = self._clicks(counter)
        if self._link.qkd_direction == "b->a":
            along, against = against, along
        return np.stack([along, against])

    def noise_floor(self) -> float:
        """Noise clicks per gate with no channel lit: amplifier noise, where it is on."""
        amplifier = self._instance.other_noise.amplifier
        if amplifier is None:
            return 0.0
        power_w = noise.amplifier_ase_power(
            self._quantum_thz,
            spontaneous_emission_factor=amplifier.spontaneous_emission_factor,
            gain_db=amplifier.gain_db,
            bandwidth_ghz=self._qkd.filter_ghz,
            rejection_db=amplifier.rejection_db,
        )
        passed = power_w * 10.0 ** (-self._quantum_loss_db / 10.0)
        return float(self._clicks(np.asarray(passed)))

    def four_wave_mixing_clicks(self, lit_thz: FloatArray) -> float:
        """Noise clicks per gate by four-wave mixing among co-propagating lit channels."""
        mixing = self._instance.other_noise.four_wave_mixing
        if mixing is None or len(lit_thz) < 2:
            return 0.0
        power_w = fwm.four_wave_mixing_power(
            float(dbm_to_w(self.launch_dbm())),
            lit_thz,
            self._quantum_thz,
            self._link.length_km,
            loss_per_km=self._per_km(self._loss_db),
            gamma_per_w_km=mixing.gamma_per_w_km,
            dispersion_ps_nm_km=mixing.dispersion_ps_nm_km,
            dispersion_slope_ps_nm2_km=mixing.dispersion_slope_ps_nm2_km,
        )
        return float(self._clicks(np.asarray(power_w)))

    def launch_dbm(self) -> float:
        """Launch power of a classical channel at the start of this link [dBm]."""
        return link_launch_dbm(self._instance, self._link)

    def _raman_power(self, launch_w: float) -> tuple[FloatArray, FloatArray]:
        rho = self._cross_section()
        width_nm = float(ghz_to_nm(self._qkd.filter_ghz, self._quantum_thz))
        args = (launch_w, rho, width_nm, self._link.length_km)
        losses = {
            "loss_classical_per_km": self._per_km(self._loss_db),
            "loss_quantum_per_km": self._per_km(self._quantum_loss_db),
        }
        return (
            raman.forward_raman_power(*args, **losses),
            raman.backward_raman_power(*args, **losses),
        )

    def _cross_section(self) -> FloatArray:
        fibre = self._instance.fibre
        if isinstance(fibre.raman_profile, RamanTable):
            table = raman.MeasuredCrossSection(
                offset_nm=np.array(fibre.raman_profile.offset_nm),
                rho_per_km_nm=np.array(fibre.raman_profile.rho_per_km_nm),
            )
            return raman.measured_cross_section(
                self._channel_thz,
                self._quantum_thz,
                table=table,
                raman_scale=self._instance.raman_scale(self._link),
            )
        profiles = {
            "gnpy": raman.gnpy_profile,
            "hollenbeck-cantrell": raman.hollenbeck_cantrell_profile,
        }
        return raman.cross_section(
            self._channel_thz,
            self._quantum_thz,
            profile=profiles[fibre.raman_profile](),
            temperature_k=fibre.temperature_k,
            raman_scale=self._instance.raman_scale(self._link),
            effective_area_um2=self._instance.effective_area_um2(self._link),
        )

    def _crosstalk_power(self, launch_w: float) -> FloatArray:
        crosstalk = self._instance.other_noise.crosstalk
        if crosstalk is None:
            return np.zeros_like(self._channel_thz)
        distance_ghz = 1e3 * np.abs(self._channel_thz - self._quantum_thz)
        near = distance_ghz < 1.5 * self._instance.grid.spacing_ghz
        isolation_db = np.where(near, crosstalk.adjacent_isolation_db, crosstalk.isolation_db)
        if crosstalk.other_band_isolation_db is not None:
            away = distance_ghz > 1e3 * OTHER_BAND_THZ
            isolation_db = np.where(away, crosstalk.other_band_isolation_db, isolation_db)
        return noise.linear_crosstalk_power(
            launch_w,
            isolation_db,
            self._link.length_km,
            loss_per_km=self._per_km(self._loss_db),
        )

    def _clicks(self, power_w: FloatArray) -> FloatArray:
        qkd = self._qkd
        return noise.noise_clicks_per_gate(
            power_w,
            self._quantum_thz,
            insertion_loss_db=qkd.insertion_loss_db,
            detector_efficiency=qkd.detector_efficiency,
            gate_ps=qkd.gate_ps,
        )

    def _per_km(self, loss_db: float) -> float:
        return float(db_per_km_to_per_km(loss_db / self._link.length_km))


def link_loss_db(instance: Instance, link: Link) -> float:
    """Loss [dB] of a link at the classical channels: measured, or length x fibre loss."""
    return instance.loss_db(link)


def link_launch_dbm(instance: Instance, link: Link) -> float:
    """Launch power [dBm] of a classical channel at either end of a link.

    The link's own where given; else the network's, or what the receiver's sensitivity asks.
    """
    if link.launch_dbm is not None:
        return link.launch_dbm
    classical = instance.classical
    if classical.launch_dbm is not None:
        return classical.launch_dbm
    assert classical.receiver_sensitivity_dbm is not None  # validated: one of the two
    return float(
        receiver_sensitivity_launch_dbm(
            classical.receiver_sensitivity_dbm, link_loss_db(instance, link), classical.margin_db
        )
    )
