"""Recompute every rule and every number of a result, from the instance and physics alone.

Independent by contract: nothing here imports tables, models, heuristics or the plan's
own assessment, so a mistake there cannot hide itself here.
"""

from __future__ import annotations

from collections.abc import Iterator

from qkdopt.checker.lightpaths import Lit, lightpath_faults, lit_channels
from qkdopt.checker.numbers import floor_faults, number_faults, value_of
from qkdopt.checker.rates import LinkRate, demand_rates, link_rates, quantum_faults
from qkdopt.checker.report import CheckReport
from qkdopt.instance import Instance
from qkdopt.result import AnyPlan, Result

__all__ = ["CheckReport", "LinkRate", "Lit", "check"]


def check(instance: Instance, result: AnyPlan) -> CheckReport:
    """Recompute a result or a saved plan; never raises on one that can be read.

    Returns
    -------
    CheckReport
        Every fault found, and the recomputed numbers.
    """
    faults = list(_identity_faults(instance, result))
    faults.extend(lightpath_faults(instance, result))
    if faults:
        # Rates of a plan that is no plan would be noise on top of the real faults.
        return CheckReport(instance=instance.name, faults=tuple(faults))
    lit = lit_channels(instance, result)
    faults.extend(quantum_faults(instance, result, lit))
    if faults:
        return CheckReport(instance=instance.name, faults=tuple(faults))
    links = link_rates(instance, result, lit)
    demands = demand_rates(instance, result, links)
    value = value_of(instance, result, links, demands)
    faults.extend(floor_faults(instance, demands))
    if isinstance(result, Result):
        faults.extend(number_faults(result, value, links, demands))
    return CheckReport(
        instance=instance.name,
        faults=tuple(faults),
        objective_bps=value.objective_bps,
        served=value.served,
        without_key=value.without_key,
        link_skr_bps={name: rate.skr_bps for name, rate in links.items()},
        demand_skr_bps={str(name): rate for name, (rate, _) in demands.items()},
    )


def _identity_faults(instance: Instance, result: AnyPlan) -> Iterator[str]:
    if result.instance.sha256 != instance.sha256():
        yield (
            f"instance.sha256 = {result.instance.sha256[:12]}...; expected "
            f"{instance.sha256()[:12]}... of {instance.name} (a result of another instance, or "
            "of an earlier version of this one?)"
        )
    if isinstance(result, Result):
        yield from _status_faults(result)


def _status_faults(result: Result) -> Iterator[str]:
    if result.value is None and result.lightpaths:
        yield "value: null beside lightpaths; expected the plan's numbers"
    if result.status in ("infeasible", "no_solution") and result.value is not None:
        yield f"status = {result.status!r} beside a value; expected 'optimal' or 'feasible'"
    if result.status in ("optimal", "feasible") and result.value is None:
        yield f"status = {result.status!r} without a value; expected the plan's numbers"
