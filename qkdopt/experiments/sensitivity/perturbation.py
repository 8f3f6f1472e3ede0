"""Every setting of a sweep over hardware parameters: one perturbed, the rest as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

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
    launch_floor_dbm,
    mean_launch_dbm,
)
from qkdopt.instance import Instance
from qkdopt.problem.coefficients import link_launch_dbm
from qkdopt.simulation.refusals import noise_faults

SMALLEST_STEP_DB, LARGEST_STEP_DB = 0.5, 9.0
FLOORS: tuple[tuple[str, Mode], ...] = (
    ("launch, network floor", "network"), ("launch, per-link floor", "link"),
)  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """An instance with one parameter turned.

    Parameters
    ----------
    parameter, value, unit
        Which parameter, and where it is now.
    db
        By how much it was turned [dB]; 0 is the instance as it stands.
    better
        As that of the parameter; 0 for a choice that is no matter of degree.
    instance
        With the parameter turned.
    """

    parameter: str
    value: float
    unit: str
    db: float
    better: int
    instance: Instance


@dataclass(frozen=True)
class Sweep:
    """All settings, what was left out and why, and the receivers that limit launch power."""

    settings: tuple[Setting, ...]
    notes: tuple[str, ...] = ()
    receivers: Receivers | None = None
    """None where none are known: launch powers are limited by nothing."""


def sensitivity_settings(
    instance: Instance, *, step_db: float = 3.0, receivers: Receivers | None = None
) -> Sweep:
    """Turn every parameter of an instance, one at a time, by steps of so many dB.

    Parameters
    ----------
    instance
        As it stands: 0 dB of every parameter.
    step_db
        Between neighbouring values; 0.5 to 9 dB.
    receivers
        The instance's own by default, if it names any. Launch powers with which a link's light
        does not reach them, or above the cap, are left out, and two choices are added: the least
        power for the whole network, and for every link by itself.

    Raises
    ------
    InstanceError
        Options out of range, floors above the cap, noise that the simulator cannot add up: every
        fault.
    """
    receivers = receivers or Receivers.of(instance)
    faults = sweep_faults(instance, step_db=step_db, receivers=receivers)
    if faults:
        raise InstanceError(f"{instance.name}: parameters", faults)
    found: list[Setting] = []
    notes: list[str] = []
    for parameter in PARAMETERS:
        if instance.qkd.skr_table is not None and parameter in OF_THE_RECEIVER:
            notes.append(f"{parameter.name} left out: key rates are a table of its own receiver")
            continue
        found += _settings_of(parameter, instance, step_db, receivers, notes)
    if receivers is not None:
        why = _outside(instance, receivers)
        if why:
            notes.append(f"{LAUNCH.name} as it stands is {why}")
        found += [_at_floor(instance, name, mode, receivers) for name, mode in FLOORS]
    return Sweep(tuple(found), tuple(notes), receivers)


def sweep_faults(
    instance: Instance | None, *, step_db: float, receivers: Receivers | None
) -> list[str]:
    """Return everything that forbids a sweep; of the options alone where there is no instance."""
    faults = []
    if not SMALLEST_STEP_DB <= step_db <= LARGEST_STEP_DB:
        faults.append(f"step = {step_db:g}; expected 0.5 to 9 dB")
    if receivers is not None:
        out_of_range = receivers.faults()
        faults += out_of_range
        if instance is not None and not out_of_range:
            faults += receivers.floor_faults(instance)
    return faults if instance is None else [*faults, *noise_faults(instance)]


def _settings_of(
    parameter: Parameter,
    instance: Instance,
    step_db: float,
    receivers: Receivers | None,
    notes: list[str],
) -> Iterator[Setting]:
    left_out: dict[str, list[str]] = {}
    for db in parameter.steps_db(step_db):
        perturbed, why = _turned(parameter, instance, db, receivers)
        if perturbed is None:
            left_out.setdefault(why, []).append(f"{db:+g}")
        else:
            yield Setting(
                parameter.name,
                parameter.value(perturbed),
                parameter.unit,
                db,
                parameter.better,
                perturbed,
            )
    for why, changes in left_out.items():
        notes.append(f"{parameter.name} {', '.join(changes)} dB left out: {why}")


def _turned(
    parameter: Parameter, instance: Instance, db: float, receivers: Receivers | None
) -> tuple[Instance | None, str]:
    """Return the instance with a parameter turned, or None and why there is none."""
    if db == 0.0:
        return instance, ""
    try:
        perturbed = parameter.perturbed(instance, db)
    except (ValidationError, InstanceError):
        return None, "outside the parameter's range"
    if parameter in (FILTER, GATE) and db < 0.0:
        product = perturbed.qkd.filter_ghz * perturbed.qkd.gate_ps * 1e-3
        if product < TIME_BANDWIDTH:
            return None, f"filter x gate below {TIME_BANDWIDTH:g}, which cuts the signal itself"
    if parameter is LAUNCH and receivers is not None:
        why = _outside(perturbed, receivers)
        return (None, why) if why else (perturbed, "")
    return perturbed, ""


def _outside(instance: Instance, receivers: Receivers) -> str:
    """Say how a launch power leaves the room between floor and cap; nothing where none does."""
    for link in instance.network.links:
        power = link_launch_dbm(instance, link)
        floor = launch_floor_dbm(instance, link, receivers.sensitivity_dbm, receivers.margin_db)
        if power < floor - 1e-9:
            return "below the floor of a link"
        if receivers.cap_dbm is not None and power > receivers.cap_dbm + 1e-9:
            return f"above the cap of {receivers.cap_dbm:g} dBm"
    return ""


def _at_floor(instance: Instance, name: str, mode: Mode, receivers: Receivers) -> Setting:
    chosen = receivers.at_floor(instance, mode)
    mean = mean_launch_dbm(chosen)
    unit = "dBm" if mode == "network" else "dBm, mean of links"
    change = round(mean - mean_launch_dbm(instance), 9)
    return Setting(name, mean, unit, change, 0, chosen)
