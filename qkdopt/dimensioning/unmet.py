"""Say why no links with QKD meet all needs: proved, or not found in time."""

from __future__ import annotations

from qkdopt.conflicts.phrases import names_of
from qkdopt.conflicts.shared_needs import limits_of
from qkdopt.dimensioning.best import Best
from qkdopt.errors import UnmetNeedsError
from qkdopt.heuristics import ds_qkd, ds_qkd_synergistic
from qkdopt.problem.plan import BLOCKED, assess


def unmet_needs(best: Best, factor: float, *, interrupted: bool) -> UnmetNeedsError:
    """Return the error of a run without links; it names what limits a plan with QKD on all.

    Parameters
    ----------
    best
        What was proved.
    factor
        How many times what they ask for demands had to get.
    interrupted
        Whether Ctrl-C ended the run.
    """
    problem = best.installation.problem
    needs, count = problem.needs, len(best.installation.asking)
    times = "" if factor == 1.0 else f"{factor:g} times "
    needed = f"{times}what {count} demands ask for, {needs.total_bps / 1e3:.3f} kbit/s in all,"
    pinned = problem.moving_only()
    plan = max((ds_qkd(pinned), ds_qkd_synergistic(pinned)), key=lambda p: assess(problem, p).rank)
    exact = assess(problem, plan)
    text = "with QKD on all links a plan "
    if plan.served < len(problem.routes):
        text += f"serves {plan.served} of {len(problem.routes)} demands"
    else:
        text += f"gives all {100.0 * exact.objective_bps / needs.total_bps:.3g} %"
    if any(plan.routes[r] != BLOCKED for r in best.installation.asking):
        limits = limits_of(problem, plan, exact)
        text += f": {limits}" if limits else ""
    unroutable = [r for r, routes in enumerate(problem.routes) if not routes]
    if unroutable:
        text += f"; no candidate route: {names_of(problem, unroutable)}"
    if best.impossible:
        message = f"{needed} cannot be met by any choice of links; {text}"
    else:
        ended = "interrupted before" if interrupted else "not decided in time whether"
        message = f"{ended} {needed} can be met; {text}; no proof that more cannot be"
    return UnmetNeedsError(message, proved=best.impossible)
