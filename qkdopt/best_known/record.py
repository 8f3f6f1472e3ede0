"""One row of ``best_known.csv``: the best plan and the best bound of an instance.

A row only ever improves.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from qkdopt.errors import RefusedError
from qkdopt.result import Objective, gap_of

# Value and bound are proved equal up to this relative gap, the one `solve` stops at by default.
OPTIMAL_GAP = 1e-3
# Values that agree to the checker's accuracy are equal: the last digits of a rate depend on the
# processor, and the run that found a plan first keeps the credit.
RELATIVE = 1e-9
ABSOLUTE_BPS = 1e-6

Count = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(ge=0.0)]
Word = Annotated[str, Field(min_length=1)]


class BestKnown(BaseModel):
    """Best known plan and bound of one instance under one objective.

    The plan and the bound may come from different runs: ``strategy``, ``solver``, ``seed``
    and ``version`` are of the run that found the plan, ``bound_method`` and
    ``bound_routes`` say how the bound was proved.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    instance: Word
    """Path below the library's folder, without ``.json``."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    objective: Objective
    served: Count
    served_bound: Count
    """No plan serves more demands than this."""
    value_bps: Rate
    """Recomputed by the checker [bit/s]."""
    bound_bps: Rate | None = None
    """No plan that serves exactly ``served`` demands over the candidate routes has more."""
    bound_routes: Word | None = None
    bound_method: Word | None = None
    strategy: Word
    solver: Word | None = None
    seed: int
    date: date
    """Day of the last improvement, of the plan or of a bound."""
    checked: Literal["yes"] = "yes"
    version: Word

    @property
    def gap(self) -> float | None:
        """Return the relative gap ``(bound - value) / bound``; None without a bound."""
        return gap_of(self.value_bps, self.bound_bps)

    @property
    def status(self) -> Literal["optimal", "open"]:
        """Return ``optimal`` when both the number served and the objective are proved."""
        closed = self.gap is not None and self.gap <= OPTIMAL_GAP
        return "optimal" if closed and self.served == self.served_bound else "open"

    @model_validator(mode="after")
    def _bounds_hold(self) -> Self:
        faults = []
        if self.served_bound < self.served:
            faults.append(f"served_bound = {self.served_bound}; expected at least {self.served}")
        if self.bound_bps is not None and self.bound_bps < self.value_bps:
            faults.append(
                f"bound_bps = {self.bound_bps!r}; expected at least value_bps = {self.value_bps!r}"
            )
        are_null = {
            value is None for value in (self.bound_bps, self.bound_routes, self.bound_method)
        }
        if len(are_null) > 1:
            faults.append("bound_bps, bound_routes, bound_method: expected all three or none")
        if faults:
            raise ValueError("\n".join(faults))
        return self


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
