"""Write the tables of ``docs/physics.md``: defaults and presets, and the worked example.

``python docs/physics_tables.py`` rewrites what stands between the page's marks: the defaults from
the package, the example from ``recompute_link.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import log
from pathlib import Path

from pydantic.fields import FieldInfo
from recompute_link import (
    Setting,
    clicks_per_gate,
    cross_section,
    effective_length_km,
    power_w,
    qber_and_skr,
)
from reference_pages import unit_of

from qkdopt.instance import Classical, Fibre, Grid, Link, Part, Qkd
from qkdopt.instance.generation import PRESETS
from qkdopt.instance.hardware import AmplifierNoise, Crosstalk, FourWaveMixing

PAGE = Path(__file__).parent / "physics.md"
PARTS: dict[str, type[Part]] = {"grid": Grid, "fibre": Fibre, "classical": Classical, "qkd": Qkd}
OFF: dict[str, type[Part]] = {
    "crosstalk": Crosstalk,
    "amplifier": AmplifierNoise,
    "four_wave_mixing": FourWaveMixing,
}
# Fields of a link that its noise and key rate depend on.
OF_LINKS = ("loss_db", "loss_db_per_km", "launch_dbm", "qkd", "candidates", "qkd_direction")


def shown(value: object) -> str:
    """Return a value as a table has it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def default_of(field: FieldInfo) -> str:
    """Return the default of a field as a table has it."""
    return "required" if field.is_required() else shown(field.default)


def line_of(path: str, name: str, field: FieldInfo, values: list[str]) -> str:
    """Return a row of the table of defaults."""
    return f"| {' | '.join([f'`{path}`', unit_of(name), default_of(field), *values])} |"


def default_lines() -> Iterator[str]:
    """Yield the table of defaults and presets."""
    presets = {name: make() for name, make in PRESETS.items()}
    names = " | ".join(f"preset `{name}`" for name in presets)
    yield f"| field | unit | default | {names} |"
    yield "| --- | --- | --- |" + " --- |" * len(presets)
    for part, model in PARTS.items():
        for name, field in model.model_fields.items():
            values = [shown(getattr(parts.get(part), name, None)) for parts in presets.values()]
            yield line_of(f"{part}.{name}", name, field, values)
    for noise, model in OFF.items():
        used = [getattr(parts.get("other_noise"), noise, None) for parts in presets.values()]
        for name, field in model.model_fields.items():
            values = ["off" if one is None else shown(getattr(one, name)) for one in used]
            yield line_of(f"other_noise.{noise}.{name}", name, field, values)
    for name in OF_LINKS:
        yield line_of(f"link.{name}", name, Link.model_fields[name], ["" for _ in presets])


def example_lines() -> Iterator[str]:
    """Yield the worked example, step by step."""
    link = {"id": "x", "a": 0, "b": 1, "length_km": 20.0}
    network = {"nodes": [{"id": 0}, {"id": 1}], "links": [link]}
    s = Setting({"network": network, "classical": {"launch_dbm": -12.4}})
    nu_c, nu_q = s.channel_thz(5), s.channel_thz(3)
    loss_db, _ = s.losses_db(link, 3)
    a = loss_db / 20.0 * log(10.0) / 10.0
    noise = clicks_per_gate(s, power_w(s, link, 3, nu_q, [(nu_c, True, None)]), nu_q)
    qber, skr = qber_and_skr(s, noise, loss_db)
    yield "| step | value |"
    yield "| --- | --- |"
    yield f"| `nu_c`, `nu_q` | {nu_c:.1f}, {nu_q:.1f} THz: light above, so the Stokes side |"
    yield f"| `loss_c`, `a` | {loss_db:g} dB, {a:.9f} /km |"
    yield f"| launch power | {s.launch_w(link, loss_db):.9e} W |"
    yield f"| `rho` | {cross_section(s.fibre, nu_c, nu_q):.9e} /(km nm) |"
    yield f"| `Dlambda` | {299_792.458 / nu_q * 0.1 / nu_q:.9f} nm |"
    yield f"| effective length | {effective_length_km(True, a, a, 20.0):.9f} km |"
    yield f"| `P_total` | {power_w(s, link, 3, nu_q, [(nu_c, True, None)]):.9e} W |"
    yield f"| `p_noise` | {noise:.9e} clicks per gate |"
    yield f"| `eta` | {0.2 * 10 ** (-loss_db / 10):.9f} |"
    yield f"| `qber` | {qber:.9f} |"
    yield f"| `skr` | {skr:.6f} bit/s |"


def page(text: str) -> str:
    """Return the page with its tables written again."""
    for name, lines in (("table", default_lines()), ("example", example_lines())):
        block = "\n".join(lines)
        pattern = rf"(<!-- {name}: [^\n]*-->\n)(?:.*?\n)??(<!-- end of {name} -->)"
        text, count = re.subn(
            pattern, lambda found, b=block: f"{found[1]}{b}\n{found[2]}", text, flags=re.DOTALL
        )
        assert count == 1, name
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
