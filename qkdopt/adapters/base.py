"""What every solver is asked and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import pyomo.environ as pyo


class Status(Enum):
    """How a run ended. A solver's word that is not in its adapter's table is FAILED."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    LIMIT = "limit"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a run ends, and on what it runs.

    Parameters
    ----------
    seconds
        Time limit.
    gap
        Relative gap at which the solver stops.
    threads, seed
        As the solver understands them.
    nodes
        Limit on branch-and-bound nodes; none by default.
    """

    seconds: float
    gap: float
    threads: int = 1
    seed: int = 0
    nodes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run brought; nothing is None, never 0 or infinity.

    Parameters
    ----------
    status
        How it ended.
    incumbent, bound
        Objective of the best solution, and the proved limit on it, in the model's sense.
    has_solution
        Whether the model's variables hold a solution: a fact apart from the status.
    start_accepted
        Whether the solver took the start; None when none was given.
    nodes
        Branch-and-bound nodes; None where the solver does not say.
    seconds
        Wall time of the solver.
    solver, version
        Who answered.
    message
        The solver's own word for the end.
    """

    status: Status
    incumbent: float | None
    bound: float | None
    has_solution: bool
    start_accepted: bool | None
    nodes: int | None
    seconds: float
    solver: str
    version: str
    message: str


# Called with (incumbent, bound) in the model's sense; returns whether to go on.
Watch = Callable[[float | None, float | None], bool]


class Adapter(Protocol):
    """A solver."""

    name: str
    limit: str

    def available(self) -> bool:
        """Whether it is installed."""
        ...

    def version(self) -> str:
        """Version of the installed solver."""
        ...

    def solve(
        self,
        model: pyo.ConcreteModel,
        limits: Limits,
        *,
        start: bool = False,
        watch: Watch | None = None,
    ) -> Outcome:
        """Solve a model; with ``start`` its variables' values are the MIP start."""
        ...
