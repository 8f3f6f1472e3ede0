"""The parts of a result that follow from its plan, and the plan read back from a result."""

from __future__ import annotations

from typing import Any

import numpy as np

from qkdopt.errors import ResultError
from qkdopt.heuristics import explain_blocked
from qkdopt.problem import Problem
from qkdopt.problem.key_shares import Needs
from qkdopt.problem.plan import BLOCKED, NO_QKD, Assessment, Plan, assess, tune_working_channels
from qkdopt.result import AnyPlan, Baseline, Lightpath, ServedDemand, Value, WorkingChannel


def value_of(problem: Problem, plan: Plan, exact: Assessment) -> Value:
    """Return the value block: objective, served, mean and worst rates, and shared keys.

    Parameters
    ----------
    problem
        The plan's problem.
    plan
        The plan.
    exact
        Its assessment.
    """
    served = np.array([route != BLOCKED for route in plan.routes], dtype=np.bool_)
    counted = served if exact.asking is None else exact.asking
    rates = exact.demand_skr_bps[counted]
    needed = len(served) if exact.asking is None else int((problem.needs.shares > 0.0).sum())
    return Value(
        objective_bps=exact.objective_bps,
        served=int(served.sum()),
        demands=len(served),
        mean_skr_bps=float(rates.mean()) if len(rates) else 0.0,
        mean_skr_per_request_bps=float(rates.sum() / needed) if needed else 0.0,
        worst_skr_bps=float(rates.min()) if len(rates) else 0.0,
        without_key=exact.without_key,
        **({} if exact.asking is None else _shared_keys(problem.needs, exact)),
    )


def _shared_keys(needs: Needs, exact: Assessment) -> dict[str, Any]:
    """Fields of the value block about keys that demands share."""
    given = exact.demand_skr_bps
    asking = (needs.rate_bps > 0.0) & (exact.asking if exact.asking is not None else True)
    return {
        "key_accounting": "shared",
        "key_needed_bps": needs.total_bps,
        "key_delivered_bps": float(np.minimum(given, needs.rate_bps).sum()),
        "key_met": int(needs.met(given).sum()),
        "key_factor": float((given[asking] / needs.rate_bps[asking]).min())
        if asking.any()
        else None,
    }


def baseline_of(problem: Problem, strategy: str, plan: Plan, value: Value) -> Baseline:
    """Compare a value with the baseline plan's.

    Parameters
    ----------
    problem
        The problem of both plans.
    strategy
        Name of the baseline.
    plan
        The baseline's plan.
    value
        What is compared with it.
    """
    base = value_of(problem, plan, assess(problem, plan))
    mean, shared = base.mean_skr_bps, value.key_accounting is not None
    first, second = value.mean_skr_bps, mean
    if shared:
        first, second = value.objective_bps, base.objective_bps
    gain = first / second - 1.0 if second > 0.0 else None
    return Baseline(
        strategy=strategy,
        served=base.served,
        without_key=base.without_key,
        mean_skr_bps=mean,
        gain=gain,
        objective_bps=base.objective_bps if shared else None,
        key_met=base.key_met,
    )


def lightpaths_of(problem: Problem, plan: Plan) -> tuple[Lightpath, ...]:
    """List route, links and channels of every served demand."""
    links = problem.instance.network.links
    return tuple(
        Lightpath(
            demand=demand.id,
            route=problem.routes[r][plan.routes[r]].nodes,
            links=tuple(links[e].id for e in problem.routes[r][plan.routes[r]].links),
            channels=tuple(int(w) for w in plan.channels[r]),
        )
        for r, demand in enumerate(problem.instance.demands)
        if plan.routes[r] != BLOCKED
    )


def working_channels_of(
    problem: Problem, plan: Plan, exact: Assessment
) -> tuple[WorkingChannel, ...]:
    """List the working channel of every link with QKD, its noise, QBER and rate.

    Parameters
    ----------
    problem
        The plan's problem.
    plan
        The plan.
    exact
        Its assessment.
    """
    tables = problem.tables
    every = np.arange(len(plan.working))
    column = np.maximum(np.array(plan.working, dtype=np.int64), 0)
    qber = tables.qber(every, exact.noise, tables.transmittance[every, column])
    rows = []
    for e, link in enumerate(problem.instance.network.links):
        if plan.working[e] == NO_QKD:
            continue
        candidate = tables.candidates[e][plan.working[e]]
        channel = candidate if isinstance(candidate, int) else None
        frequency_thz = problem.instance.candidate_thz(candidate) if channel is None else None
        rows.append(
            WorkingChannel(
                link=link.id,
                channel=channel,
                frequency_thz=frequency_thz,
                noise_per_gate=float(exact.noise[e]),
                qber=float(qber[e]),
                skr_bps=float(exact.link_skr_bps[e]),
            )
        )
    return tuple(rows)


def demands_of(problem: Problem, plan: Plan, exact: Assessment) -> tuple[ServedDemand, ...]:
    """List every demand with its rate, its bottleneck and, where it is blocked, the reason.

    Parameters
    ----------
    problem
        The plan's problem.
    plan
        The plan.
    exact
        Its assessment.
    """
    reasons = explain_blocked(problem, plan)
    links = problem.instance.network.links
    return tuple(
        ServedDemand(
            demand=demand.id,
            served=plan.routes[r] != BLOCKED,
            skr_bps=float(exact.demand_skr_bps[r]),
            bottleneck=links[exact.bottleneck[r]].id if exact.bottleneck[r] >= 0 else None,
            blocked_by=reasons.get(r),
            need_bps=demand.need_bps if exact.asking is not None else None,
        )
        for r, demand in enumerate(problem.instance.demands)
    )


def plan_of_result(problem: Problem, result: AnyPlan) -> Plan:
    """Translate recorded lightpaths into a plan over the candidate routes.

    Raises
    ------
    ResultError
        The result is of another instance, or takes routes that are no candidates here.
    """
    instance = problem.instance
    if result.instance.sha256 != instance.sha256():
        raise ResultError(
            result.instance.name,
            [
                f"instance.sha256 = {result.instance.sha256[:12]}...; expected "
                f"{instance.sha256()[:12]}... of {instance.name} (start of another instance?)"
            ],
        )
    position = {demand.id: r for r, demand in enumerate(instance.demands)}
    routes = [BLOCKED] * len(position)
    channels: list[tuple[int, ...]] = [()] * len(position)
    faults = []
    for path in result.lightpaths:
        r = position.get(path.demand)
        names = [] if r is None else _route_names(problem, r)
        if r is None or path.links not in names:
            faults.append(f"lightpaths: demand {path.demand!r} takes no candidate route")
            continue
        routes[r] = names.index(path.links)
        channels[r] = tuple(sorted(path.channels))
    if faults:
        raise ResultError(result.instance.name, faults)
    return tune_working_channels(problem, routes, channels)


def _route_names(problem: Problem, demand: int) -> list[tuple[str, ...]]:
    links = problem.instance.network.links
    return [tuple(links[e].id for e in route.links) for route in problem.routes[demand]]
