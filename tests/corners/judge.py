"""Every way to solve an instance, judged by enumeration."""

from __future__ import annotations

import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import qkdopt
from qkdopt import problem
from qkdopt.errors import UnsupportedError
from qkdopt.instance import Instance
from qkdopt.result import Objective, Result
from tests.corners.enumeration import Enumeration, assignment_count, value_of
from tests.corners.generator import MOST_ASSIGNMENTS

GAP = 1e-3
# More than there are between two nodes of any instance from the corners.
EVERY_ROUTE = 100
TIME_LIMIT = 20.0
# Two ways to the same number differ by this much, relatively.
ROUNDING = 1e-9
ROUNDING_BPS = 1e-6
# A rate is the difference of terms of up to one bit a pulse, each rounded to this.
ROUNDING_PER_PULSE = 1e-15

WRONG_BOUND, FALSE_OPTIMAL, TRACEBACK, OTHER = "wrong bound", "false optimal", "traceback", "other"
KINDS = (WRONG_BOUND, FALSE_OPTIMAL, TRACEBACK, OTHER)
MIP_SOLVERS = ("highs", "scip", "cp-sat", "cbc", "glpk")


@dataclass(frozen=True)
class Way:
    """One strategy, formulation and solver.

    Parameters
    ----------
    name
        Such as ``joint/highs``.
    options
        For :func:`qkdopt.solve`.
    most_listed
        Simple paths of a demand up to which they are listed, in a run over all routes; None for the
        package's own number, which lists all of those of such small networks.
    """

    name: str
    options: dict[str, Any]
    most_listed: int | None = None

    def covers(self, instance: Instance, objective: Objective) -> bool:
        """Whether the documentation says that it takes such an instance."""
        if objective.startswith("key-"):
            return self.options.get("formulation") != "load-state"
        if self.options.get("formulation") != "load-state":
            return True
        if any(path.movable for path in instance.lightpaths or ()):
            return False
        no_minimum = not any(demand.min_skr_bps for demand in instance.demands)
        return objective == "mean" and instance.qkd.relay == "lightpath" and no_minimum

    @property
    def proves(self) -> bool:
        """Whether it proves bounds at all."""
        return self.options["strategy"] in ("milp", "auto")

    def may_refuse(self, error: UnsupportedError) -> bool:
        """Whether a refusal says why this solver cannot: numbers beyond 64-bit integers."""
        if self.options["strategy"] == "fixed" and "every demand in place" in str(error):
            return True
        return self.options.get("solver") == "cp-sat" and "64-bit integers" in str(error)


def _milp(formulation: str, solver: str, name: str | None = None) -> Way:
    options = {"strategy": "milp", "formulation": formulation, "solver": solver}
    return Way(name or f"{formulation}/{solver}", options)


HEURISTICS = tuple(
    Way(name, {"strategy": name}) for name in ("fixed", "ds-qkd", "ds-qkd-synergistic")
)
LOCAL_SEARCH = Way("local-search", {"strategy": "local-search", "time_limit": 0.05})
AUTO = Way("auto", {"strategy": "auto", "time_limit": 0.5})
MILPS = tuple(
    _milp(formulation, solver)
    for formulation in ("joint", "textbook", "load-state")
    for solver in MIP_SOLVERS
)
CP = _milp("cp-sat", "cp-sat", "cp-sat")
# Over all simple paths: all listed, and found by need.
ALL_ROUTES = tuple(
    Way(name, {"strategy": "auto", "time_limit": 0.5, "routes": "all"}, most_listed)
    for name, most_listed in (("auto/all-routes", None), ("auto/paths-by-need", 0))
)
WAYS = (*HEURISTICS, LOCAL_SEARCH, AUTO, *ALL_ROUTES, *MILPS, CP)
JOINT_HIGHS = MILPS[0]
LOAD_STATES = tuple(way for way in MILPS if way.name.startswith("load-state"))
OTHERS = (*(way for way in MILPS if way not in (JOINT_HIGHS, *LOAD_STATES)), CP)


