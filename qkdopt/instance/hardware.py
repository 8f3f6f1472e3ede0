"""What the light meets: the DWDM grid, the fibre, the classical transmitters, other noise."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from qkdopt.instance.base import (
    Count,
    FrequencyThz,
    LossDb,
    LossDbPerKm,
    NotNegative,
    Part,
    PowerDbm,
    TemperatureK,
    WidthGhz,
)

C_BAND_THZ = (191.3, 196.1)
# Further apart than the ends of C and L band, and less than the O band is from either.
OTHER_BAND_THZ = 15.0


class Grid(Part):
    """The DWDM grid. Channels are numbered from 0 at the lowest frequency."""

    channels: Annotated[Count, Field(le=2000)] = 40
    """Number of classical channels."""
    first_thz: FrequencyThz = 192.1
    """Centre of channel 0 [THz]."""
    spacing_ghz: WidthGhz = 100.0
    """Distance of neighbouring channels [GHz]."""

    def frequency_thz(self, channel: int) -> float:
        """Centre frequency [THz] of a channel number."""
        return self.first_thz + channel * self.spacing_ghz * 1e-3

    def warnings(self) -> Iterator[str]:
        """Yield a warning when channels lie outside the C band."""
        low, high = C_BAND_THZ
        first, last = self.first_thz, self.frequency_thz(self.channels - 1)
        if first < low - 1e-6 or last > high + 1e-6:
            room = 1 + math.floor((high - low) * 1e3 / self.spacing_ghz + 1e-6)
            yield (
                f"grid: {self.channels} channels of {self.spacing_ghz:g} GHz reach from {first:g} "
                f"to {last:g} THz, beyond the C band of {low:g} to {high:g} THz, which has room "
                f"for {room}; a smaller grid.spacing_ghz, such as 50, fits more"
            )

    def faults(self) -> Iterator[str]:
        """Yield a fault when the last channel leaves the optical window."""
        last = self.frequency_thz(self.channels - 1)
        if last > 260.0:
            yield (
                f"grid: {self.channels} channels of {self.spacing_ghz:g} GHz end at {last:g} THz; "
                "expected at most 260 THz (spacing given in MHz?)"
            )


class RamanTable(Part):
    """A measured Raman cross-section against wavelength offset.

    It must reach from every channel of the grid to every candidate QKD channel.
    """

    offset_nm: Annotated[tuple[float, ...], Field(min_length=2)]
    """Quantum minus classical wavelength [nm], strictly rising."""
    rho_per_km_nm: Annotated[tuple[NotNegative, ...], Field(min_length=2)]
    """Cross-section at each offset [1/(km nm)]."""

    def faults(self) -> Iterator[str]:
        """Yield each broken rule of the table."""
        if len(self.offset_nm) != len(self.rho_per_km_nm):
            yield (
                f"raman_profile: {len(self.offset_nm)} offsets and {len(self.rho_per_km_nm)} "
                "values; expected as many of one as of the other"
            )
        pairs = zip(self.offset_nm, self.offset_nm[1:], strict=False)
        if any(low >= high for low, high in pairs):
            yield "raman_profile.offset_nm: not strictly rising; expected rising offsets"
        if max(self.rho_per_km_nm) > 1e-6:
            yield (
                f"raman_profile.rho_per_km_nm: up to {max(self.rho_per_km_nm):g}; expected about "
                "1e-9 /(km nm) (given in 1e-9 units?)"
            )


class Fibre(Part):
    """Fibre type and layout, the same for every link."""

    layout: Literal["single", "pair"] = "single"
    """``single``: both directions share one fibre. ``pair``: one fibre per direction."""
    loss_db_per_km: LossDbPerKm = 0.2
    """Attenuation at the classical channels [dB/km], where a link has no loss of its own."""
    raman_profile: Literal["gnpy", "hollenbeck-cantrell"] | RamanTable = "gnpy"
    """Raman gain against frequency offset, or a measured cross-section."""
    raman_scale: Annotated[float, Field(gt=0.0, le=10.0)] = 1.0
    """kappa: factor on the cross-section (1 = first principles; 0.62 is literature-like)."""
    temperature_k: TemperatureK = 300.0
    """Fibre temperature [K]."""
    effective_area_um2: Annotated[float, Field(ge=20.0, le=300.0)] = 83.0
    """Effective area [um^2]; 83 for G.652."""


class FourWaveMixing(Part):
    """Fibre nonlinearity and dispersion for four-wave mixing noise."""

    gamma_per_w_km: Annotated[float, Field(gt=0.0, le=20.0)] = 1.3
    """Nonlinear coefficient [1/(W km)]."""
    dispersion_ps_nm_km: Annotated[float, Field(ge=-200.0, le=200.0)] = 17.0
    """Chromatic dispersion [ps/(nm km)]."""
    dispersion_slope_ps_nm2_km: Annotated[float, Field(ge=-1.0, le=1.0)] = 0.056
    """Dispersion slope [ps/(nm^2 km)]."""


class Crosstalk(Part):
    """Linear crosstalk of the demultiplexer, cascaded filters included."""

    adjacent_isolation_db: LossDb = 80.0
    """Isolation from a channel at most one grid spacing away [dB]."""
    isolation_db: LossDb = 85.0
    """Isolation from any other channel [dB]."""
    other_band_isolation_db: Annotated[float, Field(ge=0.0, le=200.0)] | None = None
    """Isolation from a channel more than 15 THz away, as the O band is from the C band [dB];
    ``isolation_db`` where not given."""


class AmplifierNoise(Part):
    """Spontaneous emission of an amplifier at each link's input, behind a rejection filter."""

    spontaneous_emission_factor: Annotated[float, Field(ge=1.0, le=20.0)] = 1.5
    """n_sp, at least 1."""
    gain_db: LossDb = 15.0
    """Gain of the amplifier [dB]."""
    rejection_db: Annotated[float, Field(ge=0.0, le=200.0)] = 100.0
    """Rejection of the filter behind it, in the quantum band [dB]."""


class Classical(Part):
    """Launch power of every classical channel, restored at every node.

    Either fixed, or just enough for the receiver at the link's far end; a link's own
    ``launch_dbm`` takes its place there.
    """

    launch_dbm: PowerDbm | None = None
    """Power per channel at the start of every link [dBm]."""
    receiver_sensitivity_dbm: PowerDbm | None = None
    """Least power that a classical receiver needs at the far end of a link [dBm]."""
    margin_db: Annotated[float, Field(ge=0.0, le=40.0)] = 0.0
    """Added to sensitivity plus link loss; only with ``receiver_sensitivity_dbm``."""

    def faults(self) -> Iterator[str]:
        """Yield a fault unless exactly one way of setting the power is given."""
        if (self.launch_dbm is None) == (self.receiver_sensitivity_dbm is None):
            yield (
                "classical: expected exactly one of launch_dbm and receiver_sensitivity_dbm, "
                f"read {'neither' if self.launch_dbm is None else 'both'}"
            )


class OtherNoise(Part):
    """Noise beside Raman scattering; each term is off where it is null."""

    four_wave_mixing: FourWaveMixing | None = None
    """Mixing of co-propagating lit channels into the quantum channel."""
    crosstalk: Crosstalk | None = None
    """Light that the demultiplexer leaks into the quantum channel."""
    amplifier: AmplifierNoise | None = None
    """Amplifier noise in the quantum channel, on dark links too."""


__all__ = [
    "AmplifierNoise",
    "Classical",
    "Crosstalk",
    "Fibre",
    "FourWaveMixing",
    "Grid",
    "OtherNoise",
    "RamanTable",
]
