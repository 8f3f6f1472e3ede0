"""Runs of each command once more, each compared with the earlier one in its own terms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qkdopt.bounds.bound import bound
from qkdopt.checker import check
from qkdopt.dimensioning.check import check_dimensioning
from qkdopt.dimensioning.dimension import dimension
from qkdopt.dimensioning.frontier import dimension_frontier
from qkdopt.errors import RefusedError
from qkdopt.experiments.repetition.agreement import (
    Agreement,
    agreement_of_order,
    agreement_of_parts,
    agreement_of_results,
    contradictions,
)
from qkdopt.experiments.repetition.differences import ROUNDING, Part, part
from qkdopt.experiments.repetition.reasons import clock_reason
from qkdopt.experiments.repetition.records import validate_options
from qkdopt.experiments.repetition.sources import Earlier, as_plain, trace_of
from qkdopt.instance import Instance
from qkdopt.optimize import solve
from qkdopt.optimize.strategies import HEURISTICS
from qkdopt.result import AnyPlan, Result
from qkdopt.result.dimensioning import Dimensioning, Frontier
from qkdopt.simulation import SimulationOptions, simulate

INTERRUPTED = "the earlier run was interrupted; this one was not"
SCHEDULED = "the earlier run had workers of a scheduler; this one is of this machine alone"


@dataclass(frozen=True)
class Repetition:
    """A second run, beside the first.

    Parameters
    ----------
    answer
        What the run returned.
    parts
        What was compared.
    agreement
        On both.
    reasons
        Why they may be expected to differ, machine and versions aside.
    contradictions
        Of what is proved with what was found.
    """

    answer: Any
    parts: tuple[Part, ...]
    agreement: Agreement
    reasons: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plans:
    """Earlier plans that a run was given."""

    start: AnyPlan | None
    around: AnyPlan | None


def repeat_solve(earlier: Earlier, instance: Instance, plans: Plans) -> Repetition:
    """Solve again, with both results checked.

    Parameters
    ----------
    earlier
        The result and how it came about.
    instance
        Its instance.
    plans
        Plans that it was begun from, or made around.

    Raises
    ------
    RefusedError
        The checker finds a fault in either result.
    """
    before: Result = earlier.record
    options, reasons = _options(earlier, solve)
    options |= {"start": plans.start, "around": plans.around, "threads": before.threads}
    _refuse(earlier.name, check(instance, before).faults)
    now = solve(instance, **options)
    _refuse("the result found now", check(instance, now).faults)
    if before.strategy not in HEURISTICS and options.get("node_limit") is None:
        reasons.append(clock_reason(options, "node_limit", before.stopped_by))
    if before.interrupted:
        reasons.append(INTERRUPTED)
    reasons += _within_gap(before, now)
    parts = _result_parts(earlier.data, as_plain(now))
    found = tuple(contradictions(before, now))
    agreement = agreement_of_results(parts, before, now, found)
    return Repetition(now, parts, agreement, tuple(reasons), found)


def repeat_bound(earlier: Earlier, instance: Instance, plans: Plans) -> Repetition:
    """Prove the bound again; the lower is the better one.

    Parameters
    ----------
    earlier
        The bound and how it came about.
    instance
        Its instance.
    plans
        Not used: a bound begins from none.
    """
    del plans
    options, reasons = _options(earlier, bound)
    now = bound(instance, **options)
    data = now.model_dump(mode="json")
    before = {name: earlier.data.get(name) for name in data}
    if options.get("node_limit") is None:
        reasons.append(clock_reason(options, "node_limit"))
    parts = (part("bound", before, data),)
    ranks = [_height(one) for one in (before, data)]
    level = 1 if ranks[0][0] == ranks[1][0] else 0
    agreement = agreement_of_order(parts, -ranks[0][level], -ranks[1][level])
    return Repetition(now, parts, agreement, tuple(reasons))


def repeat_simulate(earlier: Earlier, instance: Instance, plans: Plans) -> Repetition:
    """Simulate again: the same seed meets the same requests.

    Parameters
    ----------
    earlier
        The simulation and how it came about.
    instance
        Its instance.
    plans
        Not used: a simulation begins from none.
    """
    del plans
    options, reasons = _options(earlier, simulate)
    options["options"] = SimulationOptions(**options["options"])
    options["trace"] = trace_of(earlier, instance, options["seed"])
    now = simulate(instance, **options)
    if earlier.record.interrupted:
        reasons.append(INTERRUPTED)
    data = as_plain(now)
    names = [name for name in dict.fromkeys((*earlier.data, *data)) if name != "links"]
    parts = (
        part("measures", _picked(earlier.data, names), _picked(data, names)),
        part("links", _picked(earlier.data, ("links",)), _picked(data, ("links",))),
    )
    return Repetition(now, parts, agreement_of_parts(parts, same=False), tuple(reasons))


def repeat_dimension(earlier: Earlier, instance: Instance, plans: Plans) -> Repetition:
    """Dimension again, for one factor or several; the lower price is the better one.

    Parameters
    ----------
    earlier
        Links, or a frontier, and how they came about.
    instance
        Their instance.
    plans
        Not used: links are chosen from none.

    Raises
    ------
    RefusedError
        The checker finds a fault in the earlier links.
    """
    del plans
    before: Dimensioning | Frontier = earlier.record
    several = isinstance(before, Frontier)
    function: Callable[..., Any] = dimension_frontier if several else dimension
    options, reasons = _options(earlier, function)
    for one in _dimensionings(before):
        _refuse(earlier.name, check_dimensioning(instance, one))
    now = function(instance, **options)
    if options.get("move_limit") is None:
        reasons.append(clock_reason(options, "move_limit"))
    if before.interrupted:
        reasons.append(INTERRUPTED)
    data = as_plain(now)
    parts = _frontier_parts(earlier.data, data) if several else _links_parts(earlier.data, data)
    found = tuple(_price_contradictions(before, now))
    return Repetition(
        now, parts, _price_agreement(parts, before, now, found), tuple(reasons), found
    )


REPEATED: dict[str, Callable[[Earlier, Instance, Plans], Repetition]] = {
    "solve": repeat_solve,
    "bound": repeat_bound,
    "simulate": repeat_simulate,
    "dimension": repeat_dimension,
}


def _options(earlier: Earlier, function: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the options of the earlier run, and what cannot be as it was."""
    options = validate_options(function, earlier, dict(earlier.provenance.options))
    reasons = []
    if options.get("time_limit") is not None:
        # An infinite one is text in JSON.
        options["time_limit"] = float(options["time_limit"])
    if options.get("scheduler") is not None:
        options["scheduler"] = None
        reasons.append(SCHEDULED)
    return options, reasons


