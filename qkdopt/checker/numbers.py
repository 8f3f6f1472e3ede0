"""Validate the numbers of a result against the recomputed ones and against each other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from qkdopt.checker.history import GAP_ROUNDING, validate_history
from qkdopt.checker.rates import LinkRate
from qkdopt.checker.shared_keys import MET
from qkdopt.instance import Instance, NodeId
from qkdopt.result import AnyPlan, Result, Value

RELATIVE = 1e-9
# A rate this close to zero is the difference of two large terms.
ABSOLUTE_BPS = 1e-6
# Largest gap of a result with status `optimal`, whatever gap was requested.
OPTIMAL_GAP = 0.01

DemandRates = dict[NodeId, tuple[float, frozenset[str]]]


def validate_numbers(
    result: Result, value: Value, links: dict[str, LinkRate], demands: DemandRates
) -> Iterator[str]:
    """Yield every number of a result that differs from the recomputed one.

    Parameters
    ----------
    result
        The result.
    value
        Recomputed value block.
    links
        Recomputed numbers by link id.
    demands
        Recomputed rate [bit/s] and possible bottlenecks by served demand.
    """
    yield from _validate_links(result, links)
    yield from _validate_demands(result, demands)
    yield from _validate_value(result, value)
    yield from _validate_bound(result, value)
    yield from _validate_baseline(result)
    yield from validate_history(result, value)


def validate_min_rates(instance: Instance, demands: DemandRates) -> Iterator[str]:
    """Yield every served demand below its minimum key rate (C8)."""
    for demand in instance.demands:
        rate, _ = demands.get(demand.id, (0.0, None))
        min_skr_bps = demand.min_skr_bps
        if (
            demand.id in demands
            and min_skr_bps is not None
            and rate < min_skr_bps * (1.0 - RELATIVE)
        ):
            yield (
                f"demands: {demand.id!r} is served with {rate:g} bit/s; expected at least its "
                f"min_skr_bps = {min_skr_bps:g}"
            )


def _agree(read: float, expected: float, absolute: float = ABSOLUTE_BPS) -> bool:
    return math.isclose(read, expected, rel_tol=RELATIVE, abs_tol=absolute)


def _validate_links(result: Result, links: dict[str, LinkRate]) -> Iterator[str]:
    for row in result.qkd:
        rate = links[row.link]
        for name, absolute in (("noise_per_gate", 1e-18), ("qber", 1e-12), ("skr_bps", 1e-6)):
            read, expected = getattr(row, name), getattr(rate, name)
            if not _agree(read, expected, absolute):
                yield f"qkd: link {row.link} {name} = {read:.12g}; expected {expected:.12g}"


def _validate_demands(result: Result, demands: DemandRates) -> Iterator[str]:
    for row in result.demands:
        rate, bottlenecks = demands.get(row.demand, (0.0, frozenset[str]()))
        if not _agree(row.skr_bps, rate):
            yield f"demands: {row.demand!r} skr_bps = {row.skr_bps:.12g}; expected {rate:.12g}"
        if row.served and row.bottleneck not in (bottlenecks or {None}):
            yield (
                f"demands: {row.demand!r} bottleneck = {row.bottleneck!r}; expected one of "
                f"{sorted(bottlenecks)}"
            )
        if not row.served and row.bottleneck is not None:
            yield f"demands: {row.demand!r} bottleneck = {row.bottleneck!r}; it is blocked"


def value_of(
    instance: Instance, result: AnyPlan, links: dict[str, LinkRate], demands: DemandRates
) -> Value:
    """Recompute the value block of a plan.

    Parameters
    ----------
    instance
        The instance.
    result
        A result or a saved plan, for its objective.
    links
        Recomputed numbers by link id.
    demands
        Recomputed rate [bit/s] and possible bottlenecks by served demand.
    """
    shared = instance.qkd.key_accounting == "shared"
    asking = _asking(instance) if shared else {demand.id for demand in instance.demands}
    rates = [rate for name, (rate, _) in demands.items() if name in asking]
    mean = math.fsum(rates) / len(rates) if rates else 0.0
    worst = min(rates, default=0.0)
    keys = _shared_keys(instance, demands) if shared else {}
    objective = {
        "mean": mean,
        "max-min": worst,
        "link-sum": math.fsum(rate.skr_bps for rate in links.values()),
        **(_key_objectives(instance, demands, keys) if shared else {}),
    }[result.objective]
    total = len(instance.demands)
    return Value(
        objective_bps=objective,
        served=len(demands),
        demands=total,
        mean_skr_bps=mean,
        mean_skr_per_request_bps=math.fsum(rates) / len(asking) if asking else 0.0,
        worst_skr_bps=worst,
        without_key=sum(not rate > 0.0 for rate in rates),
        **keys,
    )


def _asking(instance: Instance) -> set[NodeId]:
    """Ids of the demands that ask for key; all where none says so."""
    asking = {demand.id for demand in instance.demands if demand.key is not None}
    return asking or {demand.id for demand in instance.demands}


def _shared_keys(instance: Instance, demands: DemandRates) -> dict[str, Any]:
    """Recompute what is said of keys that demands share."""
    needs = {demand.id: demand.need_bps for demand in instance.demands if demand.key is not None}
    given = {name: demands[name][0] for name in needs if name in demands}
    return {
        "key_accounting": "shared",
        "key_needed_bps": math.fsum(needs.values()),
        "key_delivered_bps": math.fsum(min(rate, needs[name]) for name, rate in given.items()),
        "key_met": sum(rate >= MET * needs[name] for name, rate in given.items()),
        "key_factor": min((rate / needs[name] for name, rate in given.items()), default=None),
    }


def _key_objectives(
    instance: Instance, demands: DemandRates, keys: dict[str, Any]
) -> dict[str, float]:
    """Objectives about shared keys [bit/s]: a share of all needs, times their sum."""
    weights = {demand.id: demand.key.weight for demand in instance.demands if demand.key}
    needs = {demand.id: demand.need_bps for demand in instance.demands}
    met = [
        weight
        for name, weight in weights.items()
        if name in demands and demands[name][0] >= MET * needs[name]
    ]
    total = math.fsum(weights.values())
    return {
        "key-factor": keys["key_needed_bps"] * (keys["key_factor"] or 0.0),
        "key-delivered": keys["key_delivered_bps"],
        "key-served": keys["key_needed_bps"] * math.fsum(met) / total if total else 0.0,
    }


def _validate_value(result: Result, value: Value) -> Iterator[str]:
    if result.value is None:
        return
    for name in Value.model_fields:
        read, expected = getattr(result.value, name), getattr(value, name)
        if name == "without_key" and read is None:
            continue  # a result from before it was counted
        if read is None or expected is None or isinstance(expected, str):
            if read != expected:
                yield f"value.{name} = {read!r}; expected {expected!r}"
        elif not _agree(read, expected):
            yield f"value.{name} = {read:.12g}; expected {expected:.12g}"


def _validate_bound(result: Result, value: Value) -> Iterator[str]:
    bound = result.bound
    limit = None if bound is None else bound.objective_bps
    if bound is not None and bound.served < value.served:
        yield f"bound.served = {bound.served}; expected at least the {value.served} that are served"
    if limit is not None and limit < value.objective_bps * (1.0 - RELATIVE) - ABSOLUTE_BPS:
        yield (
            f"bound.objective_bps = {limit:.12g}; expected at least the checked value "
            f"{value.objective_bps:.12g}: a bound below a solution is no bound"
        )
    # Of the numbers beside it, which are held against the recomputed ones: it has no error.
    given = value if result.value is None else result.value
    gap = _gap(given.objective_bps, limit)
    if (gap is None) != (result.gap is None):
        yield f"gap = {result.gap}; expected {gap}"
    elif gap is not None and result.gap is not None and not _agree(result.gap, gap, GAP_ROUNDING):
        yield f"gap = {result.gap:.12g}; expected {gap:.12g} = (bound - value) / bound"
    proved = bound is not None and bound.served == value.served
    if result.served_proved != proved:
        yield f"served_proved = {result.served_proved}; expected {proved}"
    if result.status == "optimal" and not (proved and gap is not None and gap <= OPTIMAL_GAP):
        yield "status = 'optimal'; expected a closed gap and a proved number served"


def _gap(value_bps: float, bound_bps: float | None) -> float | None:
    if bound_bps is None:
        return None
    return 0.0 if bound_bps == 0.0 else (bound_bps - value_bps) / bound_bps


def _validate_baseline(result: Result) -> Iterator[str]:
    baseline = result.baseline
    if baseline is None or result.value is None:
        return
    first, second = result.value.mean_skr_bps, baseline.mean_skr_bps
    if result.value.key_accounting is not None:
        first, second = result.value.objective_bps, baseline.objective_bps or 0.0
    gain = first / second - 1.0 if second > 0.0 else None
    if (gain is None) != (baseline.gain is None):
        yield f"baseline.gain = {baseline.gain}; expected {gain}"
    elif gain is not None and baseline.gain is not None and abs(gain - baseline.gain) > 1e-9:
        yield f"baseline.gain = {baseline.gain:.12g}; expected {gain:.12g}"
