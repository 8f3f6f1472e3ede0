"""``qkdopt rates``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import typer

from qkdopt.cli.figure import validate_figure
from qkdopt.cli.provenance import provenance_fields
from qkdopt.cli.streams import is_standard, say, validate_output, write_contents, write_json
from qkdopt.errors import OutputError, UsageError
from qkdopt.instance import Instance
from qkdopt.instance.qkd_systems import validate_one_system, with_system_alone
from qkdopt.io import read_instance, to_text
from qkdopt.io.surfaces import read_surface, surface_csv, surface_fields
from qkdopt.physics.protocols import PROTOCOLS, MeasuredProtocol, make_protocol
from qkdopt.physics.protocols.catalogue import Made
from qkdopt.physics.protocols.tabulate import (
    Tabulated,
    end_of_key,
    noise_axis,
    optimised_at,
    tabulated,
    tabulated_by_loss,
)
from qkdopt.units import FloatArray

DEFAULT_LOSSES, DEFAULT_NOISES = "0:30:31", "60"
# Losses of links that get a row of their own; of more, so many evenly spaced ones.
MOST_LOSSES = 60
# Rows of the printed table.
SHOWN = 12
# Losses that agree to this many decimals are one.
DECIMALS = 6


def run_rates(
    name: str,
    *,
    measured: Path | None,
    parameters: tuple[str, ...],
    losses: str | None,
    noises: str | None,
    optimise: bool,
    design_noise: float,
    instance: Path | None,
    system: str | None,
    output: Path | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Make a surface, write and draw it, and print a table of it; nothing is written on a fault.

    Parameters
    ----------
    name
        Protocol.
    measured
        CSV file in place of a protocol.
    parameters
        Texts ``NAME=VALUE``.
    losses, noises
        Axes of the surface, as the help has them.
    optimise, design_noise
        Whether choices of the protocol are optimised, and for which noise.
    instance
        Instance whose receiver and links count.
    system
        Id of a QKD system of the instance: its receiver and its links alone.
    output, plot
        Files to write.
    as_json
        Whether the table is JSON.
    """
    _validate_files(output, plot)
    network = None if instance is None else read_instance(instance)
    alone = network
    if network is None:
        if system is not None:
            raise UsageError(f"--system {system} without --instance; expected the instance of it")
    elif system is None:
        ids = ", ".join(one.id for one in network.qkd_systems or ())
        validate_one_system(network, "--instance", f"--system beside it, one of {ids}")
    else:
        alone = with_system_alone(network, system)
    if measured is not None:
        _validate_measured(parameters, losses, noises, optimise)
        surface = read_surface(measured)
        protocol = MeasuredProtocol(surface=surface)
        made = Tabulated(surface, (protocol,) * len(surface.losses_db), 0.0)
        source = f"measured, {measured.name}"
    else:
        one = make_protocol(name, _receiver(name, alone) | _parameters(parameters))
        made = _tabulate(one, losses, noises, alone, design_noise if optimise else None)
        source = _source(one, design_noise if optimise else None)
    grid = surface_fields(made.surface, source)
    changed = None if network is None else _with_surface(network, system, grid)
    if output is not None:
        _write(output, made, grid, changed)
    if plot is not None:
        _draw(plot, made)
    table = list(_rows(made))
    summary = {
        "source": source,
        "excess_between_noises": made.excess_between_noises(),
        "excess_between_losses": made.excess_between_losses(),
        "lowered": made.lowered,
    }
    if as_json and not is_standard(output):
        known = [] if network is None else [(instance, network)]
        data = summary | {"losses": table} | provenance_fields(known)
        typer.echo(json.dumps(data, indent=1))
    else:
        say(output, "\n".join(_text(made, table, summary)))
    if output is not None and not is_standard(output) and not as_json:
        typer.echo(f"written to {output}")


