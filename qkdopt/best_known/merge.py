"""Rule by which a library changes: it only ever improves."""

from __future__ import annotations

from qkdopt.best_known.record import BestKnown
from qkdopt.errors import RefusedError

# Values that agree to the checker's accuracy are equal: the last digits of a rate depend on the
# processor, and the run that found a plan first keeps the credit.
RELATIVE = 1e-9
ABSOLUTE_BPS = 1e-6


def merge_rows(stored: BestKnown, new: BestKnown) -> BestKnown:
    """Return the best of two rows of one instance and objective.

    The better plan is that with more demands served, then with more objective. The lower
    bound of the two that are for as many served replaces the other; a bound for another
    number served does not hold for this one and is dropped.

    Raises
    ------
    RefusedError
        A bound of one lies below the checked plan of the other: one of the two is wrong.
    """
    plan = new if _is_better_plan(stored, new) else stored
    served_bound = min(stored.served_bound, new.served_bound)
    if served_bound < plan.served:
        raise _contradiction(
            plan,
            f"served_bound = {served_bound}; expected at least the {plan.served} demands that "
            f"the checked plan of strategy {plan.strategy} serves",
        )
    bound = _lower_bound(plan, stored, new)
    best = plan.model_copy(
        update={
            "served_bound": served_bound,
            "bound_bps": None if bound is None else _at_least(plan, bound),
            "bound_routes": None if bound is None else bound.bound_routes,
            "bound_method": None if bound is None else bound.bound_method,
        }
    )
    unchanged = best.model_copy(update={"date": stored.date}) == stored
    return stored if unchanged else best.model_copy(update={"date": new.date})


def _is_better_plan(stored: BestKnown, new: BestKnown) -> bool:
    if new.served != stored.served:
        return new.served > stored.served
    return new.value_bps > stored.value_bps * (1.0 + RELATIVE) + ABSOLUTE_BPS


def _lower_bound(plan: BestKnown, stored: BestKnown, new: BestKnown) -> BestKnown | None:
    """Return the row whose bound holds for the plan's number served and is lower."""
    rows = [row for row in (stored, new) if row.served == plan.served and row.bound_bps is not None]
    if len(rows) < 2:
        return rows[0] if rows else None
    assert stored.bound_bps is not None
    assert new.bound_bps is not None
    return new if new.bound_bps < stored.bound_bps * (1.0 - RELATIVE) - ABSOLUTE_BPS else stored


def _at_least(plan: BestKnown, bound: BestKnown) -> float:
    """Return the bound, raised to the value where it lies below by no more than rounding."""
    assert bound.bound_bps is not None
    if bound.bound_bps < plan.value_bps * (1.0 - RELATIVE) - ABSOLUTE_BPS:
        raise _contradiction(
            plan,
            f"bound_bps = {bound.bound_bps!r} ({bound.bound_method}, {bound.bound_routes}); "
            f"expected at least {plan.value_bps!r}, the checked value of a plan of strategy "
            f"{plan.strategy} that serves as many ({plan.served})",
        )
    return max(bound.bound_bps, plan.value_bps)


def _contradiction(plan: BestKnown, fault: str) -> RefusedError:
    where = f"{plan.instance} {plan.objective}"
    return RefusedError(where, [f"{fault}: plan or bound is wrong, a bug"])
