"""The quantum side: protocol, detectors, candidate channels and their guard bands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from qkdopt.instance.base import GuardGhz, LossDb, NotNegative, Part, Share, WidthGhz
from qkdopt.instance.key_needs import KeyAccounting
from qkdopt.instance.network import Candidate
from qkdopt.physics.surface import surface_faults

Protocol = Literal["decoy-bb84"]
Decoys = Literal["infinite", "vacuum+weak"]
Yields = Literal["paper", "exact", "approximate"]
MeanPhotonNumber = Annotated[float, Field(gt=0.0, le=2.0)]
WeakPhotonNumber = Annotated[float, Field(gt=0.0, le=1.0)]
Misalignment = Annotated[float, Field(ge=0.0, lt=0.5)]
PositiveShare = Annotated[Share, Field(gt=0.0)]
GatePs = Annotated[float, Field(ge=1.0, le=1e6)]
RepetitionMhz = Annotated[float, Field(gt=0.0, le=1e5)]
Leakage = Annotated[float, Field(ge=1.0, le=2.0)]


class KeyRateTable(Part):
    """A measured secret key rate against noise, in place of the protocol's equations.

    It holds at the loss it was measured at: all links with QKD must have one loss, candidates
    off the grid included.
    """

    noise_per_gate: Annotated[tuple[NotNegative, ...], Field(min_length=2)]
    """Noise clicks per gate, strictly rising."""
    skr_bps: Annotated[tuple[NotNegative, ...], Field(min_length=2)]
    """Rate at each noise [bit/s], never rising, zero at the end."""

    def faults(self) -> Iterator[str]:
        """Yield each broken rule of the table."""
        if len(self.noise_per_gate) != len(self.skr_bps):
            yield "skr_table: expected as many rates as noises"
        if any(a >= b for a, b in zip(self.noise_per_gate, self.noise_per_gate[1:], strict=False)):
            yield "skr_table.noise_per_gate: not strictly rising; expected rising noise"
        if any(a < b for a, b in zip(self.skr_bps, self.skr_bps[1:], strict=False)):
            yield "skr_table.skr_bps: rises with noise; expected a rate that never rises"
        if self.skr_bps[-1] != 0.0:
            yield (
                f"skr_table.skr_bps: ends at {self.skr_bps[-1]:g}; expected 0 at the last noise "
                "(beyond it the rate is unknown)"
            )


class SurfaceGrid(Part):
    """Secret key rate over loss and noise, in place of the protocol's equations.

    Each link and candidate has the curve of its own loss. ``qkdopt rates`` makes one of a protocol
    or of a measurement.
    """

    losses_db: Annotated[tuple[NotNegative, ...], Field(min_length=2)]
    """Loss of fibre and receiver (``insertion_loss_db``) [dB], strictly rising."""
    noises_per_gate: Annotated[tuple[NotNegative, ...], Field(min_length=2)]
    """Noise clicks per gate, strictly rising, counted with this block's ``detector_efficiency``,
    ``gate_ps`` and ``filter_ghz``."""
    skr_bps: Annotated[tuple[tuple[NotNegative, ...], ...], Field(min_length=2)]
    """For each loss the rate at each noise [bit/s]: never rising with either, zero at the last
    noise."""
    source: str = ""
    """Where the rates come from: protocol and parameters, or the measurement."""

    def faults(self) -> Iterator[str]:
        """Yield each broken rule of the grid."""
        ragged = {len(row) for row in self.skr_bps} - {len(self.noises_per_gate)}
        if ragged:
            yield (
                f"surface.skr_bps: a row has {min(ragged)} rates; expected "
                f"{len(self.noises_per_gate)}, one for each noise"
            )
            return
        grid = (np.array(axis) for axis in (self.losses_db, self.noises_per_gate, self.skr_bps))
        yield from (f"surface.{fault}" for fault in surface_faults(*grid))


class Qkd(Part):
    """Decoy-state BB84 and the channels it may use.

    The rate follows Ma, Qi, Zhao and Lo, PRA 72, 012326 (2005).
    """

    protocol: Protocol = "decoy-bb84"
    decoys: Decoys = "infinite"
    """Infinitely many decoy states, or vacuum and one weak state."""
    yields: Yields = "paper"
    """``paper``: as the DS-QKD study has them, coincidences of background and signal count once in
    the yield of single photons and twice in the gain. ``exact``: once in both. ``approximate``:
    twice in both."""
    mean_photon_number: MeanPhotonNumber = 0.48
    """mu, mean photons of a signal pulse."""
    weak_photon_number: WeakPhotonNumber = 0.05
    """Of the weak decoy; only with ``vacuum+weak``."""
    misalignment: Misalignment = 0.015
    """e_d, share of signal photons that hit the wrong detector."""
    detector_efficiency: PositiveShare = 0.2
    """eta_d, of either detector."""
    dark_count_per_gate: Share = 1e-8
    """Dark counts per gate and detector."""
    gate_ps: GatePs = 100.0
    """Detection gate [ps]."""
    repetition_mhz: RepetitionMhz = 2.0
    """Pulses per second [MHz]."""
    error_correction_efficiency: Leakage = 1.22
    """f, leakage of error correction over the Shannon limit."""
    sifting: PositiveShare = 1.0
    """Share of pulses kept after basis comparison (1 in the paper's Eq. (1))."""
    insertion_loss_db: LossDb = 0.0
    """Of the receiver, filters included [dB]; it dims signal and noise alike."""
    filter_ghz: WidthGhz = 100.0
    """Width of the quantum filter [GHz]; noise is in proportion to it."""
    guard_ghz: GuardGhz = 200.0
    """Full width kept dark around a reserved QKD channel: with 200, channels 100 GHz away, on
    its very edge, may be lit."""
    candidates: Literal["all"] | Annotated[tuple[Candidate, ...], Field(min_length=1)] = "all"
    """Candidate QKD channels of every link that has none of its own."""
    reserve: Literal["working", "all"] = "working"
    """Which candidates stay free of classical light: the working one, or all of them."""
    relay: Literal["lightpath", "widest", "flow"] = "lightpath"
    """A demand's key goes along its own route, or along the widest (best bottleneck) one; with
    ``flow`` over any trusted nodes, split over several paths, where keys are shared."""
    key_accounting: KeyAccounting = "per-demand"
    """``per-demand``: as the DS-QKD study counts, each demand as if its links were its own.
    ``shared``: all demands that a link's key is relayed for share it (``docs/shared_keys.md``)."""
    pool_bits: NotNegative | None = None
    """Key that each link with QKD can store ahead of what is drawn [bit], for dynamic traffic where
    keys are shared; 0 where not given."""
    skr_table: KeyRateTable | None = None
    """Measured key rate against noise, in place of the equations."""
    surface: SurfaceGrid | None = None
    """Key rate over loss and noise, in place of the equations."""

    def faults(self) -> Iterator[str]:
        """Yield each broken rule between fields."""
        if self.surface is not None and self.skr_table is not None:
            yield "qkd: surface and skr_table are both given; expected at most one of them"
        if self.decoys == "vacuum+weak" and not self.weak_photon_number < self.mean_photon_number:
            yield (
                f"qkd.weak_photon_number = {self.weak_photon_number:g}; expected less than "
                f"mean_photon_number = {self.mean_photon_number:g}"
            )


__all__ = ["KeyRateTable", "Qkd", "SurfaceGrid"]