def _with_surface(network: Instance, system: str | None, grid: dict[str, Any]) -> Instance:
    """Return the instance with a surface in place of other rates, its own or those of a system."""
    rates = {"surface": grid, "skr_table": None}
    if system is None:
        return network.replace(qkd=rates)
    return network.replace(qkd_systems={system: rates | {"protocol": None}})


def _validate_files(output: Path | None, plot: Path | None) -> None:
    if output is not None:
        validate_output(output)
        if not is_standard(output) and output.suffix.lower() not in (".csv", ".json"):
            raise OutputError(f"{output}: no format of surfaces; expected .csv or .json")
    if plot is not None:
        validate_figure(plot)


def _validate_measured(
    parameters: tuple[str, ...], losses: str | None, noises: str | None, optimise: bool
) -> None:
    given = {
        "--set": bool(parameters), "--losses": losses is not None, "--noises": noises is not None,
        "--optimise": optimise,
    }  # fmt: skip
    wrong = [option for option, there in given.items() if there]
    if wrong:
        raise UsageError(
            f"--measured with {', '.join(wrong)}; expected neither: rates are as they were measured"
        )


def _parameters(texts: tuple[str, ...]) -> dict[str, str | float]:
    wrong = [text for text in texts if "=" not in text]
    if wrong:
        raise UsageError(f"--set {wrong[0]}; expected NAME=VALUE such as block_size=1e7")
    return {name.strip(): value.strip() for name, _, value in (t.partition("=") for t in texts)}


def _receiver(name: str, network: Instance | None) -> dict[str, str | float]:
    """Return the parameters that a protocol shares with an instance's receiver."""
    if network is None or name not in PROTOCOLS:
        return {}
    qkd = network.qkd.model_dump()
    if network.qkd.decoys == "infinite":
        del qkd["weak_photon_number"]
    shared = {field.name for field in fields(PROTOCOLS[name])} & set(qkd)
    if name != "decoy-bb84":
        shared -= {"weak_photon_number"}
    return {field: qkd[field] for field in shared}


def _tabulate(
    protocol: Made,
    losses: str | None,
    noises: str | None,
    network: Instance | None,
    design_noise: float | None,
) -> Tabulated:
    axis = _losses(losses, network)
    if design_noise is None:
        return tabulated(protocol, axis, _noises(noises, protocol, axis))
    chosen = optimised_at(protocol, axis, design_noise)
    ends = [end_of_key(one, float(loss)) for one, loss in zip(chosen, axis, strict=True)]
    longest = chosen[int(np.argmax(ends))]
    return tabulated_by_loss(chosen, axis, _noises(noises, longest, axis))


def _losses(text: str | None, network: Instance | None) -> FloatArray:
    if text is not None or network is None:
        return _axis("--losses", text or DEFAULT_LOSSES)
    insertion_db = network.qkd.insertion_loss_db
    found = {
        round(network.candidate_loss_db(link, candidate) + insertion_db, DECIMALS)
        for link in network.network.links
        for candidate in network.candidates_of(link)
    }
    if not found:
        raise UsageError("--instance: no link has QKD; expected one, or --losses")
    # A little beyond the largest: it is covered whatever the rounding, and two losses are there.
    axis = np.array([*sorted(found), max(found) + 0.1])
    if len(axis) > MOST_LOSSES:
        axis = np.linspace(axis[0], axis[-1], MOST_LOSSES)
    return axis


def _noises(text: str | None, protocol: Made, losses: FloatArray) -> FloatArray:
    text = DEFAULT_NOISES if text is None else text
    if text.isdecimal():
        if not 3 <= int(text) <= 1000:
            raise UsageError(f"--noises {text}; expected a count from 3 to 1000")
        return noise_axis(protocol, losses, int(text))
    return _axis("--noises", text)