def _within_gap(before: Result, now: Result) -> Iterator[str]:
    """Say where two plans are apart by less than the gap at which a run is done."""
    if before.value is None or now.value is None or before.limits is None:
        return
    first, second = before.value.objective_bps, now.value.objective_bps
    apart = abs(second - first) / max(first, second, 1e-300)
    if before.value.served == now.value.served and 0.0 < apart <= before.limits.gap:
        yield f"the plans are {apart:.2g} apart, within the gap {before.limits.gap:g} of the run"


def _refuse(name: str, faults: Sequence[str]) -> None:
    if faults:
        raise RefusedError(name, faults)


def _picked(data: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: data.get(name) for name in names}


TUNING = ("link", "channel", "frequency_thz")
LINK_RATES = ("link", "noise_per_gate", "qber", "skr_bps")


def _result_parts(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Part, ...]:
    """Compare plan, value, rates, bound and status of two results."""

    def rows(data: Mapping[str, Any], names: Sequence[str]) -> list[dict[str, Any]]:
        return [_picked(row, names) for row in data["qkd"]]

    def pieces(data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "plan": {"lightpaths": data["lightpaths"], "qkd": rows(data, TUNING)},
            "value": _picked(data, ("value",)),
            "rates": {"qkd": rows(data, LINK_RATES), "demands": data["demands"]},
            "bound": _picked(data, ("bound", "gap")),
            "status": _picked(data, ("status", "served_proved", "moved", "moved_at_least")),
        }

    before, after = pieces(earlier), pieces(now)
    return tuple(part(name, before[name], after[name]) for name in before)


def _height(data: Mapping[str, Any]) -> tuple[float, float]:
    """Return what a bound allows: demands served, then the objective."""
    objective = data["objective_bps"]
    return float(data["served"]), math.inf if objective is None else float(objective)


LINKS = ("links", "sites", "price", "factor", "prices")


def _links_parts(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Part, ...]:
    return (
        part("links", _picked(earlier, LINKS), _picked(now, LINKS)),
        part(
            "bound",
            _picked(earlier, ("bound", "gap", "status", "method")),
            _picked(now, ("bound", "gap", "status", "method")),
        ),
        *_result_parts(earlier["plan"], now["plan"])[:3],
    )


def _frontier_parts(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Part, ...]:
    return (part("rows", _picked(earlier, ("rows",)), _picked(now, ("rows",))),)


def _dimensionings(record: Dimensioning | Frontier) -> list[Dimensioning]:
    if isinstance(record, Dimensioning):
        return [record]
    return [row.dimensioning for row in record.rows if row.dimensioning is not None]


def _prices(record: Dimensioning | Frontier) -> list[tuple[float, float | None, float | None]]:
    """Return factor, price and bound of each row; a bound of None: none is enough."""
    if isinstance(record, Dimensioning):
        return [(record.factor, record.price, record.bound)]
    return [(row.factor, row.price, row.bound) for row in record.rows]


def _price_contradictions(
    before: Dimensioning | Frontier, now: Dimensioning | Frontier
) -> list[str]:
    """Return where a lower bound of one run is above the price of the other."""
    texts = []
    for first, second in zip(_prices(before), _prices(now), strict=True):
        for (factor, price, _), (_, _, proved), whose in (
            (first, second, "now"), (second, first, "earlier"),
        ):  # fmt: skip
            limit = math.inf if proved is None else proved
            if price is not None and limit > price * (1.0 + ROUNDING):
                least = "no links are enough" if proved is None else f"at least {proved:g}"
                texts.append(f"factor {factor:g}: {least} ({whose}); links cost {price:g}")
    return texts


def _price_agreement(
    parts: Sequence[Part],
    before: Dimensioning | Frontier,
    now: Dimensioning | Frontier,
    found: Sequence[str],
) -> Agreement:
    if found:
        return "contradicts"
    pairs = [
        (math.inf if first[1] is None else first[1], math.inf if second[1] is None else second[1])
        for first, second in zip(_prices(before), _prices(now), strict=True)
    ]
    if len(pairs) == 1:
        return agreement_of_order(parts, -pairs[0][0], -pairs[0][1])
    same = all(math.isclose(*pair, rel_tol=ROUNDING) for pair in pairs)
    return agreement_of_parts(parts, same=same)
