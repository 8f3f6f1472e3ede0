"""The first compilation of the kernels of search and bound, which is no part of a time limit."""

from __future__ import annotations

from qkdopt.bounds.compilation import bound_compiled, compile_bound, smallest_problem
from qkdopt.heuristics import ds_qkd, local_search, route_search
from qkdopt.heuristics.annealing.kernel import anneal
from qkdopt.heuristics.route_annealing.colouring_kernel import colour
from qkdopt.heuristics.route_annealing.kernel import anneal_routes
from qkdopt.optimize.clock import Clock
from qkdopt.optimize.incumbent import Incumbent
from qkdopt.runtime.compiled import compiled_before
from qkdopt.runtime.deadline import within


def compile_first(incumbent: Incumbent, clock: Clock, *, bound: bool) -> None:
    """Compile the kernels of search and bound, unless an earlier run has; off the clock.

    An interruption breaks it off; what was compiled by then stays so.

    Parameters
    ----------
    incumbent
        Best plan so far, for the report that kernels compile.
    clock
        Paused meanwhile.
    bound
        Whether the bound's kernels are needed too.
    """
    search = not all(map(compiled_before, (anneal, anneal_routes, colour)))
    bound = bound and not bound_compiled()
    if not search and not bound:
        return
    clock.report("compiling, this first time only", incumbent)
    with clock.paused():
        if search:
            within(lambda: clock.interrupted, compile_search)
        if bound:
            within(lambda: clock.interrupted, compile_bound)


def compile_search() -> None:
    """Run every kernel of the search once."""
    problem = smallest_problem()
    plan = ds_qkd(problem)
    local_search(problem, seed=0, moves=1, start=plan)
    route_search(problem, seed=0, moves=1, start=plan)
