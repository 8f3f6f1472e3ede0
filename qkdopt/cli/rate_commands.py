"""The command of key rates: rates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qkdopt.cli.choices import ProtocolName
from qkdopt.cli.parameters import AsJson

rate_app = typer.Typer()


@rate_app.command()
def rates(
    protocol: Annotated[
        ProtocolName, typer.Option(help="Protocol that the rates are of.")
    ] = "decoy-bb84",
    measured: Annotated[
        Path | None,
        typer.Option(
            help="Measured rates in place of a protocol (CSV: loss_db, noise_per_gate, skr_bps)."
        ),
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Parameter of the protocol; repeatable."),
    ] = None,
    losses: Annotated[
        str | None,
        typer.Option(
            metavar="FROM:TO:COUNT",
            help="Losses of fibre and receiver in dB, or a list such as 0,5,10; 0:30:31 by default,"
            " with --instance those of its links.",
        ),
    ] = None,
    noises: Annotated[
        str | None,
        typer.Option(
            metavar="FROM:TO:COUNT",
            help="Noise clicks per gate, or a list, or a count alone: from none to where key ends;"
            " 60 by default.",
        ),
    ] = None,
    optimise: Annotated[
        bool, typer.Option("--optimise", help="Choose intensities for most key, at each loss.")
    ] = False,
    design_noise: Annotated[
        float, typer.Option(help="Noise clicks per gate that --optimise chooses for.")
    ] = 0.0,
    instance: Annotated[
        Path | None,
        typer.Option(
            help="Instance whose receiver and links the rates are for; -o then writes it with them."
        ),
    ] = None,
    system: Annotated[
        str | None,
        typer.Option(
            help="QKD system of the instance, by id: its receiver, and the links that have it.",
            metavar="ID",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="Write the surface to this file, .csv or .json; - is CSV."
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the rates into this file, such as rates.png.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a surface of key rates over loss and noise, of a protocol or a measurement."""
    from qkdopt.cli.rates import run_rates

    run_rates(
        protocol,
        measured=measured,
        parameters=tuple(parameters or ()),
        losses=losses,
        noises=noises,
        optimise=optimise,
        design_noise=design_noise,
        instance=instance,
        system=system,
        output=output,
        plot=plot,
        as_json=as_json,
    )
