"""Recompute everything of a dimensioning from the instance, by the checker's own means.

Prices are added up again from the instance, and the plan is checked on the instance without QKD on
links that have no equipment. Nothing of models, searches or bounds is imported.
"""

from __future__ import annotations

from collections.abc import Iterator

from qkdopt.checker import check
from qkdopt.errors import InstanceError
from qkdopt.instance import Instance
from qkdopt.instance.generation import preset_name
from qkdopt.result.dimensioning import Dimensioning

# Prices agree to this, relatively.
ROUNDING = 1e-9
# What all have counts as what they ask for by all but this.
MET = 1.0 - 1e-6


def check_dimensioning(instance: Instance, found: Dimensioning) -> tuple[str, ...]:
    """Return every fault of a dimensioning: where, what was read, what was expected.

    Parameters
    ----------
    instance
        The instance that was dimensioned.
    found
        The cheapest links found, with their plan.

    Examples
    --------
    >>> import qkdopt
    >>> line = qkdopt.share_keys(qkdopt.read_instance("instances/small/line.json"), rate_bps=1.0)
    >>> qkdopt.check_dimensioning(line, qkdopt.dimension(line, transmitter=6.0, receiver=4.0))
    ()
    """
    if found.instance.sha256 != instance.sha256():
        return (
            f"instance.sha256 = {found.instance.sha256[:12]}...; expected "
            f"{instance.sha256()[:12]}... of {instance.name} (of another instance?)",
        )
    known = {link.id: link for link in instance.network.links}
    faults = [f"links: {name!r}; expected the id of a link" for name in found.links
              if name not in known]  # fmt: skip
    faults += [f"links: {name!r} has qkd = false; expected one that may have QKD"
               for name in found.links if name in known and not known[name].qkd]  # fmt: skip
    if len(set(found.links)) < len(found.links):
        faults.append("links: one is named twice; expected each once")
    if faults:
        return tuple(faults)
    return (
        *_price_faults(instance, found),
        *_plan_faults(instance, found),
        *_record_faults(instance, found),
    )


def _record_faults(instance: Instance, found: Dimensioning) -> Iterator[str]:
    """Yield where the record contradicts the instance, or the plan that the same run made."""
    if found.instance.name != instance.name:
        yield f"instance.name = {found.instance.name!r}; expected {instance.name!r}"
    if found.instance.preset != preset_name(instance):
        yield f"instance.preset = {found.instance.preset!r}; expected {preset_name(instance)!r}"
    for name in found.prices.links:
        if all(link.id != name for link in instance.network.links):
            yield f"prices.links: {name!r}; expected the id of a link"
    if not found.factor > 0.0:
        yield f"factor = {found.factor:g}; expected more than 0"
    for name in ("seed", "seconds", "interrupted", "environment"):
        read, of_plan = getattr(found, name), getattr(found.plan, name)
        if read != of_plan:
            yield f"{name} = {read}; expected {of_plan}, as in plan"


def _price_faults(instance: Instance, found: Dimensioning) -> Iterator[str]:
    price, nodes = 0.0, set()
    for link in instance.network.links:
        if link.id not in found.links:
            continue
        pair = found.prices.transmitter + found.prices.receiver
        price += found.prices.links.get(link.id, pair)
        nodes |= {link.a, link.b}
    price += found.prices.site * len(nodes)
    ordered = tuple(node.id for node in instance.network.nodes if node.id in nodes)
    if found.sites != ordered:
        yield f"sites = {list(found.sites)}; expected {list(ordered)}, at the links' ends"
    in_order = tuple(link.id for link in instance.network.links if link.id in found.links)
    if found.links != in_order:
        yield f"links = {list(found.links)}; expected the order of the instance, {list(in_order)}"
    if abs(price - found.price) > ROUNDING * max(1.0, price):
        yield f"price = {found.price:.12g}; expected {price:.12g}"
    if not 0.0 <= found.bound <= price * (1.0 + ROUNDING):
        yield f"bound = {found.bound:.12g}; expected 0 to the price, {price:.12g}"
    gap = (price - found.bound) / price if price > 0.0 else 0.0
    if abs(gap - found.gap) > ROUNDING:
        yield f"gap = {found.gap:.12g}; expected {gap:.12g}"
    if (found.status == "optimal") != (gap <= ROUNDING):
        yield f"status = {found.status!r} with a gap of {gap:.3g}; expected optimal without any"


def _plan_faults(instance: Instance, found: Dimensioning) -> Iterator[str]:
    others = {
        link.id: {"qkd": False, "candidates": None, "qkd_system": None}
        for link in instance.network.links
        if link.qkd and link.id not in found.links
    }
    try:
        equipped = instance.replace(network={"links": others}) if others else instance
    except InstanceError as error:
        yield from error.faults
        return
    report = check(equipped, found.plan)
    yield from (f"plan: {fault}" for fault in report.faults)
    if report.faults:
        return
    if report.served != len(instance.demands):
        yield f"plan serves {report.served} demands; expected all {len(instance.demands)}"
    for demand in instance.demands:
        needed = found.factor * demand.need_bps
        given = report.demand_skr_bps.get(str(demand.id), 0.0)
        if needed > 0.0 and given < MET * needed:
            yield (
                f"plan gives demand {demand.id!r} {given:.6g} bit/s; expected at least "
                f"{needed:.6g} bit/s"
            )


__all__ = ["check_dimensioning"]
