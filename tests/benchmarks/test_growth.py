"""Exponents of growth: the power of an exact law, its error, and sizes without a figure."""

from __future__ import annotations

from math import exp, isnan, sqrt

import pytest

from benchmarks.growth import Size, exponent
from benchmarks.growth_networks import grown_instance


def sizes(nodes, seconds):
    """Return sizes whose seconds to the first bound are given."""
    common = dict.fromkeys(Size.__dataclass_fields__, 1.0)
    return [
        Size(**common | {"nodes": count, "first_bound_s": figure})
        for count, figure in zip(nodes, seconds, strict=True)
    ]


def test_an_exact_law_has_its_power_and_no_error():
    nodes = (50, 100, 200, 400)
    fitted = exponent(sizes(nodes, [3.0 * count**1.5 for count in nodes]), "nodes", "first_bound_s")
    assert fitted.power == pytest.approx(1.5)
    assert fitted.error == pytest.approx(0.0, abs=1e-6)


def test_the_error_is_that_of_a_straight_line_through_the_logarithms():
    # x = 0, 1, 2 and y = 0, 1 + d, 2: slope 1, residuals -d/3, 2d/3, -d/3 on one degree of freedom.
    off = 0.3
    fitted = exponent(
        sizes([1, exp(1.0), exp(2.0)], [1.0, exp(1.0 + off), exp(2.0)]), "nodes", "first_bound_s"
    )
    assert fitted.power == pytest.approx(1.0)
    assert fitted.error == pytest.approx(sqrt(6.0 / 9.0 * off**2 / 2.0))
    assert str(fitted) == "1.00 +- 0.17"


def test_sizes_without_the_figure_are_left_out():
    nodes, none = (50, 100, 200, 400), float("nan")
    law = [3.0 * count**0.5 for count in nodes]
    assert exponent(sizes(nodes, [*law[:3], none]), "nodes", "first_bound_s").power == (
        pytest.approx(0.5)
    )
    two = exponent(sizes(nodes, [*law[:2], none, none]), "nodes", "first_bound_s")
    assert isnan(two.power)
    assert isnan(two.error)


def test_networks_of_growth_are_joined_as_neighbours():
    instance = grown_instance(30, 12, channels=8)
    assert (len(instance.network.nodes), len(instance.demands)) == (30, 12)
    links = {(link.a, link.b) for link in instance.network.links}
    # A Gabriel graph holds a spanning tree and is planar.
    assert 29 <= len(links) <= 3 * 30 - 8
    assert grown_instance(30, 12, channels=8) == instance
