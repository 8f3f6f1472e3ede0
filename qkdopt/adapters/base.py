"""The contract of all solvers: limits, capabilities, outcome."""

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
    """End of a run; a solver's status that is not in its adapter's table is FAILED."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    LIMIT = "limit"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits and settings of a run.

    Parameters
    ----------
    seconds
        Time limit [s].
    gap
        Relative gap at which the solver stops.
    threads, seed
        Number of threads and random seed; not passed to a solver without them.
    nodes
        Limit on branch-and-bound nodes; None for no limit.
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
    """Features of a solver.

    Parameters
    ----------
    start
        Whether it takes a MIP start.
    callback
        Whether a callback reports incumbents; else its log is read.
    keeps_solution
        Whether it returns its best solution when it is interrupted.
    threads, seed, node_limit
        Whether it has these settings.
    continuous
        Whether it takes continuous columns; else they are put on a grid, with a valid bound.
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
    """Largest program that a solver takes without a licence; None for no limit on a count."""

    columns: int | None = None
    rows: int | None = None
    total: int | None = None

    def allows(self, rows: int, columns: int) -> bool:
        """Return whether a program of that size is within the limit."""
        sizes = ((self.columns, columns), (self.rows, rows), (self.total, rows + columns))
        return all(limit is None or size <= limit for limit, size in sizes)

    def __str__(self) -> str:
        if self.total is not None:
            return f"{self.total} rows and columns together"
        return f"{self.columns} columns and {self.rows} rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Result of a run; what does not exist is None, never 0 or infinity.

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
        Wall time of the solver [s].
    solver, version
        Name and version of the solver.
    message
        The solver's own status.
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
        """Distance of incumbent and bound, relative to the incumbent; None without both."""
        if self.incumbent is None or self.bound is None:
            return None
        distance = abs(self.bound - self.incumbent)
        if distance == 0.0:
            return 0.0
        return distance / abs(self.incumbent) if self.incumbent else None


# Called with (incumbent, bound) in the model's sense; returns whether to continue.
Watch = Callable[[float | None, float | None], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawOutcome:
    """A solver's own result, before the contract is applied to it.

    Parameters
    ----------
    word
        Its own status: a key of the adapter's table of statuses.
    values
        The best solution, one value per column.
    bound
        The bound that it proved, in the program's sense; an infinite one counts as none.
    start_accepted, nodes
        As in :class:`Outcome`.
    message
        Text to print for the status; empty for the status itself.
    """

    word: str
    values: Floats | None = None
    bound: float | None = None
    start_accepted: bool | None = None
    nodes: int | None = None
    message: str = ""


class Observer:
    """Pass a solver's progress to the watcher, and keep its request to stop.

    An error of the watcher must not unwind through a solver's C code: it stops the run and is
    raised again when the solver has returned.
    """

    def __init__(self, watch: Watch | None) -> None:
        self._watch = watch
        self.error: BaseException | None = None
        self.stopped = False

    def __call__(self, incumbent: float | None, bound: float | None) -> bool:
        """Call the watcher; return whether to continue."""
        if self.stopped or self._watch is None:
            return not self.stopped
        try:
            self.stopped = not self._watch(finite(incumbent), finite(bound))
        except BaseException as error:
            self.stop(error)
        return not self.stopped

    def improve(self, values: Floats) -> None:
        """Receive a solution, which is used if the solver does not return."""

    def stop(self, error: BaseException | None = None) -> None:
        """Stop the run, for an error if there is one."""
        self.error = self.error or error
        self.stopped = True


def finite(value: float | None) -> float | None:
    """Return a number; None where a solver uses it for infinity."""
    if value is None or not math.isfinite(value) or abs(value) >= 1e20:
        return None
    return float(value)


class Adapter(Protocol):
    """Interface of a solver."""

    name: str
    limit: str
    capabilities: Capabilities

    @property
    def install(self) -> str:
        """How to install it."""
        ...

    @property
    def size(self) -> SizeLimit | None:
        """Largest program without a licence; None where it needs none."""
        ...

    def available(self) -> bool:
        """Return whether it is installed."""
        ...

    def require_size(self, rows: int, columns: int) -> None:
        """Raise for a program over the size that needs a licence."""
        ...

    def version(self) -> str:
        """Return the version of the installed solver."""
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
        """Solve a model; the best solution is left in its variables.

        Parameters
        ----------
        model
            A linear Pyomo model.
        limits
            Limits and settings of the run.
        start
            Whether the variables' values are the MIP start.
        watch
            Called with incumbent and bound; returns whether to continue. None to run to the end.
        over
            Returns whether time is up while the model is compiled, called from another thread;
            None for the limits' seconds.
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
        """Solve a program given as arrays; return the outcome and the best solution.

        Parameters
        ----------
        program
            The program.
        limits
            Limits and settings of the run.
        start
            ``(columns,)`` values of the MIP start; None for no start.
        watch
            Called with incumbent and bound; returns whether to continue. None to run to the end.
        """
        ...
