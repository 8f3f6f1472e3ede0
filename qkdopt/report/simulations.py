"""Results of ``qkdopt simulate --json`` on a page, and what is checked of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qkdopt.errors import RefusedError
from qkdopt.instance import Instance
from qkdopt.simulation.record import SimulationRecord

SHARES = ("blocking", "outage", "key_delivered_share", "empty_pool_share", "key_blocked")
ROUND_OFF = 1e-9


@dataclass(frozen=True)
class SimulationFacts:
    """One simulation beside its instance.

    Parameters
    ----------
    label
        What the page calls it.
    instance, record
        Both belong together.
    """

    label: str
    instance: Instance
    record: SimulationRecord


def checked_simulation(label: str, instance: Instance, record: SimulationRecord) -> SimulationFacts:
    """Check what can be: the links are those of the instance, and numbers agree with each other.

    Parameters
    ----------
    label
        Name of the simulation on the page.
    instance
        Its instance.
    record
        What was written of it.

    Raises
    ------
    RefusedError
        With every fault.
    """
    faults = list(_faults(instance, record))
    if faults:
        raise RefusedError(label, faults)
    return SimulationFacts(label, instance, record)


def _faults(instance: Instance, record: SimulationRecord) -> Iterator[str]:
    names = [link.id for link in instance.network.links]
    if [row.link for row in record.links] != names:
        yield f"links: {len(record.links)} rows; expected the {len(names)} links of {instance.name}"
    for name in SHARES:
        estimate = getattr(record, name)
        value = None if estimate is None else estimate.value
        # What is summed over time may leave the range by round-off.
        if value is not None and not -ROUND_OFF <= value <= 1.0 + ROUND_OFF:
            yield f"{name} = {value:g}; expected a share from 0 to 1"
    yield from _key_faults(record)
    mean, share = record.mean_skr_bps.value, record.blocking.value
    request = record.mean_skr_per_request_bps.value
    if mean is not None and share is not None and request is not None:
        expected = mean * (1.0 - share)
        if abs(request - expected) > 1e-6 * max(expected, 1.0):
            yield (
                f"mean_skr_per_request_bps = {request:.12g}; expected {expected:.12g} = "
                "mean_skr_bps x (1 - blocking)"
            )
    yield from (
        f"links: {row.link} skr_bps = {row.skr_bps:g}; expected at least 0"
        for row in record.links
        if row.skr_bps < 0.0
    )


def _key_faults(record: SimulationRecord) -> Iterator[str]:
    """Yield numbers about keys that contradict each other."""
    delivered, needed = record.key_delivered_bps, record.key_needed_bps
    share = record.key_delivered_share
    if delivered is None or needed is None or share is None:
        return
    if delivered.value is None or needed.value is None or share.value is None:
        return
    expected = share.value * needed.value
    if abs(delivered.value - expected) > 1e-6 * max(expected, 1.0):
        yield (
            f"key_delivered_bps = {delivered.value:.12g}; expected {expected:.12g} = "
            "key_delivered_share x key_needed_bps"
        )
