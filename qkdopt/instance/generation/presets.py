"""Named sets of hardware values; every result says which one it stands on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from qkdopt.instance import (
    AmplifierNoise,
    Classical,
    Crosstalk,
    Fibre,
    Grid,
    Instance,
    OtherNoise,
    Part,
    Qkd,
)


def paper() -> dict[str, Part]:
    """Values of the DS-QKD study, and the reading that fits its published rates.

    Launch power and filter width are not published: only their product with the Raman
    scale matters, and -12.4 dBm in a 100 GHz filter is its calibrated value.
    """
    return {
        "grid": Grid(channels=40, first_thz=192.1, spacing_ghz=100.0),
        "fibre": Fibre(layout="single", loss_db_per_km=0.2, raman_profile="gnpy"),
        "classical": Classical(launch_dbm=-12.4),
        "qkd": Qkd(sifting=1.0, filter_ghz=100.0, guard_ghz=200.0),
    }


def field() -> dict[str, Part]:
    """Values a planner can defend for equipment in the field.

    Sifting of standard BB84, vacuum + weak decoys, a literature-like Raman scale, launch
    power just above the receivers' sensitivity (-28 dBm: P. Eraerds et al., New J. Phys.
    12, 063027 (2010)), a 15 GHz filter behind 3 dB of insertion loss.
    """
    return {
        "grid": Grid(channels=40, first_thz=192.1, spacing_ghz=100.0),
        "fibre": Fibre(layout="pair", loss_db_per_km=0.2, raman_scale=0.62),
        "classical": Classical(receiver_sensitivity_dbm=-28.0, margin_db=2.0),
        "qkd": Qkd(
            decoys="vacuum+weak",
            sifting=0.5,
            insertion_loss_db=3.0,
            filter_ghz=15.0,
            guard_ghz=400.0,
        ),
    }


def dwdm() -> dict[str, Part]:
    """Values of an amplified DWDM network whose fibres QKD shares.

    0 dBm a channel into every fibre: what GNPy plans by default (``SI.power_dbm`` of its
    ``eqpt_config.json``), and the power of the data lasers of K. A. Patel et al., Appl. Phys.
    Lett. 104, 051123 (2014). A combiner for the quantum channel at either end: at least 80 dB of
    isolation, at most 1.8 dB of loss (YD/T 4632-2023), 5 dB more from channels that are not
    adjacent, as in a 40-channel multiplexer; behind it the filter of ``field``. Amplifiers of 6 dB
    noise figure (GNPy's ``std_medium_gain``) and 20 dB gain. ``docs/presets.md`` has the rest.
    """
    hardware = field()
    return {
        "grid": hardware["grid"],
        "fibre": hardware["fibre"],
        "classical": Classical(launch_dbm=0.0),
        "other_noise": OtherNoise(
            crosstalk=Crosstalk(
                adjacent_isolation_db=80.0, isolation_db=85.0, other_band_isolation_db=120.0
            ),
            amplifier=AmplifierNoise(
                spontaneous_emission_factor=2.0, gain_db=20.0, rejection_db=80.0
            ),
        ),
        "qkd": Qkd.model_validate({**hardware["qkd"].model_dump(), "insertion_loss_db": 4.8}),
    }


PRESETS: dict[str, Callable[[], dict[str, Part]]] = {"paper": paper, "field": field, "dwdm": dwdm}

# What a planner chooses, whatever the hardware: no preset says it.
CHOSEN = {("qkd", "candidates"), ("qkd", "reserve")}


def preset_changes(instance: Instance) -> tuple[str, ...]:
    """Return what differs from the preset that an instance names, its own value first.

    Empty where nothing does, where none is named, and where it is none of ``PRESETS``.
    """
    if instance.preset not in PRESETS:
        return ()
    return tuple(_changes(instance, PRESETS[instance.preset]()))


def preset_name(instance: Instance) -> str | None:
    """Return the preset as results name it: ``field (modified)`` where a value differs."""
    name = instance.preset
    if name is None or name in PRESETS:
        return f"{name} (modified)" if preset_changes(instance) else name
    return f"{name} (unknown)"


def preset_lines(instance: Instance) -> Iterator[str]:
    """Yield the line that lists what differs from the preset named; none where nothing does."""
    changes = preset_changes(instance)
    if changes:
        yield f"preset     {instance.preset}, but {', '.join(changes)}"
    elif instance.preset is not None and instance.preset not in PRESETS:
        yield f"preset     {instance.preset} is none of {', '.join(PRESETS)}: a label alone"


def _changes(instance: Instance, parts: dict[str, Part]) -> Iterator[str]:
    for name, part in parts.items():
        if name == "other_noise":
            continue
        own = getattr(instance, name).model_dump()
        for field, value in part.model_dump().items():
            if own[field] != value and (name, field) not in CHOSEN:
                yield f"{name}.{field} = {_shown(own[field])} ({_shown(value)})"
    yield from _noise_changes(instance, parts.get("other_noise", OtherNoise()))
    typed = sum(link.fibre is not None for link in instance.network.links)
    if typed:
        yield f"fibre type of {typed} links (none)"
    named = sum(link.qkd_system is not None for link in instance.network.links)
    if named:
        yield f"QKD system of {named} links (none)"
    own_power = sum(link.launch_dbm is not None for link in instance.network.links)
    if own_power:
        yield f"launch_dbm of {own_power} links (none)"


def _noise_changes(instance: Instance, part: Part) -> Iterator[str]:
    """Yield each noise that is on where the preset has it off, off where on, or of other values."""
    preset = part.model_dump()
    for name, own in instance.other_noise.model_dump().items():
        usual = preset[name]
        if (own is None) != (usual is None):
            yield f"other_noise.{name} {'off (on)' if own is None else 'on (off)'}"
        elif own is not None:
            for field, value in own.items():
                if value != usual[field]:
                    where = f"other_noise.{name}.{field}"
                    yield f"{where} = {_shown(value)} ({_shown(usual[field])})"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value)
