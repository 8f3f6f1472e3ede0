"""The cheapest links with QKD that meet all needs at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from qkdopt.dimensioning.best import Best
from qkdopt.dimensioning.check import check_dimensioning
from qkdopt.dimensioning.installation import Installation
from qkdopt.dimensioning.options import DimensioningOptions, prices_of
from qkdopt.dimensioning.run import Progress, Run, validate_solver
from qkdopt.errors import RefusedError
from qkdopt.instance import Instance
from qkdopt.instance.equipment import with_needs_times, with_qkd_on
from qkdopt.io.environment import environment, provenance
from qkdopt.optimize.record import RunRecord, reference_of, result_of
from qkdopt.problem import build_problem
from qkdopt.result.dimensioning import Dimensioning, EquipmentPrices, price_gap
from qkdopt.runtime.signals import graceful_sigint


def dimension(
    instance: Instance,
    *,
    transmitter: float,
    receiver: float,
    site: float = 0.0,
    links: Mapping[str, float] | None = None,
    factor: float = 1.0,
    time_limit: float = 60.0,
    seed: int = 0,
    threads: int | None = None,
    solver: str = "highs",
    move_limit: int | None = None,
    progress: Progress | None = None,
) -> Dimensioning:
    """Find the cheapest links with QKD that meet all needs at once, and a proved lower bound.

    Every link with ``qkd`` may get one transmitter and one receiver. All demands are served with
    light, and all get what they ask for; a link without equipment has no key and reserves no guard
    band.

    Parameters
    ----------
    instance
        An instance with ``qkd.key_accounting = shared`` and demands with ``key``.
    transmitter, receiver, site
        Price of each, and of a node with any QKD equipment.
    links
        By link id, price of transmitter and receiver together where it differs; None for none.
    factor
        What all demands have to get, as a share of what they ask for.
    time_limit
        Seconds after which the cheapest links so far are returned with their bound.
    seed
        Of every random choice.
    threads
        Cores of the MIP solver; None for all.
    solver
        MIP solver of the exact model.
    move_limit
        Ends the search after so many moves in place of a time: then the same seed gives the same
        links, times aside. None for the time limit.
    progress
        Called with what is done and the best links so far; None for no reports.

    Returns
    -------
    Dimensioning
        Also when interrupted by Ctrl-C, where a choice of links was found by then.

    Raises
    ------
    UsageError
        Prices or options are out of range, keys are not shared, or no demand asks for key.
    UnmetNeedsError
        Not all needs can be met, even with QKD on all links, or no plan was found in time.

    Examples
    --------
    >>> import qkdopt
    >>> ring = qkdopt.share_keys(qkdopt.read_instance("instances/small/ring.json"), rate_bps=10.0)
    >>> found = qkdopt.dimension(ring, transmitter=60.0, receiver=40.0, site=10.0)
    >>> found.price >= found.bound, found.plan.value.key_factor >= 1.0
    (True, True)
    """
    arguments = dict(locals())
    options = DimensioningOptions(
        factor=factor, time_limit=time_limit, seed=seed, threads=threads, solver=solver,
        move_limit=move_limit,
    )  # fmt: skip
    prices = prices_of(instance, transmitter, receiver, site, links or {}, options.faults())
    found, _ = run_dimension(instance, prices, options, progress)
    origin = provenance("dimension", arguments, instance)
    return found.model_copy(update={"provenance": origin})


def run_dimension(
    instance: Instance,
    prices: EquipmentPrices,
    options: DimensioningOptions,
    progress: Progress | None = None,
    interruption: threading.Event | None = None,
    start: Best | None = None,
) -> tuple[Dimensioning, Best]:
    """Dimension with validated prices; return the record and what it was made of.

    Parameters
    ----------
    instance, prices
        What is dimensioned.
    options
        Limits and settings.
    progress
        Called with what is done and the best links so far; None for no reports.
    interruption
        Ends the run when it is set; None for one of its own.
    start
        Links and lightpaths to begin with, of the same instance at another factor; None for none.

    Raises
    ------
    UsageError, SolverMissingError
        There is no such solver, or it is not installed.
    UnmetNeedsError
        No links were found.
    RefusedError
        The checker finds a fault.
    """
    validate_solver(options.solver)
    began = time.monotonic()
    stop = interruption or threading.Event()
    best = Best(Installation(with_needs_times(instance, options.factor), prices))
    if start is not None and start.links is not None and start.lightpaths is not None:
        best.offer(start.links, start.lightpaths)
    run = Run(best, options, progress, stop)
    with graceful_sigint(stop):
        run.run()
    if best.links is None:
        # It takes what builds models, which takes its time to import.
        from qkdopt.dimensioning.unmet import unmet_needs

        raise unmet_needs(best, options.factor, interrupted=stop.is_set())
    found = _record(instance, best, run, time.monotonic() - began)
    faults = check_dimensioning(instance, found)
    if faults:
        raise RefusedError(f"dimensioning of {instance.name}", faults)
    return found, best


def _record(instance: Instance, best: Best, run: Run, seconds: float) -> Dimensioning:
    """Write the best links down with their plan, of the instance without QKD on the others."""
    assert best.links is not None
    assert best.lightpaths is not None
    names = best.installation.names(best.links)
    problem = build_problem(with_qkd_on(instance, names), "key-factor")
    plan = best.lightpaths.plan(problem)
    record = RunRecord(
        strategy="dimension", seed=run.options.seed, seconds=seconds, interrupted=run.interrupted
    )
    ends = {end for x in instance.network.links if x.id in names for end in (x.a, x.b)}
    bound = best.price if best.closed else min(best.bound, best.price)
    return Dimensioning(
        instance=reference_of(build_problem(instance, "key-factor")),
        prices=best.installation.prices,
        factor=run.options.factor,
        links=names,
        sites=tuple(node.id for node in instance.network.nodes if node.id in ends),
        price=best.price,
        bound=bound,
        gap=price_gap(best.price, bound),
        status="optimal" if best.closed else "feasible",
        method=best.method,
        seed=run.options.seed,
        seconds=round(seconds, 3),
        interrupted=run.interrupted,
        notes=tuple(run.notes),
        plan=result_of(problem, plan, None, record),
        environment=environment(),
    )


__all__ = ["dimension", "run_dimension"]
