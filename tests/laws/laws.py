"""The laws: what a change does to the optimum, for which objectives, and why.

A plan is better if it serves more, and of plans that serve as many, the one with the higher
objective. "No worse" is in that order. Rates only fall as light is added, and as noise is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qkdopt.instance import Instance, NodeId
from qkdopt.result import Objective, Result
from tests.laws import changes
from tests.laws.changes import Change
from tests.laws.relations import (
    ROUNDING,
    ROUNDING_BPS,
    Worth,
    as_it_is,
    is_equal,
    is_no_better,
    per_need,
)

RATES: tuple[Objective, ...] = ("mean", "max-min", "link-sum")
KEYS: tuple[Objective, ...] = ("key-factor", "key-delivered", "key-served")
EVERY = (*RATES, *KEYS)


@dataclass(frozen=True)
class Law:
    """One law.

    Parameters
    ----------
    name
        What is changed, and what follows.
    change
        Changes an instance.
    judge
        Lists what is wrong with the results of both instances.
    why
        Why it holds.
    objectives
        For which it does.
    in_place
        Whether it is about light in place or unavailable channels.
    every_route
        Whether all simple paths are to be candidates on both sides.
    """

    name: str
    change: Change
    judge: Callable[[Pair], list[str]]
    why: str
    objectives: tuple[Objective, ...] = EVERY
    in_place: bool = False
    every_route: bool = False


@dataclass(frozen=True)
class Pair:
    """Two instances, one of them changed, with a result of each.

    Parameters
    ----------
    before, after
        The instances.
    first, second
        Their results.
    """

    before: Instance
    after: Instance
    first: Result
    second: Result

    @property
    def dropped(self) -> set[NodeId]:
        """Demands that only the instance before has."""
        return {row.id for row in self.before.demands} - {row.id for row in self.after.demands}

    @property
    def served_before(self) -> set[NodeId]:
        """Demands that the plan before serves."""
        return {path.demand for path in self.first.lightpaths}


def equal(pair: Pair) -> list[str]:
    """List what is wrong where both have one optimum."""
    return is_equal(pair.after, pair.first, pair.second)


def twice_as_much(pair: Pair) -> list[str]:
    """List what is wrong where the optimum doubles."""

    def worth(result: Result, value: float) -> float:
        return value * (2.0 if result is pair.first else 1.0)

    return is_equal(pair.after, pair.first, pair.second, worth)


def no_worse(pair: Pair) -> list[str]:
    """List what is wrong where the optimum after is no worse."""
    return is_no_better(pair.after, pair.first, pair.second)


def no_better(pair: Pair) -> list[str]:
    """List what is wrong where the optimum after is no better."""
    return is_no_better(pair.after, pair.second, pair.first)


def without_a_demand(pair: Pair) -> list[str]:
    """List what is wrong where one demand was dropped.

    A plan without the demand is a plan that blocks it: no more are served, and if as many are, no
    better. Taking its light out of a plan takes nothing from the others: at most one less is
    served. With its light, neither the least rate, nor the sum over links, nor the least share of
    needs falls. (The mean may: it might have had the highest rate. So may the key delivered, and
    the weight of needs met.)
    """
    objective = pair.first.objective
    worth = {"key-factor": per_need, "key-served": weight_met(pair)}.get(objective, as_it_is)
    faults = is_no_better(pair.after, pair.second, pair.first, worth)
    value, limit = pair.first.value, pair.second.bound
    assert value is not None
    if limit is None:
        return faults
    served = value.served - len(pair.served_before & pair.dropped)
    if served > limit.served:
        faults.append(f"{served} served without the demand; proved at most {limit.served}")
    if compares_without(pair, served) and limit.objective_bps is not None:
        read = worth(pair.first, value.objective_bps)
        most = worth(pair.second, limit.objective_bps)
        if read > most * (1.0 + ROUNDING) + ROUNDING_BPS:
            faults.append(f"worth {read:.15g} with the demand; proved {most:.15g} without")
    return faults


def compares_without(pair: Pair, served: int) -> bool:
    """Tell whether the plan before, without the dropped demand, is worth no less than with it.

    Parameters
    ----------
    pair
        The instances and results.
    served
        Demands that it serves then; a bound is for plans that serve as many as one plan does.
    """
    left = pair.served_before - pair.dropped
    asking = {row.id for row in pair.before.demands if row.key is not None}
    assert pair.second.value is not None
    if served != pair.second.value.served or not left:
        return False
    objective = pair.first.objective
    return objective in ("max-min", "link-sum") or (
        objective == "key-factor" and bool(left & asking)
    )


def weight_met(pair: Pair) -> Worth:
    """Return the objective ``key-served`` as the weight of needs met, whoever else has some."""

    def worth(result: Result, value: float) -> float:
        instance = pair.before if result is pair.first else pair.after
        weights = [row.key.weight for row in instance.demands if row.key is not None]
        return per_need(result, value) * sum(weights)

    return worth


def of_one_in_two_parts(pair: Pair) -> list[str]:
    """List what is wrong where a demand of several lightpaths became two.

    A plan that serves it serves both parts on its channels: one more, at the same rates, as bad a
    least one and as high a sum over links. One that does not blocks both.
    """
    value, limit = pair.first.value, pair.second.bound
    assert value is not None
    assert pair.second.value is not None
    if limit is None:
        return []
    count = {row.id: row.channels for row in pair.after.demands}
    split = [path for path in pair.first.lightpaths if len(path.channels) > count[path.demand]]
    served = value.served + len(split)
    if served > limit.served:
        return [f"{served} can be served; proved at most {limit.served}"]
    most = limit.objective_bps
    if value.served == 0 or served != pair.second.value.served or most is None:
        return []
    if pair.first.objective == "mean" or value.objective_bps <= (
        most * (1.0 + ROUNDING) + ROUNDING_BPS
    ):
        return []
    return [f"worth {value.objective_bps:.15g} in one; proved at most {most:.15g} in two"]


SAME = "the same network in other words; all simple paths are candidates, in whatever order"

LAWS = (
    Law("relabelling nodes changes nothing", changes.relabel_nodes, equal, SAME, every_route=True),
    Law("the order of rows changes nothing", changes.reorder, equal, SAME, every_route=True),
    Law("swapped ends of links change nothing", changes.swap_ends, equal,
        "light and quantum signals run as before", every_route=True),
    Law("turning everything around changes nothing", changes.turn_around, equal,
        "who propagates with whom stays, and loss is the same both ways", every_route=True),
    Law("twice the pulses are twice the rate", changes.scale_rates, twice_as_much,
        "rates are in proportion to the pulses, noise per gate is not", EVERY),
    Law("the unit of needs does not matter", changes.scale_needs, equal,
        "the least share falls as the sum of needs rises", ("key-factor",)),
    Law("the unit of weights does not matter", changes.scale_weights, equal,
        "the objective is a share of all weights", ("key-served",)),
    Law("greater needs are no less key delivered", changes.scale_needs, no_worse,
        "what was given may still be given", ("key-delivered",)),
    Law("a candidate more is no worse", changes.add_candidate, no_worse,
        "plans stay plans: only the working channel is kept free of light"),
    Law("a route more is no worse", changes.add_route, no_worse,
        "the K shortest routes are among the K + 1 shortest"),
    Law("a channel more is no worse", changes.add_channel, no_worse,
        "plans stay plans: it may stay dark"),
    Law("no minimum rates are no worse", changes.drop_minimum_rates, no_worse,
        "plans stay plans", RATES),
    Law("open channels are no worse", changes.open_channels, no_worse,
        "plans stay plans", in_place=True),
    Law("no foreign light is no worse", changes.remove_foreign_light, no_worse,
        "plans stay plans, with less noise", in_place=True),
    Law("a move more is no worse", changes.allow_a_move, no_worse,
        "plans stay plans", in_place=True),
    Law("movable light is no worse", changes.make_movable, no_worse,
        "it may stay where it is", in_place=True),
    Law("more Raman scattering is no better", changes.more_raman, no_better,
        "every plan has more noise"),
    Law("more dark counts are no better", changes.more_dark_counts, no_better,
        "every plan has more errors"),
    Law("louder light is no better", changes.louder, no_better, "every plan has more noise"),
    Law("a demand less", changes.drop_demand, without_a_demand, "see the function"),
    Law("a demand in two parts", changes.split_demand, of_one_in_two_parts, "see the function",
        RATES),
)  # fmt: skip
