"""The check of links with QKD finds every corruption of its record, field by field."""

from __future__ import annotations

import json
import random
from functools import cache

import pytest
from pydantic import ValidationError

import qkdopt
from qkdopt.result.dimensioning import Dimensioning
from tests.checker.corruption import Corruption, corruptions
from tests.checker.uncheckable import NUDGES, RUN, UNCHECKABLE, Uncheckable, is_as_right, is_told

SAMPLE = 60
CLAIM = "a proof is not in the record"
INPUT = "what was asked for is nowhere else, as long as the plan gives it"

# Beside those of the plan, which is a result like any other.
OF_RECORD = (
    Uncheckable(("method",), ("edited",), CLAIM),
    Uncheckable(("factor",), NUDGES, INPUT),
    Uncheckable(("notes",), ("item removed", "item repeated"), "text for readers"),
    Uncheckable(("notes[]",), ("edited",), "text for readers"),
    Uncheckable(("prices.links.*",), (*NUDGES, "negated"), "no price of a link that was chosen"),
    # A plan without limits and bound says nothing of how it was found.
    Uncheckable(("plan.stopped_by", "plan.limits"), ("filled",), RUN),
)


@cache
def found() -> tuple[qkdopt.Instance, Dimensioning]:
    """Return an instance and its cheapest links, of which one has a price of its own."""
    ring = qkdopt.read_instance("instances/small/ring.json")
    instance = qkdopt.share_keys(ring, rate_bps=8000.0)
    prices = {"transmitter": 60.0, "receiver": 40.0, "site": 10.0}
    cheap = qkdopt.dimension(instance, **prices, threads=1)
    return instance, qkdopt.dimension(instance, **prices, links={cheap.links[0]: 90.0}, threads=1)


def is_found(corruption: Corruption) -> bool:
    instance, _ = found()
    try:
        read = Dimensioning.model_validate_json(json.dumps(corruption.data))
    except ValidationError:
        return True
    return bool(qkdopt.check_dimensioning(instance, read))


def is_excused(corruption: Corruption) -> bool:
    """Tell whether nothing could be held against a corruption, of the record or of its plan."""
    if corruption.path[0] == "provenance" or any(entry.holds(corruption) for entry in OF_RECORD):
        return True
    if corruption.path[0] != "plan":
        return False
    plan = Corruption(corruption.path[1:], corruption.kind, corruption.data["plan"])
    told = is_told(plan) or any(entry.holds(plan) for entry in UNCHECKABLE)
    return told or is_as_right(found()[0], plan)


def unseen(some: list[Corruption]) -> list[str]:
    return [str(one) for one in some if not is_excused(one) and not is_found(one)]


def test_the_record_before_is_right():
    assert qkdopt.check_dimensioning(*found()) == ()


def test_corruptions_are_found():
    every = list(corruptions(found()[1].to_json_dict()))
    outside = [one for one in every if one.path[0] != "plan"]
    inside = [one for one in every if one.path[0] == "plan"]
    assert len(outside) > SAMPLE
    some = random.Random(0).sample(outside, SAMPLE) + random.Random(1).sample(inside, SAMPLE)
    assert unseen(some) == []


@pytest.mark.slow
def test_every_corruption_is_found():
    assert unseen(list(corruptions(found()[1].to_json_dict()))) == []
