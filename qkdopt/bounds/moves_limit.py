r"""The limit on moves, as one more link of the load-state relaxation.

A movable demand that is kept is on its route in place, number 0; one on any other route is moved.
So each other route of a movable demand crosses one more link too, that joins no nodes, carries at
most

.. math:: M = \sum_{j \le L} b_{(j)}

lightpaths, ``L`` the limit and ``b_(1) >= b_(2) >= ...`` the channels of the movable demands, and
has in every state the highest rate ``g*`` of any link, so that it slows no demand.

Every plan is a solution. It moves at most ``L`` demands, of which those on other routes bring no
more than ``M`` lightpaths to that link: with ``m`` of them it is in state ``m``. No demand has a
rate above ``g*``. (A demand that is moved to other channels of route 0 does not count: the
relaxation knows no channels. So it may count too few moves, never too many.)

So :mod:`qkdopt.bounds.dual` needs no other proof: any prices give a valid bound. With the price
``pi_r`` of the link's lightpaths of demand r, the reward ``R0_r`` of its route in place and the
highest ``R1_r`` of its other routes (one channel each, no price of levels there),

.. math:: \sum_r \max(R^0_r, R^1_r - \pi_r) + \max_{m \le L} \sum_{j \le m} \pi_{(j)}

takes part in the bound. It is the sum of ``R0_r`` and the ``L`` largest gains
``max(0, R1_r - R0_r)`` where ``pi_r`` are these gains, and no less at others: the first sum is
at least that of ``R0_r`` and of ``R1_r - R0_r - pi_r`` over any ``L`` demands, the second at least
``pi_r`` over the same. The bundle method finds these prices with all others, and the branching
splits the number of moves as it splits loads.

Where demands have different numbers of channels the link counts lightpaths, and up to ``M / b`` of
the smallest may move: valid, and looser. Where any path counts the limit is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qkdopt.bounds.demand_classes import DemandClass
from qkdopt.problem import Problem
from qkdopt.problem.load_states import LinkStates
from qkdopt.problem.routes import Route


def moving_routes(problem: Problem, classes: Sequence[DemandClass]) -> frozenset[tuple[int, Route]]:
    """Return class and route of every move that counts against the limit; none without a limit."""
    if problem.any_route or not _limit_matters(problem):
        return frozenset()
    return frozenset(
        (c, route)
        for c, group in enumerate(classes)
        if problem.is_movable(group.demands[0])
        for route in group.routes[1:]
    )


def move_states(problem: Problem, others: Sequence[LinkStates]) -> LinkStates:
    """Return the states of the link that counts moves: 0 to ``M`` lightpaths, at one rate.

    Parameters
    ----------
    problem
        The problem, whose limit matters.
    others
        States of its own links.
    """
    assert problem.moves_limit is not None
    channels = sorted(
        (problem.instance.demands[r].channels for r in problem.movables), reverse=True
    )
    loads = np.arange(sum(channels[: problem.moves_limit]) + 1)
    highest = max((float(states.rate_bps.max(initial=0.0)) for states in others), default=0.0)
    # Links' own rates add up for `link-sum`: this one has none.
    rate = 0.0 if problem.objective == "link-sum" else highest
    return LinkStates(
        loads=np.stack([loads, np.zeros_like(loads)], axis=1),
        rate_bps=np.full(len(loads), rate),
        shared_fibre=True,
    )


def _limit_matters(problem: Problem) -> bool:
    return problem.moves_limit is not None and problem.moves_limit < len(problem.movables)
