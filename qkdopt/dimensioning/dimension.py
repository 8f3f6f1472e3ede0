"""The cheapest links with QKD that meet all needs at once: search, bounds, exact model."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from qkdopt.bounds.install_bound import InstallBound
from qkdopt.dimensioning.best import Best
from qkdopt.dimensioning.check import check_dimensioning
from qkdopt.dimensioning.installation import Installation, Links
from qkdopt.dimensioning.link_search import LinkSearch
from qkdopt.dimensioning.plan_search import PlanSearch
from qkdopt.dimensioning.unmet import validate_can_be_met
from qkdopt.errors import RefusedError, UsageError
from qkdopt.instance import Instance
from qkdopt.instance.equipment import with_needs_times, with_qkd_on
from qkdopt.io.environment import environment
from qkdopt.optimize.record import RunRecord, reference_of, result_of
from qkdopt.problem import build_problem
from qkdopt.result.dimensioning import Dimensioning, EquipmentPrices, price_gap
from qkdopt.runtime.cores import available_cores
from qkdopt.runtime.signals import graceful_sigint

# Of the time, before the search has to leave the rest to bounds.
SEARCH_SHARE = 0.4
# Of what is left after it, for the bound by load states before the exact model.
BOUND_SHARE = 0.3
# Nodes of the bound, and of the exact model, where moves are limited in place of time.
BOUND_NODES, MODEL_NODES = 200, 20_000
# No exact model is built of more columns.
MOST_COLUMNS = 8_000

Progress = Callable[[str, Best], None]


@dataclass(frozen=True, kw_only=True)
class DimensioningOptions:
    """Limits and settings of a run.

    Parameters
    ----------
    factor
        What all demands have to get, as a share of what they ask for.
    time_limit
        In seconds.
    seed, threads, solver
        Of search and MIP solver; ``threads`` None for all cores.
    move_limit
        Ends the search after so many moves in place of a time: a run then repeats exactly.
    """

    factor: float = 1.0
    time_limit: float = 60.0
    seed: int = 0
    threads: int | None = None
    solver: str = "highs"
    move_limit: int | None = None

    def faults(self) -> list[str]:
        """Return each option that is out of range."""
        faults = []
        if not (math.isfinite(self.factor) and self.factor > 0.0):
            faults.append(f"factor = {self.factor:g}; expected more than 0 (1 for all needs)")
        if not self.time_limit > 0.0:
            faults.append(f"time limit = {self.time_limit:g}; expected more than 0 s")
        if self.threads is not None and self.threads < 1:
            faults.append(f"threads = {self.threads}; expected at least 1")
        if self.move_limit is not None and self.move_limit < 1:
            faults.append(f"move limit = {self.move_limit}; expected at least 1")
        return faults


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
    options = DimensioningOptions(
        factor=factor, time_limit=time_limit, seed=seed, threads=threads, solver=solver,
        move_limit=move_limit,
    )  # fmt: skip
    prices = prices_of(instance, transmitter, receiver, site, links or {}, options.faults())
    return run_dimension(instance, prices, options, progress)


def prices_of(
    instance: Instance,
    transmitter: float,
    receiver: float,
    site: float,
    links: Mapping[str, float],
    faults: list[str],
) -> EquipmentPrices:
    """Validate prices, and return them.

    Parameters
    ----------
    instance
        The instance.
    transmitter, receiver, site, links
        Prices, see :func:`dimension`.
    faults
        What is wrong beside them: all faults come in one error.

    Raises
    ------
    UsageError
        With every fault.
    """
    named = {"transmitter": transmitter, "receiver": receiver, "site": site}
    named |= {f"link {name}": price for name, price in links.items()}
    for name, price in named.items():
        if not (math.isfinite(price) and price >= 0.0):
            faults.append(f"price of {name} = {price:g}; expected a number from 0")
    known = {link.id: link.qkd for link in instance.network.links}
    for name in links:
        if name not in known:
            faults.append(f"price of link {name}: no such link in {instance.name}")
        elif not known[name]:
            faults.append(f"price of link {name}, which has qkd = false; expected one that may "
                          "have QKD")  # fmt: skip
    if not faults and not any(price > 0.0 for price in named.values()):
        faults.append("all prices are 0; expected one that is more")
    if faults:
        raise UsageError("; ".join(faults))
    return EquipmentPrices(
        transmitter=float(transmitter), receiver=float(receiver), site=float(site),
        links={name: float(price) for name, price in links.items()},
    )  # fmt: skip


def run_dimension(
    instance: Instance,
    prices: EquipmentPrices,
    options: DimensioningOptions,
    progress: Progress | None = None,
    interruption: threading.Event | None = None,
) -> Dimensioning:
    """Dimension with validated prices; see :func:`dimension`.

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
    """
    began = time.monotonic()
    stop = interruption or threading.Event()
    installation = Installation(with_needs_times(instance, options.factor), prices)
    run = _Run(installation, options, progress, stop)
    with graceful_sigint(stop):
        notes = run.run()
    best = run.best
    validate_can_be_met(best, interrupted=stop.is_set())
    found = _record(instance, best, options, notes, time.monotonic() - began, stop.is_set())
    faults = check_dimensioning(instance, found)
    if faults:
        raise RefusedError(f"dimensioning of {instance.name}", faults)
    return found


class _Run:
    """Search, bound by load states, exact model, within one limit."""

    def __init__(
        self,
        installation: Installation,
        options: DimensioningOptions,
        progress: Progress | None,
        stop: threading.Event,
    ) -> None:
        self.best = Best(installation)
        self._options, self._progress, self._stop = options, progress, stop
        self._repeatable = options.move_limit is not None
        self._began = time.monotonic()
        self._end = math.inf if self._repeatable else self._began + options.time_limit
        self._search = PlanSearch(
            installation, seed=options.seed, moves=options.move_limit, over=self._search_over
        )
        self._search_end = math.inf
        if not self._repeatable:
            self._search_end = self._began + SEARCH_SHARE * options.time_limit

    def _over(self) -> bool:
        return self._stop.is_set() or time.monotonic() >= self._end

    def _search_over(self) -> bool:
        return self._over() or time.monotonic() >= self._search_end

    def _report(self, phase: str) -> None:
        if self._progress is not None:
            self._progress(phase, self.best)

    def run(self) -> list[str]:
        """Run all of it; return notes."""
        if not all(self.best.installation.problem.routes):
            self.best.raise_bound(math.inf, "a demand has no candidate route")
            return []
        bound = InstallBound(self.best.installation.open_problem, self.best.installation.prices)
        self.best.raise_bound(bound.bound, bound.method)
        if not self.best.closed:
            self._report("looking for links")
            LinkSearch(self.best, self._search).run()
            self._search_end = math.inf
            self._branch(bound)
        return self._exact()

    def _branch(self, bound: InstallBound) -> None:
        """Branch on links for a share of the time, and look for plans on what it proposes."""
        share = BOUND_SHARE if self._fits_model() else 1.0
        end = time.monotonic() + share * self._left()
        nodes = BOUND_NODES if self._repeatable else math.inf
        search = self._unlimited_search()
        seen: set[Links] = set()
        self._report("raising the bound")

        def over() -> bool:
            return self._over() or (not self._repeatable and time.monotonic() >= end)

        while not (self.best.closed or bound.closed or over() or bound.nodes >= nodes):
            links = bound.proposed()
            if links is not None and links not in seen:
                seen.add(links)
                found = search.plan_on(links, self.best.lightpaths)
                if found is not None:
                    self.best.offer(links, found)
            bound.tighten(self.best.price, over)
            self.best.raise_bound(bound.bound, bound.method)

    def _fits_model(self) -> bool:
        """Whether the network is small enough for the exact model."""
        from qkdopt.milp import linearise_links, min_size

        problem = self.best.installation.open_problem
        coarse = linearise_links(problem, math.inf)
        return min_size(problem, coarse, served=len(problem.routes))[1] <= MOST_COLUMNS

    def _exact(self) -> list[str]:
        """Solve the exact model of a small network; return notes."""
        from qkdopt.dimensioning.exact import ExactRun

        if self.best.closed or self._over() or not self._fits_model():
            return []
        self._report("solving the exact model")
        run = ExactRun(
            self.best, self._unlimited_search(), over=self._over, seconds_left=self._left,
            solver=self._options.solver, seed=self._options.seed,
            threads=self._options.threads or available_cores(),
            nodes=MODEL_NODES if self._repeatable else None,
        )  # fmt: skip
        run.run()
        return run.notes

    def _unlimited_search(self) -> PlanSearch:
        """Return the search of plans for links that the model chooses: it has its own moves."""
        return PlanSearch(
            self.best.installation, seed=self._options.seed, moves=None, over=self._over
        )

    def _left(self) -> float:
        # A solver that counts nodes still wants a number.
        return min(1e7, self._end - time.monotonic())


def _record(
    instance: Instance,
    best: Best,
    options: DimensioningOptions,
    notes: list[str],
    seconds: float,
    interrupted: bool,
) -> Dimensioning:
    """Write the best links down with their plan, of the instance without QKD on the others."""
    assert best.links is not None
    assert best.lightpaths is not None
    names = best.installation.names(best.links)
    problem = build_problem(with_qkd_on(instance, names), "key-factor")
    plan = best.lightpaths.plan(problem)
    run = RunRecord(strategy="dimension", seed=options.seed, seconds=seconds)
    ends = {end for x in instance.network.links if x.id in names for end in (x.a, x.b)}
    price = best.price
    bound = min(best.bound, price)
    if best.closed:
        bound = price
    return Dimensioning(
        instance=reference_of(build_problem(instance, "key-factor")),
        prices=best.installation.prices,
        factor=options.factor,
        links=names,
        sites=tuple(node.id for node in instance.network.nodes if node.id in ends),
        price=price,
        bound=bound,
        gap=price_gap(price, bound),
        status="optimal" if best.closed else "feasible",
        method=best.method,
        seed=options.seed,
        seconds=round(seconds, 3),
        interrupted=interrupted,
        notes=tuple(notes),
        plan=result_of(problem, plan, None, run),
        environment=environment(),
    )
