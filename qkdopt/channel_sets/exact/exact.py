"""The best set of QKD channels for a fixed list of demands, proved (``docs/design_exact.md``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qkdopt.adapters import ADAPTERS, Adapter, adapter_of
from qkdopt.channel_sets.exact.best_set import BestSet
from qkdopt.channel_sets.exact.by_milp import SetMilp
from qkdopt.channel_sets.exact.by_sets import SetRace
from qkdopt.channel_sets.exact.candidate_sets import count_sets, every_set, with_channel_set
from qkdopt.channel_sets.exact.static import static_plan
from qkdopt.channel_sets.objective import objective_of_sets
from qkdopt.errors import SolverMissingError, UnsupportedError, UsageError
from qkdopt.heuristics import ds_qkd
from qkdopt.instance import Instance, validate_nothing_in_place
from qkdopt.optimize import ProgressCallback
from qkdopt.optimize.record import RunRecord, result_of
from qkdopt.problem import build_problem
from qkdopt.result import Bound, Objective, Result, RunLimits, SolverRef
from qkdopt.runtime.signals import graceful_sigint

Method = Literal["auto", "sets", "milp"]
# Sets that can be told apart one by one: looking at each takes up to a tenth of a second.
MOST_SETS = 20_000
# Sets whose plan is searched for the MILP's start, spread over all of them.
STARTS = 20
# Of the results.
STRATEGY = "exact-set"
# Of the time limit, for the race of sets before the MILP takes those that are left.
SETS_SHARE = 0.15


@dataclass(frozen=True)
class ExactSet:
    """The best set found and what is proved of all sets.

    Parameters
    ----------
    channels
        The set.
    served, value_bps
        Demands served, and the objective over them [bit/s], by the exact physics: their mean key
        rate, or what counts of shared keys.
    bound_bps
        No plan with any set of so many channels that serves ``served`` demands is worth more
        [bit/s]; None where nothing was proved.
    gap
        (bound - value) / bound; None without a bound.
    status
        ``optimal``: the gap asked for is closed, and 1 % at most, and no set serves more demands.
    method
        How it was proved.
    result
        The plan as a result of the instance with the set.
    """

    channels: tuple[int, ...]
    served: int
    value_bps: float
    bound_bps: float | None
    gap: float | None
    status: Literal["optimal", "feasible"]
    method: str
    result: Result

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the run."""
        return self.result.interrupted


def prove_channel_set(
    instance: Instance,
    channels: int,
    *,
    objective: Objective | None = None,
    method: Method = "auto",
    solver: str = "highs",
    time_limit: float = 60.0,
    gap: float = 1e-3,
    seed: int = 0,
    progress: ProgressCallback | None = None,
) -> ExactSet:
    """Find the set of so many channels with the best plan by (served, objective).

    Parameters
    ----------
    instance
        Network and demands; its own candidates are set aside.
    channels
        Size of the set, which every link with QKD has and all of which stays dark.
    objective
        What plans are compared by: None for ``mean``, or ``key-factor`` where keys are shared.
    method
        ``sets``: best first over all sets, each bounded by its load states and solved to proof
        while it may be the best. ``milp``: one MILP over sets and plans. ``auto``: the first, and
        for the sets that it leaves open the second.
    solver
        MIP solver.
    time_limit
        Seconds after which the best so far is returned with its bound.
    gap
        Relative gap at which sets count as equally good.
    seed
        Of every random choice.
    progress
        Called with every change.

    Returns
    -------
    ExactSet
        Also when interrupted by Ctrl-C: the best so far with its bound, and the note
        ``interrupted``. A second Ctrl-C raises ``KeyboardInterrupt``.

    Raises
    ------
    UsageError
        The grid has fewer channels, no set leaves classical light a channel, there is no solver of
        that name, or the objective does not fit the accounting of keys.
    SolverMissingError
        The solver is not installed.
    UnsupportedError
        The instance has light in place, or keys are shared and ``method`` is ``milp``.

    Examples
    --------
    >>> import qkdopt
    >>> triangle = qkdopt.read_instance("instances/small/triangle.json")
    >>> qkdopt.prove_channel_set(triangle, 1).status
    'optimal'
    """
    validate_nothing_in_place(instance, "the choice of a channel set")
    objective = objective_of_sets(instance, objective)
    adapter = installed(solver)
    if method not in ("auto", "sets", "milp"):
        raise UsageError(f"method = {method!r}; expected auto, sets or milp")
    if objective != "mean":
        if method == "milp":
            raise UnsupportedError(
                f"method = 'milp' does not cover objective {objective}: the MILP over sets is of "
                "mean key rates; expected auto or sets"
            )
        method = "sets"
    sets = sets_to_prove(instance, channels)
    best = BestSet(time_limit, gap, progress)
    with graceful_sigint(best.stop):
        return _proved(instance, channels, sets, best, method, adapter, seed, objective)


