"""Key rates from a surface over loss and noise, on instances from the corners.

The draw before it is the usual one, with light in place, on other networks or with keys that
demands share; what this adds has a generator of its own.
"""

from __future__ import annotations

import numpy as np

from qkdopt.instance import Instance
from qkdopt.result import Objective
from tests.corners.brownfield import brownfield, has_rates_in_place
from tests.corners.enumeration import assignment_count
from tests.corners.generator import (
    MOST_ASSIGNMENTS,
    Corner,
    Data,
    Rng,
    add_minimum_rates,
    apart,
    draw,
    drawn_with,
    pick,
    valid,
)
from tests.corners.light import LinkLight, candidates
from tests.corners.networks import networks
from tests.corners.shared_keys import CELLS, share
from tests.corners.shared_keys import MOST_ASSIGNMENTS as MOST_SHARED

FIRST_SEED = 400_000
ATTEMPTS = 20
KINDS = ("corners", "in-place", "networks", "shared-keys")


def surfaces(seed: int) -> Corner:
    """Draw an instance with a surface and an objective; each kind of base in turn.

    Draws in which no link has QKD, or nobody asks for anything, are passed over.
    """
    kind = KINDS[seed % len(KINDS)]
    base = {"in-place": brownfield, "networks": networks}.get(kind, draw)

    def add(rng: Rng, drawn: Corner) -> tuple[Instance, Objective] | None:
        return _added(rng, drawn.instance, drawn.objective, kind)

    return drawn_with(seed, FIRST_SEED, add, base=base, attempts=ATTEMPTS)


def _added(
    rng: Rng, base: Instance, objective: Objective, kind: str
) -> tuple[Instance, Objective] | None:
    """Return the instance with a surface; None where it would make no difference."""
    data = base.to_json_dict()
    data["name"] = f"surfaces_{base.name}"
    data["qkd"].pop("skr_table", None)
    lights = [
        LinkLight(base, link, candidate)
        for link in base.network.links
        for candidate in candidates(base, link)
    ]
    if not lights or not base.demands:
        return None
    if rng.random() < 0.5:
        _spread_losses(rng, data)
        plain = valid(data)
        lights = [
            LinkLight(plain, link, candidate)
            for link in plain.network.links
            for candidate in candidates(plain, link)
        ]
    data["qkd"]["surface"] = _surface(rng, lights)
    for demand in data["demands"]:
        demand.pop("min_skr_bps", None)
    if kind == "shared-keys":
        layout, relay, reserve, objective = pick(rng, CELLS)
        instance = share(rng, valid(data), layout, relay, reserve)
        most = MOST_SHARED
    else:
        if rng.random() < 0.6:
            add_minimum_rates(rng, data)
        instance, most = valid(data), MOST_ASSIGNMENTS
    if assignment_count(instance) > most or not has_rates_in_place(instance):
        return None
    return instance, objective


def _spread_losses(rng: Rng, data: Data) -> None:
    """Give links losses of their own, up to thrice each other's."""
    common = float(rng.uniform(0.5, 12.0))
    for link in data["network"]["links"]:
        link.pop("loss_db_per_km", None)
        link["loss_db"] = round(common * float(rng.uniform(1.0, 3.0)), 4)


def _surface(rng: Rng, lights: list[LinkLight]) -> Data:
    """Draw a grid around the losses and the noises that the links have."""
    losses = _losses(rng, lights)
    noises = _noises(rng, lights)
    row = _falling(rng, len(noises), float(10.0 ** rng.uniform(2.0, 6.0)))
    rows = [row]
    for _ in losses[1:]:
        # As high as at less loss, lower everywhere, or of a shape of its own below it.
        kind = rng.random()
        if kind < 0.2:
            rows.append(rows[-1])
        elif kind < 0.6:
            factor = pick(rng, (0.9, 0.5, 0.1, 1e-3))
            rows.append([factor * rate for rate in rows[-1]])
        else:
            own = _falling(rng, len(noises), rows[-1][0])
            rows.append([min(pair) for pair in zip(own, rows[-1], strict=True)])
    highest = max(light.quantum_db for light in lights) + lights[0].instance.qkd.insertion_loss_db
    if losses[-1] < highest or rng.random() < 0.3:
        # Beyond the last loss there is no key, and so none at it.
        rows[-1] = [0.0] * len(noises)
    return {"losses_db": losses, "noises_per_gate": noises, "skr_bps": rows}


def _losses(rng: Rng, lights: list[LinkLight]) -> list[float]:
    """Draw two to six losses: of links, between them, and beyond them."""
    insertion_db = lights[0].instance.qkd.insertion_loss_db
    own = sorted({light.quantum_db + insertion_db for light in lights})
    low, high = max(0.0, 0.7 * own[0] - 0.5), 1.3 * own[-1] + 0.5
    drawn = [float(x) for x in rng.uniform(low, high, size=int(rng.integers(1, 4)))]
    drawn += [own[int(i)] for i in rng.integers(0, len(own), size=int(rng.integers(0, 3)))]
    if rng.random() < 0.85:
        drawn.append(pick(rng, (own[-1], high)))
    axis = apart(sorted(drawn))
    return axis if len(axis) > 1 else [axis[0], axis[0] + 1.0]


def _noises(rng: Rng, lights: list[LinkLight]) -> list[float]:
    """Draw two to nine noises around what one lit channel adds."""
    by_channel = [noise for light in lights for noise in light.by_channel.values() if noise > 0.0]
    channel = float(np.median(by_channel)) if by_channel else 1e-6
    channel = min(max(channel, 1e-14), 1e3)
    unlit = float(np.median([light.unlit for light in lights]))
    inner = channel * 10.0 ** rng.uniform(-1.5, 1.0, size=int(rng.integers(1, 8)))
    axis = apart(sorted(unlit + float(noise) for noise in inner))
    axis.append(axis[-1] * pick(rng, (1.05, 2.0, 30.0)))
    return [0.0, *axis] if rng.random() < 0.6 else axis


def _falling(rng: Rng, count: int, first: float) -> list[float]:
    """Draw rates that never rise: plateaus, gentle slopes and cliffs, none at the end."""
    rates = [first]
    for _ in range(count - 2):
        rates.append(rates[-1] * pick(rng, (1.0, 1.0, 0.99, 0.8, 0.5, 0.1, 1e-3, 0.0)))
    return [*rates, 0.0]
