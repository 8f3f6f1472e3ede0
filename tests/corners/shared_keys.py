"""Keys that demands share, on instances from the corners.

The draw before it is the usual one; what this adds has a generator of its own.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from pydantic import ValidationError

from qkdopt.instance import Instance
from qkdopt.result import Objective
from tests.corners.brownfield import brownfield
from tests.corners.enumeration import Enumeration, assignment_count
from tests.corners.generator import Corner, Data, Rng, draw, pick, valid

FIRST_SEED = 90_000
# The oracle solves a program for each assignment.
MOST_ASSIGNMENTS = 3_000
CELLS = tuple(
    product(
        ("single", "pair"),
        ("lightpath", "flow"),
        ("working", "all"),
        ("key-factor", "key-delivered", "key-served"),
    )
)


def shared_keys(seed: int, cell: tuple[str, str, str, Objective] | None = None) -> Corner:
    """Draw an instance of a cell: layout, relay, reserve, objective; by the seed where None."""
    layout, relay, reserve, objective = cell or CELLS[seed % len(CELLS)]
    redraws = 0
    for step in range(2000):
        number = FIRST_SEED + 2000 * seed + step
        # One in four with light in place; cells follow the seed by another number.
        base = (brownfield if seed % 25 % 4 == 3 else draw)(number).instance
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, step])))
        try:
            instance = share(rng, base, layout, relay, reserve)
        except ValidationError:
            redraws += 1
            continue
        if instance.demands and assignment_count(instance) <= MOST_ASSIGNMENTS:
            return Corner(instance, objective, redraws)
    raise RuntimeError(f"seed {seed}: no draw has shared keys; the generator is at fault")


def share(rng: Rng, base: Instance, layout: str, relay: str, reserve: str) -> Instance:
    """Return an instance of a layout, relay and reserve, its demands asking for key."""
    data = base.to_json_dict()
    data["name"] = f"shared_{base.name}"
    data.setdefault("fibre", {})["layout"] = layout
    data.setdefault("qkd", {}).update(relay=relay, reserve=reserve, key_accounting="shared")
    for demand in data.get("demands", []):
        demand.pop("min_skr_bps", None)
    _add_needs(rng, base, data)
    return valid(data)


def _add_needs(rng: Rng, base: Instance, data: Data) -> None:
    """Give demands needs around what the links have: equal, near each other, or apart."""
    dark = max(Enumeration(base).highest_link_bps(), 1.0)
    typical = dark * pick(rng, (1e-3, 0.05, 0.2, 0.35, 0.6, 1.1))
    kind = rng.random()
    for number, demand in enumerate(data.get("demands", [])):
        if number and rng.random() < 0.12:
            continue
        factor = (
            1.0
            if kind < 0.4
            else float(rng.uniform(0.5, 2.0))
            if kind < 0.8
            else pick(rng, (1e-3, 1.0, 30.0))
        )
        rate = typical * factor
        demand["key"] = {"rate_bps": rate}
        if rng.random() < 0.25:
            demand["key"] = {"bits": 256.0, "every_s": 256.0 / rate}
        if rng.random() < 0.3:
            demand["key"]["per"] = "lightpath"
        if rng.random() < 0.4:
            demand["key"]["weight"] = float(pick(rng, (0.5, 1.0, 3.0)))
