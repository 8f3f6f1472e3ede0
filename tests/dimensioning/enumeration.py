"""The least price by trying every choice of links, from the equations alone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np

import qkdopt
from qkdopt.instance import Instance
from tests.corners.enumeration import Enumeration
from tests.corners.shared_keys import shared_keys
from tests.random_instances import random_instance

# Factors this near to what is needed may count as either.
NEAR = 1e-5


@dataclass(frozen=True)
class Case:
    """An instance, and what equipment costs there."""

    instance: Instance
    transmitter: float
    receiver: float
    site: float
    links: dict[str, float]

    @property
    def options(self) -> dict:
        """Prices as ``qkdopt.dimension`` takes them."""
        return {
            "transmitter": self.transmitter,
            "receiver": self.receiver,
            "site": self.site,
            "links": self.links,
        }

    def price(self, chosen: tuple[str, ...]) -> float:
        """Price of some links."""
        total, nodes = 0.0, set()
        for link in self.instance.network.links:
            if link.id in chosen:
                total += self.links.get(link.id, self.transmitter + self.receiver)
                nodes |= {link.a, link.b}
        return total + self.site * len(nodes)


def case(seed: int) -> Case:
    """Draw a case: three in four on networks with links to choose from, the others from corners."""
    rng = np.random.default_rng(seed)
    relay = ("lightpath", "flow")[seed % 2]
    instance = _corner(seed, relay) if seed % 4 == 3 else _mesh(rng, seed, relay)
    names = [link.id for link in instance.network.links if link.qkd]
    own = {name: float(rng.integers(0, 30)) for name in names if rng.random() < 0.4}
    return Case(
        instance, float(rng.integers(1, 20)), float(rng.integers(1, 20)),
        float(rng.choice([0.0, 5.0, 12.5])), own,
    )  # fmt: skip


def _mesh(rng: np.random.Generator, seed: int, relay: str) -> Instance:
    """Draw a network with several ways, and needs around a share of what links have."""
    shape = str(rng.choice(["mesh", "ring", "parallel", "triangle"]))
    drawn = random_instance(seed, floors=False, shape=shape)
    drawn = drawn.replace(demands={d.id: {"min_skr_bps": None} for d in drawn.demands})
    dark = max(Enumeration(drawn).highest_link_bps(), 1.0)
    share = float(rng.choice([1e-3, 0.1, 0.25, 0.5]))
    shared = qkdopt.share_keys(drawn, rate_bps=share * dark, relay=relay)
    first, *others = shared.demands
    return shared.replace(
        demands={d.id: {"key": {"rate_bps": d.key.rate_bps * float(rng.uniform(0.3, 1.5))}}
                 for d in others if d.key is not None and first.id != d.id}
    )  # fmt: skip


def _corner(seed: int, relay: str) -> Instance:
    """Draw one of the corners of shared keys, some of it with less need."""
    layout, reserve = ("single", "pair")[seed // 4 % 2], ("working", "all")[seed // 8 % 2]
    instance = shared_keys(seed, (layout, relay, reserve, "key-factor")).instance
    scale = (1e-3, 0.1, 0.5)[seed % 3]
    demands = {
        d.id: {"key": {"rate_bps": scale * d.key.rate_bps}}
        for d in instance.demands
        if d.key is not None and d.key.rate_bps is not None
    }
    return instance.replace(demands=demands)


def least_prices(drawn: Case) -> tuple[float, float]:
    """Least price of links that may be enough, and of those that are by more than rounding.

    Infinite where there are none.
    """
    names = [link.id for link in drawn.instance.network.links if link.qkd]
    every = chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))
    low = float("inf")
    for chosen in sorted(every, key=drawn.price):
        factor = best_factor(drawn.instance, chosen)
        if factor >= 1.0 - NEAR:
            low = min(low, drawn.price(chosen))
        if factor >= 1.0 + NEAR:
            return low, drawn.price(chosen)
    return low, float("inf")


def best_factor(instance: Instance, chosen: tuple[str, ...]) -> float:
    """Largest factor of all needs, all demands served, with QKD on some links; 0 without."""
    data = instance.to_json_dict()
    for link in data["network"]["links"]:
        if link["id"] not in chosen:
            link["qkd"] = False
            link.pop("candidates", None)
    equipped = Instance.model_validate(data, strict=False)
    best = Enumeration(equipped, "key-factor").run().best.get(len(instance.demands), 0.0)
    return best / sum(demand.need_bps for demand in instance.demands)
