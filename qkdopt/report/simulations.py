"""Results of ``qkdopt simulate --json`` as a page reads them, and what is checked of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from qkdopt.errors import RefusedError
from qkdopt.instance import Instance
from qkdopt.result import Environment, Provenance
from qkdopt.result.base import Record

SCHEMA: Literal["qkdopt/simulation/1"] = "qkdopt/simulation/1"


class Interval(Record):
    """A value and the half-width of its interval of 95 %; null where there is none."""

    value: float | None
    ci95: float | None


class SimulatedLink(Record):
    """A link, averaged over time."""

    link: str
    skr_bps: float
    skr_bps_ci95: float | None
    qber: float | None
    """Null without QKD."""
    lightpaths: float
    no_key_share: float
    empty_pool_share: float | None = None
    """None where requests draw no key."""


class SimulationRecord(Record):
    """What ``qkdopt simulate --json`` prints."""

    schema_version: Annotated[Literal["qkdopt/simulation/1"], Field(alias="schema")] = SCHEMA
    instance: str
    sha256: str
    preset: str | None
    strategy: str
    order: str
    policy: str | None
    replacements: int
    retune: str
    threshold: float | None
    load_erlang: float
    seed: int
    replications: int
    requests: int
    warmup: int
    mean_skr_bps: Interval
    mean_skr_per_request_bps: Interval
    time_average_skr_bps: Interval
    blocking: Interval
    blocking_by_cause: dict[str, Interval]
    outage: Interval
    switches_per_request: Interval
    switches_per_holding_time: Interval
    moves_per_request: Interval
    key_need_bps: float | None = None
    """None, as all about keys, where requests draw none."""
    key_per: str | None = None
    mean_holding_s: float | None = None
    admission: str | None = None
    bridge_s: float | None = None
    key_delivered_share: Interval | None = None
    key_delivered_bps: Interval | None = None
    key_needed_bps: Interval | None = None
    empty_pool_share: Interval | None = None
    key_blocked: Interval | None = None
    links: tuple[SimulatedLink, ...]
    interrupted: bool
    notes: tuple[str, ...]
    seconds: float
    requests_per_second: float
    environment: Environment
    provenance: Provenance | None = None
    """Null in files of earlier versions."""


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
