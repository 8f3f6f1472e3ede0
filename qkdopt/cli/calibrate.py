"""``qkdopt calibrate``."""

from __future__ import annotations

import io
import json
from pathlib import Path

import typer

from qkdopt.channel_sets.calibrated import calibrated_scenarios, scenarios_toml
from qkdopt.cli.calibrate_text import calibration_lines
from qkdopt.cli.choices import FoldBy
from qkdopt.cli.figure import validate_figure
from qkdopt.cli.streams import is_standard, say, validate_output, write_contents
from qkdopt.errors import Faults, UsageError
from qkdopt.experiments.calibration import calibrate
from qkdopt.instance import Instance
from qkdopt.io import read_instance, to_text
from qkdopt.result.calibration import Calibration


def run_calibrate(
    measurements: Path,
    *,
    instance: Path | None,
    preset: str | None,
    fit: str | None,
    folds: int,
    fold_by: FoldBy,
    output: Path | None,
    calibrated: Path | None,
    apply: Path | None,
    scenarios: Path | None,
    draws: int,
    seed: int,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Calibrate, write what was asked for, and print the parameters and their errors.

    Parameters
    ----------
    measurements
        CSV file.
    instance, preset
        Everything that is not fitted; one of the two.
    fit
        Names of parameters, with commas between them; None for all that the measurements tell.
    folds, fold_by
        See :func:`qkdopt.calibrate`.
    output, calibrated, scenarios, plot
        Files to write; None for none.
    apply
        Instance that is written with the fitted values; None for ``instance``.
    draws, seed
        See :func:`qkdopt.channel_sets.calibrated.calibrated_scenarios`.
    as_json
        Print one JSON object.
    """
    _validate_files([output, calibrated, scenarios], plot)
    if calibrated is not None and apply is None and instance is None:
        raise UsageError("--calibrated with --preset; expected --apply INSTANCE, which is written")
    if apply is not None and calibrated is None:
        raise UsageError("--apply without --calibrated; expected the file to write it to")
    if (draws or seed) and scenarios is None:
        raise UsageError("--draws or --seed without --scenarios; expected the file to write")
    faults = Faults()
    known = None if instance is None else faults.attempt(lambda: read_instance(instance))
    network = known if apply is None else faults.attempt(lambda: read_instance(apply))
    faults.stop("calibrate")
    found = calibrate(
        measurements,
        instance=known,
        preset=preset,
        parameters=None if fit is None else [name.strip() for name in fit.split(",")],
        folds=folds,
        fold_by=fold_by,
    )
    contents: dict[Path, bytes] = {}
    if output is not None:
        contents[output] = to_text(found.to_json_dict()).encode()
    if calibrated is not None:
        assert network is not None  # validated above
        contents[calibrated] = to_text(_applied(found, network).to_json_dict()).encode()
    if scenarios is not None:
        contents[scenarios] = _scenarios(found, measurements, draws, seed).encode()
    if plot is not None:
        contents[plot] = _figure(found, plot)
    write_contents(contents)
    if as_json and not is_standard(output):
        typer.echo(json.dumps(found.to_json_dict(), indent=1))
    else:
        say(output, "\n".join(calibration_lines(found)))
        written = [str(path) for path in contents if not is_standard(path)]
        if written:
            say(output, f"written to {', '.join(written)}")


def _validate_files(outputs: list[Path | None], plot: Path | None) -> None:
    paths = [path for path in [*outputs, plot] if path is not None]
    for path in outputs:
        if path is not None:
            validate_output(path)
    if plot is not None:
        validate_figure(plot)
    if len(set(paths)) < len(paths):
        raise UsageError("two outputs have one file; expected a file for each")


def _applied(found: Calibration, network: Instance) -> Instance:
    return found.applied_to(network)


def _scenarios(found: Calibration, measurements: Path, draws: int, seed: int) -> str:
    what = f"{draws} draws, seed {seed}" if draws else "the ends of its 95 % intervals"
    comment = (
        f"Scenarios of the calibration to {measurements.name}: {what}.\n"
        "Factors on the calibrated instance."
    )
    return scenarios_toml(calibrated_scenarios(found, draws, seed), comment)


def _figure(found: Calibration, path: Path) -> bytes:
    # They take half a second to import: only where something is drawn.
    from matplotlib.figure import Figure

    from qkdopt.plotting import plot_calibration

    figure = Figure(figsize=(10.0, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    plot_calibration(found, left, what="skr_bps")
    plot_calibration(found, right, what="qber")
    content = io.BytesIO()
    figure.savefig(content, dpi=150, format=path.suffix[1:].lower())
    return content.getvalue()
