"""The least price by the joint MILP with linearised rates, and exact rates as the judge.

The model's optimum is no more than the least price. Links that it chooses and that exact rates
refuse are looked at by themselves: a search may find a better plan for them, the bound of their
factor may prove that there is none, and then they are excluded; else pieces are made finer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from qkdopt.adapters import Adapter, Limits, Status, adapter_of
from qkdopt.bounds.key_bound import KeyBound
from qkdopt.dimensioning.best import Best
from qkdopt.dimensioning.installation import Lightpaths, Links
from qkdopt.dimensioning.plan_search import PlanSearch
from qkdopt.errors import SolverFailedError
from qkdopt.milp import linearise_links, plan_of_model
from qkdopt.milp.installation import (
    build_installation,
    exclude_links,
    installed_links,
)
from qkdopt.milp.variables import JointModel
from qkdopt.optimize.margins import ABSOLUTE, RELATIVE
from qkdopt.problem.key_shares import MET
from qkdopt.runtime.deadline import within

# Error of linearised rates, as a share of the least need: at first, and how much finer each time.
FIRST_ERROR, FINER = 0.2, 0.2
FINEST_BPS = 1e-2
GAP = 1e-9
# Longest time for the bound of one choice of links [s].
PROOF_S = 20.0


class ExactRun:
    """Solves joint MILPs of links with QKD equipment, until price and bound meet.

    Parameters
    ----------
    best
        The best links so far, and where better ones and bounds go.
    search
        Looks for a plan on given links.
    over
        Returns whether the time is up.
    seconds_left
        Returns how long a solver may take.
    solver, seed, threads, nodes
        Of each solve; ``nodes`` None for no limit.
    """

    def __init__(
        self,
        best: Best,
        search: PlanSearch,
        *,
        over: Callable[[], bool],
        seconds_left: Callable[[], float],
        solver: str | Adapter = "highs",
        seed: int = 0,
        threads: int = 1,
        nodes: int | None = None,
    ) -> None:
        self._best, self._search, self._over = best, search, over
        self._left, self._adapter = seconds_left, adapter_of(solver)
        self._seed, self._threads, self._nodes = seed, threads, nodes
        self._problem = best.installation.open_problem
        self._excluded: set[Links] = set()
        self._finest = self._undecided = False
        self.notes: list[str] = []

    def run(self) -> None:
        """Solve, judge and refine until the bound is the price, or the time is up."""
        needs = self._problem.needs.rate_bps
        error_bps = max(FINEST_BPS, FIRST_ERROR * float(needs[needs > 0.0].min()))
        while not self._best.closed and not self._over():
            model = within(self._over, partial(self._built, error_bps))
            if model is None or self._settled(model):
                return
            error_bps = max(FINEST_BPS, FINER * error_bps)
            self._finest = error_bps <= FINEST_BPS

    def _built(self, error_bps: float) -> JointModel:
        segments = linearise_links(self._problem, error_bps)
        model = build_installation(self._problem, segments, self._best.installation.prices)
        for links in sorted(self._excluded, key=sorted):
            exclude_links(model, links)
        return model

    def _settled(self, model: JointModel) -> bool:
        """Solve a model until exact rates and bound agree; whether finer pieces are of no use."""
        while not self._best.closed and not self._over():
            links = self._solve(model)
            if links is None or self._best.closed:
                return True
            if self._is_confirmed(links, Lightpaths.of(self._problem, plan_of_model(model))):
                continue
            if not self._is_proved_short(links):
                if not self._finest:
                    return False
                self._note_undecided()
            self._excluded.add(links)
            exclude_links(model, links)
        return True

    def _note_undecided(self) -> None:
        """Go on without links that may be enough: from now on the model proves nothing."""
        if not self._undecided:
            self.notes.append(
                "links that the exact model chose could neither be confirmed nor excluded: the "
                "bound is their price at most"
            )
        self._undecided = True

    def _solve(self, model: JointModel) -> Links | None:
        """Solve a model for its bound, and return its links; None where it has none to judge."""
        limits = Limits(
            seconds=max(0.0, self._left()), gap=GAP, threads=self._threads, seed=self._seed,
            nodes=self._nodes,
        )  # fmt: skip
        outcome = self._adapter.solve(
            model, limits, watch=lambda *_: not self._over(), over=self._over
        )
        if outcome.status is Status.FAILED:
            raise SolverFailedError(f"{self._adapter.name} ended with {outcome.message}")
        method = f"joint MILP, {self._adapter.name} {self._adapter.version()}"
        if outcome.status is Status.INFEASIBLE:
            if not self._undecided:
                self._best.raise_bound(float("inf"), method)
            return None
        if outcome.bound is not None and not self._undecided:
            bound = outcome.bound * (1.0 - RELATIVE) - ABSOLUTE
            bound = min(max(0.0, bound) * model.price_unit, self._best.price)
            self._best.raise_bound(bound, method)
        if not outcome.has_solution or outcome.status is not Status.OPTIMAL:
            if outcome.has_solution:
                self._is_confirmed(installed_links(model),
                            Lightpaths.of(self._problem, plan_of_model(model)))  # fmt: skip
            return None
        return installed_links(model)

    def _is_confirmed(self, links: Links, lightpaths: Lightpaths) -> bool:
        """Whether exact rates of the model's plan, or of a better one, meet all needs."""
        if self._best.offer(links, lightpaths):
            return True
        found = self._search.plan_on(links, lightpaths)
        return found is not None and self._best.offer(links, found)

    def _is_proved_short(self, links: Links) -> bool:
        """Whether it is proved that no plan on these links meets all needs."""
        problem = self._best.installation.problem_on(links)
        if problem is None:
            return True
        needed, end = MET * problem.needs.total_bps, time.monotonic() + PROOF_S
        proof = KeyBound(problem, len(problem.routes))
        if proof.served_limit < len(problem.routes):
            return True

        def over() -> bool:
            return self._over() or time.monotonic() >= end

        while not proof.closed and not over():
            proof.tighten(0.0, 0.0, over)
            if proof.objective_bps is not None and proof.objective_bps < needed:
                return True
        return proof.objective_bps is not None and proof.objective_bps < needed
