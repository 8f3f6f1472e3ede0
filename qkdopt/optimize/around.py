"""Plan around an earlier plan: what it lit stays where it is, or moves within a limit."""

from __future__ import annotations

from collections.abc import Mapping

from qkdopt.errors import InstanceError, UsageError
from qkdopt.instance import InPlaceLightpath, Instance
from qkdopt.problem import Problem
from qkdopt.problem.moves import ROUNDING, plan_in_place
from qkdopt.problem.plan import assess
from qkdopt.result import AnyPlan, Around, Lightpath


def instance_around(
    instance: Instance, earlier: AnyPlan, *, movable: int | None = None
) -> Instance:
    """Return the instance with the lightpaths of an earlier plan in place.

    Demands that the instance no longer has free their light; those that are new to it are to be
    planned. Foreign light of the instance stays.

    Parameters
    ----------
    instance
        The instance, with more, fewer or other demands than the earlier plan's.
    earlier
        Result or saved plan of an earlier instance of the same network.
    movable
        How many demands of the earlier plan may be moved to other routes or channels; None and 0
        for none.

    Raises
    ------
    InstanceError
        A route, link or channel of the earlier plan is none of this instance, or a demand has other
        ends or lightpaths than it had: every fault.
    UsageError
        ``movable`` is negative.

    Examples
    --------
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> first = qkdopt.solve(line, strategy="ds-qkd")
    >>> len(qkdopt.instance_around(line, first).lightpaths)
    6
    """
    if movable is not None and movable < 0:
        raise UsageError(f"movable = {movable}; expected 0 or more demands")
    known = {demand.id for demand in instance.demands}
    again = {path.demand for path in earlier.lightpaths if path.demand in known}
    # As fields, which are validated with the rest: nobody has checked the earlier plan.
    taken_over = [
        _in_place(path, movable=bool(movable))
        for path in earlier.lightpaths
        if path.demand in known
    ]
    others = [
        path
        for path in instance.lightpaths or ()
        if path.demand is None or path.demand not in again
    ]
    in_place: list[InPlaceLightpath | Mapping[str, object]] = [*others, *taken_over]
    limit = movable if movable and taken_over else instance.moves_limit
    if not (movable and taken_over) and not any(path.movable for path in others):
        limit = None
    return instance.replace(
        lightpaths=in_place or None,
        moves_limit=limit,
        where=f"{instance.name} around the plan of {earlier.instance.name}",
    )


def around_of(instance: Instance, planned: Instance, earlier: AnyPlan) -> Around:
    """Record what was taken over from an earlier plan.

    Parameters
    ----------
    instance
        The instance as it was given.
    planned
        The instance with the earlier plan in place.
    earlier
        The earlier plan.
    """
    known = {demand.id for demand in instance.demands}
    return Around(
        given_sha256=instance.sha256(),
        plan_of=earlier.instance,
        lightpaths=planned.lightpaths or (),
        moves_limit=planned.moves_limit,
        freed=tuple(path.demand for path in earlier.lightpaths if path.demand not in known),
    )


def validate_rates_in_place(problem: Problem) -> None:
    """Validate that each demand in place has its least key rate with nothing else lit.

    Raises
    ------
    InstanceError
        One has not, so that no plan keeps it where it is with its least rate.
    """
    demands = problem.instance.demands
    in_place = (*problem.staying, *problem.movables)
    if not any(demands[r].min_skr_bps for r in in_place):
        return
    rates = assess(problem, plan_in_place(problem)).demand_skr_bps
    faults = []
    for r in in_place:
        least = demands[r].min_skr_bps or 0.0
        if rates[r] < least * (1.0 - ROUNDING):
            faults.append(
                f"demands: {demands[r].id!r} is in place with {rates[r]:g} bit/s at most; expected "
                f"its min_skr_bps = {least:g} (lower it, or take the demand out of lightpaths)"
            )
    if faults:
        raise InstanceError(problem.instance.name, faults)


def _in_place(path: Lightpath, *, movable: bool) -> dict[str, object]:
    return path.model_dump() | {"movable": movable}
