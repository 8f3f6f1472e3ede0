"""Runs of a comparison, each an instance, a solver and a formulation, and all from Python."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qkdopt.adapters import adapter_of
from qkdopt.checker import check
from qkdopt.errors import SolverFailedError, UsageError
from qkdopt.instance import Instance
from qkdopt.jobs import RunReport
from qkdopt.jobs.batch import run_batch
from qkdopt.jobs.task import Row, to_row
from qkdopt.optimize import Progress, solve
from qkdopt.problem import default_objective
from qkdopt.result import Objective, Result

if TYPE_CHECKING:
    import pandas as pd

# Columns of `results.csv`, in this order.
COLUMNS = (
    "instance", "solver", "formulation", "version", "status", "served", "without_key", "value_bps",
    "bound_bps", "gap", "seconds", "start_accepted", "checked", "bound_served", "objective", "seed",
    "threads", "profile", "instance_sha256", "faults", "error",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class BenchmarkRun:
    """Everything one run needs.

    Parameters
    ----------
    instance
        Is solved from the baseline's plan.
    solver, formulation
        See :class:`qkdopt.optimize.options.SolverOptions`.
    objective, seconds, gap, linearisation, threads, seed
        See :func:`qkdopt.optimize.solve`.
    profile
        Name of the settings.
    settings
        The solver's options that are not at its defaults.
    """

    instance: Instance
    solver: str
    formulation: str
    objective: Objective = "mean"
    seconds: float = 60.0
    gap: float = 1e-3
    linearisation: float | None = None
    threads: int = 1
    seed: int = 0
    profile: str = "default"
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Return the name of the run: the same work has the same key, other work another."""
        data = {name: value for name, value in asdict(self).items() if name != "instance"}
        data["instance"] = self.instance.sha256()
        # Another version is another run.
        data["versions"] = [version("qkdopt"), adapter_of(self.solver).version()]
        text = json.dumps(data, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    @property
    def title(self) -> str:
        """Return a title to display."""
        return f"{self.instance.name} {self.solver} {self.formulation}"

    @property
    def weight(self) -> float:
        """Return the time limit of the run [s]."""
        return self.seconds

    def run(self) -> Row:
        """Solve, check and return the row."""
        return to_row(self._identity(), self._measured, NO_MEASURES)

    def _identity(self) -> Row:
        return {
            "key": self.key,
            "instance": self.instance.name,
            "instance_sha256": self.instance.sha256(),
            "solver": self.solver,
            "formulation": self.formulation,
            "objective": self.objective,
            "profile": self.profile,
            "threads": self.threads,
            "seed": self.seed,
            "limit_seconds": self.seconds,
            "limit_gap": self.gap,
        }

    def _measured(self) -> Row:
        trace = _Trace()
        result = solve(
            self.instance,
            strategy="milp",
            solver=self.solver,
            formulation=self.formulation,
            objective=self.objective,
            time_limit=self.seconds,
            gap=self.gap,
            linearisation=self.linearisation,
            threads=self.threads,
            seed=self.seed,
            settings=self.settings,
            progress=trace,
        )
        if result.stopped_by == "solver failed":
            raise SolverFailedError("; ".join(result.notes))
        faults = [*check(self.instance, result).faults, *result.faults]
        row = _measures(result) | {"checked": not faults, "faults": "; ".join(faults)}
        return row | trace.row(result)


NO_MEASURES: Row = {
    "version": None, "outcome": None, "served": None, "without_key": None, "value_bps": None,
    "bound_bps": None, "bound_served": None, "gap": None, "seconds": None, "start_accepted": None,
    "checked": None, "faults": "", "trace_seconds": [], "trace_value_bps": [],
    "trace_bound_bps": [],
}  # fmt: skip


def _measures(result: Result) -> Row:
    bound = result.bound
    return {
        "version": result.solver.version,
        "outcome": result.status,
        "served": None if result.value is None else result.value.served,
        "without_key": None if result.value is None else result.value.without_key,
        "value_bps": None if result.value is None else result.value.objective_bps,
        "bound_bps": None if bound is None else bound.objective_bps,
        "bound_served": None if bound is None else bound.served,
        "gap": result.gap,
        "seconds": result.seconds,
        "start_accepted": result.solver.start_accepted,
    }


class _Trace:
    """Incumbent and bound over time, thinned to changes."""

    def __init__(self) -> None:
        self._points: list[tuple[float, int | None, float | None, float | None]] = []

    def __call__(self, progress: Progress) -> None:
        value, bound = progress.solver_bps or (None, None)
        rates = [rate for rate in (value, progress.incumbent_bps) if rate is not None]
        point = (progress.seconds, progress.served, max(rates, default=None), bound)
        if not self._points or self._points[-1][1:] != point[1:]:
            self._points.append(point)

    def row(self, result: Result) -> Row:
        """Return the trace, ended by the checked value and bound.

        Value and bound of another number of served demands are left out.
        """
        served = None if result.value is None else result.value.served
        bound = None if result.bound is None else result.bound.objective_bps
        value = None if result.value is None else result.value.objective_bps
        points = [
            (
                seconds,
                best if count == served else None,
                limit if count == served else None,
            )
            for seconds, count, best, limit in self._points
        ]
        points.append((result.seconds, value, bound))
        return {
            "trace_seconds": [seconds for seconds, _, _ in points],
            "trace_value_bps": [best for _, best, _ in points],
            "trace_bound_bps": [limit for _, _, limit in points],
        }


def benchmark_runs(
    instances: Iterable[Instance],
    solvers: Iterable[str],
    formulations: Iterable[str],
    **options: Any,
) -> Iterator[BenchmarkRun]:
    """Yield every combination; formulation ``cp-sat`` runs with solver CP-SAT only.

    Parameters
    ----------
    instances
        Each once, by its hash.
    solvers, formulations
        Names of adapters and formulations.
    options
        Other fields of :class:`BenchmarkRun`.
    """
    pairs = [(solver, form) for solver in solvers for form in formulations]
    for instance in {instance.sha256(): instance for instance in instances}.values():
        for solver, formulation in pairs:
            if formulation != "cp-sat" or solver == "cp-sat":
                chosen = options.get("objective") or default_objective(instance)
                yield BenchmarkRun(
                    instance=instance, solver=solver, formulation=formulation,
                    **options | {"objective": chosen},
                )  # fmt: skip


def compare(
    instances: Instance | Sequence[Instance],
    *,
    solvers: Sequence[str] = ("highs",),
    formulations: Sequence[str] = ("joint",),
    objective: Objective | None = None,
    seconds: float = BenchmarkRun.seconds,
    gap: float = BenchmarkRun.gap,
    threads: int = BenchmarkRun.threads,
    seed: int = BenchmarkRun.seed,
    folder: Path | None = None,
    workers: int | None = 1,
    progress: Callable[[RunReport], None] | None = None,
) -> pd.DataFrame:
    """Solve instances by solvers and formulations; every plan is checked.

    Parameters
    ----------
    instances
        One or several.
    solvers
        Names of adapters; those of installed packages too.
    formulations
        Names of formulations.
    objective
        What every run maximises; None for ``mean``, or ``key-factor`` where keys are shared.
    seconds, gap, threads, seed
        Limits of each run, its threads and seed.
    folder
        Where rows are kept; None keeps none.
    workers
        Runs at the same time: solvers that share a core measure each other. None for all cores.
    progress
        Called about every second with the state of the runs.

    Returns
    -------
    DataFrame
        One row a run, see ``docs/solvers.md``.

    Raises
    ------
    UsageError
        No combination of the solvers and formulations can run.
    UnfinishedError
        Interrupted, or some runs failed.

    Examples
    --------
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> rows = qkdopt.compare(line, formulations=["joint", "load-state"])
    >>> list(rows["status"]), bool(rows["checked"].all())
    (['done', 'done'], True)
    """
    chosen = [instances] if isinstance(instances, Instance) else instances
    tasks = list(
        benchmark_runs(
            chosen, solvers, formulations, objective=objective, seconds=seconds, gap=gap,
            threads=threads, seed=seed,
        )
    )  # fmt: skip
    if not tasks:
        raise UsageError("no combination of these solvers and formulations; cp-sat is CP-SAT's own")
    return run_batch(tasks, folder=folder, workers=workers, progress=progress)
