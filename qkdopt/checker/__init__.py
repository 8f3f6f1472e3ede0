"""Recompute every rule and every number of a result, from the instance and physics alone.

Independent by contract: the package imports no tables, models, heuristics or assessment of plans,
so an error there cannot repeat itself in the check.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from qkdopt.checker.in_place import planned_instance, validate_around
from qkdopt.checker.lightpaths import Lit, lit_channels, validate_lightpaths
from qkdopt.checker.numbers import validate_min_rates, validate_numbers, value_of
from qkdopt.checker.provenance import validate_provenance
from qkdopt.checker.rates import LinkRate, demand_rates, link_rates, validate_working_channels
from qkdopt.checker.shared_keys import validate_shares
from qkdopt.errors import InstanceError
from qkdopt.instance import Instance
from qkdopt.result import AnyPlan, Result


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


__all__ = ["CheckReport", "LinkRate", "Lit", "check", "link_rates", "lit_channels"]


def check(instance: Instance, result: AnyPlan) -> CheckReport:
    """Recompute a result or a saved plan; a readable one never raises.

    Returns
    -------
    CheckReport
        All faults, and the recomputed numbers.

    Examples
    --------
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> qkdopt.check(line, qkdopt.solve(line, strategy="ds-qkd")).faults
    ()
    """
    try:
        instance = planned_instance(instance, result)
    except InstanceError as error:
        return CheckReport(instance=instance.name, faults=tuple(error.faults))
    faults = list(_validate_identity(instance, result))
    faults.extend(validate_lightpaths(instance, result))
    if faults:
        # Rates of an invalid plan would only hide the actual faults.
        return CheckReport(instance=instance.name, faults=tuple(faults))
    lit = lit_channels(instance, result)
    faults.extend(validate_working_channels(instance, result, lit))
    if faults:
        return CheckReport(instance=instance.name, faults=tuple(faults))
    links = link_rates(instance, result, lit)
    demands = demand_rates(instance, result, links)
    value = value_of(instance, result, links, demands)
    faults.extend(validate_min_rates(instance, demands))
    if isinstance(result, Result):
        faults.extend(validate_numbers(result, value, links, demands))
        faults.extend(validate_provenance(instance, result))
        if instance.qkd.key_accounting == "shared":
            rates = {name: rate.skr_bps for name, rate in links.items()}
            faults.extend(validate_shares(instance, result, rates))
    return CheckReport(
        instance=instance.name,
        faults=tuple(faults),
        objective_bps=value.objective_bps,
        served=value.served,
        without_key=value.without_key,
        link_skr_bps={name: rate.skr_bps for name, rate in links.items()},
        demand_skr_bps={str(name): rate for name, (rate, _) in demands.items()},
    )


def _validate_identity(instance: Instance, result: AnyPlan) -> Iterator[str]:
    if result.instance.sha256 != instance.sha256():
        yield (
            f"instance.sha256 = {result.instance.sha256[:12]}...; expected "
            f"{instance.sha256()[:12]}... of {instance.name} (a result of another instance, or "
            "of an earlier version of this one?)"
        )
    if result.objective.startswith("key-") and instance.qkd.key_accounting != "shared":
        yield (
            f"objective = {result.objective!r}; expected mean, max-min or link-sum: keys are not "
            "shared"
        )
    yield from validate_around(instance, result)
    if isinstance(result, Result):
        yield from _validate_status(result)


def _validate_status(result: Result) -> Iterator[str]:
    if result.value is None and result.lightpaths:
        yield "value: null beside lightpaths; expected the plan's numbers"
    if result.status in ("infeasible", "no_solution") and result.value is not None:
        yield f"status = {result.status!r} beside a value; expected 'optimal' or 'feasible'"
    if result.status in ("optimal", "feasible") and result.value is None:
        yield f"status = {result.status!r} without a value; expected the plan's numbers"
