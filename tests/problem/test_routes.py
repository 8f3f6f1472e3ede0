"""Hops of a route: links, directions and fibres in the order of travel."""

from __future__ import annotations

import pytest

from qkdopt.problem import build_problem
from tests.random_instances import random_instance


@pytest.mark.parametrize("seed", range(20))
def test_hops_lead_from_source_to_target_in_the_fibres_of_the_layout(seed):
    instance = random_instance(seed)
    problem = build_problem(instance)
    links, compared = instance.network.links, 0
    for demand, routes in zip(instance.demands, problem.routes, strict=True):
        for route in routes:
            at = demand.source
            for hop in route.hops:
                ends = (links[hop.link].a, links[hop.link].b)
                assert ends[hop.direction] == at
                at = ends[1 - hop.direction]
                assert hop.fibre == problem.tables.fibres[hop.direction]
            assert at == demand.target
            assert tuple(hop.link for hop in route.hops) == route.links
            assert [route.direction_over(hop.link) for hop in route.hops] == [
                hop.direction for hop in route.hops
            ]
            compared += 1
    assert compared > 0
