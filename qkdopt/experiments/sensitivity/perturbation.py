"""Settings of a sweep over hardware parameters: one perturbed, the rest unchanged."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from qkdopt.errors import InstanceError
from qkdopt.experiments.sensitivity.parameters import (
    FILTER,
    GATE,
    LAUNCH,
    OF_THE_RECEIVER,
    PARAMETERS,
    TIME_BANDWIDTH,
    Parameter,
)
from qkdopt.experiments.sensitivity.power import (
    Mode,
    Receivers,
    mean_launch_dbm,
    min_launch_dbm,
)
from qkdopt.instance import Instance
from qkdopt.problem.coefficients import link_launch_dbm
from qkdopt.simulation.refusals import validate_network

# Unit of a variant, which has no degree.
VARIANT = "scenario"
MIN_STEP_DB, MAX_STEP_DB = 0.5, 9.0
MIN_POWERS: tuple[tuple[str, Mode], ...] = (
    ("launch, network floor", "network"), ("launch, per-link floor", "link"),
)  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """An instance with one parameter perturbed.

    Parameters
    ----------
    parameter, value, unit
        Name of the parameter, its value and unit.
    db
        Change [dB]; 0 is the unchanged instance, NaN a variant.
    sign
        As that of the parameter; 0 for a choice that has no degree.
    instance
        With the parameter perturbed.
    """

    parameter: str
    value: float
    unit: str
    db: float
    sign: int
    instance: Instance


@dataclass(frozen=True)
class Sweep:
    """Settings of a sweep, notes on those left out, and the receivers that limit launch power."""

    settings: tuple[Setting, ...]
    notes: tuple[str, ...] = ()
    receivers: Receivers | None = None
    """None without any: launch powers have no limit."""


def sensitivity_settings(
    instance: Instance, *, step_db: float = 3.0, receivers: Receivers | None = None
) -> Sweep:
    """Perturb every parameter of an instance, one at a time.

    Parameters
    ----------
    instance
        Unchanged: 0 dB of every parameter.
    step_db
        Step between neighbouring values; 0.5 to 9 dB.
    receivers
        None: the instance's own, if it names any. Launch powers below the minimum of a link or
        above the cap are left out, and two choices are added: the minimum power for the whole
        network, and for every link by itself.

    Raises
    ------
    InstanceError
        Options out of range, minimum launch powers above the cap, noise that the simulator cannot
        add up: every fault.
    """
    receivers = receivers or Receivers.of(instance)
    faults = validate_sweep(instance, step_db=step_db, receivers=receivers)
    if faults:
        raise InstanceError(f"{instance.name}: parameters", faults)
    settings: list[Setting] = []
    notes: list[str] = []
    for parameter in PARAMETERS:
        own = _rates_given(instance)
        if own is not None and parameter in OF_THE_RECEIVER:
            notes.append(f"{parameter.name} left out: key rates are a {own} of its own receiver")
            continue
        settings += _settings_of(parameter, instance, step_db, receivers, notes)
    if receivers is not None:
        reason = _outside(instance, receivers)
        if reason:
            notes.append(f"{LAUNCH.name} as it stands is {reason}")
        settings += [_at_min_power(instance, name, mode, receivers) for name, mode in MIN_POWERS]
    return Sweep(tuple(settings), tuple(notes), receivers)


def _rates_given(instance: Instance) -> str | None:
    """Return what gives key rates in place of the equations on a link; None for nothing."""
    for qkd in instance.qkd_in_use():
        if qkd.skr_table is not None:
            return "table"
        if qkd.surface is not None:
            return "surface"
    return None


def validate_sweep(
    instance: Instance | None, *, step_db: float, receivers: Receivers | None
) -> list[str]:
    """Return every fault of a sweep; of the options alone where there is no instance.

    Parameters
    ----------
    instance
        None: only the options are validated.
    step_db
        Step between neighbouring values [dB].
    receivers
        None: launch power has no limit.
    """
    faults = []
    if not MIN_STEP_DB <= step_db <= MAX_STEP_DB:
        faults.append(f"step = {step_db:g}; expected 0.5 to 9 dB")
    if receivers is not None:
        receiver_faults = receivers.faults()
        faults += receiver_faults
        if instance is not None and not receiver_faults:
            faults += receivers.validate_cap(instance)
    return faults if instance is None else [*faults, *validate_network(instance)]


def variant_settings(instance: Instance, variants: Mapping[str, Instance]) -> Iterator[Setting]:
    """Yield a setting for each further instance, such as a scenario, by its name.

    Parameters
    ----------
    instance
        The unchanged one: a variant that is no other is left out.
    variants
        Instances by name.
    """
    for name, variant in variants.items():
        if variant.sha256() != instance.sha256():
            yield Setting(name, math.nan, VARIANT, math.nan, 0, variant)


def _settings_of(
    parameter: Parameter,
    instance: Instance,
    step_db: float,
    receivers: Receivers | None,
    notes: list[str],
) -> Iterator[Setting]:
    left_out: dict[str, list[str]] = {}
    for db in parameter.steps_db(step_db):
        perturbed, reason = _perturbed(parameter, instance, db, receivers)
        if perturbed is None:
            left_out.setdefault(reason, []).append(f"{db:+g}")
        else:
            yield Setting(
                parameter.name,
                parameter.value(perturbed),
                parameter.unit,
                db,
                parameter.sign,
                perturbed,
            )
    for reason, changes in left_out.items():
        notes.append(f"{parameter.name} {', '.join(changes)} dB left out: {reason}")


def _perturbed(
    parameter: Parameter, instance: Instance, db: float, receivers: Receivers | None
) -> tuple[Instance | None, str]:
    """Return the instance with a parameter perturbed, or None and the reason why there is none."""
    if db == 0.0:
        return instance, ""
    try:
        perturbed = parameter.perturbed(instance, db)
    except InstanceError:
        return None, "outside the parameter's range"
    if parameter in (FILTER, GATE) and db < 0.0:
        product = min(one.filter_ghz * one.gate_ps for one in perturbed.qkd_in_use()) * 1e-3
        if product < TIME_BANDWIDTH:
            return None, f"filter x gate below {TIME_BANDWIDTH:g}, which cuts the signal itself"
    if parameter is LAUNCH and receivers is not None:
        reason = _outside(perturbed, receivers)
        return (None, reason) if reason else (perturbed, "")
    return perturbed, ""


def _outside(instance: Instance, receivers: Receivers) -> str:
    """Say how a launch power leaves the range from minimum to cap; empty where none does."""
    for link in instance.network.links:
        power = link_launch_dbm(instance, link)
        min_power = min_launch_dbm(instance, link, receivers.sensitivity_dbm, receivers.margin_db)
        if power < min_power - 1e-9:
            return "below the floor of a link"
        if receivers.cap_dbm is not None and power > receivers.cap_dbm + 1e-9:
            return f"above the cap of {receivers.cap_dbm:g} dBm"
    return ""


def _at_min_power(instance: Instance, name: str, mode: Mode, receivers: Receivers) -> Setting:
    chosen = receivers.at_min_launch(instance, mode)
    mean = mean_launch_dbm(chosen)
    unit = "dBm" if mode == "network" else "dBm, mean of links"
    change = round(mean - mean_launch_dbm(instance), 9)
    return Setting(name, mean, unit, change, 0, chosen)
