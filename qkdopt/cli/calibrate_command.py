"""``qkdopt calibrate`` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qkdopt.cli.choices import FoldBy, Preset
from qkdopt.cli.parameters import AsJson

calibrate_app = typer.Typer()


@calibrate_app.command()
def calibrate(
    measurements: Annotated[
        Path,
        typer.Argument(
            metavar="MEASUREMENTS",
            help="Measured links (CSV): lit channels, key rate and QBER; - is standard input.",
        ),
    ],
    instance: Annotated[
        Path | None, typer.Option(help="Instance that has everything that is not fitted.")
    ] = None,
    preset: Annotated[
        Preset | None,
        typer.Option(help="Preset in place of an instance, for links with a length of their own."),
    ] = None,
    fit: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Parameters to fit, of raman_scale,misalignment,dark_counts,excess_loss; all that "
            "the measurements tell by default.",
        ),
    ] = None,
    folds: Annotated[
        int,
        typer.Option(help="Parts that are each predicted by a fit to the others; 0 for none."),
    ] = 5,
    fold_by: Annotated[
        FoldBy,
        typer.Option(help="Rows that stay in one part: of one set of lit channels, or one link."),
    ] = "lit",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="Write the calibration to this file; - is standard output."
        ),
    ] = None,
    calibrated: Annotated[
        Path | None,
        typer.Option(help="Write the instance with the fitted values to this file."),
    ] = None,
    apply: Annotated[
        Path | None,
        typer.Option(
            metavar="INSTANCE",
            help="Instance that --calibrated writes with the fitted values, in place of the one "
            "of --instance.",
        ),
    ] = None,
    scenarios: Annotated[
        Path | None,
        typer.Option(
            help="Write scenarios of what the intervals leave open to this file (TOML), for "
            "design rank and sensitivity."
        ),
    ] = None,
    draws: Annotated[
        int,
        typer.Option(
            help="Number of scenarios drawn from the joint distribution; 0 for the ends of the "
            "intervals."
        ),
    ] = 0,
    seed: Annotated[int, typer.Option(help="Random seed of --draws.")] = 0,
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw predicted against measured into this file, such as fit.png."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit Raman scale, misalignment, dark counts and excess loss to measured rates and QBERs."""
    from qkdopt.cli.calibrate import run_calibrate

    run_calibrate(
        measurements,
        instance=instance,
        preset=preset,
        fit=fit,
        folds=folds,
        fold_by=fold_by,
        output=output,
        calibrated=calibrated,
        apply=apply,
        scenarios=scenarios,
        draws=draws,
        seed=seed,
        plot=plot,
        as_json=as_json,
    )
