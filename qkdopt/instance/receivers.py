"""The instance with every receiver changed alike: the network's own and those of its systems."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qkdopt.instance.model import Instance
    from qkdopt.instance.quantum import Qkd


def with_receivers(
    instance: Instance,
    change: Callable[[Qkd], Mapping[str, object]],
    *,
    where: str | None = None,
) -> Instance:
    """Return the instance with a change of its QKD block and of each QKD system.

    A system that has a field from the network has it changed there.

    Parameters
    ----------
    instance
        The instance; it does not change.
    change
        Returns the fields that change, of ``qkd`` or of what a system makes of it.
    where
        What an error calls the changed instance; None for its name.

    Raises
    ------
    InstanceError
        A changed value is out of range.
    """
    systems = {}
    for system in instance.qkd_systems or ():
        own = change(system.in_place_in(instance.qkd))
        systems[system.id] = {name: own[name] for name in own if name in system.given()}
    if not systems:
        return instance.replace(qkd=change(instance.qkd), where=where)
    return instance.replace(qkd=change(instance.qkd), qkd_systems=systems, where=where)


__all__ = ["with_receivers"]
