"""The instance with every receiver changed alike: the network's own and those of its systems."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qkdopt.instance.model import Instance
    from qkdopt.instance.quantum import Qkd

    # Returns the fields of a QKD block that change.
    Change = Callable[[Qkd], Mapping[str, object]]


def with_receivers(instance: Instance, change: Change) -> Instance:
    """Return the instance with a change of its QKD block and of each QKD system.

    Raises
    ------
    InstanceError
        A changed value is out of range.
    """
    return instance.replace(**receiver_changes(instance, change))


def receiver_changes(instance: Instance, change: Change) -> dict[str, Any]:
    """Return what :meth:`Instance.replace` needs for a change of every receiver.

    A system that has a field from the network has it changed there.

    Parameters
    ----------
    instance
        The instance; it does not change.
    change
        Returns the fields that change, of ``qkd`` or of what a system makes of it.
    """
    systems: dict[str, dict[str, object]] = {}
    for system in instance.qkd_systems or ():
        own = change(system.in_place_in(instance.qkd))
        systems[system.id] = {name: own[name] for name in own if name in system.given()}
    changes: dict[str, Any] = {"qkd": change(instance.qkd)}
    return changes | {"qkd_systems": systems} if systems else changes


__all__ = ["receiver_changes", "with_receivers"]
