"""Design: search channel sets, rank the finalists on fresh requests."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qkdopt.channel_sets.by_link import LinkSearch
from qkdopt.channel_sets.evaluations import Evaluations
from qkdopt.channel_sets.evaluator import PoolEvaluator
from qkdopt.channel_sets.options import EXHAUSTIVE_BELOW, SearchOptions
from qkdopt.channel_sets.placement import Placement, Pool
from qkdopt.channel_sets.race import ROUNDS, Comparator
from qkdopt.channel_sets.ranking import by_scenario, rank
from qkdopt.channel_sets.search import NoCapacityError, Search
from qkdopt.errors import Faults
from qkdopt.instance import validate_nothing_in_place

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Design:
    """What a design found.

    Parameters
    ----------
    table
        The ranking, see :func:`qkdopt.channel_sets.ranking.rank`; ``placement`` is its last column.
    scenarios
        Set by set and scenario by scenario.
    comparator
        Compares all evaluated sets, for further comparisons.
    pool
        Names of channels.
    tried
        Sets evaluated in the search.
    """

    table: pd.DataFrame
    scenarios: pd.DataFrame
    comparator: Comparator
    pool: Pool
    tried: int

    @property
    def best(self) -> Placement:
        """The first of the ranking."""
        found: Placement = self.table["placement"].iloc[0]
        return found


def design(
    evaluator: PoolEvaluator, baseline: Placement, options: SearchOptions, evaluations: Evaluations
) -> Design:
    """Search and rank.

    Parameters
    ----------
    evaluator
        Where sets are tried.
    baseline
        What they are compared with.
    options
        How.
    evaluations
        What is known, on that evaluator; what was evaluated before is not evaluated again.

    Raises
    ------
    UsageError
        What does not fit together, see :func:`validate_fit`.
    UnfinishedError
        Some evaluations could not be had now; the same call goes on from there.
    """
    validate_fit(evaluator, baseline, options)
    pool = Pool.of(evaluator.instance)
    weights = np.array([scenario.weight for scenario in evaluator.scenarios])
    comparator = Comparator(evaluations, options.criterion, weights / weights.sum(), baseline)
    search = Search(
        comparator,
        len(pool.candidates),
        evaluator.instance.grid.channels,
        evaluator.is_fit,
        options.seed,
    )
    finalists = dict.fromkeys(options.listed)
    search.origin |= dict.fromkeys(options.listed, "listed")
    if options.receivers is not None:
        links = LinkSearch(search, evaluator.instance, options.seed)
        finalists |= dict.fromkeys(links.within(options.receivers))
    elif options.method != "listed":
        for size in options.sizes:
            finalists |= dict.fromkeys(_finalists(search, size, options))
    table = rank(
        comparator, list(finalists), options.blocks,
        instance=evaluator.instance, pool=pool, origin=search.origin,
    )  # fmt: skip
    return Design(
        table=table,
        scenarios=by_scenario(comparator, table, evaluator.titles, options.blocks),
        comparator=comparator,
        pool=pool,
        tried=len(evaluations.known()),
    )


def validate_fit(evaluator: PoolEvaluator, baseline: Placement, options: SearchOptions) -> None:
    """Validate that instance, baseline and options fit together.

    Parameters
    ----------
    evaluator
        Network and scenarios.
    baseline
        Set that others are compared with: numbers of the instance's pool.
    options
        Sizes, method, budget of receivers and sets to rank.

    Raises
    ------
    OptionsError
        A set has channels outside the pool or leaves a link no channel for classical light, or
        the options have a size or a budget of receivers that no set can have: every fault.
    UnsupportedError
        The instance has light in place.
    """
    validate_nothing_in_place(evaluator.instance, "the choice of a channel set")
    pool = Pool.of(evaluator.instance)
    faults = Faults()
    for what, one in (("baseline", baseline), *(("set", one) for one in options.listed)):
        highest = max(number for chosen in one.sets for number in chosen)
        if highest >= len(pool.candidates):
            faults.found.append(
                f"{what}: channel {highest}; expected at most {len(pool.candidates) - 1}"
            )
        elif not evaluator.is_fit(one):
            faults.found.append(f"{what} {pool.title(one)} leaves a link no channel for light")
    if options.method != "listed":
        faults.found += _size_faults(evaluator, options, len(pool.candidates))
    faults.stop("design")


def _size_faults(evaluator: PoolEvaluator, options: SearchOptions, pool: int) -> Iterator[str]:
    """Yield numbers of channels, or of receivers, that no set can have."""
    with_key = sum(link.qkd for link in evaluator.instance.network.links)
    sizes = options.sizes
    if options.receivers is not None:
        if options.receivers < with_key:
            yield (
                f"receivers = {options.receivers}; expected at least one for each of "
                f"{with_key} links"
            )
        sizes = (math.ceil(options.receivers / with_key),)
    for size in sizes:
        # Side by side at an edge of the grid, or off it, a set darkens the least.
        ends = (range(size), range(pool - size, pool))
        if size > pool:
            yield f"channels = {size}; expected at most the pool's {pool}"
        elif not any(evaluator.is_fit(Placement.everywhere(end)) for end in ends):
            yield str(NoCapacityError(size))


def _finalists(search: Search, size: int, options: SearchOptions) -> list[Placement]:
    """Search one size; return the best known sets of that size and the best of each family."""
    method = options.method
    if method == "auto":
        few = math.comb(search.pool, size) <= EXHAUSTIVE_BELOW
        method = "exhaustive" if few else "exchange"
    if method == "exhaustive":
        chosen: Sequence[Placement] = search.exhaustive(size)
    elif method == "families":
        chosen = search.families(size)
        if not chosen:
            raise NoCapacityError(size)
    elif method == "greedy":
        chosen = [search.grow(size)]
    else:
        chosen = search.heuristic(size)
    comparator = search.comparator
    blocks = ROUNDS[-1]
    raced = [
        one
        for one in comparator.evaluations.known()
        if len(one.sets[0]) == size
        and not one.by_link
        and one != comparator.baseline
        and comparator.evaluations.blocks(one) >= blocks
    ]
    raced.sort(key=lambda one: -comparator.value(one, blocks))
    return list(dict.fromkeys([*chosen, *raced[: options.shown]]))
