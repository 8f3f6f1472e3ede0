"""What demands ask for, and when their keys are shared."""

from __future__ import annotations

import pytest

import qkdopt
from tests.small_instances import instance_of

LINKS = [("0-1", 0, 1, 10.0), ("1-2", 1, 2, 10.0)]


def shared(*demands, **qkd):
    return instance_of(LINKS, demands, qkd={"key_accounting": "shared", **qkd})


def test_a_need_is_a_rate_or_bits_every_so_many_seconds_for_a_demand_or_a_lightpath():
    instance = shared(
        (0, 1, {"key": {"rate_bps": 7.0}}),
        (0, 2, {"key": {"bits": 256, "every_s": 64, "per": "lightpath"}, "channels": 3}),
        (1, 2),
    )
    assert [demand.need_bps for demand in instance.demands] == [7.0, 12.0, 0.0]


def test_nothing_given_leaves_the_hash_as_it_was():
    plain = instance_of(LINKS, [(0, 1)])
    said = instance_of(LINKS, [(0, 1)], qkd={"key_accounting": "per-demand"})
    assert plain.sha256() == said.sha256()
    assert plain.sha256() != instance_of(LINKS, [(0, 1)], qkd={"key_accounting": "shared"}).sha256()
    assert "key" not in plain.to_json_dict()["demands"][0]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ({}, "nothing given"),
        ({"bits": 256}, "bits given"),
        ({"rate_bps": 1.0, "bits": 1.0, "every_s": 1.0}, "rate_bps and bits and every_s given"),
    ],
)
def test_a_need_is_given_in_one_way(key, words):
    with pytest.raises(ValueError, match=words):
        shared((0, 1, {"key": key}))


@pytest.mark.parametrize(
    ("demand", "qkd", "words"),
    [
        ((0, 1), {"relay": "widest"}, "'lightpath' or 'flow'"),
        ((0, 1), {"relay": "flow", "key_accounting": "per-demand"}, "expected qkd.key_accounting"),
        ((0, 1, {"min_skr_bps": 5.0}), {}, "expected key.rate_bps"),
    ],
)
def test_what_does_not_fit_together_is_refused(demand, qkd, words):
    with pytest.raises(ValueError, match=words):
        shared(demand, **qkd)


def test_share_keys_gives_every_demand_a_need_and_keeps_weights():
    instance = shared((0, 1, {"key": {"bits": 1.0, "every_s": 1.0, "weight": 3.0}}), (0, 2))
    changed = qkdopt.share_keys(instance, rate_bps=50.0, relay="flow")
    assert [demand.need_bps for demand in changed.demands] == [50.0, 50.0]
    assert [demand.key.weight for demand in changed.demands] == [3.0, 1.0]
    assert changed.qkd.relay == "flow"
    with pytest.raises(qkdopt.InstanceError, match="bits given"):
        qkdopt.share_keys(instance, bits=5.0)


@pytest.mark.parametrize(
    ("accounting", "objective", "words"),
    [
        ("per-demand", "key-factor", "share-keys"),
        ("shared", "mean", "counts a link's key once for every demand"),
        ("shared", "max-min", "key-factor, key-delivered, key-served or link-sum"),
    ],
)
def test_an_objective_that_counts_otherwise_is_refused(accounting, objective, words):
    need = {"key": {"rate_bps": 5.0}}
    instance = instance_of(LINKS, [(0, 1, need)], qkd={"key_accounting": accounting})
    with pytest.raises(qkdopt.UsageError, match=words):
        qkdopt.solve(instance, strategy="ds-qkd", objective=objective)


def test_without_needs_an_objective_about_them_is_refused_and_link_sum_is_the_default():
    instance = shared((0, 1))
    with pytest.raises(qkdopt.UsageError, match="none of small asks for key"):
        qkdopt.solve(instance, strategy="ds-qkd", objective="key-served")
    assert qkdopt.solve(instance, strategy="ds-qkd").objective == "link-sum"
