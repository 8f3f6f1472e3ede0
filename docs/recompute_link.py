"""Noise, QBER and key rate of one link from docs/physics.md alone (its sections 1 to 7).

The standard library and nothing else; ``recompute_plan.py`` uses it for whole results.
"""

from __future__ import annotations

import csv
from functools import cache
from math import exp, expm1, isclose, log, log2, pi, sin
from pathlib import Path
from typing import Any

Fields = dict[str, Any]
Lit = list[tuple[float, bool, float | None]]

C, H, K_B = 299_792_458.0, 6.626_070_15e-34, 1.380_649e-23
DATA = Path(__file__).parent.parent / "qkdopt" / "physics" / "data"
# Section 9, what a file leaves out. Parts of a link, a demand and the other noises follow.
DEFAULTS: dict[str, Fields] = {
    "grid": {"channels": 40, "first_thz": 192.1, "spacing_ghz": 100.0},
    "fibre": {
        "layout": "single", "loss_db_per_km": 0.2, "raman_profile": "gnpy", "raman_scale": 1.0,
        "temperature_k": 300.0, "effective_area_um2": 83.0,
    },
    "classical": {"launch_dbm": None, "receiver_sensitivity_dbm": None, "margin_db": 0.0},
    "qkd": {
        "decoys": "infinite", "yields": "paper", "mean_photon_number": 0.48,
        "weak_photon_number": 0.05, "misalignment": 0.015, "detector_efficiency": 0.2,
        "dark_count_per_gate": 1e-8, "gate_ps": 100.0, "repetition_mhz": 2.0,
        "error_correction_efficiency": 1.22, "sifting": 1.0, "insertion_loss_db": 0.0,
        "filter_ghz": 100.0, "guard_ghz": 200.0, "candidates": "all", "reserve": "working",
        "relay": "lightpath", "key_accounting": "per-demand", "pool_bits": None,
        "skr_table": None, "surface": None,
    },
    "crosstalk": {
        "adjacent_isolation_db": 80.0, "isolation_db": 85.0, "other_band_isolation_db": None,
    },
    "amplifier": {"spontaneous_emission_factor": 1.5, "gain_db": 15.0, "rejection_db": 100.0},
    "four_wave_mixing": {
        "gamma_per_w_km": 1.3, "dispersion_ps_nm_km": 17.0, "dispersion_slope_ps_nm2_km": 0.056,
    },
}  # fmt: skip


# Fields that have no default, or no part in any number.
OTHERS = {
    "instance": "schema name description preset network grid fibre classical qkd other_noise "
    "routes demands traffic fibres lightpaths moves_limit",
    "network": "nodes links source",
    "link": "id a b length_km loss_db loss_db_per_km launch_dbm qkd candidates qkd_direction "
    "fibre unavailable",
    "fibre type": "id loss_db_per_km raman_ratio effective_area_um2",
    "qkd": "protocol",
    "other_noise": "crosstalk amplifier four_wave_mixing",
    "light in place": "route links channels demand movable launch_dbm",
    "candidate": "frequency_thz loss_db_per_km",
}


def refuse_unknown(where: str, fields: Fields) -> None:
    """End where a file has a field that the page does not know: its numbers would be wrong."""
    known = {*DEFAULTS.get(where, {}), *OTHERS.get(where, "").split()}
    for name, value in fields.items():
        if name not in known and value is not None:
            raise SystemExit(f"{where}.{name} is not on the page: nothing can be recomputed")


