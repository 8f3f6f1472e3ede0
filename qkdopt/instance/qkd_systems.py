"""QKD systems: what a link's transmitter and receiver have in place of the network's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from qkdopt.errors import InstanceError
from qkdopt.instance.base import LossDb, Part, Share, WidthGhz
from qkdopt.instance.quantum import (
    Decoys,
    GatePs,
    KeyRateTable,
    Leakage,
    MeanPhotonNumber,
    Misalignment,
    PositiveShare,
    Protocol,
    Qkd,
    RepetitionMhz,
    SurfaceGrid,
    WeakPhotonNumber,
    Yields,
)

if TYPE_CHECKING:
    from qkdopt.instance.model import Instance

# What may stand in place of the equations.
RATES = ("skr_table", "surface")
# With a surface of another system a link may still lose more: its loss is an axis of the surface.
OF_THE_LOSS = ("insertion_loss_db",)


class QkdSystem(Part):
    """A QKD system, transmitter and receiver; a link names it as its ``qkd_system``.

    What is not given is the network's own (``qkd``), so that a system that gives nothing changes
    nothing. Candidates, guard band, reserve, relay and the count of keys are the network's.
    """

    id: Annotated[str, Field(min_length=1)]
    label: str | None = None
    """Name for people: maker and model."""
    protocol: Protocol | None = None
    """Given: key rates by its equations, also where the network has a table or a surface."""
    decoys: Decoys | None = None
    """As in ``qkd``, like all that follow."""
    yields: Yields | None = None
    mean_photon_number: MeanPhotonNumber | None = None
    weak_photon_number: WeakPhotonNumber | None = None
    misalignment: Misalignment | None = None
    detector_efficiency: PositiveShare | None = None
    dark_count_per_gate: Share | None = None
    gate_ps: GatePs | None = None
    """Detection gate [ps]."""
    repetition_mhz: RepetitionMhz | None = None
    """Pulses per second [MHz]."""
    error_correction_efficiency: Leakage | None = None
    sifting: PositiveShare | None = None
    insertion_loss_db: LossDb | None = None
    """Of the receiver, filters included [dB]."""
    filter_ghz: WidthGhz | None = None
    """Width of the quantum filter [GHz]."""
    skr_table: KeyRateTable | None = None
    """Measured key rate against noise; all links with this system must have one loss."""
    surface: SurfaceGrid | None = None
    """Key rate over loss and noise, counted with this system's receiver."""

    def faults(self) -> Iterator[str]:
        """Yield each broken rule between fields."""
        if self.surface is not None and self.skr_table is not None:
            yield (
                f"qkd_systems: {self.id}: surface and skr_table are both given; expected at most "
                "one of them"
            )

    def given(self) -> dict[str, object]:
        """Return what this system has in place of the network's own, by field of ``qkd``."""
        names = (name for name in QkdSystem.model_fields if name not in ("id", "label"))
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def gives_rates(self) -> bool:
        """Whether it has key rates of its own: a table, a surface, or those of the equations."""
        return any(getattr(self, name) is not None for name in ("protocol", *RATES))

    def in_place_in(self, qkd: Qkd) -> Qkd:
        """Return the network's QKD block with what this system has in its place."""
        given = self.given()
        if self.gives_rates():
            given = dict.fromkeys(RATES) | given
        return qkd.model_copy(update=given)


def validate_qkd_systems(instance: Instance) -> Iterator[str]:
    """Yield a fault for each id given twice, each link whose system is not listed, each conflict.

    A conflict is one between fields of a system and those that it has from ``qkd``.
    """
    systems = instance.qkd_systems or ()
    for name, times in Counter(system.id for system in systems).items():
        if times > 1:
            yield f"qkd_systems: id {name!r} is given {times} times; expected once"
    known = {system.id for system in systems}
    for link in instance.network.links:
        if link.qkd_system is not None and link.qkd_system not in known:
            expected = ", ".join(sorted(known)) or "none is listed"
            yield (
                f"network.links: {link.id}.qkd_system = {link.qkd_system!r}; expected the id of "
                f"one of `qkd_systems` ({expected})"
            )
    for system in systems:
        where = f"qkd_systems: {system.id}"
        yield from (f"{where}: {fault}" for fault in system.in_place_in(instance.qkd).faults())
        yield from _conflicts(system, instance.qkd, where)


def _conflicts(system: QkdSystem, qkd: Qkd, where: str) -> Iterator[str]:
    """Yield a fault where a system has the network's rates, and a receiver they are not of."""
    given = system.given()
    if system.gives_rates():
        return
    for rates in RATES:
        if getattr(qkd, rates) is None:
            continue
        other = [name for name, value in given.items() if value != getattr(qkd, name)]
        if rates == "surface":
            other = [name for name in other if name not in OF_THE_LOSS]
        if other:
            yield (
                f"{where}: gives {', '.join(other)}, but has its key rates of qkd.{rates}, which "
                "are of the network's own system; expected a skr_table or surface of its own, or "
                "`protocol` for the equations"
            )


def validate_one_system(instance: Instance, where: str, expected: str) -> None:
    """Refuse links with a QKD system of their own, for what is about one.

    Parameters
    ----------
    instance
        The instance.
    where
        What is read, for the message.
    expected
        What is expected in place of such links.

    Raises
    ------
    InstanceError
        A link names a QKD system.
    """
    own = [link.id for link in instance.network.links if link.qkd_system is not None]
    if own:
        shown = ", ".join(own[:5]) + (f" and {len(own) - 5} more" if len(own) > 5 else "")
        fault = f"qkd_system is given for links {shown}; expected {expected}"
        raise InstanceError(where, [fault])


def with_system_alone(instance: Instance, system_id: str) -> Instance:
    """Return the instance with a system as the network's own, and QKD on its links alone.

    It is not judged anew: links that have another system keep what they ask of their candidates.

    Parameters
    ----------
    instance
        The instance.
    system_id
        Id of the system.

    Raises
    ------
    InstanceError
        There is no such system, or no link has it.
    """
    systems = {system.id: system for system in instance.qkd_systems or ()}
    if system_id not in systems:
        expected = ", ".join(systems) or "none is listed"
        fault = f"qkd_systems: no system {system_id!r}; expected one of {expected}"
        raise InstanceError(instance.name, [fault])
    alone = tuple(
        link.model_copy(
            update={"qkd": link.qkd and link.qkd_system == system_id, "qkd_system": None}
        )
        for link in instance.network.links
    )
    if not any(link.qkd for link in alone):
        fault = f"qkd_systems: no link with QKD has {system_id!r}; expected one with it"
        raise InstanceError(instance.name, [fault])
    network = instance.network.model_copy(update={"links": alone})
    qkd = systems[system_id].in_place_in(instance.qkd)
    return instance.model_copy(update={"qkd": qkd, "qkd_systems": None, "network": network})


def unused_systems(instance: Instance) -> Iterator[str]:
    """Yield a warning that names the systems that no link has."""
    named = {link.qkd_system for link in instance.network.links}
    unused = [system.id for system in instance.qkd_systems or () if system.id not in named]
    if unused:
        yield f"qkd_systems: no link has {', '.join(unused)}; a link names it as its qkd_system"


__all__ = [
    "QkdSystem",
    "unused_systems",
    "validate_one_system",
    "validate_qkd_systems",
    "with_system_alone",
]
