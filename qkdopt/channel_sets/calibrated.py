"""Scenarios of a calibration: what its intervals leave open, for designs and sensitivity.

All are factors on the calibrated instance (:meth:`Calibration.applied_to`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import numpy as np

from qkdopt.channel_sets.scenario import MAX_SCENARIOS, ScenarioSpec
from qkdopt.errors import OptionsError
from qkdopt.result.calibration import CalibratedParameter, Calibration

# In place of a low end that the data leave open: nothing at all, or where the range of fits ends.
OPEN_LOW = {"dark_counts": 0.0, "misalignment": 0.0}
LEAST_SHARE = 1e-3
FIELDS = {"excess_loss": "excess_loss_db"}


def calibrated_scenarios(
    calibration: Calibration, draws: int = 0, seed: int = 0
) -> tuple[ScenarioSpec, ...]:
    """Return scenarios of what a calibration leaves open.

    Parameters
    ----------
    calibration
        Parameters with intervals.
    draws
        0: the calibrated instance, and both ends of each 95 % interval with the other parameters as
        the measurements then want them, for the worst case. Else so many equally likely draws from
        the joint distribution of the parameters, for means and quantiles.
    seed
        Of the draws.

    Raises
    ------
    OptionsError
        More than a file of scenarios may have, or fewer than none.
    """
    if not 0 <= draws <= MAX_SCENARIOS or seed < 0:
        fault = f"draws = {draws}, seed = {seed}; expected draws 0 to {MAX_SCENARIOS}, seed >= 0"
        raise OptionsError("calibrate", [fault])
    return tuple(_draws(calibration, draws, seed) if draws else _ends(calibration))


def scenarios_toml(specs: Sequence[ScenarioSpec], comment: str) -> str:
    """Return scenarios as the text of a file that ``--scenarios`` reads."""
    lines = [f"# {line}" for line in comment.splitlines()]
    for spec in specs:
        lines += ["", "[[scenarios]]"]
        for name, value in spec.model_dump(exclude_defaults=True).items():
            lines.append(f"{name} = {json.dumps(value) if isinstance(value, str) else repr(value)}")
    return "\n".join(lines) + "\n"


def _ends(calibration: Calibration) -> Iterator[ScenarioSpec]:
    yield ScenarioSpec(name="as calibrated")
    for parameter in calibration.fitted_parameters:
        for side, values in (("low", parameter.at_low), ("high", parameter.at_high)):
            name = f"{parameter.name.replace('_', ' ')} {side}"
            if values is not None:
                yield _spec(calibration, name, values)
            elif side == "low" and parameter.name in OPEN_LOW:
                yield ScenarioSpec.model_validate(
                    {"name": name, parameter.name: OPEN_LOW[parameter.name]}
                )


def _draws(calibration: Calibration, draws: int, seed: int) -> Iterator[ScenarioSpec]:
    """Yield draws from Student's t, or the normal distribution where errors were given and fit."""
    generator = np.random.default_rng(seed)
    names = calibration.covariance_of
    covariance = np.array(calibration.covariance)
    steps = generator.multivariate_normal(np.zeros(len(names)), covariance, size=draws)
    if calibration.skr_error is not None or calibration.qber_error is not None:
        freedom = max(1, calibration.degrees_of_freedom)
        steps *= np.sqrt(freedom / generator.chisquare(freedom, size=(draws, 1)))
    for number, step in enumerate(steps, start=1):
        values = {
            name: _moved(calibration.parameter(name), float(change))
            for name, change in zip(names, step, strict=True)
        }
        yield _spec(calibration, f"draw {number}", values)


def _moved(parameter: CalibratedParameter, change: float) -> float:
    """Return a drawn value; none is negative but an excess loss."""
    moved = parameter.value + change
    if parameter.name == "excess_loss":
        return moved
    # A Raman scale is positive.
    least = LEAST_SHARE * parameter.value if parameter.name == "raman_scale" else 0.0
    return max(moved, least)


def _spec(calibration: Calibration, name: str, values: dict[str, float]) -> ScenarioSpec:
    """Return a scenario with parameters relative to the calibrated ones."""
    fields: dict[str, object] = {"name": name}
    for parameter in calibration.fitted_parameters:
        value, own = values[parameter.name], parameter.value
        if parameter.name == "excess_loss":
            change = value - own
        else:
            # No factor leads away from nothing.
            change = value / own if own > 0.0 else 1.0
        fields[FIELDS.get(parameter.name, parameter.name)] = float(f"{change:.6g}")
    return ScenarioSpec.model_validate(fields)
