"""What a strategy leaves beside the plan: proof, solver, remarks."""

from __future__ import annotations

from dataclasses import dataclass, field

from qkdopt.result import Bound, SolverRef


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Proof and provenance of one run.

    Parameters
    ----------
    bound
        At the plan's number served; None where nothing was proved.
    moved_at_least
        Demands in place that every plan as good moves, at least; None where nothing was proved.
    solver
        MIP solver that took part.
    notes
        What the reader must know.
    """

    bound: Bound | None = None
    moved_at_least: int | None = None
    solver: SolverRef = field(default_factory=SolverRef)
    notes: list[str] = field(default_factory=list)