def _axis(option: str, text: str) -> FloatArray:
    """Read ``FROM:TO:COUNT`` or a list of numbers."""
    expected = f"{option} = {text!r}; expected FROM:TO:COUNT such as 0:30:31, or a list"
    try:
        if ":" in text:
            first, last, count = text.split(":")
            if not 2 <= int(count) <= 1000:
                raise UsageError(f"{expected}; COUNT from 2 to 1000")
            return np.linspace(float(first), float(last), int(count))
        return np.array([float(word) for word in text.split(",")])
    except ValueError:
        raise UsageError(expected) from None


def _source(protocol: Made, design_noise: float | None) -> str:
    """Say in one line what a surface is of."""
    given = ", ".join(f"{name} {value}" for name, value in asdict(protocol).items())
    chosen = "" if design_noise is None else f"; choices optimised at noise {design_noise:g}"
    return f"{protocol.name}: {given}{chosen}"


def _write(output: Path, made: Tabulated, grid: dict[str, Any], changed: Instance | None) -> None:
    if is_standard(output) or output.suffix.lower() == ".csv":
        write_contents({output: surface_csv(made.surface).encode()})
    elif changed is not None:
        write_json(output, changed.to_json_dict())
    else:
        write_contents({output: to_text(grid).encode()})


def _draw(path: Path, made: Tabulated) -> None:
    from matplotlib.figure import Figure

    from qkdopt.plotting import plot_surface

    figure = Figure(figsize=(7.0, 4.5), layout="constrained")
    plot_surface(made.surface, figure.subplots())
    try:
        figure.savefig(path, dpi=150)
    except OSError as problem:
        raise OutputError(f"{path}: cannot be written ({problem.strerror})") from problem


def _rows(made: Tabulated) -> Iterator[dict[str, Any]]:
    """Yield the numbers of a table's rows: a few losses, the first and the last among them."""
    losses = made.surface.losses_db
    chosen = np.unique(np.linspace(0, len(losses) - 1, min(SHOWN, len(losses))).round().astype(int))
    for k in chosen:
        protocol, loss = made.protocols[k], float(losses[k])
        qber = float(protocol.rates(loss, float(made.surface.noises_per_gate[0])).qber)
        alive = np.flatnonzero(made.surface.skr_bps[k] > 0.0)
        end = float(made.surface.noises_per_gate[alive[-1] + 1]) if len(alive) else 0.0
        row: dict[str, Any] = {"loss_db": loss, "dark_skr_bps": float(made.surface.skr_bps[k, 0])}
        row |= {"dark_qber": None if np.isnan(qber) else qber, "no_key_from_noise": end}
        if len(set(map(id, made.protocols))) > 1:
            row |= {"choices": _choices(protocol)}
        yield row


def _choices(protocol: object) -> dict[str, float]:
    from qkdopt.physics.protocols.intensities import FREE

    return {name: float(getattr(protocol, name)) for name in FREE[type(protocol)]}


def _text(made: Tabulated, table: list[dict[str, Any]], summary: dict[str, Any]) -> Iterator[str]:
    surface = made.surface
    yield f"{summary['source']}"
    yield f"{'loss dB':>8}  {'dark kbit/s':>12}  {'dark QBER':>9}  {'no key from noise':>17}"
    for row in table:
        qber = "-" if row["dark_qber"] is None else f"{100.0 * row['dark_qber']:.2f} %"
        text = f"{row['loss_db']:8.2f}  {row['dark_skr_bps'] / 1e3:12.4f}  {qber:>9}"
        yield f"{text}  {row['no_key_from_noise']:17.3g}"
        if "choices" in row:
            yield "          " + ", ".join(f"{k} {v:.3g}" for k, v in row["choices"].items())
    yield f"surface of {len(surface.losses_db)} losses and {len(surface.noises_per_gate)} noises"
    for axis in ("noises", "losses"):
        excess = summary[f"excess_between_{axis}"]
        if excess:
            yield f"between its {axis} at most {100.0 * excess:.2g} % of a dark rate too high"
    if summary["lowered"]:
        yield (
            f"rates were lowered by at most {100.0 * summary['lowered']:.2g} % so that none rises "
            "with loss or noise"
        )