class Setting:
    """An instance with its defaults filled in (section 9)."""

    def __init__(self, instance: Fields) -> None:
        for where in ("network", "other_noise", *DEFAULTS):
            refuse_unknown(where, instance.get(where, {}))
        refuse_unknown("instance", instance)
        for link in instance["network"]["links"]:
            refuse_unknown("link", link)
        for own in instance.get("fibres") or []:
            refuse_unknown("fibre type", own)
        parts = {part: {**DEFAULTS[part], **instance.get(part, {})} for part in DEFAULTS}
        self.grid, self.fibre = parts["grid"], parts["fibre"]
        self.classical, self.qkd = parts["classical"], parts["qkd"]
        self.in_place = list(instance.get("lightpaths") or [])
        for path in self.in_place:
            refuse_unknown("light in place", path)
        self.fibres = {own["id"]: own for own in instance.get("fibres") or []}
        self.links = {link["id"]: link for link in instance["network"]["links"]}
        self.nodes = [node["id"] for node in instance["network"]["nodes"]]
        self.demands = instance.get("demands", [])
        given = instance.get("other_noise", {})
        for name in given:
            refuse_unknown(name, given[name] or {})
        self.other = {name: {**DEFAULTS[name], **(given[name] or {})}
                      for name in given if given[name] is not None}  # fmt: skip

    def channel_thz(self, channel: int) -> float:
        """Return the frequency of a channel [THz] (section 2)."""
        return float(self.grid["first_thz"] + channel * self.grid["spacing_ghz"] / 1000.0)

    def candidate_thz(self, candidate: Any) -> float:
        """Return the frequency of a candidate [THz]."""
        if isinstance(candidate, dict):
            return float(candidate["frequency_thz"])
        return self.channel_thz(candidate)

    def candidates(self, link: Fields) -> list[Any]:
        """Return the candidates of a link: channel numbers, or fields of one off the grid."""
        own = link.get("candidates") or self.qkd["candidates"]
        if own == "all":
            return list(range(self.grid["channels"]))
        for candidate in own:
            refuse_unknown("candidate", candidate if isinstance(candidate, dict) else {})
        return list(own)

    def in_guard(self, channel: int, quantum_thz: float) -> bool:
        """Return whether a channel is dark around a quantum channel (section 2)."""
        width_ghz = max(self.qkd["guard_ghz"], self.grid["spacing_ghz"])
        return 1000.0 * abs(self.channel_thz(channel) - quantum_thz) < width_ghz / 2.0 - 1e-6

    def fibre_of(self, link: Fields) -> Fields:
        """Return the fibre of a link: the network's, with what its type has (section 3)."""
        own = self.fibres.get(link.get("fibre"), {})
        changes = {
            name: own[name]
            for name in ("loss_db_per_km", "effective_area_um2")
            if own.get(name) is not None
        }
        scale = self.fibre["raman_scale"] * own.get("raman_ratio", 1.0)
        return {**self.fibre, **changes, "raman_scale": scale}

    def losses_db(self, link: Fields, candidate: object) -> tuple[float, float]:
        """Return the loss [dB] of the classical channels and of the quantum channel (section 3)."""
        fibre = self.fibre_of(link)
        per_km = link.get("loss_db_per_km") or fibre["loss_db_per_km"]
        loss_c = link["loss_db"] if link.get("loss_db") is not None else per_km * link["length_km"]
        own = candidate.get("loss_db_per_km") if isinstance(candidate, dict) else None
        return loss_c, loss_c if own is None else loss_c * own / fibre["loss_db_per_km"]

    def launch_w(self, link: Fields, loss_c: float) -> float:
        """Return the launch power of a channel [W] (section 3)."""
        launch_dbm = link.get("launch_dbm")
        if launch_dbm is None:
            launch_dbm = self.classical["launch_dbm"]
        if launch_dbm is None:
            sensitivity_dbm = self.classical["receiver_sensitivity_dbm"]
            launch_dbm = sensitivity_dbm + loss_c + self.classical["margin_db"]
        return float(1e-3 * 10.0 ** (launch_dbm / 10.0))


# -- section 4: the cross-section -----------------------------------------------------------


def linear(x: float, xs: list[float], ys: list[float], below: float, above: float) -> float:
    """Interpolate linearly; ``below`` and ``above`` outside."""
    if x < xs[0]:
        return below
    for x0, x1, y0, y1 in zip(xs, xs[1:], ys, ys[1:], strict=False):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return above


