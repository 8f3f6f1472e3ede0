"""One run of dimensioning: search over links, bound by load states, exact model."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from qkdopt.bounds.install_bound import InstallBound
from qkdopt.dimensioning.best import Best
from qkdopt.dimensioning.installation import Links
from qkdopt.dimensioning.link_search import LinkSearch
from qkdopt.dimensioning.options import DimensioningOptions
from qkdopt.dimensioning.plan_search import PlanSearch
from qkdopt.errors import SolverFailedError, SolverMissingError
from qkdopt.runtime.cores import available_cores

# Of the time, before the search has to leave the rest to bounds.
SEARCH_SHARE = 0.4
# Of what is left after it, for the bound by load states before the exact model.
BOUND_SHARE = 0.3
# Nodes of the bound, and of the exact model, where moves are limited in place of time.
BOUND_NODES, MODEL_NODES = 200, 20_000
# No exact model is built of more columns.
MOST_COLUMNS = 8_000

Progress = Callable[[str, Best], None]


class Run:
    """Search, bound by load states, exact model, within one limit.

    Parameters
    ----------
    best
        The best links so far, and where better ones and bounds go.
    options
        Limits and settings.
    progress
        Called with what is done and the best links so far; None for no reports.
    stop
        Ends the run when it is set.
    """

    def __init__(
        self,
        best: Best,
        options: DimensioningOptions,
        progress: Progress | None,
        stop: threading.Event,
    ) -> None:
        self.best, self.options = best, options
        self._progress, self._stop = progress, stop
        self.notes: list[str] = []
        self._repeatable = options.move_limit is not None
        self._began = time.monotonic()
        self._end = math.inf if self._repeatable else self._began + options.time_limit
        self._search = PlanSearch(
            best.installation, seed=options.seed, moves=options.move_limit, over=self._search_over
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

    @property
    def interrupted(self) -> bool:
        """Whether the user asked for the end."""
        return self._stop.is_set()

    def run(self) -> None:
        """Search, branch on links, and solve the exact model where the network is small."""
        if not all(self.best.installation.problem.routes):
            self.best.raise_bound(math.inf, "a demand has no candidate route")
            return
        bound = InstallBound(self.best.installation.open_problem, self.best.installation.prices)
        self.best.raise_bound(bound.bound, bound.method)
        if not self.best.closed:
            self._report("looking for links")
            LinkSearch(self.best, self._search, bound.equipped()).run()
            self._search_end = math.inf
            self._branch(bound)
        self._exact()

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

    def _exact(self) -> None:
        """Solve the exact model of a small network."""
        from qkdopt.dimensioning.exact import ExactRun

        if self.best.closed or self._over() or not self._fits_model():
            return
        self._report("solving the exact model")
        run = ExactRun(
            self.best, self._unlimited_search(), over=self._over, seconds_left=self._left,
            solver=self.options.solver, seed=self.options.seed,
            threads=self.options.threads or available_cores(),
            nodes=MODEL_NODES if self._repeatable else None,
        )  # fmt: skip
        try:
            run.run()
        except SolverFailedError as error:
            # What was found before stays.
            self.notes.append(f"solver failed: {error}")
        self.notes += run.notes

    def _unlimited_search(self) -> PlanSearch:
        """Return the search of plans for links that the model chooses: it has its own moves."""
        return PlanSearch(
            self.best.installation, seed=self.options.seed, moves=None, over=self._over
        )

    def _left(self) -> float:
        # A solver that counts nodes still wants a number.
        return min(1e7, self._end - time.monotonic())


def validate_solver(name: str) -> None:
    """Validate that a MIP solver is there, also where it might never be called.

    Raises
    ------
    UsageError
        There is no solver of that name.
    SolverMissingError
        It is not installed.
    """
    from qkdopt.adapters import adapter_of

    adapter = adapter_of(name)
    if not adapter.available():
        raise SolverMissingError(f"solver {adapter.name!r} is not installed; {adapter.install}")