def _proved(
    instance: Instance,
    channels: int,
    sets: list[tuple[int, ...]],
    best: BestSet,
    method: Method,
    adapter: Adapter,
    seed: int,
    objective: Objective,
) -> ExactSet:
    solver = adapter.name
    if method == "milp":
        return _by_milp(instance, channels, sets, best, solver, seed)
    race = SetRace(instance, best, solver, seed, objective)
    best.share = SETS_SHARE if method == "auto" else 1.0
    race.run(sets)
    best.share = 1.0
    if method == "auto" and best.left > 0.0 and len(race.judged()) < len(sets):
        return _by_milp_for_the_rest(instance, channels, race, solver, seed)
    description = race.description
    if not race.proved:
        # Bounds and local search alone: no solver took part.
        return _answer(best, race.served_bound, race.bound, description, SolverRef(), seed)
    description = f"{description}, {solver} {adapter.version()}"
    return _answer(best, race.served_bound, race.bound, description, solver_ref(adapter), seed)


def sets_to_prove(instance: Instance, channels: int) -> list[tuple[int, ...]]:
    """List the sets of so many channels.

    Raises
    ------
    UsageError
        The grid has fewer channels, no set leaves classical light a channel, or there are too
        many sets.
    """
    count = count_sets(instance, channels)
    if count > MOST_SETS:
        raise UsageError(
            f"channels = {channels}: {count} sets, each of which would be bounded by itself; "
            f"expected at most {MOST_SETS} (fewer channels a set, or a search without proof: "
            "design rank --on demands)"
        )
    sets = list(every_set(instance, channels))
    if not sets:
        raise UsageError(f"channels = {channels}: no set leaves classical light a channel")
    return sets


def installed(solver: str) -> Adapter:
    """Return the adapter of a solver that is installed.

    Raises
    ------
    UsageError
        There is no solver of that name.
    SolverMissingError
        It is not installed.
    """
    adapter = adapter_of(solver)
    if not adapter.available():
        there = ", ".join(name for name, other in ADAPTERS.items() if other.available())
        raise SolverMissingError(
            f"solver {solver!r} is not installed; expected it, or one of those here: {there}"
        )
    return adapter


def solver_ref(adapter: Adapter) -> SolverRef:
    """Name and version, as results record them."""
    return SolverRef(name=adapter.name, version=adapter.version())


def _by_milp_for_the_rest(
    instance: Instance, channels: int, race: SetRace, solver: str, seed: int
) -> ExactSet:
    """Settle by one MILP the sets that the race has left open; the bound is the higher one."""
    judged = race.judged()
    run = SetMilp(instance, channels, race.best, solver, seed, [c.channels for c in judged])
    run.run()
    served_bound = max(run.served_bound, race.best.key[0])
    bound_bps = race.bound
    if run.bound is not None and served_bound == race.best.key[0]:
        joint_bps = max(run.bound, race.bound_over(judged))
        bound_bps = joint_bps if bound_bps is None else min(bound_bps, joint_bps)
    total = len(race.contenders)
    used = solver_ref(adapter_of(solver))
    description = (
        f"{len(judged)} of {total} sets by load states, the others by a MILP over sets, "
        f"{used.name} {used.version}"
    )
    served_bound = min(served_bound, race.served_bound)
    return _answer(race.best, served_bound, bound_bps, description, used, seed, run.error_bps)


def _by_milp(
    instance: Instance,
    channels: int,
    sets: list[tuple[int, ...]],
    best: BestSet,
    solver: str,
    seed: int,
) -> ExactSet:
    for chosen in sets[:: max(1, len(sets) // STARTS)]:
        if best.plan is not None and best.left <= 0.0:
            break
        problem = build_problem(with_channel_set(instance, chosen))
        best.offer(chosen, problem, static_plan(problem, seed=seed))
    run = SetMilp(instance, channels, best, solver, seed)
    if not best.stop.is_set():
        run.run()
    used = solver_ref(adapter_of(solver))
    description = f"MILP over sets, {used.name} {used.version}"
    return _answer(best, run.served_bound, run.bound, description, used, seed, run.error_bps)


def _answer(
    best: BestSet,
    served_bound: int,
    bound_bps: float | None,
    method: str,
    solver: SolverRef,
    seed: int,
    error_bps: float = 0.0,
) -> ExactSet:
    assert best.problem is not None  # every run looks into one set at least
    assert best.plan is not None
    bound = Bound(
        # The objective's bound is for plans that serve as many demands as the best one.
        objective_bps=bound_bps if served_bound == best.key[0] else None,
        served=served_bound,
        method=method,
        routes=best.problem.route_set,
        tolerance_bps=error_bps,
    )
    run = RunRecord(
        strategy=STRATEGY,
        gap=best.gap,
        solver=solver,
        seed=seed,
        stopped_by="time limit" if best.left <= 0.0 else "exhausted",
        limits=RunLimits(time_limit_s=best.time_limit, gap=best.gap),
        interrupted=best.stop.is_set(),
        seconds=best.seconds,
    )
    baseline = ds_qkd(best.problem)
    result = result_of(best.problem, best.plan, bound, run, baseline=baseline)
    assert result.value is not None
    return ExactSet(
        channels=best.channels,
        served=result.value.served,
        value_bps=result.value.objective_bps,
        bound_bps=None if result.bound is None else result.bound.objective_bps,
        gap=result.gap,
        status="optimal" if result.status == "optimal" else "feasible",
        method=method,
        result=result,
    )
