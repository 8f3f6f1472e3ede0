"""Strategy ``auto``: heuristics, then search and bound side by side until gap or limit.

One thread looks for better plans by the compiled local search while the others tighten the
load-state bound; the kernels of both run without Python's lock. Workers of a cluster, where there
are any, take part in both.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from qkdopt.bounds.bound import AnyBound, open_bound, validate_supported
from qkdopt.bounds.node_team import BATCH, CLUSTER_LOST, NodeTeam
from qkdopt.bounds.remote_nodes import RemoteNodes
from qkdopt.errors import SolverFailedError, UnsupportedError
from qkdopt.heuristics import ds_qkd_synergistic, local_search
from qkdopt.heuristics.moving import round_of
from qkdopt.heuristics.rounds import MOVES_OF_ROUNDS, SearchRounds
from qkdopt.optimize.clock import Clock
from qkdopt.optimize.incumbent import Incumbent
from qkdopt.optimize.remote_search import RemoteSearch
from qkdopt.problem import Problem
from qkdopt.problem.plan import Plan
from qkdopt.result import Bound, SolverRef, gap_of
from qkdopt.runtime.deadline import since, within

if TYPE_CHECKING:
    from qkdopt.adapters import Adapter
    from qkdopt.jobs.workers import Workers
    from qkdopt.optimize.small_proof import SmallProof

# The search alone settles how many demands are served before the bound fixes that number.
SETTLE_SECONDS = 0.5
SETTLE_SHARE = 0.1
REPORT_SECONDS = 0.5
# What a search is given to hand over its plan when time is up.
SEARCH_GRACE_S = 0.3
# Up to this many (demand, route, channel) binaries the joint MILP can settle the rest.
SMALL_JOINT = 6_000
# Added to the seed of the search once the bound has found more routes.
ROUTES_SEED = 1_000
# Branching nodes on such an instance before the joint MILP takes over.
NODES_BEFORE_JOINT = 40


class AutoRun:
    """One run; whatever ends it, the incumbent and :meth:`bound` can be read.

    Parameters
    ----------
    problem
        What is solved.
    incumbent
        Best plan so far, improved in place; it must hold a plan.
    clock
        Limits and progress.
    seed
        Of the search.
    threads
        One searches, the others expand nodes; with one thread, search and bound take turns.
    solver
        MIP solver for what is small enough.
    workers
        Workers of a cluster that take part; None for none.
    """

    def __init__(
        self,
        problem: Problem,
        incumbent: Incumbent,
        clock: Clock,
        *,
        seed: int,
        threads: int,
        solver: str | Adapter,
        workers: Workers | None = None,
    ) -> None:
        self._problem = problem
        self._incumbent = incumbent
        self._clock = clock
        self._seed = seed
        self._rounds = SearchRounds(problem, seed + 1)
        self._threads = threads
        self._workers = workers
        self._helpers: RemoteSearch | None = None
        self._remote = None if workers is None else RemoteNodes(workers)
        self._team = NodeTeam(max(1, threads - 1), self._remote)
        self._proof: AnyBound | None = None
        self._solver = solver
        self._small_proof: SmallProof | None = None
        self._proved_small_for = -1
        self._reported = 0.0
        self.notes: list[str] = []
        try:
            validate_supported(problem)
            self._bounded = True
        except UnsupportedError as error:
            self._bounded = False
            self.notes.append(str(error))

    def run(self) -> None:
        """Improve plan and bound until the gap closes or time is up."""
        settled = self._problem.moving_only()
        plan = self._clock.within(lambda: ds_qkd_synergistic(settled))
        if plan is not None:
            self._incumbent.offer(plan)
        self._clock.report("heuristics", self._incumbent)
        # Search and bound both read them; built here, what takes long can be broken off.
        self._clock.within(lambda: self._problem.load_states)
        self._clock.enter("local search")
        self._settle(min(SETTLE_SECONDS, SETTLE_SHARE * self._clock.time_limit))
        self._clock.report("local search", self._incumbent)
        self._clock.enter("search and bound")
        self._call_helpers()
        try:
            if self._threads == 1 and self._workers is None:
                self._take_turns()
            else:
                self._do_both()
            self._bound_last_number()
        finally:
            self._dismiss()

    def _call_helpers(self) -> None:
        """Let workers of the cluster search the present problem too, if there are any."""
        if self._helpers is not None:
            self._helpers.close()
        if self._workers is not None:
            self._helpers = RemoteSearch(self._workers, self._incumbent, self._clock, self._seed)

    def _step_helpers(self) -> None:
        """Take what the workers have found, and keep them busy."""
        if self._helpers is not None and self._remote is not None:
            self._helpers.step()
            self._remote.reserved = self._helpers.threads

    def _dismiss(self) -> None:
        """Let threads and workers go; note what became of the workers."""
        self._team.close()
        if self._helpers is not None:
            self._helpers.close()
        lost = [one.lost for one in (self._remote, self._helpers) if one is not None and one.lost]
        if lost:
            self.notes.append(f"{CLUSTER_LOST}{lost[0]}")

    def _do_both(self) -> None:
        """Search in one thread, and tighten the bound in this one."""
        searcher = threading.Thread(target=self._keep_searching, daemon=True)
        searcher.start()
        try:
            while not self._clock.over() and not self.closed:
                self._step_helpers()
                if not self._tighten() and not self._prove_small(self._threads):
                    self._clock.stop.wait(REPORT_SECONDS)
                    self._report()
        finally:
            self._clock.stop.set()
            searcher.join()

    def run_nodes(self, nodes: int) -> None:
        """Do a fixed amount of work: the same seed gives the same result, whoever does it."""
        self._incumbent.offer(ds_qkd_synergistic(self._problem.moving_only()))
        self._clock.enter("local search")
        for moves in MOVES_OF_ROUNDS:
            self._search_moves(moves)
        self._team = NodeTeam(self._threads, self._remote, batch=BATCH)
        try:
            while not self.closed and not self._clock.over():
                left = nodes - self._expansions
                self._team.batch = max(1, min(BATCH, left))
                listed = self._problem
                if (left <= 0 and self._proof is not None) or not self._tighten():
                    break
                if self._problem is not listed:
                    self._search_moves(MOVES_OF_ROUNDS[0])
        finally:
            self._dismiss()
        if not self.closed:
            self._prove_small(1, nodes=max(1, nodes))

    def _search_moves(self, moves: int) -> None:
        """Search for a number of moves; an interruption ends it."""
        start = self._incumbent.best()[0]
        found = self._rounds.search(start, moves=moves, should_stop=self._clock.over)
        self._incumbent.offer(found)

    @property
    def _expansions(self) -> int:
        return 0 if self._proof is None else self._proof.expansions

    @property
    def closed(self) -> bool:
        """Whether number served and objective are both proved, to the gap asked for."""
        exact = self._incumbent.best()[1]
        bound = self.bound()
        if bound is None or bound.served != exact.served:
            return False
        gap = gap_of(exact.objective_bps, bound.objective_bps)
        return gap is not None and gap <= self._clock.gap

    @property
    def solver(self) -> SolverRef:
        """The MIP solver, if it took part."""
        return SolverRef() if self._small_proof is None else self._small_proof.solver

    def bound(self) -> Bound | None:
        """Return the best bound at the incumbent's number served; no objective if stale."""
        served = self._incumbent.best()[1].served
        proofs = []
        # Read once: another thread may put the next one there.
        proof = self._proof
        if proof is not None:
            proofs.append(_at(proof.as_bound(), proof.for_served == served))
        if self._small_proof is not None:
            proofs.extend(self._small_proof.bounds())
        if not proofs:
            return None
        with_objective = [bound for bound in proofs if bound.objective_bps is not None]
        best = min(with_objective or proofs, key=lambda bound: bound.objective_bps or 0.0)
        return best.model_copy(update={"served": min(bound.served for bound in proofs)})

    def _prove_small(self, threads: int, nodes: int | None = None) -> bool:
        """Solve a small instance by MILPs, once; False when it has been, or is large."""
        served = self._incumbent.best()[1].served
        if not self._small or self._proved_small_for == served or self._clock.over():
            return False
        # Pyomo takes a second and more to import: only where a MILP is used.
        from qkdopt.optimize.small_proof import SmallProof

        self._small_proof = SmallProof(
            self._incumbent, self._clock, solver=self._solver, seed=self._seed, threads=threads,
            nodes=nodes, relaxation=None if self._proof is None else self._proof.relaxation,
        )  # fmt: skip
        try:
            self._small_proof.run(lambda: self.closed)
        except SolverFailedError as error:
            self._clock.note_failure(error)
        self._proved_small_for = self._incumbent.best()[1].served
        self._report()
        return True

    def _tighten(self) -> bool:
        """Do one step on the bound; False when there is none to do."""
        exact = self._incumbent.best()[1]
        if not self._bounded:
            return False
        if self._proof is None:
            self._proof = self._clock.within(
                lambda: open_bound(self._problem, exact.served, exact.demand_skr_bps)
            )
            if self._proof is None:
                return False
            self._proof.team = self._team
        elif self._proof.for_served != exact.served:
            self._proof = self._proof.at_number(exact.served)
        elif self._proof.closed or (self._small and self._proof.nodes > NODES_BEFORE_JOINT):
            return False
        if not self._proof.closed:
            self._proof.tighten(exact.objective_bps, self._clock.gap, self._outdated)
        if self._proof.problem is not self._problem:
            self._search_more_routes(self._proof.problem)
        self._report()
        return True

    def _search_more_routes(self, problem: Problem) -> None:
        """Go on with the paths that the bound found: plans keep the numbers of their routes."""
        self._problem = self._incumbent.problem = problem
        self._rounds = SearchRounds(problem, self._seed + 1 + ROUTES_SEED)
        if self._helpers is not None:
            self._call_helpers()

    def _outdated(self) -> bool:
        """Whether time is up, or another number served has to be bounded; reported meanwhile."""
        assert self._proof is not None
        self._step_helpers()
        if self._clock.seconds - self._reported >= REPORT_SECONDS:
            self._report(by_clock=True)
        served = self._incumbent.best()[1].served
        return self._clock.over() or served != self._proof.for_served

    def _bound_last_number(self) -> None:
        """Bound the number served that the search came to last: one evaluation does it."""
        exact = self._incumbent.best()[1]
        if self._proof is None or self._proof.for_served == exact.served:
            return
        proof = self._proof.at_number(exact.served)
        proof.tighten(exact.objective_bps, self._clock.gap, lambda: True)
        self._proof = proof

    @property
    def _small(self) -> bool:
        """Whether the joint MILP has a chance: it knows the listed routes alone."""
        if self._problem.any_route:
            return False
        routes = sum(map(len, self._problem.routes))
        return routes * self._problem.instance.grid.channels <= SMALL_JOINT

    def _settle(self, seconds: float) -> None:
        """Search alone and shortly: how many demands can be served is what the bound is about."""
        problem, first = round_of(self._problem, self._incumbent.best()[0], self._seed)
        self._search(
            lambda _start: local_search(
                problem, seed=self._seed, seconds=max(0.1, seconds), start=first,
                should_stop=self._clock.over,
            )
        )  # fmt: skip

    def _search_round(self, share: float) -> None:
        """Search for a share of the time left."""
        self._search(
            lambda start: self._rounds.search(
                start, seconds=max(0.1, share * self._clock.left), should_stop=self._clock.over
            )
        )

    def _search(self, improve: Callable[[Plan], Plan]) -> None:
        # It ends by itself, unless dropping demands below their least key rate takes too long.
        plan = within(
            since(self._clock.over, SEARCH_GRACE_S), lambda: improve(self._incumbent.best()[0])
        )
        if plan is not None:
            self._incumbent.offer(plan)

    def _keep_searching(self) -> None:
        """Search in rounds."""
        while not self._rounds.idle and not self._clock.over() and not self.closed:
            self._search_round(self._rounds.share())

    def _take_turns(self) -> None:
        while not self._clock.over() and not self.closed:
            self._search_round(0.5 * self._rounds.share())
            half = self._clock.seconds + 0.3 * self._clock.left
            while not self._clock.over() and self._clock.seconds < half and not self.closed:
                if not self._tighten():
                    break
            if not self.closed:
                self._prove_small(1)
            self._report()

    def _report(self, *, by_clock: bool = False) -> None:
        self._reported = self._clock.seconds
        # Whatever the search finds meanwhile, the bound is of this number, or left out.
        served = self._incumbent.best()[1].served
        bound = self.bound()
        bound_bps = None if bound is None else bound.objective_bps
        self._clock.report(
            "search and bound", self._incumbent, bound_bps, bound_served=served, by_clock=by_clock
        )


def _at(bound: Bound, current: bool) -> Bound:
    """Return a bound without its objective when that is for another number served."""
    return bound if current else bound.model_copy(update={"objective_bps": None})
