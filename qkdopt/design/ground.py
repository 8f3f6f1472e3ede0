"""The proving ground: what a placement earns on blocks of requests that all placements meet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from qkdopt.design.placement import Placement, Pool
from qkdopt.design.scenario import Scenario
from qkdopt.instance import Instance, with_candidates
from qkdopt.simulate import SimulationOptions
from qkdopt.simulate import tally as t
from qkdopt.simulate.batches import pieces
from qkdopt.simulate.simulation import default_warmup
from qkdopt.simulate.simulator import Simulator
from qkdopt.simulate.traffic import Requests, poisson_requests, widest_request
from qkdopt.tables import Tables, build_tables
from qkdopt.units import FloatArray

# What a block sums up, in this order: the first columns of a simulator's tally.
OFFERED, SERVED, SKR, NO_KEY = t.OFFERED, t.SERVED, t.SKR, t.NO_KEY
SUMS = 4
# Blocks of the search and of the final ranking are different requests: a winner that was lucky
# in the search has no luck left in the ranking.
STREAMS = {"search": 0, "ranking": 1_000_000}
# Requests of one block after its warm-up: long beside it, and a hundred make a million.
BLOCK_REQUESTS = 10_000
MOST_KEPT = 32
# Seconds, about, to prepare a placement and to serve a request.
SECONDS_PER_PLACEMENT = 4e-3
SECONDS_PER_REQUEST = {"ds-qkd": 4e-7, "ds-qkd-synergistic": 4e-6}


@dataclass(frozen=True)
class TrafficGround:
    """Dynamic traffic on one instance under every scenario.

    Parameters
    ----------
    instance
        Network and hardware; its candidates do not matter.
    reserve
        ``all`` or ``working``.
    options
        How requests are served.
    scenarios
        States of the world, all with the same requests but for their load.
    requests
        Of one block, after its own warm-up.
    seed
        Of the requests.
    """

    instance: Instance
    reserve: str
    options: SimulationOptions
    scenarios: tuple[Scenario, ...]
    requests: int
    seed: int

    @property
    def key(self) -> str:
        """Hash of everything that a tally depends on, beside placement and block."""
        told = {
            "instance": self.instance.sha256(),
            "reserve": self.reserve,
            "options": asdict(self.options),
            "scenarios": [
                asdict(scenario) | {"name": "", "weight": 0} for scenario in self.scenarios
            ],
            "requests": self.requests,
            "seed": self.seed,
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def seconds(self, blocks: int) -> float:
        """How long one placement takes on so many blocks, about."""
        each = SECONDS_PER_REQUEST[self.options.strategy]
        requests = sum(self.requests + default_warmup(s.load_erlang) for s in self.scenarios)
        return SECONDS_PER_PLACEMENT * len(self.scenarios) + blocks * each * requests

    def is_fit(self, placement: Placement) -> bool:
        """Whether every link keeps a channel for classical light."""
        tables = self._tables(self.scenarios[0], placement)
        return bool(tables.usable.any(axis=(1, 2)).all())

    def tallies(
        self, placements: Sequence[Placement], stream: str, first: int, count: int
    ) -> FloatArray:
        """Return ``(placements, count, scenarios, SUMS)`` sums over blocks of requests."""
        found = np.zeros((len(placements), count, len(self.scenarios), SUMS))
        for s, scenario in enumerate(self.scenarios):
            simulators = [self.simulator(scenario, placement) for placement in placements]
            for k in range(count):
                block = self.block(scenario, STREAMS[stream] + first + k)
                for p, simulator in enumerate(simulators):
                    found[p, k, s] = _served(simulator.darkened(), block)
        return found

    def simulator(self, scenario: Scenario, placement: Placement) -> Simulator:
        """Return a dark network with this placement."""
        tables = self._tables(scenario, placement)
        return Simulator.begin(
            tables.instance,
            self.options,
            arrivals_per_time=scenario.load_erlang,
            widest_demand=widest_request(self.instance),
            tables=tables,
        )

    def pool_tables(self, scenario: Scenario) -> Tables:
        """Return the tables with every channel of the pool as a candidate."""
        return self._pools[self.scenarios.index(scenario)]

    @cached_property
    def _pools(self) -> list[Tables]:
        """Tables of each scenario."""
        return [pool_tables(scenario.applied_to(self.instance)) for scenario in self.scenarios]

    def __getstate__(self) -> dict[str, Any]:
        """Travel to workers without tables; they are kept there from task to task."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def _tables(self, scenario: Scenario, placement: Placement) -> Tables:
        pool = self.pool_tables(scenario)
        qkd = pool.instance.qkd.model_copy(update={"reserve": self.reserve})
        instance = pool.instance.model_copy(update={"qkd": qkd})
        return pool.restricted(placement.of_links(self.instance), instance)

    def block(self, scenario: Scenario, number: int) -> list[Requests]:
        """Return the requests of a block: those of its warm-up first."""
        sizes = [default_warmup(scenario.load_erlang), *pieces(self.requests)]
        draws = self.options.order == "random" or self.options.replacements > 0
        return list(
            poisson_requests(
                self.instance, scenario.load_erlang, self.seed, number, sizes, with_draws=draws
            )
        )


def _served(simulator: Simulator, block: list[Requests]) -> FloatArray:
    """Serve a block; the first stretch is its warm-up."""
    tally = np.zeros(t.COLUMNS)
    links = np.zeros((len(simulator.instance.network.links), t.LINK_COLUMNS))
    for number, requests in enumerate(block):
        simulator.serve(requests, tally, links)
        if number == 0:
            tally[:] = 0.0
    return tally[:SUMS]


def pool_tables(instance: Instance) -> Tables:
    """Return the tables of an instance whose links may work on every channel of the pool."""
    return _pool_tables(json.dumps(instance.to_json_dict(), sort_keys=True))


@lru_cache(MOST_KEPT)
def _pool_tables(text: str) -> Tables:
    instance = Instance.model_validate_json(text)
    pool = Pool.of(instance)
    return build_tables(with_candidates(instance, pool.candidates, reserve="working"))
