"""A network of 300 links and 80 channels, with a plan by first fit: what a page must bear."""

from __future__ import annotations

import random
from functools import cache

import qkdopt
from qkdopt.instance import Instance
from qkdopt.result import Result
from tests.small_instances import instance_of

ROWS, COLUMNS, LINKS, DEMANDS = 12, 13, 300, 700


@cache
def grid_result() -> tuple[Instance, Result]:
    """Return the instance and the result."""
    draw = random.Random(3)
    number = [[COLUMNS * r + c for c in range(COLUMNS)] for r in range(ROWS)]
    pairs = [(number[r][c], number[r][c + 1]) for r in range(ROWS) for c in range(COLUMNS - 1)]
    pairs += [(number[r][c], number[r + 1][c]) for r in range(ROWS - 1) for c in range(COLUMNS)]
    pairs += [(number[r][r], number[r + 1][r + 1]) for r in range(ROWS - 1)]
    pairs += [(number[r][r + 1], number[r + 1][r]) for r in range(ROWS - 1)]
    links = [(f"{a}-{b}", a, b, 5.0 + 20.0 * draw.random()) for a, b in pairs][:LINKS]
    nodes = range(ROWS * COLUMNS)
    instance = instance_of(
        links, [tuple(draw.sample(nodes, 2)) for _ in range(DEMANDS)],
        name="grid", launch_dbm=-20.0, grid={"channels": 80, "spacing_ghz": 50.0},
        routes={"k": 1}, qkd={"guard_ghz": 100.0, "filter_ghz": 20.0},
    )  # fmt: skip
    assert len(instance.network.links) == LINKS
    return instance, qkdopt.solve(instance, strategy="fixed")
