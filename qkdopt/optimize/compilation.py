"""The first compilation of the kernels of search and bound, which is no part of a time limit."""

from __future__ import annotations

from qkdopt.bounds.compilation import KERNELS as BOUND_KERNELS
from qkdopt.bounds.compilation import PATH_KERNELS, bound_compiled, compile_bound, smallest_problem
from qkdopt.heuristics import ds_qkd, ds_qkd_synergistic, local_search, route_search
from qkdopt.heuristics.annealing.kernel import anneal, rebuild
from qkdopt.heuristics.route_annealing.colouring_kernel import colour
from qkdopt.heuristics.route_annealing.kernel import anneal_routes, set_up
from qkdopt.heuristics.route_annealing.recolouring_kernel import recolour
from qkdopt.optimize.clock import Clock
from qkdopt.optimize.incumbent import Incumbent
from qkdopt.problem.network_state import find_free_positions, switch_route
from qkdopt.runtime.cache import compiled_when
from qkdopt.runtime.compiled import KernelWatch, compiled_before
from qkdopt.runtime.deadline import within

# What heuristics and search call, beyond the first plan; those that they call come with them.
SEARCH_KERNELS = (
    find_free_positions, switch_route, rebuild, anneal, set_up, anneal_routes, colour, recolour,
)  # fmt: skip


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
    search = not all(map(compiled_before, SEARCH_KERNELS))
    any_route = incumbent.problem.any_route
    bound = bound and not bound_compiled(any_route=any_route)
    if not search and not bound:
        return
    clock.report(f"compiling, {compiled_when(SEARCH_KERNELS[0])}", incumbent)
    with clock.paused(), KernelWatch(_Countdown(incumbent, clock, search=search, bound=bound)):
        if search:
            within(lambda: clock.interrupted, compile_search)
        if bound:
            within(lambda: clock.interrupted, lambda: compile_bound(any_route=any_route))


class _Countdown:
    """Reports which kernel is compiled, and how many there are."""

    def __init__(self, incumbent: Incumbent, clock: Clock, *, search: bool, bound: bool) -> None:
        paths = PATH_KERNELS if incumbent.problem.any_route else ()
        kernels = (SEARCH_KERNELS if search else ()) + (BOUND_KERNELS + paths if bound else ())
        self._incumbent, self._clock = incumbent, clock
        self._count = sum(not compiled_before(kernel) for kernel in kernels)
        self._number = 0

    def __call__(self, name: str) -> None:
        self._number += 1
        count = max(self._number, self._count)
        self._clock.report(
            f"compiling kernel {self._number} of {count}, "
            f"{compiled_when(SEARCH_KERNELS[0])}: {name}",
            self._incumbent,
        )


def compile_search() -> None:
    """Run every kernel of the search once."""
    problem = smallest_problem()
    plan = ds_qkd(problem)
    ds_qkd_synergistic(problem)
    local_search(problem, seed=0, moves=1, start=plan)
    route_search(problem, seed=0, moves=1, start=plan)
