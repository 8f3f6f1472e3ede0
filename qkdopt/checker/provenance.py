"""Validate what a result says of its run: instance, limits, what ended it, and its baseline.

None of it changes a plan; what contradicts the instance, or another field, is found all the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from qkdopt.checker.numbers import ABSOLUTE_BPS, OPTIMAL_GAP, RELATIVE
from qkdopt.instance import Instance
from qkdopt.instance.generation import preset_changes, preset_name
from qkdopt.result import Baseline, Bound, Provenance, Result, RunLimits

# What ends a run that has limits, beside Ctrl-C.
ENDINGS = ("gap", "time limit", "node limit", "exhausted", "solver failed")
# It, and how the note begins that says more.
FAILURE = "solver failed"
BASELINE = "ds-qkd"


def validate_provenance(instance: Instance, result: Result) -> Iterator[str]:
    """Yield every statement about the run that contradicts the instance or another one."""
    yield from _validate_reference(instance, result)
    if result.provenance is not None:
        yield from _validate_origin(instance, result, result.provenance)
    yield from _validate_solver(result)
    if result.limits is not None:
        yield from _validate_limits(result.limits)
    yield from _validate_ending(result)
    if result.bound is not None:
        yield from _validate_scope(instance, result.bound)
    if result.baseline is not None:
        yield from _validate_baseline(instance, result, result.baseline)


def _validate_reference(instance: Instance, result: Result) -> Iterator[str]:
    if result.instance.name != instance.name:
        yield f"instance.name = {result.instance.name!r}; expected {instance.name!r}"
    if result.instance.preset != preset_name(instance):
        yield f"instance.preset = {result.instance.preset!r}; expected {preset_name(instance)!r}"
    if result.preset_changes != preset_changes(instance):
        yield (
            f"preset_changes = {list(result.preset_changes)}; expected "
            f"{list(preset_changes(instance))}"
        )


def _validate_origin(instance: Instance, result: Result, origin: Provenance) -> Iterator[str]:
    """Yield where seed and instance of the run are not those of the result."""
    if origin.seed is not None and origin.seed != result.seed:
        yield f"provenance.seed = {origin.seed}; expected {result.seed}, as in seed"
    # Around an earlier plan the run was given the instance without its light.
    hashes = {instance.sha256(), result.around.given_sha256 if result.around else None}
    for number, source in enumerate(origin.instances):
        if source.name != instance.name or source.sha256 not in hashes:
            yield (
                f"provenance.instances[{number}]: {source.name!r}, {source.sha256[:12]}...; "
                f"expected {instance.name!r}, {instance.sha256()[:12]}..."
            )


def _validate_solver(result: Result) -> Iterator[str]:
    solver = result.solver
    if solver.name is None and (solver.version is not None or solver.start_accepted is not None):
        yield "solver.name = None beside its version or start; expected the solver's name"
    if result.seed < 0:
        yield f"seed = {result.seed}; expected at least 0"
    if result.threads < 1:
        yield f"threads = {result.threads}; expected at least 1"
    if result.seconds < 0.0:
        yield f"seconds = {result.seconds:g}; expected at least 0"


def _validate_limits(limits: RunLimits) -> Iterator[str]:
    time_limit_s, node_limit = limits.time_limit_s, limits.node_limit
    if time_limit_s is not None and time_limit_s < 0.0:
        yield f"limits.time_limit_s = {time_limit_s:g}; expected at least 0"
    if node_limit is not None and node_limit < 0:
        yield f"limits.node_limit = {node_limit}; expected at least 0"
    if time_limit_s is not None and node_limit is not None:
        yield f"limits: {time_limit_s:g} s and {node_limit} nodes; expected one limit"
    if limits.gap < 0.0:
        yield f"limits.gap = {limits.gap:g}; expected at least 0"


def _validate_ending(result: Result) -> Iterator[str]:
    """Yield where status, limits and what ended the run contradict each other."""
    ended, limits = result.stopped_by, result.limits
    where = f"stopped_by = {ended!r}"
    if result.interrupted != (ended == "interrupted"):
        yield f"{where} with interrupted = {result.interrupted}; expected both or neither"
    failures = [note for note in result.notes if note.startswith(FAILURE)]
    if ended == FAILURE and not failures:
        yield f"{where} without a note that says how; expected one"
    if limits is None:
        if ended in ENDINGS:
            yield f"{where} without limits; expected those of the run"
        return
    if ended is None:
        yield f"{where} beside limits; expected what ended the run"
    if ended == "time limit" and limits.time_limit_s is None:
        yield f"{where}; limits.time_limit_s is None"
    if ended == "node limit" and limits.node_limit is None:
        yield f"{where}; limits.node_limit is None"
    yield from _validate_closed(result, limits.gap)


def _validate_closed(result: Result, limit: float) -> Iterator[str]:
    """Yield where a gap within its limit is not what ended the run, or a wider one is."""
    closed = result.served_proved and result.gap is not None and result.gap <= limit
    proved = f"a gap of {result.gap}, served_proved = {result.served_proved}"
    if result.stopped_by != "interrupted" and closed != (result.stopped_by == "gap"):
        expected = "'gap'" if closed else f"'gap' only at {limit:g} or less, with both proved"
        yield f"stopped_by = {result.stopped_by!r} with {proved}; expected {expected}"
    narrow = closed and result.gap is not None and result.gap <= OPTIMAL_GAP
    if result.value is not None and narrow != (result.status == "optimal"):
        expected = "'optimal'" if narrow else f"'optimal' only at {limit:g} or less"
        yield f"status = {result.status!r} with {proved}; expected {expected}"


def _validate_scope(instance: Instance, bound: Bound) -> Iterator[str]:
    scopes = ("all", instance.routes.label)
    if bound.routes not in scopes:
        yield f"bound.routes = {bound.routes!r}; expected one of {list(scopes)}"
    if bound.served > len(instance.demands):
        yield (
            f"bound.served = {bound.served}; expected at most the {len(instance.demands)} demands "
            "that there are"
        )
    if bound.tolerance_bps < 0.0:
        yield f"bound.tolerance_bps = {bound.tolerance_bps:g}; expected at least 0"


def _validate_baseline(instance: Instance, result: Result, baseline: Baseline) -> Iterator[str]:
    """Yield where a baseline cannot be: it is a plan of the instance like any other."""
    if baseline.strategy != BASELINE:
        yield f"baseline.strategy = {baseline.strategy!r}; expected {BASELINE!r}"
    yield from _validate_counts(instance, baseline)
    shared = instance.qkd.key_accounting == "shared"
    for name in ("objective_bps", "key_met"):
        if (getattr(baseline, name) is not None) != shared:
            expected = "a number" if shared else "None: keys are not shared"
            yield f"baseline.{name} = {getattr(baseline, name)}; expected {expected}"
    keeps = any(path.demand is not None for path in instance.lightpaths or ())
    # The baseline may break what is said of light in place, and then exceed what plans can.
    if result.bound is not None and not keeps:
        yield from _validate_below(result, baseline, result.bound)


def _validate_counts(instance: Instance, baseline: Baseline) -> Iterator[str]:
    most = len(instance.demands)
    limits = (("served", most), ("without_key", baseline.served), ("key_met", baseline.served))
    for name, limit in limits:
        count = getattr(baseline, name)
        if count is not None and not 0 <= count <= limit:
            yield f"baseline.{name} = {count}; expected 0 to {limit}"
    if baseline.mean_skr_bps < 0.0 or (baseline.served == 0 and baseline.mean_skr_bps > 0.0):
        yield (
            f"baseline.mean_skr_bps = {baseline.mean_skr_bps:.12g} with {baseline.served} served; "
            "expected 0 or more, and 0 where none is served"
        )


def _validate_below(result: Result, baseline: Baseline, bound: Bound) -> Iterator[str]:
    if baseline.served > bound.served:
        yield f"baseline.served = {baseline.served}; expected at most bound.served = {bound.served}"
    value_bps = baseline.objective_bps
    if value_bps is None and result.objective == "mean":
        value_bps = baseline.mean_skr_bps
    comparable = result.value is not None and result.value.served == baseline.served
    if not comparable or value_bps is None or bound.objective_bps is None:
        return
    if value_bps > bound.objective_bps * (1.0 + RELATIVE) + ABSOLUTE_BPS:
        yield (
            f"baseline: {value_bps:.12g} bit/s with {baseline.served} served; expected at most "
            f"bound.objective_bps = {bound.objective_bps:.12g}"
        )


__all__ = ["validate_provenance"]
