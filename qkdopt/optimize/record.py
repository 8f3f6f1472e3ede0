"""What a run leaves: its plan, assessed exactly, with its bound and how both came about."""

from __future__ import annotations

from dataclasses import dataclass, field

from qkdopt.checker.numbers import OPTIMAL_GAP
from qkdopt.instance import NodeId
from qkdopt.instance.generation import preset_changes, preset_name
from qkdopt.io.environment import environment
from qkdopt.optimize.history import ROUNDING, ROUNDING_BPS, History
from qkdopt.optimize.result_parts import (
    baseline_of,
    demands_of,
    lightpaths_of,
    value_of,
    working_channels_of,
)
from qkdopt.problem import Problem
from qkdopt.problem.moves import moved_demands
from qkdopt.problem.plan import Plan, assess
from qkdopt.result import (
    Around,
    Bound,
    HistoryPoint,
    InstanceRef,
    Provenance,
    Result,
    RunLimits,
    SavedPlan,
    SolverRef,
    Status,
    StoppedBy,
    Tuning,
    Value,
    gap_of,
)


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """What a result records of its run, beside plan and proof.

    Parameters
    ----------
    strategy
        How the plan was found.
    gap
        Relative gap at which the run is done. Its result is ``optimal`` where that is no wider than
        the checker takes the word, 1 %.
    solver
        MIP solver that took part.
    seed, threads
        Of the search.
    stopped_by
        What ended the run, where nothing was left to prove; None where it is not recorded.
    limits
        Limits of the run; None where it had none.
    interrupted
        Whether Ctrl-C ended the run.
    notes
        What a reader must know.
    seconds
        How long the run took.
    history
        Incumbent and bound over its time; None where they were not recorded.
    around
        The earlier plan that this one is made around; None without one.
    moved_at_least
        Demands in place that every plan as good moves, at least; None where nothing was proved.
    provenance
        Options and instance as given; None where they are not known.
    """

    strategy: str
    gap: float = 0.0
    solver: SolverRef = field(default_factory=SolverRef)
    seed: int = 0
    threads: int = 1
    stopped_by: StoppedBy | None = None
    limits: RunLimits | None = None
    interrupted: bool = False
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    history: History | None = None
    around: Around | None = None
    moved_at_least: int | None = None
    provenance: Provenance | None = None


def result_of(
    problem: Problem,
    plan: Plan,
    bound: Bound | None,
    run: RunRecord,
    *,
    baseline: Plan | None = None,
) -> Result:
    """Assess a plan exactly and write it down with its bound.

    Parameters
    ----------
    problem
        The problem that plan and bound are of.
    plan
        The plan, one route and one working channel an entry.
    bound
        What is proved; it is left out, and a fault noted, where the plan exceeds it. None where
        nothing is proved.
    run
        How the plan was found.
    baseline
        Plan of ``ds-qkd`` to compare with; None for no comparison.
    """
    instance = problem.instance
    exact = assess(problem, plan)
    value = value_of(problem, plan, exact)
    credible, faults = _credible(bound, value)
    bound_bps = None if credible is None else credible.objective_bps
    history, history_faults = _history(run, value, bound_bps)
    gap = gap_of(value.objective_bps, bound_bps)
    proved = credible is not None and credible.served == value.served
    closed = proved and gap is not None and gap <= run.gap
    moved = _moved(problem, plan)
    moved_at_least, move_faults = _moved_at_least(moved, run)
    status: Status = "optimal" if closed and gap is not None and gap <= OPTIMAL_GAP else "feasible"
    return Result(
        instance=reference_of(problem),
        strategy=run.strategy,
        solver=run.solver,
        seed=run.seed,
        threads=run.threads,
        objective=problem.objective,
        status=status,
        value=value,
        bound=credible,
        gap=gap,
        served_proved=proved,
        baseline=None if baseline is None else baseline_of(problem, "ds-qkd", baseline, value),
        lightpaths=lightpaths_of(problem, plan),
        qkd=working_channels_of(problem, plan, exact),
        demands=demands_of(problem, plan, exact),
        notes=run.notes,
        interrupted=run.interrupted,
        faults=tuple(faults or history_faults) + move_faults,
        stopped_by=_stopped_by(run, closed=closed),
        limits=run.limits,
        preset_changes=preset_changes(instance),
        history=tuple(history),
        around=run.around,
        moved=moved,
        moved_at_least=moved_at_least,
        seconds=round(run.seconds, 3),
        environment=environment(),
        provenance=run.provenance,
    )


def _moved(problem: Problem, plan: Plan) -> tuple[NodeId, ...] | None:
    """Return the ids of the demands in place that a plan moves; None where none may be moved."""
    if not problem.movables:
        return None
    return tuple(problem.instance.demands[r].id for r in moved_demands(problem, plan))


def _moved_at_least(
    moved: tuple[NodeId, ...] | None, run: RunRecord
) -> tuple[int | None, tuple[str, ...]]:
    """Return how many demands every plan as good moves, and the fault of a plan that moves fewer.

    No plan moves fewer than none.
    """
    least = 0 if moved == () else run.moved_at_least
    if moved is None or least is None:
        return None, ()
    if run.moved_at_least is not None and len(moved) < run.moved_at_least:
        return None, (f"{len(moved)} demands moved; proved to be {run.moved_at_least} at least",)
    return least, ()


def saved_plan_of(problem: Problem, plan: Plan) -> SavedPlan:
    """Write a plan down without its numbers."""
    tunings = working_channels_of(problem, plan, assess(problem, plan))
    return SavedPlan(
        instance=reference_of(problem),
        objective=problem.objective,
        lightpaths=lightpaths_of(problem, plan),
        qkd=tuple(
            Tuning(link=row.link, channel=row.channel, frequency_thz=row.frequency_thz)
            for row in tunings
        ),
    )


def reference_of(problem: Problem) -> InstanceRef:
    """Return name, hash and preset of the problem's instance."""
    instance = problem.instance
    return InstanceRef(name=instance.name, sha256=instance.sha256(), preset=preset_name(instance))


def _credible(bound: Bound | None, value: Value) -> tuple[Bound | None, list[str]]:
    """Leave out a bound that a plan beats: that is a fault of solver or model, and noted as one.

    The plan is kept, for its rates are exact; the checker would refuse it with such a bound.
    """
    if bound is None:
        return None, []
    if bound.served < value.served:
        fault = f"{bound.method} proved at most {bound.served} demands served"
        return None, [f"{fault}; the plan serves {value.served}"]
    limit = bound.objective_bps
    if limit is None or value.objective_bps <= limit * (1.0 + ROUNDING) + ROUNDING_BPS:
        return bound, []
    fault = f"{bound.method} proved at most {limit:.12g} bit/s"
    return bound.model_copy(update={"objective_bps": None}), [
        f"{fault}; the plan is worth {value.objective_bps:.12g} bit/s"
    ]


def _history(
    run: RunRecord, value: Value, bound_bps: float | None
) -> tuple[list[HistoryPoint], list[str]]:
    if run.history is None:
        return [], []
    return run.history.closed(run.seconds, value, bound_bps)


def _stopped_by(run: RunRecord, *, closed: bool) -> StoppedBy | None:
    if run.interrupted:
        return "interrupted"
    return "gap" if closed else run.stopped_by
