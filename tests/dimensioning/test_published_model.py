"""Without light that matters: least cost of trusted-node QKD networks with fixed link rates.

Models of that kind choose devices on the links of an existing fibre plant, each with a key rate
that is given, so that trusted nodes can hand on the key of all demands at least cost: an integer
linear program in [cao2019]_, mixed-integer ones in [pederzolli2020]_; [alleaume2009]_ asks for the
cheapest spacing of devices. The plain form of it, flows over links with fixed capacities, is
written down here, with a solver call of its own. qkdopt has to come to the same price where launch
powers are too low to matter.

.. [cao2019] Y. Cao, Y. Zhao, J. Wang, X. Yu, Z. Ma, J. Zhang, Cost-Efficient Quantum Key
   Distribution (QKD) Over WDM Networks, J. Opt. Commun. Netw., doi 10.1364/JOCN.11.000285 (2019).
.. [pederzolli2020] F. Pederzolli, F. Faticanti, D. Siracusa, Optimal Design of Practical Quantum
   Key Distribution Backbones for Securing Core Transport Networks, Quantum Rep. 2, 114 (2020).
.. [alleaume2009] R. Alleaume, F. Roueff, E. Diamanti, N. Lutkenhaus, Topological optimization of
   quantum key distribution networks, arXiv:0903.0839 (2009).
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

import qkdopt
from tests.corners.enumeration import Enumeration
from tests.small_instances import instance_of

LINKS = [
    ("0-1", 0, 1, 20.0), ("1-2", 1, 2, 25.0), ("2-3", 2, 3, 15.0), ("3-4", 3, 4, 30.0),
    ("4-0", 4, 0, 18.0), ("0-2", 0, 2, 35.0), ("1-3", 1, 3, 28.0),
]  # fmt: skip
PAIRS = [(0, 2), (1, 4), (3, 0), (2, 4)]
TRANSMITTER, RECEIVER, SITE = 7.0, 5.0, 3.0
OWN = {"0-2": 9.0, "3-4": 20.0}


def network(share: float, relay: str):
    """Demands that ask for a share of the fastest link's rate, with light that does not matter."""
    drawn = instance_of(LINKS, PAIRS, channels=8, launch_dbm=-80.0, routes={"k": 4})
    dark = [Enumeration(drawn).link_bps(e) for e in range(len(LINKS))]
    rate_bps = share * max(dark)
    return qkdopt.share_keys(drawn, rate_bps=rate_bps, relay=relay), np.array(dark) / rate_bps


def least_cost(capacity: np.ndarray) -> float:
    """Least cost of links whose flows meet one unit of key a pair; infinite where none do.

    Variables: link built, node used, flow of each pair on each link either way.
    """
    links, nodes, pairs = len(LINKS), 5, len(PAIRS)
    width = links + nodes + 2 * links * pairs

    def flow(pair: int, e: int, way: int) -> int:
        return links + nodes + 2 * (links * pair + e) + way

    rows, low, high = [], [], []

    def add(terms: dict[int, float], least: float, most: float) -> None:
        row = np.zeros(width)
        for column, value in terms.items():
            row[column] += value
        rows.append(row)
        low.append(least)
        high.append(most)

    for e, (_, a, b, _) in enumerate(LINKS):
        carried = {flow(r, e, way): 1.0 for r in range(pairs) for way in (0, 1)}
        add(carried | {e: -capacity[e]}, -np.inf, 0.0)
        add({e: 1.0, links + a: -1.0}, -np.inf, 0.0)
        add({e: 1.0, links + b: -1.0}, -np.inf, 0.0)
    for r, (source, target) in enumerate(PAIRS):
        for node in range(nodes):
            terms = {}
            for e, (_, a, b, _) in enumerate(LINKS):
                if node in (a, b):
                    out = 0 if node == a else 1
                    terms |= {flow(r, e, out): 1.0, flow(r, e, 1 - out): -1.0}
            net = float((node == source) - (node == target))
            add(terms, net, net)
    cost = np.zeros(width)
    cost[:links] = [OWN.get(name, TRANSMITTER + RECEIVER) for name, *_ in LINKS]
    cost[links : links + nodes] = SITE
    upper = np.full(width, np.inf)
    upper[: links + nodes] = 1.0
    whole = np.zeros(width)
    whole[: links + nodes] = 1.0
    found = milp(
        cost, integrality=whole, bounds=Bounds(0.0, upper),
        constraints=LinearConstraint(np.array(rows), low, high),
    )  # fmt: skip
    return float(found.fun) if found.success else float("inf")


@pytest.mark.parametrize("share", [0.01, 0.2, 0.3, 0.45, 2.0])
def test_it_is_the_published_model_where_light_does_not_matter(share):
    instance, capacity = network(share, "flow")
    expected = least_cost(capacity)
    options = {"transmitter": TRANSMITTER, "receiver": RECEIVER, "site": SITE, "links": OWN}
    if np.isinf(expected):
        with pytest.raises(qkdopt.UnmetNeedsError) as refused:
            qkdopt.dimension(instance, **options, time_limit=60.0)
        assert refused.value.proved
        return
    found = qkdopt.dimension(instance, **options, time_limit=60.0)
    assert found.status == "optimal"
    assert found.price == pytest.approx(expected, rel=1e-6)


def test_the_model_needs_more_links_for_more_key():
    costs = [least_cost(network(share, "flow")[1]) for share in (0.01, 0.2, 0.3, 0.45, 2.0)]
    assert costs == sorted(costs)
    assert len(set(costs)) >= 4
