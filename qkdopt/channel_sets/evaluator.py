"""Base of the evaluators: one network under scenarios, with its tables evaluated once."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

from qkdopt.channel_sets.placement import Placement, Pool
from qkdopt.channel_sets.scenario import Scenario
from qkdopt.errors import Faults
from qkdopt.instance import Instance, with_candidates
from qkdopt.problem.coefficients import IntArray, Tables, build_tables
from qkdopt.units import FloatArray

CACHED_TABLES = 32
RESERVES = ("all", "working")
MAX_LOAD = 1e6
# Fields of scenarios that came later, each with its value in every scenario from before.
HASHED_WHERE_CHANGED = (("misalignment", 1.0), ("dark_counts", 1.0), ("excess_loss_db", 0.0))


class Diagnostics(NamedTuple):
    """State of the network at one moment.

    Parameters
    ----------
    lit
        ``(E, 2, W)`` 1 where a channel is lit in a direction of travel, 0 elsewhere.
    working
        ``(E,)`` number of each link's working candidate in its set; -1 without QKD.
    """

    lit: FloatArray
    working: IntArray


@dataclass(frozen=True, kw_only=True)
class PoolEvaluator(ABC):
    """Evaluates placements on one network under every scenario.

    Parameters
    ----------
    instance
        Network and hardware; its candidates do not matter.
    reserve
        ``all`` or ``working``.
    scenarios
        Loads and hardware factors to evaluate under.
    seed
        Of all draws.
    """

    instance: Instance
    reserve: str
    scenarios: tuple[Scenario, ...]
    seed: int = 0

    def __post_init__(self) -> None:
        """Validate the options.

        Raises
        ------
        OptionsError
            With every fault.
        """
        faults = Faults()
        faults.found += self.faults()
        faults.stop("design")

    def faults(self) -> Iterator[str]:
        """Yield options that are out of range."""
        if self.reserve not in RESERVES:
            yield f"reserve = {self.reserve!r}; expected {' or '.join(RESERVES)}"
        if not self.scenarios:
            yield "no scenario; expected at least one"
        for scenario in self.scenarios:
            if not 0.0 < scenario.load_erlang < MAX_LOAD:
                yield f"load = {scenario.load_erlang:g}; expected erlang above 0, below a million"
        if self.seed < 0:
            yield f"seed = {self.seed}; expected 0 or more"
        if not any(link.qkd for link in self.instance.network.links):
            yield "no link has QKD; expected at least one"

    @abstractmethod
    def diagnostics(self, placement: Placement, blocks: int) -> Iterator[Diagnostics]:
        """Yield states of the network under the first scenario."""

    def is_fit(self, placement: Placement) -> bool:
        """Tell whether every link keeps a channel for classical light, as an instance must."""
        tables = self.tables(self.scenarios[0], placement)
        is_candidate = np.arange(tables.blocks.shape[1]) < tables.candidate_count[:, None]
        reset = tables.blocks & is_candidate[:, :, None]
        if self.reserve == "all":
            reserved = np.asarray(reset.any(axis=1))
            return not bool(reserved.all(axis=1).any())
        leaves_light = (~reset.all(axis=2) & is_candidate).any(axis=1)
        return bool((leaves_light | (tables.candidate_count == 0)).all())

    def pool_tables(self, scenario: Scenario) -> Tables:
        """Return the tables with every channel of the pool as a candidate."""
        return self._pools[self.scenarios.index(scenario)]

    def tables(self, scenario: Scenario, placement: Placement) -> Tables:
        """Return the tables of a placement: a slice of the pool's."""
        pool = self.pool_tables(scenario)
        # Not validated: `is_fit` asks for tables of placements that an instance may not have.
        qkd = pool.instance.qkd.model_copy(update={"reserve": self.reserve})
        instance = pool.instance.model_copy(update={"qkd": qkd})
        return pool.restricted(placement.of_links(self.instance), instance)

    @property
    def titles(self) -> list[str]:
        """Return a title of each scenario."""
        return [scenario.title for scenario in self.scenarios]

    def plain(self) -> dict[str, Any]:
        """Return the evaluator as plain data to display."""
        return {
            "reserve": self.reserve,
            "scenarios": [
                asdict(scenario) | {"title": title}
                for scenario, title in zip(self.scenarios, self.titles, strict=True)
            ],
            "seed": self.seed,
        }

    @property
    def key(self) -> str:
        """Return a hash of everything that a tally depends on, beside placement and block."""
        identity = self.plain() | {"instance": self.instance.sha256()}
        # Names, titles and weights of scenarios change no tally.
        for scenario in identity["scenarios"]:
            for field_name in ("name", "title", "weight"):
                del scenario[field_name]
            for field_name, neutral in HASHED_WHERE_CHANGED:
                if scenario[field_name] == neutral:
                    del scenario[field_name]
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()

    @cached_property
    def _pools(self) -> list[Tables]:
        """Return the tables of each scenario."""
        return [pool_tables(scenario.applied_to(self.instance)) for scenario in self.scenarios]

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields without tables; a worker keeps its own from task to task."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@lru_cache(CACHED_TABLES)
def pool_tables(instance: Instance) -> Tables:
    """Return the tables of an instance whose links may work on every channel of the pool."""
    pool = Pool.of(instance)
    return build_tables(with_candidates(instance, pool.candidates, reserve="working"))