def rows_of(name: str) -> list[list[float]]:
    """Read a CSV: a line with its source, a line of names, then rows."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return [[float(cell) for cell in row] for row in list(csv.reader(file))[2:]]


@cache
def profile(name: str) -> tuple[list[float], list[float]]:
    """Return offsets [THz] and gains [1/(W m)] of a profile."""
    rows = rows_of("gnpy_ssmf_raman_profile.csv")
    measured = [row[0] for row in rows], [row[1] for row in rows]
    if name == "gnpy":
        return measured
    modes = rows_of("hollenbeck_cantrell_2002_table1.csv")
    times, per_cm = [k * 1e-15 for k in range(4000)], 100.0 * C
    response = [
        sum(
            a * exp(-pi * per_cm * lo * t) * exp(-((pi * per_cm * g) ** 2) * t * t / 4.0)
            * sin(2.0 * pi * per_cm * p * t)
            for _, p, a, g, lo in modes
        )
        for t in times
    ]  # fmt: skip
    offsets = [k / 10.0 for k in range(421)]
    shape = [
        max(
            0.0, sum(sin(2.0 * pi * d * 1e12 * t) * r for t, r in zip(times, response, strict=True))
        )
        for d in offsets
    ]
    return offsets, [s / max(shape) * max(measured[1]) for s in shape]


def cross_section(fibre: Fields, nu_c: float, nu_q: float) -> float:
    """Return rho [1/(km nm)]."""
    named = fibre["raman_profile"]
    if isinstance(named, dict):
        offset_nm = C * 1e-3 / nu_q - C * 1e-3 / nu_c
        xs, ys = named["offset_nm"], named["rho_per_km_nm"]
        return float(fibre["raman_scale"] * linear(offset_nm, xs, ys, ys[0], ys[-1]))
    d = max(abs(nu_c - nu_q), 1e-6)
    g = linear(d, *profile(named), 0.0, 0.0) * max(nu_c, nu_q) / 206.184634112792
    g *= 75.7466 / fibre["effective_area_um2"]
    n = 1.0 / expm1(H * d * 1e12 / (K_B * fibre["temperature_k"]))
    occupation = 1.0 + n if nu_q < nu_c else n * nu_q / nu_c
    per_km_nm = C / (C / (nu_q * 1e12)) ** 2 * 1e-6
    return float(fibre["raman_scale"] * 2.0 * H * nu_q * 1e12 * g * occupation * per_km_nm)


# -- section 5: power in the quantum filter ---------------------------------------------------


def effective_length_km(co: bool, a_c: float, a_q: float, length: float) -> float:
    """Return the effective length of Raman scattering [km]."""
    if not co:
        return -expm1(-(a_c + a_q) * length) / (a_c + a_q)
    if isclose(a_c, a_q, rel_tol=1e-12):
        return length * exp(-a_c * length)
    low, difference = min(a_c, a_q), abs(a_c - a_q)  # the page's quotient, without cancellation
    return exp(-low * length) * -expm1(-difference * length) / difference


def mixing_w(s: Setting, lit: list[float], nu_q: float, p: float, a: float, length: float) -> float:
    """Return the four-wave mixing power [W] of co-propagating channels [THz]."""
    mixing, wave, total = s.other["four_wave_mixing"], C / (nu_q * 1e12), 0.0
    slope = wave**2 / (2.0 * C) * mixing["dispersion_slope_ps_nm2_km"] * 1e3
    for i, nu_i in enumerate(lit):
        for j, nu_j in enumerate(lit[i:], start=i):
            for k, nu_k in enumerate(lit):
                if k in (i, j) or abs(nu_i + nu_j - nu_k - nu_q) >= 1e-3:
                    continue
                f1, f2 = abs(nu_i - nu_k) * 1e12, abs(nu_j - nu_k) * 1e12
                mismatch = mixing["dispersion_ps_nm_km"] * 1e-6 + slope * (f1 + f2)
                mismatch *= 1000.0 * 2.0 * pi * wave**2 / C * f1 * f2
                ripple = 4.0 * exp(-a * length) * sin(mismatch * length / 2.0) ** 2
                efficiency = 1.0 + ripple / expm1(-a * length) ** 2
                efficiency *= a**2 / (a**2 + mismatch**2)
                total += efficiency * (3.0 if i == j else 6.0) ** 2
    reach = -expm1(-a * length) / a
    return float(total * mixing["gamma_per_w_km"] ** 2 / 9.0 * p**3 * exp(-a * length) * reach**2)


def isolation_db(s: Setting, nu_c: float, nu_q: float) -> float:
    """Return the isolation [dB] from a channel: adjacent, in the band, or in another band."""
    crosstalk, apart_thz = s.other["crosstalk"], abs(nu_c - nu_q)
    other_band_db = crosstalk["other_band_isolation_db"]
    if 1000.0 * apart_thz < 1.5 * s.grid["spacing_ghz"]:
        return float(crosstalk["adjacent_isolation_db"])
    if apart_thz > 15.0 and other_band_db is not None:
        return float(other_band_db)
    return float(crosstalk["isolation_db"])


def power_w(s: Setting, link: Fields, candidate: object, nu_q: float, lit: Lit) -> float:
    """Return the power in the quantum filter [W].

    ``lit`` has frequency, whether it is co-propagating, and a launch power of its own [dBm].
    """
    loss_c, loss_q = s.losses_db(link, candidate)
    length, launch = link["length_km"], s.launch_w(link, loss_c)
    a_c, a_q = (loss / length * log(10.0) / 10.0 for loss in (loss_c, loss_q))
    width_nm = C * 1e-3 / nu_q * (s.qkd["filter_ghz"] / 1000.0) / nu_q
    fibre, total = s.fibre_of(link), 0.0
    for nu_c, co, own_dbm in lit:
        p = launch if own_dbm is None else 1e-3 * 10.0 ** (own_dbm / 10.0)
        reach = effective_length_km(co, a_c, a_q, length)
        total += p * cross_section(fibre, nu_c, nu_q) * width_nm * reach
        if co and "crosstalk" in s.other:
            total += p * exp(-a_c * length) * 10.0 ** (-isolation_db(s, nu_c, nu_q) / 10.0)
    if "amplifier" in s.other:
        amplifier = s.other["amplifier"]
        gain, passed = 10.0 ** (amplifier["gain_db"] / 10.0), amplifier["rejection_db"] + loss_q
        emitted = 2.0 * amplifier["spontaneous_emission_factor"] * H * nu_q * 1e12 * (gain - 1.0)
        total += emitted * s.qkd["filter_ghz"] * 1e9 * 10.0 ** (-passed / 10.0)
    if "four_wave_mixing" in s.other:
        co_thz = sorted(nu for nu, co, _ in lit if co)
        total += mixing_w(s, co_thz, nu_q, launch, a_c, length)
    return total


# -- sections 6 and 7: clicks, QBER, key rate ---------------------------------------------------


def clicks_per_gate(s: Setting, total_w: float, nu_q: float) -> float:
    """Return noise clicks per gate of both detectors together."""
    passed_w = total_w * 10.0 ** (-s.qkd["insertion_loss_db"] / 10.0)
    rate_w = passed_w * s.qkd["detector_efficiency"] * s.qkd["gate_ps"] * 1e-12
    return float(rate_w / (H * nu_q * 1e12))


def entropy(p: float) -> float:
    """Return the binary entropy, at most 1: error rates above 1/2 count as 1/2."""
    p = min(p, 0.5)
    return 0.0 if p <= 0.0 else -p * log2(p) - (1.0 - p) * log2(1.0 - p)


def qber_and_skr(s: Setting, noise: float, loss_q: float) -> tuple[float, float]:
    """Return QBER and key rate [bit/s] at a noise [clicks per gate] and a loss [dB]."""
    k = s.qkd
    mu, nu, e_d = k["mean_photon_number"], k["weak_photon_number"], k["misalignment"]
    y0 = 2.0 * k["dark_count_per_gate"] + noise
    eta = k["detector_efficiency"] * 10.0 ** (-(loss_q + k["insertion_loss_db"]) / 10.0)

    def signal(x: float) -> float:
        return -expm1(-eta * x)

    def gain(x: float) -> float:
        return y0 + signal(x) - (y0 * signal(x) if k["yields"] == "exact" else 0.0)

    def errors(x: float) -> float:
        return y0 / 2.0 + e_d * signal(x)

    if k["decoys"] == "infinite":
        y1 = y0 + eta - (0.0 if k["yields"] == "approximate" else y0 * eta)
        e1 = (y0 / 2.0 + e_d * eta) / y1 if y1 > 0.0 else 0.5
    else:
        rest = gain(mu) * exp(mu) * nu**2 / mu**2 + (mu**2 - nu**2) / mu**2 * y0
        y1 = max(0.0, mu / (mu * nu - nu**2) * (gain(nu) * exp(nu) - rest))
        e1 = (errors(nu) * exp(nu) - y0 / 2.0) / (y1 * nu) if y1 > 0.0 else 0.5
    qber = errors(mu) / gain(mu) if gain(mu) > 0.0 else 0.5
    leak = k["error_correction_efficiency"] * gain(mu) * entropy(qber)
    rate = k["sifting"] * (y1 * mu * exp(-mu) * (1.0 - entropy(e1)) - leak)
    skr = k["repetition_mhz"] * 1e6 * max(rate, 0.0)
    if k["skr_table"] is not None:
        rates = k["skr_table"]["skr_bps"]
        skr = linear(noise, k["skr_table"]["noise_per_gate"], rates, rates[0], 0.0)
    if k["surface"] is not None:
        noises, losses = k["surface"]["noises_per_gate"], k["surface"]["losses_db"]
        curve = [linear(noise, noises, row, row[0], 0.0) for row in k["surface"]["skr_bps"]]
        # Linear in the transmittance, which falls with loss.
        passed = [-(10.0 ** (-loss / 10.0)) for loss in losses]
        loss = round(loss_q + k["insertion_loss_db"], 9)
        skr = linear(-(10.0 ** (-loss / 10.0)), passed, curve, curve[0], 0.0)
    return qber, skr
