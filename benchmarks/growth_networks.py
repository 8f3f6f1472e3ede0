"""Networks of any size for the measurements of growth: Gabriel graphs of random points."""

from __future__ import annotations

import random

import numpy as np
from scipy.spatial import Delaunay

from qkdopt.instance import Classical, Demand, Grid, Instance, Link, Network, Node

# Mean distance between neighbours [km], as between the offices of an access and metro region.
SPACING_KM = 10.0
# Demands join nodes by exp(-distance / REACH_KM): most traffic stays in its region.
REACH_KM = 30.0
# Launch power per channel [dBm], the preset's.
LAUNCH_DBM = -12.4


def grown_instance(nodes: int, demands: int, *, channels: int = 40, seed: int = 1) -> Instance:
    """Draw a network of ``nodes`` random points joined as neighbours, and demands between them.

    Parameters
    ----------
    nodes, demands
        How many.
    channels
        Of the grid; all are QKD candidates.
    seed
        Of points and demands.

    Notes
    -----
    Two points are joined where no third lies in the circle that has them as its diameter (Gabriel
    and Sokal 1969): what fibre networks over land look like, with a mean degree near 3.9.
    """
    draw = np.random.default_rng(seed)
    side = SPACING_KM * np.sqrt(nodes)
    points = draw.random((nodes, 2)) * side
    pairs = neighbours(points)
    network = Network(
        nodes=tuple(Node(id=k) for k in range(nodes)),
        links=tuple(
            Link(
                id=f"{a}-{b}",
                a=a,
                b=b,
                length_km=round(float(np.hypot(*(points[a] - points[b]))), 3),
            )
            for a, b in pairs
        ),
    )
    return Instance(
        name=f"grown_{nodes}_{demands}_{channels}",
        description="random points joined as a Gabriel graph; demands fall off with distance",
        preset="paper",
        network=network,
        grid=Grid(channels=channels),
        classical=Classical(launch_dbm=LAUNCH_DBM),
        demands=drawn_demands(points, demands, seed),
    )


def _apart_km(points: np.ndarray, a: int, b: int) -> float:
    return float(np.hypot(*(points[a] - points[b])))


def neighbours(points: np.ndarray) -> list[tuple[int, int]]:
    """Return the pairs of the Gabriel graph, each with the smaller position first."""
    simplices = Delaunay(points).simplices
    pairs = {
        (int(min(a, b)), int(max(a, b)))
        for row in simplices
        for a, b in ((row[0], row[1]), (row[1], row[2]), (row[0], row[2]))
    }
    return sorted(pair for pair in pairs if _alone(points, *pair))


def _alone(points: np.ndarray, a: int, b: int) -> bool:
    """Whether no third point lies in the circle over a pair."""
    middle, radius = (points[a] + points[b]) / 2.0, _apart_km(points, a, b) / 2.0
    inside = np.hypot(*(points - middle).T) < radius * (1.0 - 1e-9)
    return not inside.any()


def drawn_demands(points: np.ndarray, count: int, seed: int) -> tuple[Demand, ...]:
    """Draw demands between different nodes, the nearer the likelier."""
    draw = random.Random(seed)
    demands = []
    for k in range(count):
        source = draw.randrange(len(points))
        apart = np.hypot(*(points - points[source]).T)
        weight = np.exp(-apart / REACH_KM)
        weight[source] = 0.0
        target = draw.choices(range(len(points)), weights=weight.tolist())[0]
        demands.append(Demand(id=k, source=source, target=target))
    return tuple(demands)
