"""Write the tables of ``docs/validation.md``: published values beside ours.

``python docs/validation_tables.py`` rewrites what stands between the page's marks. Ours come from
the package, but for the study's gains, which are those of ``docs/reproduction.md``.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from scipy.optimize import brentq

import qkdopt
from qkdopt.instance.generation import PRESETS
from qkdopt.physics.keyrate import (
    DecoyBB84,
    channel_transmittance,
    decoy_bb84_rate,
    secret_key_rate_bps,
    signal_gain,
    signal_qber,
)
from qkdopt.physics.raman import cross_section, gnpy_profile
from qkdopt.problem import build_problem
from qkdopt.units import SPEED_OF_LIGHT_M_PER_S

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "validation.md"
NM_THZ = SPEED_OF_LIGHT_M_PER_S * 1e-3
GYS = DecoyBB84(
    misalignment=0.033, detector_efficiency=0.045, dark_count_per_gate=0.85e-6, sifting=0.5
)
BACKGROUND = 1.7e-6
GYS_COLUMNS = {
    "R_inf_q0.5_mu0.48": (0.5, None),
    "R_inf_q1_mu0.48": (1.0, None),
    "R_vacweak_q0.5_mu0.48_nu0.05": (0.5, 0.05),
    "R_vacweak_q0.5_mu0.48_nu0.01": (0.5, 0.01),
}


def table(head: str, rows: Iterator[str]) -> Iterator[str]:
    """Yield a table of Markdown."""
    yield f"| {head} |"
    yield f"| {' | '.join('---' for _ in head.split(' | '))} |"
    yield from (f"| {row} |" for row in rows)


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read a CSV whose first lines are comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def gys_rows() -> list[dict[str, str]]:
    """Return the reference of the GYS parameters."""
    return rows_of(ROOT / "tests" / "physics" / "data" / "gys_ma2005.csv")


def gys_eta(km: float) -> float:
    """Return the transmittance of the GYS experiment."""
    return float(channel_transmittance(0.21 * km, insertion_loss_db=0.0, detector_efficiency=0.045))


def gys_protocol(sifting: float, weak: float | None) -> DecoyBB84:
    """Return the GYS parameters with a sifting and decoys."""
    fields = {name: getattr(GYS, name) for name in GYS.__slots__}
    return DecoyBB84(**{**fields, "sifting": sifting, "weak_photon_number": weak})


def ends() -> Iterator[str]:
    """Yield where the key ends."""
    for label, weak, published in (
        ("infinitely many", None, "about 142"),
        ("vacuum + weak, nu = 0.05", 0.05, "about 140"),
    ):
        protocol = gys_protocol(0.5, weak)

        def rate(km: float, protocol: DecoyBB84 = protocol) -> float:
            return float(decoy_bb84_rate(0.0, gys_eta(km), protocol=protocol))

        yield f"{label} | {published} | {brentq(rate, 100.0, 160.0):.1f}"


def gains() -> Iterator[str]:
    """Yield gain and QBER beside the reference."""
    for row in gys_rows():
        eta = gys_eta(float(row["L_km"]))
        gain = float(signal_gain(BACKGROUND, eta, 0.48))
        qber = float(signal_qber(BACKGROUND, eta, 0.48, 0.033))
        yield f"{row['L_km']} | {row['Q_mu']} | {gain:.8e} | {row['E_mu']} | {qber:.8e}"


def rates() -> Iterator[str]:
    """Yield key rates beside the reference."""
    for row in gys_rows():
        eta = gys_eta(float(row["L_km"]))
        cells = [row["L_km"]]
        for column, (sifting, weak) in GYS_COLUMNS.items():
            rate = float(decoy_bb84_rate(0.0, eta, protocol=gys_protocol(sifting, weak)))
            cells += [f"{1e6 * float(row[column]):.4f}", f"{1e6 * rate:.4f}"]
        yield " | ".join(cells)


def dark() -> Iterator[str]:
    """Yield rates of the study's parameters without light beside those of others."""
    plain, halved = DecoyBB84(error_correction_efficiency=1.0), DecoyBB84(sifting=0.5)
    for km, bits, kbps in ((10, 0.026664, 25.2), (20, 0.016778, 15.9), (28, 0.011591, 11.0)):
        eta = channel_transmittance(0.2 * km, insertion_loss_db=0.0, detector_efficiency=0.2)
        per_pulse = float(decoy_bb84_rate(0.0, eta, protocol=plain))
        rate = float(secret_key_rate_bps(0.0, eta, protocol=halved)) / 1e3
        yield f"{km} | {bits:.6f} | {per_pulse:.6f} | {kbps} | {rate:.2f}"


