"""Measured links: their noise and loss by the package's own physics, and what a fit predicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import ValidationError

from qkdopt.errors import FaultsError, InstanceError
from qkdopt.experiments.calibration.measurement import LitChannel, Measurement
from qkdopt.instance import Instance, Link, OtherNoise
from qkdopt.instance.faults import fault_texts
from qkdopt.instance.generation.presets import PRESETS
from qkdopt.instance.qkd_systems import validate_one_system
from qkdopt.physics import keyrate
from qkdopt.problem.coefficients import IntArray, LinkOptics, link_launch_dbm
from qkdopt.problem.key_rates import protocol_of
from qkdopt.result.calibration import CALIBRATED_SYSTEM
from qkdopt.units import FloatArray, dbm_to_w, loss_db_to_ratio

# A length in a row is the instance's to this share: a longer difference is another link.
LENGTH_TOLERANCE = 0.05
MILLIWATT_DBM = 0.0


@dataclass(frozen=True)
class Bench:
    """What the physics needs of each measurement, whatever the fitted parameters are.

    Parameters
    ----------
    instance
        Everything else of the physics.
    raman_noise
        ``(n,)`` Raman clicks per gate, at the instance's Raman scale and insertion loss.
    other_noise
        ``(n,)`` other clicks per gate without dark counts, at the instance's insertion loss.
    loss_db
        ``(n,)`` loss of the fibre at the quantum channel [dB].
    """

    instance: Instance
    raman_noise: FloatArray
    other_noise: FloatArray
    loss_db: FloatArray

    def predicted(self, values: Mapping[str, float]) -> tuple[FloatArray, FloatArray]:
        """Return key rates before clipping [bit/s], negative without key, and QBERs.

        Parameters
        ----------
        values
            Values of the four parameters by name.
        """
        qkd, protocol = self.instance.qkd, protocol_of(self.instance.qkd)
        protocol = replace(
            protocol, misalignment=values["misalignment"], dark_count_per_gate=values["dark_counts"]
        )
        excess_db = values["excess_loss"]
        factor = values["raman_scale"] / self.instance.fibre.raman_scale
        # The excess loss stands in the receiver: it dims signal and noise alike.
        arriving = self.raman_noise * factor + self.other_noise
        noise = arriving * loss_db_to_ratio(excess_db)
        transmittance = keyrate.channel_transmittance(
            self.loss_db,
            insertion_loss_db=qkd.insertion_loss_db + excess_db,
            detector_efficiency=qkd.detector_efficiency,
        )
        rate = keyrate.decoy_bb84_rate(noise, transmittance, protocol=protocol)
        qber = keyrate.quantum_bit_error_rate(noise, transmittance, protocol=protocol)
        return protocol.repetition_hz * rate, qber

    def rows(self, chosen: IntArray) -> Bench:
        """Return the bench of some measurements, by their numbers."""
        return Bench(
            self.instance,
            self.raman_noise[chosen],
            self.other_noise[chosen],
            self.loss_db[chosen],
        )


def preset_instance(name: str, measurements: Sequence[Measurement]) -> Instance:
    """Return an instance of a preset for links that no instance has.

    Raises
    ------
    FaultsError
        The preset is unknown.
    """
    if name not in PRESETS:
        fault = f"preset = {name!r}; expected one of {', '.join(PRESETS)}"
        raise FaultsError("calibrate", [fault])
    lengths = {row.link: row.length_km for row in measurements if row.length_km is not None}
    ends = [{"id": "transmitter"}, {"id": "receiver"}]
    # Without any length the link is a stand-in: the rows are refused for want of one.
    links = [
        {"id": link, "a": "transmitter", "b": "receiver", "length_km": length}
        for link, length in (lengths or {"none": 1.0}).items()
    ]
    fields = {
        "name": f"preset {name}", "preset": name, "network": {"nodes": ends, "links": links},
        **PRESETS[name](),
    }  # fmt: skip
    return Instance.model_validate(fields, strict=False)


def make_bench(
    instance: Instance, measurements: Sequence[Measurement], *, where: str = "measurements"
) -> Bench:
    """Evaluate the physics of every measurement.

    Parameters
    ----------
    instance
        Everything that a measurement does not say itself.
    measurements
        One or more.
    where
        Name of the measurements in errors.

    Raises
    ------
    InstanceError
        Key rates of the instance do not follow from the parameters that are fitted.
    FaultsError
        With every measurement that does not fit the instance.
    """
    validate_one_system(instance, instance.name, CALIBRATED_SYSTEM)
    for name in ("skr_table", "surface"):
        if getattr(instance.qkd, name) is not None:
            fault = (
                f"qkd.{name} is given; expected key rates by the protocol's equations, whose "
                "parameters are calibrated (leave it out)"
            )
            raise InstanceError(instance.name, [fault])
    silent = instance.replace(other_noise=OtherNoise())
    faults: list[str] = []
    rows = np.zeros((len(measurements), 3))
    for k, measurement in enumerate(measurements):
        found = list(_place_faults(instance, measurement))
        if not found:
            link, launch_dbm = _link(instance, measurement, found)
        faults += [f"row {k + 1}: {fault}" for fault in found]
        if not found:
            rows[k] = _numbers(instance, silent, measurement, link, launch_dbm)
    if faults:
        raise FaultsError(where, faults)
    return Bench(instance, rows[:, 0], rows[:, 1], rows[:, 2])


def _place_faults(instance: Instance, measurement: Measurement) -> list[str]:
    """Return what of a measurement does not fit the grid, and a length missing or another."""
    faults = list(_channel_faults(instance, measurement))
    own = _own_link(instance, measurement)
    if own is None and measurement.length_km is None:
        ids = [link.id for link in instance.network.links]
        shown = ", ".join(ids[:5]) + (", ..." if len(ids) > 5 else "")
        faults.append(
            f"link = {measurement.link!r} without length_km; expected a length, or a link of the "
            f"instance ({shown})"
        )
    if own is not None and measurement.length_km is not None:
        ratio = measurement.length_km / own.length_km
        if not 1.0 - LENGTH_TOLERANCE <= ratio <= 1.0 + LENGTH_TOLERANCE:
            faults.append(
                f"length_km = {measurement.length_km:g}; expected about the {own.length_km:g} km "
                f"of link {own.id} of the instance (another link of the same name?)"
            )
    return faults


def _channel_faults(instance: Instance, measurement: Measurement) -> Iterator[str]:
    """Yield channels off the grid, and powers of which four-wave mixing knows nothing."""
    own = measurement.channel
    named = {"channel": [own] if isinstance(own, int) else []}
    for name in ("lit_co", "lit_counter"):
        named[name] = [lit.channel for lit in getattr(measurement, name)]
    last = instance.grid.channels - 1
    for name, channels in named.items():
        beyond = [channel for channel in channels if channel > last]
        if beyond:
            yield (
                f"{name} = {', '.join(map(str, beyond[:5]))}; expected channels from 0 to {last} "
                "(numbered from 1, or of another grid?)"
            )
    powers = {lit.launch_dbm for lit in measurement.lit_co}
    if instance.other_noise.four_wave_mixing is not None and len(powers) > 1:
        yield "lit_co: channels differ in power; expected one power where four-wave mixing is on"


def _own_link(instance: Instance, measurement: Measurement) -> Link | None:
    links = instance.network.links
    return next((link for link in links if link.id == measurement.link), None)


def _link(instance: Instance, measurement: Measurement, faults: list[str]) -> tuple[Link, float]:
    """Return the measured link with channels of 1 mW, and the launch power of its rows [dBm]."""
    own = _own_link(instance, measurement)
    fields: dict[str, object] = {
        "id": measurement.link, "a": "transmitter", "b": "receiver",
        "length_km": measurement.length_km or (own.length_km if own else None),
    }  # fmt: skip
    if own is not None:
        fields |= {"fibre": own.fibre, "launch_dbm": own.launch_dbm}
    if measurement.loss_db is not None:
        fields["loss_db"] = measurement.loss_db
    elif own is not None:
        fields |= {"loss_db": own.loss_db, "loss_db_per_km": own.loss_db_per_km}
    try:
        link = Link.model_validate(fields)
    except ValidationError as problem:
        faults += [
            text.removeprefix(f"link {measurement.link}: ") for text in _texts(problem, fields)
        ]
        return Link(id="none", a=0, b=1, length_km=1.0), 0.0
    own_dbm = measurement.launch_dbm
    launch_dbm = link_launch_dbm(instance, link) if own_dbm is None else own_dbm
    return link.model_copy(update={"launch_dbm": MILLIWATT_DBM}), launch_dbm


def _texts(problem: ValidationError, fields: dict[str, object]) -> list[str]:
    return list(fault_texts(problem, fields, Link))


def _numbers(
    instance: Instance,
    silent: Instance,
    measurement: Measurement,
    link: Link,
    launch_dbm: float,
) -> tuple[float, float, float]:
    """Return Raman noise, other noise [clicks per gate] and loss [dB] of a measurement.

    Parameters
    ----------
    instance, silent
        With all its noise, and with Raman scattering alone.
    measurement, link
        The measurement and its link, with channels of 1 mW.
    launch_dbm
        Power of lit channels that have none of their own [dBm].
    """
    channel = measurement.channel
    optics, raman = (LinkOptics(one, link, channel) for one in (instance, silent))
    sides = [
        _milliwatts(instance, lit, launch_dbm)
        for lit in (measurement.lit_co, measurement.lit_counter)
    ]
    power = np.array(sides)
    raman_noise = float((raman.noise_per_channel() * power).sum())
    noise = float((optics.noise_per_channel() * power).sum()) + optics.noise_floor()
    noise += _mixing(instance, optics, power[0])
    return raman_noise, noise - raman_noise, instance.candidate_loss_db(link, channel)


def _milliwatts(instance: Instance, lit: Sequence[LitChannel], launch_dbm: float) -> FloatArray:
    """Return ``(W,)`` launch powers [mW], 0 where nothing is lit."""
    power = np.zeros(instance.grid.channels)
    for channel, own_dbm in lit:
        power[channel] = 1e3 * dbm_to_w(launch_dbm if own_dbm is None else own_dbm)
    return power


def _mixing(instance: Instance, optics: LinkOptics, power: FloatArray) -> float:
    """Return clicks per gate by four-wave mixing, which has one power for all its channels."""
    lit = np.flatnonzero(power)
    if instance.other_noise.four_wave_mixing is None or len(lit) < 2:
        return 0.0
    frequencies = np.array([instance.grid.frequency_thz(int(w)) for w in lit])
    # In proportion to the cube of the power, which is the same for all: others are refused.
    return optics.four_wave_mixing_clicks(frequencies) * float(power[lit[0]]) ** 3
