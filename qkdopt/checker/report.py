"""Report of ``check``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """Faults and recomputed numbers of one result.

    Parameters
    ----------
    instance
        Name of the instance.
    faults
        One text per fault: where, what was read, what was expected.
    objective_bps, served, without_key
        Recomputed; None where the lightpaths are invalid. ``without_key`` counts the served
        demands whose key rate is 0.
    link_skr_bps, demand_skr_bps
        Recomputed rates by link id, and by demand id as text.
    """

    instance: str
    faults: tuple[str, ...]
    objective_bps: float | None = None
    served: int | None = None
    without_key: int | None = None
    link_skr_bps: dict[str, float] = field(default_factory=dict)
    demand_skr_bps: dict[str, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Return whether every rule holds and every number agrees."""
        return not self.faults

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain data, as printed by ``qkdopt check --json``."""
        return {
            "instance": self.instance,
            "ok": self.ok,
            "faults": list(self.faults),
            "objective_bps": self.objective_bps,
            "served": self.served,
            "without_key": self.without_key,
            "link_skr_bps": self.link_skr_bps,
            "demand_skr_bps": self.demand_skr_bps,
        }