def raman() -> Iterator[str]:
    """Yield cross-sections beside spot values."""

    def rho(classical_nm: float, quantum_nm: float, scale: float) -> float:
        pump, signal = NM_THZ / classical_nm, NM_THZ / quantum_nm
        return 1e9 * float(cross_section(pump, signal, profile=gnpy_profile(), raman_scale=scale))

    first = "design value, first principles"
    for offset, value in (
        (-2, "3.8-3.9"), (2, "3.8-3.9"), (-12, "6.1"), (12, "7.2"), (-40, "3.5"), (40, "6.5"),
    ):  # fmt: skip
        ours = f"{rho(1550.0, 1550.0 + offset, 1.0):.2f}"
        yield f"1550 nm to {1550 + offset} nm | {first} | {value} | {ours} | "
    measured = [f"{rho(1550.12, 1531.12, scale):.2f}" for scale in (1.0, 0.62)]
    yield f"1550.12 nm to 1531.12 nm | Kumar et al. (2015) | 3 | {' | '.join(measured)}"


def blocking() -> Iterator[str]:
    """Yield blocking of 2 million requests beside two published sources."""
    instance = qkdopt.new_instance(
        "blocking", topology="nsfnet22", demands=0, seed=1, candidates=(0,), k=5
    )
    links = {link.id: {"qkd": False, "candidates": None} for link in instance.network.links}
    instance = instance.replace(network={"links": links})
    for row in rows_of(ROOT / "tests" / "simulation" / "data" / "blocking_nsfnet22.csv"):
        found = qkdopt.simulate(
            instance, load_erlang=float(row["load_erlang"]), requests=2_000_000, warmup=3000
        ).blocking
        xlron = f"{row['xlron_mean_percent']} +- {row['xlron_sd_percent']}"
        ours = f"{100.0 * found.value:.2f} +- {100.0 * found.ci95:.2f}"
        yield f"{row['load_erlang']} | {row['published_ptrnet_percent']} | {xlron} | {ours}"


def study() -> Iterator[str]:
    """Yield the study's gains beside those of the reproduction's page."""
    page = (ROOT / "docs" / "reproduction.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if re.match(r"\| \d \| \d", line)]
    targets = rows_of(ROOT / "qkdopt" / "data" / "reference" / "paper_targets.csv")
    for target, ours in zip(targets, rows, strict=True):
        assert ours[0].strip("| ") == target["figure"]
        cells = [
            target["figure"],
            target["load_erlang"] or "not stated",
            target["comparison"],
            f"+{float(target['gain_percent']):g} %",
            ours[4].split(";")[0],
            f"{target['implied_base_kbps']}, {target['implied_improved_kbps']}",
            ours[-1].strip(" |"),
        ]
        yield " | ".join(cells)


def cambridge() -> Iterator[str]:
    """Yield rates per pulse of the presets on the links of the Cambridge network."""
    path = ROOT / "qkdopt" / "data" / "topologies" / "cambridge.json"
    published = json.loads(path.read_text(encoding="utf-8"))["links"]
    for preset in PRESETS:
        instance = qkdopt.new_instance(
            "cambridge", topology="cambridge", demands=0, seed=1, preset=preset, candidates=[20],
            layout="single",
        )  # fmt: skip
        tables = build_problem(instance).tables
        per_second = 1e6 * instance.qkd.repetition_mhz
        lit = tables.noise * ~tables.blocks.transpose(0, 2, 1)[:, None]
        for e, link in enumerate(published):
            noises = np.array([0.0, lit[e, 0, :, 0].sum(), lit[e, 1, :, 0].sum()])
            noises += tables.background_noise[e, 0]
            bits = tables.skr_bps(e, noises, tables.transmittance[e, 0]) / per_second
            yield " | ".join(
                [
                    f"`{preset}` | {link['a']}-{link['b']} | {link['loss_db']:g}",
                    f"{link['avg_skr_mbps']:g}",
                    *(f"{bit:.3e}" if bit > 0.0 else "no key" for bit in bits),
                    f"{link['avg_skr_mbps'] / bits[0]:.0f}",
                ]
            )


TABLES: dict[str, tuple[str, Callable[[], Iterator[str]]]] = {
    "ends": ("decoys | published [km] | ours [km]", ends),
    "gains": ("km | Q, reference | ours | E, reference | ours", gains),
    "rates": (
        "km | infinite, q = 1/2 | ours | infinite, q = 1 | ours | nu = 0.05 | ours | 0.01 | ours",
        rates,
    ),
    "dark": ("km | TNO [bit/pulse] | ours | sifting 1/2 [kbit/s] | ours", dark),
    "raman": (
        "from classical to quantum | source | value [1e-9 /(km nm)] | ours, kappa = 1 | 0.62",
        raman,
    ),
    "blocking": ("erlang | PtrNet-RSA [%] | XLRON [%] | ours (95 %) [%]", blocking),
    "study": (
        "figure | erlang | comparison | published | ours (95 %) | published [kbit/s] | ours",
        study,
    ),
    "cambridge": (
        "preset | link | loss [dB] | published [Mbit/s] | dark [bit/pulse] | lit, co | "
        "lit, counter | clock for the published rate, dark [MHz]",
        cambridge,
    ),
}


def page(text: str, *, leave: tuple[str, ...] = ()) -> str:
    """Return the page with its tables written again, but for those to leave."""
    for name, (head, rows) in TABLES.items():
        if name in leave:
            continue
        block = "\n".join(table(head, rows()))
        before, rest = text.split(f"<!-- table: {name} -->\n")
        text = f"{before}<!-- table: {name} -->\n{block}\n{rest[rest.index('<!-- end of') :]}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
