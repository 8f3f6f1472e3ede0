"""The checker's own oracle: results corrupted field by field, and every corruption found."""

from __future__ import annotations

import json
import random

import pytest

import qkdopt
from qkdopt.errors import ResultError
from qkdopt.instance import Instance
from tests.checker.corruption import NUDGE, Corruption, corruptions, fields, value_at
from tests.checker.corruption_cases import CASES, case
from tests.checker.uncheckable import (
    NUDGES,
    UNCHECKABLE,
    Uncheckable,
    is_as_right,
    is_named,
    is_told,
)
from tests.corners.brownfield import brownfield
from tests.corners.generator import draw
from tests.corners.networks import networks
from tests.corners.qkd_systems import qkd_systems
from tests.corners.shared_keys import shared_keys
from tests.tiers import slow_beyond, slow_if

# Cases that take a second or more to solve, beside one of their kind that does not.
SLOW = ("MILP, proved", "auto, one node", "light moved", "shared, key-served")
SAMPLED = ("plain", "around a plan", "shared, key-delivered", "blocked")
SAMPLE = 40
# Rates and noise that differ by less are equal to the checker.
ROUNDING = {"_bps": 1e-6, "noise_per_gate": 1e-18}
# Numbers that follow from plan and instance: whatever corner they are of, no other one is right.
RECOMPUTED = ("value.*", "qkd[].noise_per_gate", "qkd[].qber", "qkd[].skr_bps", "gap")


@pytest.fixture
def is_found(tmp_path):
    """Write a record, read it again and check it: whether anything is found."""
    path = tmp_path / "result.json"

    def found(instance: Instance, corruption: Corruption) -> bool:
        path.write_text(json.dumps(corruption.data), encoding="utf-8")
        try:
            result = qkdopt.read_result(path)
        except ResultError:
            return True
        return bool(qkdopt.check(instance, result).faults)

    return found


def unseen(name: str, some: list[Corruption], is_found) -> list[str]:
    """List the corruptions of a case that nobody finds, though somebody could."""
    instance, _ = case(name)
    return [
        str(one)
        for one in some
        if not any(entry.holds(one) for entry in UNCHECKABLE)
        and not is_told(one)
        and not is_found(instance, one)
        and not is_as_right(instance, one)
    ]


@pytest.mark.parametrize("name", slow_if(SLOW, CASES))
def test_the_result_before_is_right(name):
    assert qkdopt.check(*case(name)).faults == ()


@pytest.mark.parametrize("name", SAMPLED)
def test_corruptions_are_found(name, is_found):
    every = list(corruptions(case(name)[1].to_json_dict()))
    some = random.Random(name).sample(every, SAMPLE)
    assert unseen(name, some, is_found) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_corruption_is_found(name, is_found):
    every = list(corruptions(case(name)[1].to_json_dict()))
    assert len(every) > 300
    assert unseen(name, every, is_found) == []


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(entry, marks=[pytest.mark.slow] if entry.case in SLOW else [])
        for entry in UNCHECKABLE
    ],
    ids=lambda entry: f"{entry.fields[0]} {entry.kinds[0]}",
)
def test_a_field_that_nobody_can_check_is_there_and_is_not_checked(entry: Uncheckable, is_found):
    instance, result = case(entry.case)
    held = [one for one in corruptions(result.to_json_dict()) if entry.holds(one)]
    missed = [one for one in held if not is_found(instance, one)]
    assert {one.kind for one in missed} == set(entry.kinds)
    for name in entry.fields:
        assert any(is_named(name, one.field) for one in missed), name
    # With `*`, each one that it stands for.
    assert {one.field for one in missed} == {one.field for one in held}


def test_the_cases_have_every_field_of_a_result():
    quick = [name for name in CASES if name not in SLOW]
    met = set().union(*(fields(case(name)[1].to_json_dict()) for name in quick))
    for part in ("", "value", "bound", "baseline", "limits", "around", "solver"):
        schema = qkdopt.Result.model_json_schema()
        names = schema if not part else schema["$defs"][PARTS[part]]
        for name in names["properties"]:
            assert f"{part}.{name}".removeprefix(".") in met, (part, name)


PARTS = {
    "value": "Value", "bound": "Bound", "baseline": "Baseline", "limits": "RunLimits",
    "around": "Around", "solver": "SolverRef",
}  # fmt: skip

DRAWS = {
    "corners": draw, "in-place": brownfield, "networks": networks, "shared-keys": shared_keys,
    "qkd-systems": qkd_systems,
}  # fmt: skip


@pytest.mark.parametrize("seed", slow_beyond(1, range(40)))
@pytest.mark.parametrize("kind", DRAWS)
def test_no_corruption_of_a_corner_breaks_the_checker(kind, seed, is_found):
    """Whatever is read is checked, without an exception; a wrong number is found."""
    drawn = DRAWS[kind](500_000 + seed)
    result = qkdopt.solve(drawn.instance, objective=drawn.objective, strategy="ds-qkd", threads=1)
    every = list(corruptions(result.to_json_dict()))
    for one in random.Random(seed).sample(every, SAMPLE):
        found = is_found(drawn.instance, one)
        wrong = any(is_named(name, one.field) for name in RECOMPUTED) and not is_rounding(one)
        allowed = any(entry.holds(one) for entry in UNCHECKABLE)
        assert found or not wrong or allowed, str(one)


def is_rounding(corruption: Corruption) -> bool:
    """Tell whether a rate or noise differs by no more than two ways to compute it do."""
    number = value_at(corruption)
    rounding = [size for name, size in ROUNDING.items() if corruption.field.endswith(name)]
    small = isinstance(number, float) and any(0.0 < abs(number) < size / NUDGE for size in rounding)
    return small and corruption.kind in NUDGES


def test_a_corruption_changes_one_field_and_leaves_the_record():
    data = {"a": [1, 2.0], "b": {"c": None, "d": "x"}, "e": True}
    before = json.dumps(data)
    found = [(one.field, one.kind, one.data) for one in corruptions(data)]
    assert json.dumps(data) == before
    assert all(changed != data for _, _, changed in found)
    assert ("a[]", "nudged", {**data, "a": [1, 2.002]}) in found
    assert ("a", "reversed", {**data, "a": [2.0, 1]}) in found
    assert ("b.c", "filled", {**data, "b": {"c": 0.5, "d": "x"}}) in found
    assert ("e", "flipped", {**data, "e": False}) in found
    assert {field for field, _, _ in found} == {"a", "a[]", "b", "b.c", "b.d", "e"}
