"""One row of ``best_known.csv``: the best plan and the best bound of an instance."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from qkdopt.result import Objective, gap_of

# Value and bound are proved equal up to this relative gap, the one `solve` stops at by default.
OPTIMAL_GAP = 1e-3

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
