"""Light in place as arrays: channels that it leaves, and what foreign light adds in power."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from qkdopt.instance import Instance, Link
from qkdopt.units import FloatArray

BoolArray = NDArray[np.bool_]


def available_channels(instance: Instance) -> BoolArray:
    """``(E, 2, W)`` channels that light of a demand may use, guard bands not counted.

    Neither unavailable nor taken by foreign light. In layout ``single`` the directions share a
    fibre, and what takes a channel in one takes it in the other.
    """
    links, width = instance.network.links, instance.grid.channels
    free = np.ones((len(links), 2, width), dtype=np.bool_)
    for e, link in enumerate(links):
        if link.unavailable is not None:
            for direction, closed in enumerate(instance.unavailable_channels(link)):
                free[e, direction, sorted(closed)] = False
        for row in instance.light_in_place(link):
            if row.lightpath.demand is None:
                free[e, 0 if row.from_a else 1, row.channel] = False
    if instance.fibre.layout == "single":
        free &= free.all(axis=1, keepdims=True)
    return free


def foreign_power(instance: Instance, launch_dbm: Callable[[Link], float]) -> FloatArray:
    """``(E, 2, W)`` power of foreign light on each channel, in those that the link launches.

    Noise is linear in power, so that it is that of a lightpath times this.

    Parameters
    ----------
    instance
        The instance.
    launch_dbm
        Returns the power [dBm] of a lightpath at the start of a link.
    """
    links, width = instance.network.links, instance.grid.channels
    power = np.zeros((len(links), 2, width))
    for e, link in enumerate(links):
        for row in instance.light_in_place(link):
            if row.lightpath.demand is None:
                own = row.launch_dbm
                ratio = 1.0 if own is None else 10.0 ** ((own - launch_dbm(link)) / 10.0)
                power[e, 0 if row.from_a else 1, row.channel] += ratio
    return power


def foreign_channels(instance: Instance) -> BoolArray:
    """``(E, 2, W)`` whether foreign light is on a channel, by direction of travel."""
    return np.asarray(foreign_power(instance, lambda _link: 0.0) > 0.0)
