"""Physics of one link in plain Python, written from the equations alone.

Shares no code with the package: instances are read as data, the shipped Raman profiles as CSV.
"""

from __future__ import annotations

import csv
import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from qkdopt.instance import Instance, Link

C_M_S = 299_792_458.0
H_J_S = 6.626_070_15e-34
K_J_K = 1.380_649e-23
DATA = Path(__file__).parents[2] / "qkdopt" / "physics" / "data"

# (channel, whether light travels from the link's end a to its end b)
Lit = frozenset[tuple[int, bool]]


def centre_thz(instance: Instance, candidate) -> float:
    """Centre frequency [THz] of a channel number or of an off-grid candidate."""
    if isinstance(candidate, int):
        return instance.grid.first_thz + candidate * instance.grid.spacing_ghz * 1e-3
    return candidate.frequency_thz


def candidates(instance: Instance, link: Link) -> tuple:
    """Candidate QKD channels of a link in the file's order; none without QKD."""
    if not link.qkd:
        return ()
    if link.candidates is not None:
        return tuple(link.candidates)
    if instance.qkd.candidates == "all":
        return tuple(range(instance.grid.channels))
    return tuple(instance.qkd.candidates)


def is_dark(instance: Instance, channel: int, candidate) -> bool:
    """Whether a reserved candidate keeps a channel dark.

    The band has the full width of the guard, and at least of one grid spacing; a channel on the
    very edge (to 1 kHz) may be lit.
    """
    apart_ghz = 1e3 * abs(centre_thz(instance, channel) - centre_thz(instance, candidate))
    full_ghz = max(instance.qkd.guard_ghz, instance.grid.spacing_ghz)
    return full_ghz / 2.0 - apart_ghz > 1e-6


def foreign(instance: Instance, link: Link) -> list[tuple[int, bool, float | None]]:
    """Foreign light on a link: (channel, whether it travels a to b, own power [dBm] or None)."""
    found = []
    for path in instance.lightpaths or ():
        if path.demand is None:
            for k in range(len(path.route) - 1):
                ends = path.route[k], path.route[k + 1]
                if set(ends) == {link.a, link.b} and (
                    path.links is None or path.links[k] == link.id
                ):
                    found += [(w, ends[0] == link.a, path.launch_dbm) for w in path.channels]
    return found


def unavailable(instance: Instance, link: Link, channel: int, forward: bool) -> bool:
    """Whether new light may not use a channel of a link in a direction of travel."""
    for entry in link.unavailable or ():
        if isinstance(entry, int):
            if entry == channel:
                return True
            continue
        if entry.direction is not None and entry.direction != ("a->b" if forward else "b->a"):
            continue
        if entry.channels is not None:
            if channel in entry.channels:
                return True
        elif entry.first_thz - 1e-9 <= centre_thz(instance, channel) <= entry.last_thz + 1e-9:
            return True
    return False


def hears(instance: Instance, link: Link, forward: bool) -> bool:
    """Whether light in a direction of travel shares the quantum signal's fibre."""
    return instance.fibre.layout == "single" or forward == (link.qkd_direction == "a->b")


def interpolate(x: float, xs, ys) -> float:
    """Linear interpolation, the end values beyond the ends."""
    if x <= xs[0]:
        return ys[0]
    if x >= xs[-1]:
        return ys[-1]
    i = bisect_right(xs, x) - 1
    return ys[i] + (ys[i + 1] - ys[i]) * ((x - xs[i]) / (xs[i + 1] - xs[i]))


def _columns(name: str) -> list[tuple[float, ...]]:
    """Columns of a shipped CSV: one line with the source, one with the names, then numbers."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[2:]
    return list(zip(*([float(cell) for cell in row] for row in rows if row), strict=True))


@cache
def gnpy_gain() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Offsets [THz] and g0 [1/(W m)] of the measured profile."""
    offset, gain, *_ = _columns("gnpy_ssmf_raman_profile.csv")
    return offset, gain


