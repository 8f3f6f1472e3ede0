"""What two outputs say of one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from qkdopt.experiments.repetition.differences import ROUNDING, Part
from qkdopt.result import Bound, Result, Value

Agreement = Literal["identical", "same value", "better", "worse", "different", "contradicts"]
# With these the second run says what the first said.
CONFIRMED: tuple[Agreement, ...] = ("identical", "same value")
# The checker's own, of bounds: what a bound may lack by rounding.
ROUNDING_BPS = 1e-6


def agreement_of_parts(parts: Sequence[Part], *, same: bool) -> Agreement:
    """Return how outputs agree of which neither is better.

    Parameters
    ----------
    parts
        All that was compared.
    same
        Whether what differs leaves the answer as it was.
    """
    if all(part.identical for part in parts):
        return "identical"
    return "same value" if same or all(part.rounded for part in parts) else "different"


def agreement_of_order(parts: Sequence[Part], earlier: float, now: float) -> Agreement:
    """Return how outputs agree by a number of which more is better.

    Parameters
    ----------
    parts
        All that was compared.
    earlier, now
        The number in each.
    """
    if all(part.identical for part in parts):
        return "identical"
    if abs(now - earlier) <= ROUNDING * max(abs(now), abs(earlier)):
        return "same value"
    return "better" if now > earlier else "worse"


def agreement_of_results(
    parts: Sequence[Part], earlier: Result, now: Result, contradictions: Sequence[str]
) -> Agreement:
    """Return how two results agree: by what is served, then by the objective.

    Parameters
    ----------
    parts
        All that was compared.
    earlier, now
        The results, both refused by no check.
    contradictions
        Of bounds with values.
    """
    if contradictions:
        return "contradicts"
    if earlier.value is None or now.value is None or now.value.served != earlier.value.served:
        return agreement_of_order(parts, _served(earlier.value), _served(now.value))
    return agreement_of_order(parts, earlier.value.objective_bps, now.value.objective_bps)


def contradictions(earlier: Result, now: Result) -> Iterator[str]:
    """Yield where the bound of one result lies below the checked value of the other."""
    for (bound, of), (value, plan) in (
        ((now.bound, now), (earlier.value, "the earlier plan")),
        ((earlier.bound, earlier), (now.value, "the plan found now")),
    ):
        if bound is None or value is None or of.value is None:
            continue
        whose = "now" if of is now else "earlier"
        yield from _against(bound, of.value, value, whose, plan)


def _against(bound: Bound, own: Value, value: Value, whose: str, plan: str) -> Iterator[str]:
    if bound.served < value.served:
        yield (
            f"{bound.method} ({whose}) proved at most {bound.served} demands served; {plan} "
            f"serves {value.served}"
        )
    # A bound on the objective holds for plans that serve as many as its own.
    limit = bound.objective_bps if own.served == value.served else None
    if limit is not None and value.objective_bps > limit * (1.0 + ROUNDING) + ROUNDING_BPS:
        yield (
            f"{bound.method} ({whose}) proved at most {limit:.12g} bit/s; {plan} is worth "
            f"{value.objective_bps:.12g} bit/s"
        )


def _served(value: Value | None) -> float:
    return -1.0 if value is None else float(value.served)
