"""Results of ``qkdopt simulate --json`` as they are read back."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

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
