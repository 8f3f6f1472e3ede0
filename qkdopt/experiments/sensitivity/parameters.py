r"""Hardware parameters, each perturbed alone around where the instance has it.

What a change by x dB does, :math:`r = 10^{x/10}`, Raman scattering being the only noise:

=====================  ==============  ===================
parameter              noise per gate  beside
=====================  ==============  ===================
launch power           times r
filter width           times r
time gate              times r         dark counts times r
detector efficiency    times r         signal times r
insertion loss         divided by r    signal divided by r
Raman scale            times r
=====================  ==============  ===================

The Raman scale is no parameter of the hardware but a yardstick: the effect of the cross-section's
uncertainty of 2-3 dB. Dark counts per gate follow the gate, at a constant rate per nanosecond; they
do not follow the detector's efficiency, though in a given detector they do. No filter or gate is
assumed to cut the signal; :data:`TIME_BANDWIDTH` is the limit of that assumption.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from qkdopt.experiments.sensitivity.power import mean_launch_dbm, with_powers
from qkdopt.instance import Instance, with_receivers

# Product of duration and width of a Gaussian pulse, both at half maximum: no pulse is narrower in
# time and frequency, so a filter and a gate that together are narrower cut the signal itself.
TIME_BANDWIDTH = 0.44


@dataclass(frozen=True)
class Parameter:
    """One hardware parameter that may be perturbed.

    Parameters
    ----------
    name, unit
        For tables and plots.
    sign
        +1 where more of it gives more key, -1 where less does.
    low_db, high_db
        Range of changes of the present value [dB].
    value
        The present value in ``unit``; of a receiver that of the network's own QKD system. The
        systems that links name change by as much.
    perturbed
        Returns the instance with the parameter changed by a number of dB, validated.
    """

    name: str
    unit: str
    sign: int
    low_db: float
    high_db: float
    value: Callable[[Instance], float]
    perturbed: Callable[[Instance, float], Instance]

    def steps_db(self, step_db: float) -> list[float]:
        """Return the changes that are tried [dB], ascending, 0 among them."""
        first = math.ceil(self.low_db / step_db - 1e-9)
        last = math.floor(self.high_db / step_db + 1e-9)
        return [k * step_db for k in range(first, last + 1)]


def scaled_launch(instance: Instance, db: float) -> Instance:
    """Return the instance with every launch power raised by a number of dB.

    Where power follows from a receiver's sensitivity, the sensitivity changes: less power then
    requires a better receiver.

    Raises
    ------
    InstanceError
        A power leaves the range of an instance.
    """
    classical = instance.classical
    own = [link.launch_dbm for link in instance.network.links]
    shifted = [None if power is None else power + db for power in own]
    if classical.launch_dbm is not None:
        return with_powers(instance, classical.launch_dbm + db, shifted)
    assert classical.receiver_sensitivity_dbm is not None  # validated: one of the two
    sensitivity = {"receiver_sensitivity_dbm": classical.receiver_sensitivity_dbm + db}
    return with_powers(instance, None, shifted, sensitivity)


def _ratio(db: float) -> float:
    return float(10.0 ** (db / 10.0))


def _filter(instance: Instance, db: float) -> Instance:
    return with_receivers(instance, lambda qkd: {"filter_ghz": qkd.filter_ghz * _ratio(db)})


def _gate(instance: Instance, db: float) -> Instance:
    ratio = _ratio(db)
    return with_receivers(
        instance,
        lambda qkd: {
            "gate_ps": qkd.gate_ps * ratio, "dark_count_per_gate": qkd.dark_count_per_gate * ratio,
        },
    )  # fmt: skip


def _efficiency(instance: Instance, db: float) -> Instance:
    return with_receivers(
        instance, lambda qkd: {"detector_efficiency": qkd.detector_efficiency * _ratio(db)}
    )


def _insertion_loss(instance: Instance, db: float) -> Instance:
    return with_receivers(instance, lambda qkd: {"insertion_loss_db": qkd.insertion_loss_db + db})


def _raman_scale(instance: Instance, db: float) -> Instance:
    return instance.replace(fibre={"raman_scale": instance.fibre.raman_scale * _ratio(db)})


LAUNCH = Parameter("launch power", "dBm", -1, -9.0, 3.0, mean_launch_dbm, scaled_launch)
FILTER = Parameter("filter width", "GHz", -1, -9.0, 3.0, lambda i: i.qkd.filter_ghz, _filter)
GATE = Parameter("time gate", "ps", -1, -9.0, 3.0, lambda i: i.qkd.gate_ps, _gate)
EFFICIENCY = Parameter(
    "detector efficiency", "1", 1, -3.0, 9.0, lambda i: i.qkd.detector_efficiency, _efficiency
)
INSERTION_LOSS = Parameter(
    "insertion loss", "dB", -1, -9.0, 3.0, lambda i: i.qkd.insertion_loss_db, _insertion_loss
)
RAMAN_SCALE = Parameter(
    "Raman scale", "1", -1, -9.0, 3.0, lambda i: i.fibre.raman_scale, _raman_scale
)
PARAMETERS = (LAUNCH, FILTER, GATE, EFFICIENCY, INSERTION_LOSS, RAMAN_SCALE)
# A measured table of key rates holds for the receiver it was measured with.
OF_THE_RECEIVER = (EFFICIENCY, INSERTION_LOSS)
