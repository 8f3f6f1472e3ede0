"""Plans that break rules about light in place, found by the checker."""

from __future__ import annotations

import pytest

import qkdopt
from qkdopt.checker.in_place import foreign_light
from qkdopt.instance import Instance
from tests.small_instances import instance_of

SQUARE = [("a", 0, 1, 8.0), ("b", 1, 2, 8.0), ("c", 2, 3, 8.0), ("d", 3, 0, 8.0)]
QKD = {"candidates": [0, 5], "guard_ghz": 100.0}


def square(**sections) -> Instance:
    demands = [(0, 2), (2, 0), (1, 3)]
    return instance_of(SQUARE, demands, channels=6, qkd=QKD, **sections)


def moved(result, demand, **changed):
    paths = tuple(
        path.model_copy(update=changed) if path.demand == demand else path
        for path in result.lightpaths
    )
    return result.plan().model_copy(update={"lightpaths": paths})


def faults(instance, plan) -> str:
    return "\n".join(qkdopt.check(instance, plan).faults)


def solved(instance):
    result = qkdopt.solve(instance, strategy="ds-qkd", threads=1)
    assert qkdopt.check(instance, result).faults == ()
    return result


def test_foreign_light_is_on_every_link_of_its_route_with_its_direction():
    instance = square(lightpaths=[{"route": [2, 1, 0], "channels": [3], "launch_dbm": -5.0}])
    light = {link.id: foreign_light(instance, link) for link in instance.network.links}
    assert light == {"a": [(3, False, -5.0)], "b": [(3, False, -5.0)], "c": [], "d": []}


def test_more_foreign_power_is_more_noise_by_as_much():
    noise = {}
    for dbm in (-60.0, -20.0, -17.0):
        instance = square(lightpaths=[{"route": [0, 1], "channels": [3], "launch_dbm": dbm}])
        row = next(row for row in solved(instance.replace(demands=[])).qkd if row.link == "a")
        noise[dbm] = row.noise_per_gate
    assert noise[-17.0] / noise[-20.0] == pytest.approx(10.0**0.3)
    assert noise[-60.0] < 1e-3 * noise[-20.0]


def test_a_lightpath_on_a_channel_of_foreign_light_is_a_fault():
    result = solved(square())
    (channel,) = result.lightpaths[0].channels
    route = list(result.lightpaths[0].route[:2])
    for direction in (route, route[::-1]):
        instance = square(lightpaths=[{"route": direction, "channels": [channel]}])
        plan = solved(instance).plan()
        clash = moved(solved(instance), 0, channels=(channel,))
        assert plan.lightpaths != clash.lightpaths
        assert "which foreign light has" in faults(instance, clash)


def test_a_lightpath_on_an_unavailable_channel_is_a_fault():
    path = solved(square()).lightpaths[0]
    band = {"first_thz": 192.19, "last_thz": 192.21}
    closed = {"links": {path.links[-1]: {"unavailable": [band]}}}
    instance = square().replace(network=closed)
    plan = moved(solved(instance), 0, channels=(1,), route=path.route, links=path.links)
    assert "where it is unavailable" in faults(instance, plan)


def test_a_demand_that_stays_must_be_served_where_it_is():
    place = {"demand": 0, "route": [0, 3, 2], "channels": [2]}
    instance = square(lightpaths=[place])
    result = solved(instance)
    assert [path.channels for path in result.lightpaths if path.demand == 0] == [(2,)]
    assert "expected it in place" in faults(instance, moved(result, 0, channels=(4,)))
    left_out = result.plan().model_copy(update={"lightpaths": result.lightpaths[1:]})
    assert "in place and not served" in faults(instance, left_out)


def test_no_more_demands_are_moved_than_may_be():
    places = [
        {"demand": 0, "route": [0, 3, 2], "channels": [2], "movable": True},
        {"demand": 1, "route": [2, 1, 0], "channels": [3], "movable": True},
    ]
    for limit, text in ((0, "1 demands in place are moved; expected at most 0"), (1, "")):
        instance = square(lightpaths=places, moves_limit=limit)
        result = solved(instance)
        assert result.moved == ()
        assert text in faults(instance, moved(result, 0, channels=(4,)))
    assert faults(instance, moved(result, 0, channels=(4,))) == ""


def test_a_result_names_the_demands_that_it_moves():
    place = {"demand": 0, "route": [0, 3, 2], "channels": [2], "movable": True}
    instance = square(lightpaths=[place])
    result = solved(instance)
    wrong = result.model_copy(update={"moved": (0,)})
    assert "moved = (0,); expected []" in faults(instance, wrong)
    assert "moved = None" in faults(instance, result.model_copy(update={"moved": None}))
    plain = solved(square())
    assert "moved = (1,); expected None" in faults(
        square(), plain.model_copy(update={"moved": (1,)})
    )


def test_a_working_channel_beside_foreign_light_is_a_fault():
    instance = square(lightpaths=[{"route": [0, 1], "channels": [5]}])
    result = solved(instance)
    rows = tuple(
        row.model_copy(update={"channel": 5}) if row.link == "a" else row for row in result.qkd
    )
    assert "link a works on 5" in faults(instance, result.model_copy(update={"qkd": rows}))
