"""Base class of the adapters: what is common to every solver."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version as installed_version
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from qkdopt.adapters.base import (
    Capabilities,
    Limits,
    Observer,
    Outcome,
    RawOutcome,
    Setting,
    SizeLimit,
    Status,
    Watch,
    finite,
)
from qkdopt.adapters.isolated import OVERDUE, prepare, run_isolated
from qkdopt.adapters.program import Floats, Program, program_of_model
from qkdopt.errors import LicenceError, SolverMissingError, UnsupportedError, UsageError
from qkdopt.runtime.deadline import within

if TYPE_CHECKING:
    import pyomo.environ as pyo

# Statuses with which a solver's point and bound are used.
ENDS_WITH_POINT = (Status.OPTIMAL, Status.LIMIT, Status.INTERRUPTED)
# Violation up to which a start is feasible for certain.
START_TOLERANCE = 1e-9
# Relative amount by which a solver may exceed its own bound; beyond it the bound is invalid.
BOUND_TOLERANCE = 1e-5


class Solver(ABC):
    """Base of all adapters: each only converts arrays to its solver's input and back."""

    name: str
    limit: str
    capabilities: Capabilities
    package: ClassVar[str]
    # How to install it.
    install: ClassVar[str]
    # Statuses that leave open whether a program is infeasible or unbounded.
    ambiguous: ClassVar[frozenset[str]] = frozenset()
    # Whether its bound on an unfinished linear program is valid.
    proves_linear: ClassVar[bool] = False
    # Whether it handles rows with two sides correctly; else they are made two rows.
    takes_ranges: ClassVar[bool] = False
    # Whether it runs in a process of ours, which can be ended; else it is a process already.
    isolated: ClassVar[bool] = True
    # Largest program without a licence; None where none is needed.
    size: SizeLimit | None = None

    @property
    @abstractmethod
    def statuses(self) -> Mapping[str, Status]:
        """The solver's statuses and ours; what is absent is FAILED."""

    @abstractmethod
    def run(
        self, program: Program, limits: Limits, start: Floats | None, observer: Observer
    ) -> RawOutcome:
        """Pass the program to the solver and return its result.

        Parameters
        ----------
        program
            The program.
        limits
            Limits and settings of the run.
        start
            ``(columns,)`` values of the MIP start; None for no start.
        observer
            Called with incumbent and bound; returns whether to continue.
        """

    def licensed(self) -> bool:
        """Return whether the solver takes programs beyond ``size``; called for such programs."""
        return self.size is None

    def available(self) -> bool:
        """Return whether it is installed."""
        return find_spec(self.package) is not None

    def version(self) -> str:
        """Return the version of the installed solver."""
        return installed_version(self.package)

    def require_size(self, rows: int, columns: int) -> None:
        """Raise for a program over the size that needs a licence, before it is built.

        Raises
        ------
        LicenceError
            The program is over the limit and there is no licence.
        """
        if self.size is None or self.size.allows(rows, columns) or self.licensed():
            return
        raise LicenceError(
            f"{self.name} without a licence takes at most {self.size}; this model has {columns} "
            f"columns and {rows} rows: install a licence, or use --solver highs"
        )

    def solve(
        self,
        model: pyo.ConcreteModel,
        limits: Limits,
        *,
        start: bool = False,
        watch: Watch | None = None,
        over: Callable[[], bool] | None = None,
    ) -> Outcome:
        """Solve a Pyomo model; the best solution is left in its variables.

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

        Raises
        ------
        SolverMissingError
            The solver is not installed.
        LicenceError
            The program is over the solver's size without a licence.
        """
        self._require_installed()
        if self.isolated:
            prepare()
        deadline = time.monotonic() + limits.seconds
        compiled = within(
            over or (lambda: time.monotonic() >= deadline), lambda: program_of_model(model)
        )
        if compiled is None:
            return self._out_of_time(given=start)
        program, columns = compiled
        given = [0.0 if column.value is None else float(column.value) for column in columns]
        limits = replace(limits, seconds=max(0.0, deadline - time.monotonic()))
        outcome, values = self.solve_program(
            program, limits, start=np.array(given) if start else None, watch=watch
        )
        if values is not None:
            for column, value in zip(columns, values, strict=True):
                column.set_value(float(value), skip_validation=True)
        return outcome

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

        Raises
        ------
        SolverMissingError
            The solver is not installed.
        UnsupportedError
            It has no limit on nodes.
        LicenceError
            The program is over its size without a licence.
        """
        self._require_installed()
        self._require_settings(limits)
        if not self.takes_ranges:
            program = program.one_sided()
        self.require_size(program.rows, program.columns)
        observer = Observer(watch)
        began = time.perf_counter()
        if self.isolated:
            raw = run_isolated(self, program, limits, start, observer)
        else:
            raw = self.run(program, limits, start, observer)
        if observer.error is not None:
            raise observer.error
        seconds = time.perf_counter() - began
        outcome, values = self._outcome(program, raw, observer, seconds, given=start is not None)
        return check_by_start(program, outcome, start), values

    def _out_of_time(self, *, given: bool) -> Outcome:
        """Return the outcome of a run whose limit came before the solver began."""
        return Outcome(
            status=Status.LIMIT,
            incumbent=None,
            bound=None,
            has_solution=False,
            start_accepted=False if given else None,
            nodes=None,
            seconds=0.0,
            solver=self.name,
            version=self.version(),
            message="the limit came before the solver began",
        )

    def _require_installed(self) -> None:
        if not self.available():
            raise SolverMissingError(f"solver {self.name!r} is not installed; {self.install}")

    def _require_settings(self, limits: Limits) -> None:
        if limits.nodes is not None and not self.capabilities.node_limit:
            raise UnsupportedError(
                f"solver {self.name!r} has no node limit: limit the seconds, or use --solver highs"
            )

    def _outcome(
        self, program: Program, raw: RawOutcome, observer: Observer, seconds: float, *, given: bool
    ) -> tuple[Outcome, Floats | None]:
        status = Status.LIMIT if raw.word == OVERDUE else self.statuses.get(raw.word)
        status = status or Status.FAILED
        if status is Status.LIMIT and observer.stopped:
            status = Status.INTERRUPTED
        if status is Status.OPTIMAL and raw.values is None:
            status = Status.FAILED
        if raw.word in self.ambiguous and not program.bounded:
            status = Status.FAILED
        values = raw.values if status in ENDS_WITH_POINT else None
        incumbent = None if values is None else program.objective(values)
        outcome = Outcome(
            status=status,
            incumbent=incumbent,
            bound=self._bound(program, status, incumbent, raw.bound),
            has_solution=values is not None,
            start_accepted=bool(raw.start_accepted) if given else None,
            nodes=raw.nodes,
            seconds=seconds,
            solver=self.name,
            version=self.version(),
            message=raw.message or raw.word,
        )
        return outcome, values

    def _bound(
        self, program: Program, status: Status, incumbent: float | None, bound: float | None
    ) -> float | None:
        if status not in ENDS_WITH_POINT:
            return None
        if program.linear and not self.proves_linear:
            # Without branch and bound its optimum is its bound; an unfinished run proves nothing.
            return incumbent if status is Status.OPTIMAL else None
        return safe_bound(incumbent, finite(bound), maximise=program.maximise)


def check_by_start(program: Program, outcome: Outcome, start: Floats | None) -> Outcome:
    """Return the outcome, unless a feasible start disproves it.

    Presolve of more than one solver has reported feasible programs as infeasible: where the start
    is feasible that is a failure, and a bound that it beats is removed.

    Parameters
    ----------
    program
        The program.
    outcome
        Outcome of its run.
    start
        ``(columns,)`` values of the start; None for no start.
    """
    if start is None or program.violation(start) > START_TOLERANCE:
        return outcome
    if outcome.status is Status.INFEASIBLE:
        message = f"{outcome.message}, but the start is feasible"
        return replace(outcome, status=Status.FAILED, message=message)
    objective = program.objective(start)
    bound = safe_bound(objective, outcome.bound, maximise=program.maximise)
    return replace(outcome, bound=bound)


def safe_bound(incumbent: float | None, bound: float | None, *, maximise: bool) -> float | None:
    """Return the bound; None where the incumbent beats it.

    Parameters
    ----------
    incumbent, bound
        Objective of the best solution and the proved bound; None where there is none.
    maximise
        Whether the objective is maximised.
    """
    if bound is None or incumbent is None:
        return bound
    beaten_by = incumbent - bound if maximise else bound - incumbent
    if beaten_by > BOUND_TOLERANCE * max(1.0, abs(incumbent)):
        return None
    return incumbent if beaten_by > 0.0 else bound


def apply_settings(solver: str, limits: Limits, apply: Callable[[str, Setting], object]) -> None:
    """Set the solver's own options, after all others.

    Parameters
    ----------
    solver
        Name of the solver, for messages.
    limits
        Limits whose ``options`` are set.
    apply
        Sets one option; raises where the solver does not take it.

    Raises
    ------
    UsageError
        The solver does not take an option or its value; the message lists all of them.
    """
    faults = []
    for name, value in limits.options.items():
        try:
            apply(name, value)
        except Exception as error:
            reason = str(error).strip() or type(error).__name__
            faults.append(f"{solver} option {name} = {value!r}: {reason}")
    if faults:
        raise UsageError("; ".join(faults))
