"""The recheck of a protected plan names what is wrong, and where."""

from __future__ import annotations

import dataclasses
from functools import cache

import pytest

import qkdopt
from qkdopt.channel_sets.protection.check import check_protection
from qkdopt.channel_sets.protection.failed_instances import without_receiver
from qkdopt.channel_sets.protection.plan import ProtectedPlan
from qkdopt.channel_sets.protection.protect import protect
from qkdopt.instance import Instance, with_candidates
from qkdopt.result import InstanceRef
from tests.small_instances import instance_of

SET = (0, 2, 5)


@cache
def ring() -> Instance:
    instance = qkdopt.read_instance("instances/small/ring.json")
    return instance.model_copy(update={"demands": instance.demands[:4]})


@cache
def protected() -> ProtectedPlan:
    found = protect(ring(), min_skr_bps=1e3, channels=SET)
    assert found.status == "kept"
    assert check_protection(ring(), found) == ()
    return found


def row_of(kind: str, found: ProtectedPlan | None = None, link: str | None = None) -> int:
    """Return the position of a failure that hits some demand, and not all of them."""
    found = protected() if found is None else found
    for k, row in enumerate(found.failures):
        hit = sum(row.link in path.links for path in found.plan.lightpaths)
        some_hit = 0 < hit < len(found.plan.lightpaths)
        if row.kind == kind and (row.link == link if link else some_hit):
            return k
    raise LookupError(kind)


def with_plan(found: ProtectedPlan, k: int, **changes: object) -> ProtectedPlan:
    """Put another plan in one row of the table."""
    rows = list(found.failures)
    rows[k] = dataclasses.replace(rows[k], plan=rows[k].plan.model_copy(update=changes))
    return dataclasses.replace(found, failures=tuple(rows))


def test_a_demand_that_a_cut_does_not_hit_stays_where_it_was():
    found = protected()
    k = row_of("link")
    row = found.failures[k]
    used = {channel for path in row.plan.lightpaths for channel in path.channels}
    free = max(set(range(ring().grid.channels)) - used - set(SET))
    (path, *_) = (
        path
        for path in found.plan.lightpaths
        if row.link not in path.links and len(path.channels) == 1
    )
    moved = [
        one.model_copy(update={"channels": (free,)}) if one.demand == path.demand else one
        for one in row.plan.lightpaths
    ]
    faults = check_protection(ring(), with_plan(found, k, lightpaths=tuple(moved)))
    expected = f"link {row.link}: demand {path.demand!r} moved; expected it where it was"
    assert expected in faults


def test_a_demand_that_a_row_does_not_serve_is_lost():
    found = protected()
    k = row_of("link")
    link = found.failures[k].link
    faults = check_protection(ring(), with_plan(found, k, lightpaths=()))
    for path in found.plan.lightpaths:
        assert f"link {link}: demand {path.demand!r} is lost; expected it restored" in faults
    worst = found.failures[k].worst_demand
    assert f"link {link}: worst_demand = {worst!r}; expected none, for none is served" in faults


def test_the_link_of_a_failed_receiver_has_the_best_that_is_left():
    found = protected()
    whole = with_candidates(ring(), list(found.channels), reserve="all")
    for row in (row for row in found.failures if row.kind == "receiver"):
        rest = without_receiver(whole, row.link, row.channel)
        ref = InstanceRef(name=rest.name, sha256=rest.sha256(), preset=rest.preset)
        (here,) = (one for one in row.plan.qkd if one.link == row.link)
        (other,) = set(SET) - {row.channel, here.channel}
        tunings = tuple(
            one.model_copy(update={"channel": other}) if one is here else one
            for one in row.plan.qkd
        )
        worse = row.plan.model_copy(update={"qkd": tunings, "instance": ref})
        rates = [qkdopt.check(rest, plan).link_skr_bps[row.link] for plan in (row.plan, worse)]
        if rates[1] < 0.999 * rates[0]:
            break
    else:
        pytest.fail("every link has two candidates of one rate")
    changed = with_plan(found, found.failures.index(row), qkd=tunings)
    faults = check_protection(ring(), changed)
    where = f"receiver of link {row.link} at channel {row.channel}"
    expected = f"has {rates[1]:g} bit/s; expected its best that is left, {rates[0]:g}"
    assert f"{where}: link {row.link} {expected}" in faults


def test_another_link_that_is_retuned_is_named():
    found = protected()
    k = row_of("receiver")
    row = found.failures[k]
    (other, *_) = (one for one in row.plan.qkd if one.link != row.link)
    channel = next(one for one in SET if one != other.channel)
    tunings = tuple(
        one.model_copy(update={"channel": channel}) if one is other else one for one in row.plan.qkd
    )
    faults = check_protection(ring(), with_plan(found, k, qkd=tunings))
    expected = f"links other than {row.link} are retuned; expected them where they were"
    assert f"receiver of link {row.link} at channel {row.channel}: {expected}" in faults


def test_every_failure_is_in_the_table_once():
    found = protected()
    first, *others = found.failures
    key = f"receiver of link {first.link} at channel {first.channel}"
    assert first.kind == "receiver"
    missing = dataclasses.replace(found, failures=tuple(others))
    assert check_protection(ring(), missing) == (f"{key}: 0 rows in the table; expected 1",)
    twice = dataclasses.replace(found, failures=(first, first, *others))
    assert check_protection(ring(), twice) == (f"{key}: 2 rows in the table; expected 1",)


def test_light_on_a_cut_link_that_is_the_only_one_is_named():
    # A network of one link keeps it, without QKD: the rules of plans alone would let light pass.
    instance = instance_of([("0-1", 0, 1, 20.0)], [(0, 1)])
    found = protect(instance, min_skr_bps=1.0, channels=(0, 2))
    k = row_of("link", found, "0-1")
    served = qkdopt.solve(instance, strategy="ds-qkd").lightpaths
    assert served
    faults = check_protection(instance, with_plan(found, k, lightpaths=served))
    assert "link 0-1: demand 0 crosses it; expected another route" in faults
