"""``qkdopt instance new``."""

from __future__ import annotations

from pathlib import Path

from qkdopt.cli.choices import FibreTypeName, Layout, Preset, Reserve, RouteOrder
from qkdopt.cli.quiet import hint
from qkdopt.cli.streams import is_standard, say, validate_output, write_json
from qkdopt.instance import read_candidates
from qkdopt.instance.generation import METRO, default_length_scale, new_instance


def run_new(
    output: Path,
    *,
    topology: str,
    demands: int,
    seed: int,
    preset: Preset,
    length_scale: float | None,
    channels: int | None,
    channels_per_demand: int,
    candidates: str | None,
    reserve: Reserve,
    layout: Layout | None,
    launch_dbm: float | None,
    k: int,
    route_order: RouteOrder | None,
    fibre_type: FibreTypeName | None,
    load_erlang: float | None,
    weighted: bool,
) -> None:
    """Make an instance and write it; nothing is written on a fault.

    Parameters
    ----------
    output
        File of the instance, whose name is its name; ``-`` is standard output, the name the
        topology's.
    candidates
        QKD candidates, such as ``3,13,23,33`` or ``3,228.85THz@0.33``; None for all channels.
    topology, demands, seed, preset, length_scale, channels, channels_per_demand, reserve, \
layout, launch_dbm, k, route_order, fibre_type, load_erlang, weighted
        See :func:`qkdopt.instance.generation.new_instance`.
    """
    validate_output(output)
    listed = None if candidates is None else read_candidates(candidates, "candidates")
    instance = new_instance(
        topology if is_standard(output) else output.stem,
        topology=topology,
        demands=demands,
        seed=seed,
        preset=preset,
        length_scale=length_scale,
        channels=channels,
        channels_per_demand=channels_per_demand,
        candidates=listed,
        reserve=reserve,
        layout=layout,
        launch_dbm=launch_dbm,
        k=k,
        route_order=route_order,
        fibre_type=fibre_type,
        load_erlang=load_erlang,
        weighted=weighted,
    )
    if length_scale is None:
        hint(f"qkdopt: {scale_text(topology)}")
    for warning in instance.warnings():
        hint(f"qkdopt: warning: {warning}")
    write_json(output, instance.to_json_dict())
    say(output, f"{output}: {len(instance.demands)} demands, sha256 {instance.sha256()[:12]}")


def scale_text(topology: str) -> str:
    """Say what scale the lengths of a topology have where none is given."""
    if topology in METRO:
        return f"{topology} is a metro network: lengths and measured losses as they are"
    return (
        f"{topology} is a backbone: lengths x {default_length_scale(topology):g}, as in the DS-QKD "
        "study, since no key survives its true lengths; --length-scale sets another factor"
    )
