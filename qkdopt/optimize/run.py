"""One run of one strategy, from instance to result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING

from qkdopt.errors import SolverMissingError, UnsupportedError, UsageError
from qkdopt.heuristics import ds_qkd
from qkdopt.heuristics.rounds import MOVES_OF_ROUNDS, SearchRounds
from qkdopt.instance import Instance
from qkdopt.io.environment import provenance
from qkdopt.optimize.around import around_of, instance_around, validate_rates_in_place
from qkdopt.optimize.clock import Clock
from qkdopt.optimize.fewest_moves import move_back
from qkdopt.optimize.incumbent import Incumbent
from qkdopt.optimize.options import SolverOptions, validate_options
from qkdopt.optimize.outcome import Outcome
from qkdopt.optimize.progress import ProgressCallback
from qkdopt.optimize.record import RunRecord, result_of
from qkdopt.optimize.start import plan_of_start, with_routes_of
from qkdopt.optimize.strategies import (
    HEURISTICS,
    STRATEGIES,
    NamedStrategy,
    Strategy,
    strategy_of,
    validate_own_plan,
    validate_own_result,
)
from qkdopt.problem import RouteScope, build_problem
from qkdopt.problem.plan import Plan
from qkdopt.result import AnyPlan, Around, Objective, Provenance, Result, RunLimits, StoppedBy
from qkdopt.runtime.cores import available_cores
from qkdopt.runtime.signals import graceful_sigint

if TYPE_CHECKING:
    from qkdopt.adapters import Adapter
    from qkdopt.jobs.workers import Workers

DEFAULT_SOLVER = "highs"


def solve(
    instance: Instance,
    *,
    strategy: str | Strategy = "auto",
    solver: str | Adapter = DEFAULT_SOLVER,
    formulation: str = "joint",
    linearisation: float | None = None,
    settings: Mapping[str, bool | int | float | str] | None = None,
    objective: Objective | None = None,
    routes: RouteScope = "candidates",
    time_limit: float = 60.0,
    gap: float = 1e-3,
    threads: int | None = None,
    seed: int = 0,
    start: AnyPlan | None = None,
    around: AnyPlan | None = None,
    movable: int | None = None,
    node_limit: int | None = None,
    scheduler: str | None = None,
    progress: ProgressCallback | None = None,
) -> Result:
    """Find a plan for an instance and prove how far it is from the best possible.

    Parameters
    ----------
    instance
        The validated instance.
    strategy
        One of ``STRATEGIES``, the name of an installed package's (``docs/extending.md``), or a
        function that takes a :class:`qkdopt.problem.Problem` and returns a plan.
    solver
        MIP solver of the strategies that use one, by name or as an adapter of your own; it must
        be installed.
    formulation
        Of strategy ``milp``, see :class:`qkdopt.optimize.options.SolverOptions`.
    linearisation
        Largest relative error of linearised key rates; None for a share of the gap.
    settings
        The solver's own options that are not at its defaults, by its own names; None for none.
    objective
        What plans that serve equally many demands are compared by; None for ``mean``, or
        ``key-factor`` where keys are shared.
    routes
        ``candidates``: the plan takes the instance's K candidate routes, and the bound holds for
        those. ``all``: any simple path, for strategy ``auto``.
    time_limit
        Seconds after which the best plan so far is returned with its bound; the first
        compilation on a machine is no part of them.
    gap
        Relative gap at which the run is done.
    threads
        Cores to use; None for all.
    seed
        Of every random choice.
    start
        Earlier result or saved plan of the same instance to start from: what is returned is no
        worse, whatever strategy and limits; None for none.
    around
        Earlier result or saved plan of the same network, whose demands stay where they are; what
        the instance no longer asks for is freed, what is new to it is planned
        (``docs/brownfield.md``). None for none.
    movable
        How many demands of ``around`` may be moved; None for none of them.
    node_limit
        Ends strategies ``auto`` and ``milp`` after so many branching nodes instead of a
        time: then the same seed gives the same result, times aside. None for the time limit.
    scheduler
        Address of a Dask scheduler whose workers take part in strategy ``auto``; None for this
        machine alone.
    progress
        Called with every change, from the calling thread; None for no reports.

    Returns
    -------
    Result
        Also when interrupted by Ctrl-C: the best plan so far with its bound, and the note
        ``interrupted``. A second Ctrl-C raises ``KeyboardInterrupt``.

    Raises
    ------
    UsageError
        Options that are out of range or do not fit together.
    SolverMissingError
        The solver is not installed; the message says what to install.
    LicenceError
        The model is over the solver's size without a licence.
    UnsupportedError
        The formulation does not cover the instance, the solver has no node limit, or the strategy
        does not keep what is in place.
    ResultError
        The start is of another instance, takes routes that are no candidates, or breaks a rule.
    InstanceError
        The plan of ``around`` does not fit the instance, or a demand in place has less than its
        least key rate.
    RefusedError
        The plan of a strategy of your own breaks rules; the message says which.

    Examples
    --------
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> result = qkdopt.solve(line, strategy="milp")
    >>> result.value.served, result.status
    (6, 'optimal')
    """
    arguments = dict(locals())
    named = strategy_of(strategy)
    validate_options(
        named.name,
        formulation,
        routes,
        time_limit,
        gap,
        threads,
        linearisation,
        node_limit,
        scheduler,
    )
    _validate_installed(named, solver)
    given = instance
    if around is not None:
        instance = instance_around(instance, around, movable=movable)
    elif movable is not None:
        raise UsageError(f"movable = {movable} without an earlier plan; expected around with it")
    options = SolverOptions(
        formulation=formulation,
        solver=solver,
        seed=seed,
        threads=threads or available_cores(),
        nodes=node_limit,
        linearisation=linearisation,
        settings=settings or {},
    )
    clock = Clock(
        time_limit if node_limit is None else float("inf"), gap, progress,
        repeatable=node_limit is not None,
    )  # fmt: skip
    problem = build_problem(instance, objective, routes)
    validate_rates_in_place(problem)
    if start is not None:
        problem = with_routes_of(problem, start)
    incumbent = Incumbent(problem, observer=clock.note_plan)
    with clock.paused():  # its kernels compile the first time
        baseline = ds_qkd(problem.over_candidates().moving_only())
    if start is not None:
        incumbent.offer(plan_of_start(problem, start))
    cluster = ExitStack()
    with clock.paused():
        workers = None if scheduler is None else cluster.enter_context(_cluster(scheduler))
    # From here on there is a plan, and no signal may lose it.
    with graceful_sigint(clock.interruption), cluster:
        outcome = _run_strategy(named, incumbent, baseline, clock, options, workers)
        move_back(incumbent)
        taken_over = None if around is None else around_of(given, instance, around)
        origin = provenance("solve", {**arguments, "strategy": named.name}, given)
        result = _result(incumbent, baseline, outcome, clock, named, options, taken_over, origin)
    if named.own:
        validate_own_result(problem, result)
    return result


def _cluster(scheduler: str) -> AbstractContextManager[Workers]:
    """Open the workers of a scheduler."""
    from qkdopt.jobs.workers import open_workers

    return open_workers(scheduler, None)


def _validate_installed(strategy: NamedStrategy, solver: str | Adapter) -> None:
    """Refuse a solver that is not installed, also where it might never be called.

    Raises
    ------
    UsageError
        There is no solver of that name.
    SolverMissingError
        It is not installed.
    """
    if solver == DEFAULT_SOLVER and strategy.build is not None:
        return
    # A plan by a heuristic needs neither solvers nor bounds: they are imported where they are used.
    from qkdopt.adapters import adapter_of

    adapter = adapter_of(solver)
    if not adapter.available():
        raise SolverMissingError(f"solver {adapter.name!r} is not installed; {adapter.install}")


def _run_strategy(
    strategy: NamedStrategy,
    incumbent: Incumbent,
    baseline: Plan,
    clock: Clock,
    options: SolverOptions,
    workers: Workers | None,
) -> Outcome:
    problem = incumbent.problem
    clock.enter("heuristics")
    if strategy.build is not None:
        plan = strategy.build(problem if strategy.own else problem.moving_only())
        if strategy.own:
            validate_own_plan(problem, plan, strategy.name)
        if not incumbent.offer(plan) and incumbent.plan is None:
            raise UnsupportedError(
                f"the plan of strategy {strategy.name} does not keep every demand in place with "
                "its least key rate, or moves too many; use strategy auto"
            )
        return Outcome()
    incumbent.offer(baseline)
    clock.report("heuristics", incumbent)
    try:
        if strategy.name != "milp":
            from qkdopt.optimize.compilation import compile_first

            compile_first(incumbent, clock, bound=strategy.name == "auto")
        if strategy.name == "local-search":
            _run_local_search(incumbent, clock, options)
            return Outcome()
        if strategy.name == "milp":
            # Pyomo takes a second and more to import: only where models are built.
            from qkdopt.optimize.formulations import run_formulation

            return run_formulation(incumbent, clock, options)
        return _run_auto(incumbent, clock, options, workers)
    except KeyboardInterrupt:
        clock.interrupt()
    except MemoryError:
        clock.note_memory()
    return Outcome()


def _run_local_search(incumbent: Incumbent, clock: Clock, options: SolverOptions) -> None:
    clock.enter("local search")
    rounds = SearchRounds(incumbent.problem, options.seed)
    if options.nodes is not None:
        for moves in MOVES_OF_ROUNDS:
            start = incumbent.best()[0]
            incumbent.offer(rounds.search(start, moves=moves, should_stop=clock.over))
        clock.report("local search", incumbent)
        return
    while not rounds.idle and not clock.over():
        incumbent.offer(
            rounds.search(
                incumbent.best()[0],
                seconds=max(0.1, rounds.share() * clock.left),
                should_stop=clock.over,
            )
        )
        clock.report("local search", incumbent)


def _run_auto(
    incumbent: Incumbent, clock: Clock, options: SolverOptions, workers: Workers | None
) -> Outcome:
    from qkdopt.optimize.auto import AutoRun

    run = AutoRun(
        incumbent.problem, incumbent, clock, seed=options.seed, threads=options.threads,
        solver=options.solver, workers=workers,
    )  # fmt: skip
    try:
        if options.nodes is None:
            run.run()
        else:
            run.run_nodes(options.nodes)
    except KeyboardInterrupt:
        clock.interrupt()
    except MemoryError:
        clock.note_memory()
    return Outcome(bound=run.bound(), solver=run.solver, notes=run.notes)


def _result(
    incumbent: Incumbent,
    baseline: Plan,
    outcome: Outcome,
    clock: Clock,
    strategy: NamedStrategy,
    options: SolverOptions,
    around: Around | None,
    origin: Provenance,
) -> Result:
    failures = [f"solver failed: {failure}" for failure in clock.failures]
    run = RunRecord(
        strategy=strategy.name,
        gap=clock.gap,
        solver=outcome.solver,
        seed=options.seed,
        threads=options.threads,
        stopped_by=_stopped_by(clock, strategy, options),
        limits=RunLimits(
            time_limit_s=clock.time_limit if math.isfinite(clock.time_limit) else None,
            gap=clock.gap,
            node_limit=options.nodes,
        ),
        interrupted=clock.interrupted,
        notes=(*failures, *outcome.notes, *_physics_notes(incumbent.problem.instance)),
        seconds=clock.seconds,
        history=clock.history,
        around=around,
        moved_at_least=outcome.moved_at_least,
        provenance=origin,
    )
    plan, _ = incumbent.best()
    return result_of(incumbent.problem, plan, outcome.bound, run, baseline=baseline)


def _stopped_by(clock: Clock, strategy: NamedStrategy, options: SolverOptions) -> StoppedBy:
    """Say what ended a run that did not close the gap."""
    if strategy.build is not None:
        return "exhausted"
    if clock.failures:
        return "solver failed"
    if options.nodes is not None:
        return "node limit"
    return "time limit" if clock.timed_out or strategy.name == "local-search" else "exhausted"


def _physics_notes(instance: Instance) -> list[str]:
    """Say what the search left to the exact assessment."""
    if instance.other_noise.four_wave_mixing is None:
        return []
    return [
        "four-wave mixing is in every rate of this result, but search and bound ignored it: "
        "the bound stays valid, the plan may not be the best for it"
    ]


__all__ = ["HEURISTICS", "STRATEGIES", "solve"]
