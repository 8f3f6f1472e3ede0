"""Rules about light in place against their meaning, and the channels that it leaves."""

from __future__ import annotations

from itertools import product

from tests.milp.tiny import clear, holds, tiny_model, with_rule

BITS = (0, 1)


def test_serves_in_place__one_route_of_each():
    m = with_rule("serves_in_place")
    assert len(m.problem.routes[0]) == 2
    assert len(m.problem.routes[1]) == 1
    for values in product(BITS, repeat=len(m.RP)):
        for key, value in zip(m.RP, values, strict=True):
            m.x[key].set_value(value)
        chosen = dict(zip(m.RP, values, strict=True))
        assert holds(m) == all(
            sum(value for (demand, _), value in chosen.items() if demand == r) == 1 for r in m.R
        )


def test_moved_from_place__without_one_of_its_channels_there():
    m = with_rule("moved_from_place")
    for first, second, other, moved in product(BITS, repeat=4):
        clear(m)
        m.l[0, 0, 1].set_value(first)
        m.l[0, 0, 2].set_value(second)
        m.l[0, 1, 2].set_value(other)
        m.g[0].set_value(moved)
        assert holds(m) == (bool(moved) or (first == 1 and second == 1))


def test_number_moved__no_more_than_the_limit():
    m = with_rule("number_moved")
    for moved in BITS:
        clear(m)
        m.g[0].set_value(moved)
        assert holds(m) == (moved <= m.problem.moves_limit)


def test_only_a_demand_in_place_has_its_channels():
    m = tiny_model(in_place=True)
    assert m.channels[1, 0] == [1]
    # Over link 0-2, where demand 1 has channel 1; over 0-1 alone all are left.
    assert m.channels[0, 1] == [0, 2, 3]
    assert m.channels[0, 0] == [0, 1, 2, 3]