@cache
def vibrational_gain() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Offsets [THz] and g0 [1/(W m)] of 13 vibrational modes, at the measured profile's peak.

    The imaginary part of the Fourier transform of the response over 0 to 4 ps in steps of 1 fs,
    at offsets of 0 to 42 THz in steps of 0.1 THz; negative values are none.
    """
    per_cm = 100.0 * C_M_S
    response = [0.0] * 4000
    for _, position, intensity, gaussian, lorentzian in zip(
        *_columns("hollenbeck_cantrell_2002_table1.csv"), strict=True
    ):
        omega = 2.0 * math.pi * per_cm * position
        decay, spread = math.pi * per_cm * lorentzian, math.pi * per_cm * gaussian
        for step in range(4000):
            t = step * 1e-15
            wave = math.sin(omega * t) * math.exp(-decay * t - (spread * t) ** 2 / 4.0)
            response[step] += intensity * wave
    offsets = tuple(0.1 * step for step in range(421))
    shape = []
    for offset in offsets:
        turn = 2.0 * math.pi * offset * 1e12 * 1e-15
        shape.append(
            max(0.0, math.fsum(math.sin(turn * s) * value for s, value in enumerate(response)))
        )
    peak, highest = max(shape), max(gnpy_gain()[1])
    return offsets, tuple(value / peak * highest for value in shape)


@dataclass(frozen=True)
class Glass:
    """What the fibre of a link is made of: the network's values, or those of the link's type."""

    loss_db_per_km: float
    raman_scale: float
    effective_area_um2: float


def glass_of(instance: Instance, link: Link) -> Glass:
    """Fibre of a link; losses measured on the link are not in it."""
    loss, area = instance.fibre.loss_db_per_km, instance.fibre.effective_area_um2
    scale = instance.fibre.raman_scale
    for own in instance.fibres or ():
        if own.id == link.fibre:
            scale *= own.raman_ratio
            loss = loss if own.loss_db_per_km is None else own.loss_db_per_km
            area = area if own.effective_area_um2 is None else own.effective_area_um2
    return Glass(loss, scale, area)


def cross_section(
    instance: Instance, glass: Glass, classical_thz: float, quantum_thz: float
) -> float:
    """Cross-section into the quantum channel [1/(km nm)]."""
    fibre = instance.fibre
    profile = fibre.raman_profile
    if not isinstance(profile, str):
        offset_nm = C_M_S * 1e-3 / quantum_thz - C_M_S * 1e-3 / classical_thz
        measured = interpolate(offset_nm, profile.offset_nm, profile.rho_per_km_nm)
        return glass.raman_scale * measured
    offset_thz = max(abs(classical_thz - quantum_thz), 1e-6)
    xs, ys = gnpy_gain() if profile == "gnpy" else vibrational_gain()
    g0 = interpolate(offset_thz, xs, ys) if offset_thz <= xs[-1] else 0.0
    gain = g0 * (max(classical_thz, quantum_thz) / 206.184634112792)
    gain *= 75.7466 / glass.effective_area_um2
    phonons = 1.0 / math.expm1(H_J_S * offset_thz * 1e12 / (K_J_K * fibre.temperature_k))
    if quantum_thz < classical_thz:
        occupation = 1.0 + phonons
    else:
        occupation = phonons * quantum_thz / classical_thz
    wavelength_m = C_M_S / (quantum_thz * 1e12)
    photon_j = H_J_S * quantum_thz * 1e12
    return (
        glass.raman_scale * 2.0 * photon_j * gain * occupation * C_M_S / wavelength_m**2 * 1e-6
    )  # fmt: skip


def ratio(loss_db: float) -> float:
    """Share of power that a loss [dB] lets pass."""
    return 10.0 ** (-loss_db / 10.0)


def relative_drop(x: float) -> float:
    """``(1 - e^-x) / x`` for x >= 0; 1 at 0."""
    return -math.expm1(-x) / x if x > 0.0 else 1.0


def receiver_of(instance: Instance, link: Link) -> SimpleNamespace:
    """QKD of a link: every field that its system gives, else the network's.

    A system that gives a protocol, a table or a surface has no other rates than those.
    """
    values = {name: getattr(instance.qkd, name) for name in type(instance.qkd).model_fields}
    for own in instance.qkd_systems or ():
        if own.id == link.qkd_system:
            rates = [name for name in ("protocol", "skr_table", "surface") if getattr(own, name)]
            if rates:
                values["skr_table"] = values["surface"] = None
            for name in values:
                if getattr(own, name, None) is not None:
                    values[name] = getattr(own, name)
    return SimpleNamespace(**values)


@dataclass
class LinkLight:
    """Noise and key rate of one link with one candidate.

    Parameters
    ----------
    instance, link, candidate
        As data.
    """

    instance: Instance
    link: Link
    candidate: object

    def __post_init__(self) -> None:
        instance, link = self.instance, self.link
        self.qkd = receiver_of(instance, link)
        self.quantum_thz = centre_thz(instance, self.candidate)
        self.glass = glass_of(instance, link)
        if link.loss_db is not None:
            self.loss_db = link.loss_db
        elif link.loss_db_per_km is not None:
            self.loss_db = link.length_km * link.loss_db_per_km
        else:
            self.loss_db = link.length_km * self.glass.loss_db_per_km
        own = None if isinstance(self.candidate, int) else self.candidate.loss_db_per_km
        scale = 1.0 if own is None else own / self.glass.loss_db_per_km
        self.quantum_db = self.loss_db * scale
        self.launch_w = 1e-3 * 10.0 ** (self._launch_dbm() / 10.0)
        channels = range(instance.grid.channels)
        self.by_channel = {
            (w, forward): self._clicks(self._power_w(w, forward))
            for w in channels
            for forward in (True, False)
        }
        unlit_w = self._amplifier_w()
        self.foreign_co: list[int] = []
        for w, forward, own_dbm in foreign(instance, link):
            if hears(instance, link, forward):
                ratio_w = 1.0
                if own_dbm is not None:
                    ratio_w = 1e-3 * 10.0 ** (own_dbm / 10.0) / self.launch_w
                unlit_w += self._power_w(w, forward) * ratio_w
                if forward == (link.qkd_direction == "a->b"):
                    self.foreign_co.append(w)
        self.unlit = self._clicks(unlit_w)

    def noise(self, lit: Lit) -> float:
        """Noise clicks per gate from the lit channels, those in the other fibre left out."""
        heard = [(w, f) for w, f in lit if hears(self.instance, self.link, f)]
        total = math.fsum([self.unlit, *(self.by_channel[key] for key in heard)])
        if self.instance.other_noise.four_wave_mixing is not None:
            co = self.link.qkd_direction == "a->b"
            channels = [*self.foreign_co, *(w for w, f in heard if f == co)]
            total += self._clicks(self._mixing_w(sorted(channels)))
        return total

    def skr_bps(self, noise: float) -> float:
        """Secret key rate [bit/s] at a noise."""
        qkd = self.qkd
        if qkd.skr_table is not None:
            return interpolate(noise, qkd.skr_table.noise_per_gate, qkd.skr_table.skr_bps)
        if qkd.surface is not None:
            return surface_bps(qkd.surface, self.quantum_db + qkd.insertion_loss_db, noise)
        eta = qkd.detector_efficiency * ratio(self.quantum_db + qkd.insertion_loss_db)
        return qkd.repetition_mhz * 1e6 * max(0.0, decoy_rate(qkd, eta, noise))

    def _launch_dbm(self) -> float:
        classical = self.instance.classical
        if self.link.launch_dbm is not None:
            return self.link.launch_dbm
        if classical.launch_dbm is not None:
            return classical.launch_dbm
        return classical.receiver_sensitivity_dbm + self.loss_db + classical.margin_db

    def _clicks(self, power_w: float) -> float:
        qkd = self.qkd
        photons = power_w * qkd.gate_ps * 1e-12 / (H_J_S * self.quantum_thz * 1e12)
        return photons * ratio(qkd.insertion_loss_db) * qkd.detector_efficiency

    def _power_w(self, channel: int, forward: bool) -> float:
        """Light [W] that one lit channel puts into the quantum filter."""
        classical_thz = centre_thz(self.instance, channel)
        rho = cross_section(self.instance, self.glass, classical_thz, self.quantum_thz)
        width_nm = C_M_S * self.qkd.filter_ghz * 1e-6 / self.quantum_thz**2
        co = forward == (self.link.qkd_direction == "a->b")
        scattered = self.launch_w * rho * width_nm * self._reach_km(co)
        return scattered + (self._crosstalk_w(classical_thz) if co else 0.0)

    def _reach_km(self, co: bool) -> float:
        """Length [km] over which light scatters into the receiver, losses counted."""
        classical, quantum = (db * math.log(10.0) / 10.0 for db in (self.loss_db, self.quantum_db))
        if co:
            kept = math.exp(-min(classical, quantum))
            return self.link.length_km * kept * relative_drop(abs(classical - quantum))
        return self.link.length_km * relative_drop(classical + quantum)

    def _crosstalk_w(self, classical_thz: float) -> float:
        crosstalk = self.instance.other_noise.crosstalk
        if crosstalk is None:
            return 0.0
        apart_ghz = 1e3 * abs(classical_thz - self.quantum_thz)
        adjacent = apart_ghz < 1.5 * self.instance.grid.spacing_ghz
        isolation = crosstalk.adjacent_isolation_db if adjacent else crosstalk.isolation_db
        if apart_ghz > 15e3 and crosstalk.other_band_isolation_db is not None:
            isolation = crosstalk.other_band_isolation_db
        return self.launch_w * ratio(self.loss_db) * ratio(isolation)

    def _amplifier_w(self) -> float:
        amplifier = self.instance.other_noise.amplifier
        if amplifier is None:
            return 0.0
        photon_j = H_J_S * self.quantum_thz * 1e12
        gained = 10.0 ** (amplifier.gain_db / 10.0) - 1.0
        emitted = 2.0 * amplifier.spontaneous_emission_factor * photon_j * gained
        emitted *= self.qkd.filter_ghz * 1e9
        return emitted * ratio(amplifier.rejection_db) * ratio(self.quantum_db)

    def _mixing_w(self, channels: list[int]) -> float:
        """Four-wave mixing [W] of co-propagating channels."""
        f = {w: centre_thz(self.instance, w) for w in channels}
        strength = 0.0
        for i in channels:
            for j in channels:
                for k in channels:
                    if i > j or k in (i, j) or abs(f[i] + f[j] - f[k] - self.quantum_thz) >= 1e-3:
                        continue
                    degeneracy = 3.0 if i == j else 6.0
                    strength += degeneracy**2 * self._mixing_efficiency(f[i] - f[k], f[j] - f[k])
        gamma = self.instance.other_noise.four_wave_mixing.gamma_per_w_km
        loss = self.loss_db * math.log(10.0) / 10.0
        effective_km = self.link.length_km * relative_drop(loss)
        power = gamma**2 / 9.0 * self.launch_w**3 * math.exp(-loss) * effective_km**2
        return strength * power

    def _mixing_efficiency(self, first_thz: float, second_thz: float) -> float:
        mixing = self.instance.other_noise.four_wave_mixing
        wavelength_m = C_M_S / (self.quantum_thz * 1e12)
        first, second = abs(first_thz) * 1e12, abs(second_thz) * 1e12
        slope = mixing.dispersion_slope_ps_nm2_km * 1e3
        dispersion = mixing.dispersion_ps_nm_km * 1e-6
        dispersion += wavelength_m**2 / (2.0 * C_M_S) * (first + second) * slope
        mismatch = 2.0 * math.pi * wavelength_m**2 / C_M_S * first * second * dispersion * 1e3
        loss = self.loss_db * math.log(10.0) / 10.0
        per_km, length = loss / self.link.length_km, self.link.length_km
        wave = math.sin(mismatch * length / 2.0) ** 2
        ripple = 4.0 * math.exp(-loss) * wave / math.expm1(-loss) ** 2
        return per_km**2 / (per_km**2 + mismatch**2) * (1.0 + ripple)


def surface_bps(surface, loss_db: float, noise: float) -> float:
    """Key rate [bit/s] of a surface: linear in transmittance, then in noise; none beyond it."""
    losses = surface.losses_db
    # One loss summed in another order is no other loss.
    if loss_db > losses[-1] + 1e-6:
        return 0.0
    passed = [ratio(loss) for loss in reversed(losses)]
    columns = zip(*reversed(surface.skr_bps), strict=True)
    curve = [interpolate(ratio(loss_db), passed, column) for column in columns]
    return interpolate(noise, surface.noises_per_gate, curve)


def entropy(share: float) -> float:
    """Binary entropy of an error rate, one above 1/2 taken as 1/2."""
    p = min(share, 0.5)
    if p <= 0.0:
        return 0.0
    return -p * math.log2(p) - (1.0 - p) * math.log2(1.0 - p)


def decoy_rate(qkd, eta: float, noise: float) -> float:
    """Key rate of decoy-state BB84 before clipping [bit/pulse]."""
    mu, wrong = qkd.mean_photon_number, qkd.misalignment
    y0 = 2.0 * qkd.dark_count_per_gate + noise

    def gain_and_errors(photons: float) -> tuple[float, float]:
        signal = -math.expm1(-eta * photons)
        both = y0 * signal if qkd.yields == "exact" else 0.0
        return y0 + signal - both, y0 / 2.0 + wrong * signal

    gain, errors = gain_and_errors(mu)
    if qkd.decoys == "infinite":
        y1 = y0 + eta if qkd.yields == "approximate" else y0 + eta - y0 * eta
        e1 = (y0 / 2.0 + wrong * eta) / y1 if y1 > 0.0 else 0.5
    else:
        nu = qkd.weak_photon_number
        weak_gain, weak_errors = gain_and_errors(nu)
        y1 = weak_gain * math.exp(nu) - gain * math.exp(mu) * nu**2 / mu**2
        y1 -= (mu**2 - nu**2) / mu**2 * y0
        y1 = max(0.0, y1 * mu / (mu * nu - nu**2))
        e1 = (weak_errors * math.exp(nu) - y0 / 2.0) / (y1 * nu) if y1 > 0.0 else 0.5
        e1 = min(max(e1, 0.0), 0.5)
    if gain <= 0.0:
        return 0.0
    secret = y1 * mu * math.exp(-mu) * (1.0 - entropy(e1))
    leak = qkd.error_correction_efficiency * gain * entropy(errors / gain)
    return qkd.sifting * (secret - leak)
