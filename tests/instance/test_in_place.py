"""Light in place and unavailable channels: what is read, and what is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from qkdopt.errors import InstanceError, UnsupportedError
from qkdopt.instance import Instance, validate_nothing_in_place, with_standing_light
from tests.small_instances import instance_of

LINKS = [("a", 0, 1, 10.0), ("b", 1, 2, 10.0), ("c", 1, 2, 12.0)]


def line(**sections) -> Instance:
    return instance_of(LINKS, [(0, 1), (1, 0, {"channels": 2})], **sections)


def foreign(**changed) -> dict:
    return {"route": [0, 1], "channels": [1]} | changed


def refusal(**sections) -> str:
    with pytest.raises(ValidationError) as refused:
        line(**sections)
    return str(refused.value)


def closed(*entries, layout="single", channels=4) -> Instance:
    links = [("a", 0, 1, 10.0, {"unavailable": list(entries)})]
    return instance_of(links, fibre={"layout": layout}, channels=channels)


def test_without_the_new_fields_hash_and_file_are_those_of_before():
    instance = line()
    assert instance.sha256() == line(lightpaths=None).sha256()
    assert not {"lightpaths", "moves_limit"} & set(instance.to_json_dict())
    # Of this instance with the version before these fields.
    assert instance.sha256().startswith("adf97b74574e")


def test_the_hash_covers_light_in_place_and_unavailable_channels():
    plain = instance_of([("a", 0, 1, 10.0)])
    hashes = {
        one.sha256()
        for one in (
            plain,
            closed(1),
            closed(2),
            plain.replace(lightpaths=[foreign()]),
            plain.replace(lightpaths=[foreign(launch_dbm=-3.0)]),
        )
    }
    assert len(hashes) == 5


def test_a_file_with_everything_is_read_as_it_was_written(tmp_path):
    import qkdopt

    instance = line(
        lightpaths=[
            foreign(launch_dbm=-10.0),
            {"demand": 1, "route": [1, 0], "channels": [0, 2], "movable": True},
        ],
        moves_limit=1,
    )
    instance.save(tmp_path / "line.json")
    assert qkdopt.read_instance(tmp_path / "line.json") == instance


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([2], {2}),
        ([{"channels": [0, 3]}, 1], {0, 1, 3}),
        ([{"first_thz": 192.2, "last_thz": 192.3}], {1, 2}),
        ([{"first_thz": 192.21, "last_thz": 192.29}], set()),
    ],
)
def test_numbers_lists_and_bands_close_channels(entries, expected):
    instance = closed(*entries)
    along, against = instance.unavailable_channels(instance.network.links[0])
    assert set(along) == set(against) == expected


def test_a_direction_closes_one_fibre_of_a_pair():
    instance = closed({"channels": [1], "direction": "b->a"}, layout="pair")
    along, against = instance.unavailable_channels(instance.network.links[0])
    assert (set(along), set(against)) == (set(), {1})


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (9, "expected 0 to 3"),
        ({"channels": [1], "direction": "a->b"}, "a direction in layout single"),
        ({"channels": [1], "first_thz": 192.1, "last_thz": 192.2}, "expected either channels"),
        ({}, "expected either channels"),
        ({"first_thz": 192.1}, "expected first_thz and last_thz"),
        ({"first_thz": 192.3, "last_thz": 192.1}, "expected the lower edge first"),
    ],
)
def test_unavailable_channels_that_cannot_be_are_refused(entry, text):
    with pytest.raises(ValidationError, match=text):
        closed(entry)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (foreign(channels=[4]), "expected 0 to 3"),
        (foreign(channels=[1, 1]), "expected each once"),
        (foreign(route=[0, 7]), "expected ids of nodes"),
        (foreign(route=[0, 2]), "expected the link that joins"),
        (foreign(route=[1, 2]), "named where several do"),
        (foreign(route=[0, 1, 0]), "visits a node twice"),
        (foreign(route=[1, 2], links=["b", "c"]), "expected one link a hop"),
        (foreign(movable=True), "expected foreign light to stay"),
        (foreign(demand=5), "expected the id of a demand"),
        (foreign(demand=1), "expected a route from 1 to 0"),
        (foreign(demand=1, route=[1, 0]), "expected the demand's 2"),
        (foreign(demand=0, launch_dbm=-3.0), "expected it for foreign light alone"),
    ],
)
def test_light_that_cannot_be_in_place_is_refused(path, text):
    assert text in refusal(lightpaths=[path])


def test_light_on_a_channel_that_is_lit_already_is_refused():
    against = foreign(route=[1, 0])
    assert "channel 1 is lit 2 times" in refusal(lightpaths=[foreign(), against])
    assert line(lightpaths=[foreign(), against], fibre={"layout": "pair"}).lightpaths


def test_a_demand_is_in_place_once():
    one, two = (foreign(demand=0, channels=[w]) for w in (1, 2))
    assert "in place 2 times" in refusal(lightpaths=[one, two])


def test_a_limit_needs_something_movable():
    assert "without a movable lightpath" in refusal(lightpaths=[foreign(demand=0)], moves_limit=1)


def test_own_power_and_four_wave_mixing_exclude_each_other():
    path, mixing = foreign(launch_dbm=-3.0), {"four_wave_mixing": {}}
    assert "expected one of them" in refusal(lightpaths=[path], other_noise=mixing)
    assert line(lightpaths=[foreign()], other_noise=mixing).lightpaths


def test_candidates_with_light_in_their_guard_band_are_none():
    instance = line(lightpaths=[foreign()], qkd={"guard_ghz": 300.0})
    a, b, _ = instance.network.links
    assert instance.candidates_of(a) == (3,)
    assert instance.candidates_of(b) == (0, 1, 2, 3)


def test_light_in_the_other_fibre_of_a_pair_takes_no_candidate():
    against = foreign(route=[1, 0])
    instance = line(lightpaths=[against], fibre={"layout": "pair"})
    assert instance.candidates_of(instance.network.links[0]) == (0, 1, 2, 3)


def test_a_link_without_any_candidate_left_is_refused():
    text = refusal(lightpaths=[foreign()], qkd={"candidates": [1]})
    assert "link a: light in place lies in the guard band of each" in text
    movable = foreign(demand=0, movable=True)
    assert "link a" in refusal(lightpaths=[movable], qkd={"candidates": [1]})


def test_light_that_may_move_takes_candidates_where_all_are_reserved():
    movable = foreign(demand=0, movable=True)
    for reserve, left in (("working", (1, 3)), ("all", (3,))):
        instance = line(lightpaths=[movable], qkd={"candidates": [1, 3], "reserve": reserve})
        assert instance.candidates_of(instance.network.links[0]) == left


def test_a_demand_on_an_unavailable_channel_is_refused():
    links = [("a", 0, 1, 10.0, {"unavailable": [1]})]
    with pytest.raises(ValidationError, match="is unavailable on link a"):
        instance_of(links, [(0, 1)], lightpaths=[foreign(demand=0)])
    assert instance_of(links, lightpaths=[foreign()]).lightpaths


def test_standing_light_serves_no_demand():
    instance = line(lightpaths=[foreign(demand=0, movable=True)], moves_limit=0)
    standing = with_standing_light(instance)
    assert [path.demand for path in standing.lightpaths] == [None]
    assert standing.moves_limit is None
    assert with_standing_light(line()) == line()


def test_what_does_not_cover_light_in_place_says_so():
    validate_nothing_in_place(line(), "ranking")
    with pytest.raises(UnsupportedError, match="ranking does not cover lightpaths in place"):
        validate_nothing_in_place(line(lightpaths=[foreign()]), "ranking")


def test_a_changed_instance_is_validated_too():
    with pytest.raises(InstanceError, match="expected the id of a demand"):
        line(lightpaths=[foreign(demand=0)]).replace(demands={0: None})
