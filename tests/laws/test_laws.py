"""Laws that relate the proved optima of two instances: no plan of one beats the bound of the other.

The instances are drawn from the corners of what the schema allows (``tests/corners``), light in
place, unavailable channels and shared keys among them. ``laws.py`` states each law, and why it
holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import starmap

import pytest

import qkdopt
from qkdopt.errors import InstanceError
from qkdopt.instance import Instance
from qkdopt.result import Objective, Result
from tests.corners.brownfield import brownfield
from tests.corners.generator import draw
from tests.corners.networks import networks
from tests.corners.shared_keys import CELLS, shared_keys
from tests.laws.changes import changed, generator
from tests.laws.laws import KEYS, LAWS, Law, Pair

FIRST_SEED = 700_000
# Seeds that are tried before a law counts as never met.
MOST_SEEDS = 400
# Within it, or after this time, an optimum is known well enough: a law is sound at any gap.
GAP, TIME_LIMIT_S = 1e-4, 4.0
# Instances of a law: some in the slow tier, the others, with every objective, in the long one.
SLOW_NUMBERS, LONG_NUMBERS = 6, 20
# One instance of each in a plain run: one of every kind of change.
QUICK = {
    "relabelling nodes changes nothing",
    "swapped ends of links change nothing",
    "twice the pulses are twice the rate",
    "the unit of needs does not matter",
    "a candidate more is no worse",
    "a route more is no worse",
    "a channel more is no worse",
    "no minimum rates are no worse",
    "movable light is no worse",
    "more Raman scattering is no better",
    "louder light is no better",
    "a demand less",
}
OF_CELL = {objective: [cell for cell in CELLS if cell[3] == objective] for objective in KEYS}


def drawn(law: Law, objective: Objective, seed: int) -> Instance:
    """Draw an instance for a law and an objective; with light in place for every third seed."""
    if objective in KEYS:
        cells = OF_CELL[objective]
        return shared_keys(seed, cells[seed % len(cells)]).instance
    if law.in_place or seed % 3 == 2:
        return brownfield(seed).instance
    return (networks if seed % 3 else draw)(seed).instance


def pairs(law: Law, objective: Objective, first: int) -> Iterator[tuple[Instance, Instance]]:
    """Yield instances before and after a change, those without key or demands passed over."""
    for seed in range(first, first + MOST_SEEDS):
        pair = changed(
            generator(seed), drawn(law, objective, seed), law.change, every_route=law.every_route
        )
        if pair is not None and has_key(pair[0], objective):
            yield pair


def has_key(instance: Instance, objective: Objective) -> bool:
    """Tell whether a plain plan is worth anything: above 0 a law says something."""
    try:
        result = qkdopt.solve(instance, objective=objective, strategy="ds-qkd", threads=1)
    except (InstanceError, qkdopt.errors.UnsupportedError):
        return False
    return result.value is not None and result.value.objective_bps > 0.0


def proved(instance: Instance, objective: Objective) -> Result:
    """Solve to a proved optimum, if the time is enough."""
    result = qkdopt.solve(
        instance, objective=objective, strategy="milp", gap=GAP, threads=1, time_limit=TIME_LIMIT_S
    )
    assert qkdopt.check(instance, result).faults == ()
    assert result.faults == ()
    return result


def judged(law: Law, objective: Objective, number: int) -> list[str]:
    """Judge a law on the next pair of instances from a seed of its own."""
    for before, after in pairs(law, objective, FIRST_SEED + 1000 * number):
        try:
            results = proved(before, objective), proved(after, objective)
        except InstanceError:
            continue  # light in place without its least rate: there is no plan at all
        faults = law.judge(Pair(before, after, *results))
        return [f"{before.name} {objective}: {fault}" for fault in faults]
    pytest.fail(f"{law.name}, {objective}: no instance has anything to change")


def first_case(number: int, law: Law):
    """Return a law with one of its objectives, for a plain run or, if it is no quick one, not."""
    objective = law.objectives[number % len(law.objectives)]
    marks = [] if law.name in QUICK else [pytest.mark.slow]
    return pytest.param(law, objective, marks=marks, id=f"{law.name}, {objective}")


@pytest.mark.parametrize(("law", "objective"), list(starmap(first_case, enumerate(LAWS))))
def test_the_law_holds(law, objective):
    assert judged(law, objective, 0) == []


def test_quick_laws_are_laws():
    assert {law.name for law in LAWS} > QUICK
    assert len({law.name for law in LAWS}) == len(LAWS)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, SLOW_NUMBERS))
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_the_law_holds_on_more(law, number):
    objective = law.objectives[(number + LAWS.index(law)) % len(law.objectives)]
    assert judged(law, objective, number) == []


@pytest.mark.long
@pytest.mark.parametrize("number", range(SLOW_NUMBERS, LONG_NUMBERS))
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_the_law_holds_for_every_objective(law, number):
    assert [fault for objective in law.objectives for fault in judged(law, objective, number)] == []
