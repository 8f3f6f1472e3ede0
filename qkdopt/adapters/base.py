"""What every solver is asked and what it answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyomo.environ as pyo

    from qkdopt.adapters.program import Floats, Program


Setting = bool | int | float | str


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
        As the solver understands them; a solver without them leaves them out.
    nodes
        Limit on branch-and-bound nodes; none by default.
    options
        The solver's own options that are not at its defaults, by its own names.
    """

    seconds: float
    gap: float
    threads: int = 1
    seed: int = 0
    nodes: int | None = None
    options: Mapping[str, Setting] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a solver can be asked for.

    Parameters
    ----------
    start
        Takes a MIP start.
    callback
        Tells its incumbents from inside; else its log is read.
    keeps_solution
        Leaves its best solution when it is interrupted.
    threads, seed, node_limit
        Has these settings.
    continuous
        Takes continuous columns as they are; else on a grid, with a bound that stays valid.
    """

    start: bool = True
    callback: bool = True
    keeps_solution: bool = True
    threads: bool = True
    seed: bool = True
    node_limit: bool = True
    continuous: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeLimit:
    """Largest program that a solver takes without a licence; None where it does not count."""

    columns: int | None = None
    rows: int | None = None
    total: int | None = None

    def allows(self, rows: int, columns: int) -> bool:
        """Whether a program of that size is within the limit."""
        sizes = ((self.columns, columns), (self.rows, rows), (self.total, rows + columns))
        return all(limit is None or size <= limit for limit, size in sizes)

    def __str__(self) -> str:
        if self.total is not None:
            return f"{self.total} rows and columns together"
        return f"{self.columns} columns and {self.rows} rows"


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

    @property
    def gap(self) -> float | None:
        """Distance of incumbent and bound, relative to the incumbent; None without either."""
        if self.incumbent is None or self.bound is None:
            return None
        distance = abs(self.bound - self.incumbent)
        if distance == 0.0:
            return 0.0
        return distance / abs(self.incumbent) if self.incumbent else None


# Called with (incumbent, bound) in the model's sense; returns whether to go on.
Watch = Callable[[float | None, float | None], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A solver's answer in its own words, before the contract is applied to it.

    Parameters
    ----------
    word
        Its word for the end: a key of the adapter's table of statuses.
    values
        The best solution, one value per column.
    bound
        The limit that it proved, in the program's sense; anything infinite counts as none.
    start_accepted, nodes
        As in :class:`Outcome`.
    message
        What to print for the end; the word by default.
    """

    word: str
    values: Floats | None = None
    bound: float | None = None
    start_accepted: bool | None = None
    nodes: int | None = None
    message: str = ""


class Observer:
    """Passes on to the watcher what a solver tells, and remembers why to stop.

    An error of the watcher's must not unwind through a solver's C code: it stops the run and is
    raised again when the solver has returned.
    """

    def __init__(self, watch: Watch | None) -> None:
        self._watch = watch
        self.error: BaseException | None = None
        self.stopped = False

    def __call__(self, incumbent: float | None, bound: float | None) -> bool:
        """Tell the watcher; return whether to go on."""
        if self.stopped or self._watch is None:
            return not self.stopped
        try:
            self.stopped = not self._watch(finite(incumbent), finite(bound))
        except BaseException as error:
            self.stop(error)
        return not self.stopped

    def improve(self, values: Floats) -> None:
        """Hear of a solution, which counts if the solver never comes to its answer."""

    def stop(self, error: BaseException | None = None) -> None:
        """Stop the run, for an error if there is one."""
        self.error = self.error or error
        self.stopped = True


def finite(value: float | None) -> float | None:
    """Return a number; None for what solvers mean by infinity."""
    if value is None or not math.isfinite(value) or abs(value) >= 1e20:
        return None
    return float(value)


class Adapter(Protocol):
    """A solver."""

    name: str
    limit: str
    capabilities: Capabilities

    @property
    def install(self) -> str:
        """What to install where it is missing."""
        ...

    @property
    def size(self) -> SizeLimit | None:
        """Most that it takes without a licence; None where it needs none."""
        ...

    def available(self) -> bool:
        """Whether it is installed."""
        ...

    def require_size(self, rows: int, columns: int) -> None:
        """Refuse a program that is over the size which needs a licence."""
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
        over: Callable[[], bool] | None = None,
    ) -> Outcome:
        """Solve a model; with ``start`` its variables' values are the MIP start.

        ``over`` says whether time is up while the model is compiled, from another thread; by
        default when the seconds are.
        """
        ...

    def solve_program(
        self,
        program: Program,
        limits: Limits,
        *,
        start: Floats | None = None,
        watch: Watch | None = None,
    ) -> tuple[Outcome, Floats | None]:
        """Solve a program given as arrays; return the best solution beside the outcome."""
        ...