def quick_ways(seed: int) -> tuple[Way, ...]:
    """Ways for a short run over many seeds: a few on each, and each on at least 20 of 150."""
    ways = [*HEURISTICS, LOCAL_SEARCH, AUTO, ALL_ROUTES[seed % 2], JOINT_HIGHS]
    ways += [LOAD_STATES[seed % len(LOAD_STATES)], OTHERS[seed % len(OTHERS)]]
    if seed % 3 == 0:
        ways.append(OTHERS[(seed // 3 + 5) % len(OTHERS)])
    return tuple(ways)


@dataclass
class Judgement:
    """What one way made of one instance.

    Parameters
    ----------
    way
        Its name.
    faults
        Each begins with its kind and a colon.
    closed
        Whether it ended optimal, refused, or proves nothing anyway.
    refused
        Whether it refused.
    seconds
        Wall-clock time of the run.
    """

    way: str
    faults: list[str] = field(default_factory=list)
    closed: bool = False
    refused: bool = False
    seconds: float = 0.0


def run(
    instance: Instance,
    objective: Objective,
    way: Way,
    enumeration: Enumeration,
    *,
    gap: float = GAP,
    time_limit: float = TIME_LIMIT,
    seed: int = 0,
) -> Judgement:
    """Solve in one way and judge the result; a run that its time limit ends is no fault."""
    options = {"time_limit": time_limit, "gap": gap, "threads": 1, "seed": seed} | way.options
    judged = Judgement(way.name)
    started = time.monotonic()
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            with _listing(way.most_listed):
                result = qkdopt.solve(instance, objective=objective, **options)
        judged.seconds = time.monotonic() - started
        judged.faults = [f"{OTHER}: warning: {text}" for text in _numerical(warned)]
        if options.get("routes") == "all":
            judged.faults += _faults_over_all_routes(instance, objective, enumeration, result, gap)
        else:
            judged.faults += faults_of(instance, objective, enumeration, result, gap)
        judged.closed = result.status == "optimal" or not way.proves
        if not way.covers(instance, objective):
            judged.faults.append(f"{OTHER}: no refusal where the documentation has one")
    except UnsupportedError as error:
        judged.seconds = time.monotonic() - started
        judged.refused = judged.closed = True
        if way.covers(instance, objective) and not way.may_refuse(error):
            judged.faults = [f"{OTHER}: refused what the documentation covers: {error}"]
    except Exception as error:  # any exception is what this looks for
        judged.seconds = time.monotonic() - started
        judged.faults = [f"{TRACEBACK}: {_spelled(error)}"]
    return judged


@contextmanager
def _listing(most_listed: int | None) -> Iterator[None]:
    """List every path of demands with no more than so many, and one route of the others."""
    if most_listed is None:
        yield
        return
    with mock.patch.multiple(problem, MOST_LISTED=most_listed, LEAST_LISTED=1):
        yield


def _faults_over_all_routes(
    instance: Instance,
    objective: Objective,
    enumeration: Enumeration,
    result: Result,
    gap: float,
) -> list[str]:
    """List what is wrong with a result over all routes.

    Where assignments over all of them are too many, the plan's number and the bound alone are
    judged, and by those over the candidate routes: no fewer demands and no less rate are possible.
    """
    faults = [f"{OTHER}: check: {fault}" for fault in qkdopt.check(instance, result).faults]
    if result.bound is not None and result.bound.routes != "all":
        faults.append(f"{OTHER}: routes {result.bound.routes}; expected all")
    wide = instance.replace(routes={"k": EVERY_ROUTE, "given": None})
    if assignment_count(wide) > MOST_ASSIGNMENTS:
        return [*faults, *_bound_faults(enumeration, result)]
    over_all = Enumeration(wide, objective).run()
    faults += _value_faults(wide, over_all, result)
    faults += _bound_faults(over_all, result)
    faults += _optimal_faults(over_all, result, gap)
    return [*faults, *(f"{WRONG_BOUND}: {fault}" for fault in result.faults)]


def _numerical(warned: Sequence[warnings.WarningMessage]) -> list[str]:
    """Warnings of overflow, division by zero and NaN, each once."""
    texts = (
        f"{one.message} (at {Path(one.filename).name}:{one.lineno})"
        for one in warned
        if issubclass(one.category, RuntimeWarning)
    )
    return list(dict.fromkeys(texts))


def faults_of(
    instance: Instance,
    objective: Objective,
    enumeration: Enumeration,
    result: Result,
    gap: float,
) -> list[str]:
    """List what is wrong with a result; each text begins with its kind and a colon."""
    if result.objective != objective:
        return [f"{OTHER}: objective = {result.objective}; expected {objective}"]
    if result.value is None:
        return [f"{OTHER}: no plan; serving nobody is one"]
    faults = [
        *_value_faults(instance, enumeration, result),
        *_bound_faults(enumeration, result),
        *_optimal_faults(enumeration, result, gap),
    ]
    faults += [f"{OTHER}: check: {fault}" for fault in qkdopt.check(instance, result).faults]
    faults += [f"{WRONG_BOUND}: {fault}" for fault in result.faults]
    return faults


def _value_faults(instance: Instance, enumeration: Enumeration, result: Result) -> list[str]:
    assert result.value is not None
    served, value = result.value.served, result.value.objective_bps
    try:
        exact = value_of(instance, result)
    except ValueError as error:
        return [f"{OTHER}: plan: {error}"]
    faults = []
    if abs(value - exact) > ROUNDING * abs(exact) + _rounding_bps(enumeration):
        faults.append(f"{OTHER}: value {value:.15g}; by the equations {exact:.15g}")
    if served not in enumeration.best:
        faults.append(f"{OTHER}: {served} served; no assignment serves so many")
    elif value > enumeration.best[served] * (1.0 + ROUNDING) + _rounding_bps(enumeration):
        most = enumeration.best[served]
        faults.append(f"{OTHER}: value {value:.15g} with {served} served; at most {most:.15g}")
    return faults


def _bound_faults(enumeration: Enumeration, result: Result) -> list[str]:
    bound, value = result.bound, result.value
    assert value is not None
    if bound is None:
        return []
    faults = []
    most = max(enumeration.sure)
    if bound.served < most:
        faults.append(f"{WRONG_BOUND}: at most {bound.served} served; {most} can be")
    best = enumeration.sure.get(value.served)
    if best is None or bound.objective_bps is None:
        return faults
    slack = ROUNDING * (best + enumeration.highest_link_bps()) + _rounding_bps(enumeration)
    if not bound.objective_bps >= best - slack:
        faults.append(
            f"{WRONG_BOUND}: {bound.objective_bps:.15g} with {value.served} served; enumeration "
            f"has {best:.15g} ({bound.method})"
        )
    return faults


def _optimal_faults(enumeration: Enumeration, result: Result, gap: float) -> list[str]:
    value = result.value
    assert value is not None
    if result.status != "optimal":
        return []
    most = max(enumeration.sure)
    if value.served < most:
        return [f"{FALSE_OPTIMAL}: {value.served} served; {most} can be"]
    best = enumeration.sure.get(value.served, 0.0)
    slack = ROUNDING * (best + enumeration.highest_link_bps()) + _rounding_bps(enumeration)
    if best - value.objective_bps > gap * best + slack:
        return [f"{FALSE_OPTIMAL}: {value.objective_bps:.15g}; enumeration has {best:.15g}"]
    return []


def _rounding_bps(enumeration: Enumeration) -> float:
    repetition_hz = 1e6 * enumeration.instance.qkd.repetition_mhz
    return ROUNDING_BPS + ROUNDING_PER_PULSE * repetition_hz


def _spelled(error: Exception) -> str:
    """Spell an exception with the place it comes from, and the last place in the package."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "qkdopt" in Path(f.filename).parts]
    place = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "?"
    message = (str(error).splitlines() or [""])[0]
    return f"{type(error).__name__}: {message[:200]} (at {place})"


def key_ways(seed: int) -> tuple[Way, ...]:
    """Ways for instances whose demands share keys, a few on each."""
    ways = [*HEURISTICS, LOCAL_SEARCH, AUTO, JOINT_HIGHS]
    ways += [CP, ALL_ROUTES[seed % 2], LOAD_STATES[0], OTHERS[seed % (len(OTHERS) - 1)]]
    return tuple(ways)


def quick_faults(instance, objective, seed: int) -> list[str]:
    """Return the faults of the quick ways of a seed on an instance, beside its enumeration."""
    enumeration = Enumeration(instance, objective).run()
    return [
        f"{way.name}: {fault}"
        for way in quick_ways(seed)
        for fault in run(instance, objective, way, enumeration, gap=GAP, time_limit=3.0).faults
    ]
