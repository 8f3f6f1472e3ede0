r"""Launch power of least noise: every link at the minimum that its receivers require.

All noise of classical light rises with its launch power on that link (Raman scattering and
crosstalk in proportion, four-wave mixing with the cube) and with nothing on other links,
since power is restored at every node. What the classical receivers need is a constraint on
each link alone. So the least power that they allow is best for every key rate at once,
whatever the lightpaths (``docs/sensitivity.md`` has the proposition and its conditions).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from qkdopt.errors import InstanceError, UsageError
from qkdopt.instance import Instance, Link
from qkdopt.physics.fibre import receiver_sensitivity_launch_dbm
from qkdopt.problem.coefficients import link_launch_dbm, link_loss_db

if TYPE_CHECKING:
    import pandas as pd

Mode = Literal["network", "link"]
MODES: tuple[str, ...] = get_args(Mode)
# The instance's own limits of a launch power [dBm].
MIN_DBM, MAX_DBM = -80.0, 30.0
MAX_MARGIN_DB = 40.0


def min_launch_dbm(
    instance: Instance, link: Link, sensitivity_dbm: float, margin_db: float
) -> float:
    r"""Return the minimum launch power [dBm] that a link's receivers require.

    .. math:: F_e = S_\text{rx} + \alpha_e L_e + M

    Both directions have the same loss, and so the same minimum.

    Parameters
    ----------
    instance, link
        For the link's loss.
    sensitivity_dbm
        :math:`S_\text{rx}`, of the classical receivers [dBm].
    margin_db
        :math:`M \ge 0`, added for ageing and repairs [dB].

    References
    ----------
    .. [1] P. Eraerds et al., New J. Phys. 12, 063027 (2010), section 3.
    """
    loss_db = link_loss_db(instance, link)
    return float(receiver_sensitivity_launch_dbm(sensitivity_dbm, loss_db, margin_db))


def with_launch(
    instance: Instance,
    mode: Mode = "link",
    *,
    sensitivity_dbm: float,
    margin_db: float = 0.0,
    cap_dbm: float | None = None,
) -> Instance:
    """Return the instance at the launch power of least noise between minimum and cap.

    Parameters
    ----------
    instance
        Its launch powers are replaced, whether too high or too low.
    mode
        ``link``: each link at its own minimum. ``network``: one power everywhere, the highest
        of all minima; links without QKD need theirs too.
    sensitivity_dbm, margin_db
        See :func:`launch_floor_dbm`.
    cap_dbm
        Largest launch power of any link [dBm]; None: 30 dBm, the limit of an instance.

    Raises
    ------
    UsageError
        An option out of range.
    InstanceError
        Minimum powers above the cap: every such link, with its minimum.
    """
    faults = validate_options(sensitivity_dbm, margin_db, cap_dbm)
    if mode not in MODES:
        faults.append(f"mode = {mode!r}; expected one of {', '.join(MODES)}")
    if faults:
        raise UsageError("; ".join(faults))
    faults = validate_cap(instance, sensitivity_dbm, margin_db, cap_dbm)
    if faults:
        raise InstanceError(f"{instance.name}: launch power", faults)
    min_powers = [
        min_launch_dbm(instance, link, sensitivity_dbm, margin_db)
        for link in instance.network.links
    ]
    if mode == "network":
        return with_powers(instance, max(min_powers), [None] * len(min_powers))
    return with_powers(instance, None, min_powers)


@dataclass(frozen=True)
class Receivers:
    """Limits that the classical receivers set to the launch power.

    Parameters
    ----------
    sensitivity_dbm, margin_db, cap_dbm
        See :func:`with_launch`.
    """

    sensitivity_dbm: float
    margin_db: float = 0.0
    cap_dbm: float | None = None

    @classmethod
    def of(cls, instance: Instance) -> Receivers | None:
        """Return the receivers that an instance names; None where it gives launch powers alone."""
        classical = instance.classical
        if classical.receiver_sensitivity_dbm is None:
            return None
        return cls(classical.receiver_sensitivity_dbm, classical.margin_db)

    def faults(self) -> list[str]:
        """Return every fault of the options, whatever the instance."""
        return validate_options(self.sensitivity_dbm, self.margin_db, self.cap_dbm)

    def validate_cap(self, instance: Instance) -> list[str]:
        """Return one fault for each link whose minimum launch power is above the cap."""
        return validate_cap(instance, self.sensitivity_dbm, self.margin_db, self.cap_dbm)

    def at_min_launch(self, instance: Instance, mode: Mode) -> Instance:
        """Return the instance at the power of least noise, see :func:`with_launch`."""
        return with_launch(
            instance, mode, sensitivity_dbm=self.sensitivity_dbm, margin_db=self.margin_db,
            cap_dbm=self.cap_dbm,
        )  # fmt: skip

    def table(self, instance: Instance, chosen: Instance) -> pd.DataFrame:
        """Return the launch power that each link saves, see :func:`launch_table`."""
        return launch_table(
            instance, chosen, sensitivity_dbm=self.sensitivity_dbm, margin_db=self.margin_db
        )


def validate_options(sensitivity_dbm: float, margin_db: float, cap_dbm: float | None) -> list[str]:
    """Return every fault of the options.

    Parameters
    ----------
    sensitivity_dbm, margin_db, cap_dbm
        See :func:`with_launch`.
    """
    faults = [
        f"{name} = {value:g}; expected -80 to 30 dBm (given in W or mW?)"
        for name, value in (("sensitivity", sensitivity_dbm), ("cap", cap_dbm))
        if value is not None and not MIN_DBM <= value <= MAX_DBM
    ]
    if not 0.0 <= margin_db <= MAX_MARGIN_DB:
        faults.append(f"margin = {margin_db:g}; expected 0 to 40 dB")
    return faults


def validate_cap(
    instance: Instance, sensitivity_dbm: float, margin_db: float, cap_dbm: float | None
) -> list[str]:
    """Return one fault for each link whose minimum launch power is above the cap.

    Parameters
    ----------
    instance
        For the losses of its links.
    sensitivity_dbm, margin_db, cap_dbm
        See :func:`with_launch`.
    """
    cap = MAX_DBM if cap_dbm is None else cap_dbm
    faults = []
    for link in instance.network.links:
        min_power = min_launch_dbm(instance, link, sensitivity_dbm, margin_db)
        if min_power > cap:
            faults.append(
                f"link {link.id}: floor {min_power:.2f} dBm ({sensitivity_dbm:g} dBm + "
                f"{link_loss_db(instance, link):.2f} dB + {margin_db:g} dB); expected at most the "
                f"cap of {cap:g} dBm"
            )
    return faults


def launch_table(
    instance: Instance, chosen: Instance, *, sensitivity_dbm: float, margin_db: float = 0.0
) -> pd.DataFrame:
    """Return one row a link: its minimum power, the power chosen, and the difference.

    Parameters
    ----------
    instance
        At its present launch powers.
    chosen
        The same at other launch powers.
    sensitivity_dbm, margin_db
        See :func:`min_launch_dbm`.

    Returns
    -------
    DataFrame
        Columns ``link``, ``length_km``, ``floor_dbm``, ``launch_dbm`` (of ``chosen``) and
        ``saved_db`` against ``instance``: negative where the present power is too low.
    """
    import pandas as pd

    rows = []
    for link, after in zip(instance.network.links, chosen.network.links, strict=True):
        launch = link_launch_dbm(chosen, after)
        rows.append(
            {
                "link": link.id,
                "length_km": link.length_km,
                "floor_dbm": min_launch_dbm(instance, link, sensitivity_dbm, margin_db),
                "launch_dbm": launch,
                "saved_db": link_launch_dbm(instance, link) - launch,
            }
        )
    return pd.DataFrame(rows)


def mean_launch_dbm(instance: Instance) -> float:
    """Return the mean over links of the launch power, taken in dBm."""
    powers = [link_launch_dbm(instance, link) for link in instance.network.links]
    # One power everywhere comes back as it is, without round-off.
    return powers[0] if len(set(powers)) == 1 else math.fsum(powers) / len(powers)


def with_powers(
    instance: Instance,
    network_dbm: float | None,
    links_dbm: Sequence[float | None],
    changes: dict[str, Any] | None = None,
) -> Instance:
    """Replace the launch powers of an instance, validated again.

    Parameters
    ----------
    instance
        Its own powers are replaced.
    network_dbm
        Power of all links without their own [dBm]; None leaves it unchanged.
    links_dbm
        ``(E,)`` powers of the links [dBm]; None where a link has none of its own.
    changes
        Further fields of ``classical``; None for none.

    Raises
    ------
    InstanceError
        A power is out of range.
    """
    classical: dict[str, object] = {}
    if network_dbm is not None:
        classical = {
            "launch_dbm": network_dbm, "receiver_sensitivity_dbm": None, "margin_db": 0.0
        }  # fmt: skip
    links = zip(instance.network.links, links_dbm, strict=True)
    return instance.replace(
        classical={**classical, **(changes or {})},
        network={"links": {link.id: {"launch_dbm": power} for link, power in links}},
        where=f"{instance.name}: launch power",
    )
