"""The laws: what a change does to the optimum, for which objectives, and why.

A plan is better if it serves more, and of plans that serve as many, the one with the higher
objective. "No worse" is in that order. Rates only fall as light is added, and as noise is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qkdopt.instance import Instance
from qkdopt.result import Objective, Result
from tests.laws import changes
from tests.laws.changes import Change
from tests.laws.relations import as_it_is, is_equal, is_no_better, per_need

Judge = Callable[[Instance, Result, Result], list[str]]
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
        Lists what is wrong with the results before and after.
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
    judge: Judge
    why: str
    objectives: tuple[Objective, ...] = EVERY
    in_place: bool = False
    every_route: bool = False


def equal(instance: Instance, before: Result, after: Result) -> list[str]:
    """List what is wrong where both have one optimum."""
    return is_equal(instance, before, after)


def twice_as_much(instance: Instance, before: Result, after: Result) -> list[str]:
    """List what is wrong where the optimum doubles."""
    return is_equal(
        instance, before, after,
        lambda result, value: value * (2.0 if result is before else 1.0),
    )  # fmt: skip


def no_worse(instance: Instance, before: Result, after: Result) -> list[str]:
    """List what is wrong where the optimum after is no worse."""
    return is_no_better(instance, before, after)


def no_better(instance: Instance, before: Result, after: Result) -> list[str]:
    """List what is wrong where the optimum after is no better."""
    return is_no_better(instance, after, before)


def without_a_demand(instance: Instance, before: Result, after: Result) -> list[str]:
    """List what is wrong where one demand was dropped.

    A plan without the demand is a plan that blocks it: no more are served, and if as many are, no
    better. Taking its light out of a plan takes nothing from the others: at most one less is
    served. If one is, every plan that serves the most served it, and then neither the least rate,
    nor the sum over links, nor the least share of needs falls without its light. (The mean may: it
    might have had the highest rate. So may the key delivered, and the weight of needs met.)
    """
    assert before.value is not None
    assert after.value is not None
    assert after.bound is not None
    worth = per_need if before.objective in ("key-factor", "key-served") else as_it_is
    if before.objective == "key-served":
        worth = weight_met(instance, before, after)
    faults = is_no_better(instance, after, before, worth)
    if before.value.served - 1 > after.bound.served:
        faults.append(f"{before.value.served} served; one less only {after.bound.served}")
    if before.value.served - 1 == after.value.served and before.objective in (
        "max-min", "link-sum", "key-factor",
    ):  # fmt: skip
        limit = after.bound.objective_bps
        value = before.value.objective_bps
        # With nobody left, there is no least rate.
        if limit is not None and after.value.served and _asks(after):
            read, most = worth(before, value), worth(after, limit)
            if read > most * (1.0 + 1e-9) + 1e-6:
                faults.append(f"worth {read:.15g} with the demand; {most:.15g} without")
    return faults


def _asks(result: Result) -> bool:
    """Tell whether a served demand has a factor at all, where that is what is compared."""
    if result.objective != "key-factor":
        return True
    return result.value is not None and result.value.key_factor is not None


def weight_met(
    instance: Instance, before: Result, after: Result
) -> Callable[[Result, float], float]:
    """Return the objective ``key-served`` as the weight of needs met, whoever else has some.

    Parameters
    ----------
    instance
        The instance before.
    before, after
        Results of the two instances; the second has some of the demands of the first.
    """
    weights = {row.id: row.key.weight for row in instance.demands if row.key is not None}
    left = {row.demand for row in after.demands}

    def worth(result: Result, value: float) -> float:
        names = weights if result is before else weights.keys() & left
        return per_need(result, value) * sum(weights[name] for name in names)

    return worth


def of_one_in_two_parts(instance: Instance, before: Result, after: Result) -> list[str]:
    """List what is wrong where a demand of several lightpaths became two.

    A plan that serves it serves both parts on its channels: one more, at the same rates, as bad a
    least one and as high a sum over links. One that does not blocks both.
    """
    assert before.value is not None
    assert after.value is not None
    assert after.bound is not None
    names = {row.demand for row in before.demands} & {row.demand for row in after.demands}
    wide = {row.demand: len(row.channels) for row in before.lightpaths}
    count = {row.id: row.channels for row in instance.demands}
    # Which one was split: `instance` is the one after, where it has fewer lightpaths.
    more = any(wide.get(name, 0) > count[name] for name in names)
    served = before.value.served + more
    if served > after.bound.served:
        return [f"{served} can be served; proved at most {after.bound.served}"]
    limit = after.bound.objective_bps
    if before.objective == "mean" or served != after.value.served or limit is None:
        return []
    value = before.value.objective_bps
    return [f"worth {value:.15g} in one"] if value > limit * (1.0 + 1e-9) + 1e-6 else []


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
