"""Evaluator for dynamic traffic: all placements serve the same blocks of requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from qkdopt.channel_sets.evaluator import Diagnostics, PoolEvaluator
from qkdopt.channel_sets.placement import Placement
from qkdopt.channel_sets.scenario import Scenario
from qkdopt.channel_sets.sums import SKR, STREAMS, SUMS
from qkdopt.problem.network_tables import WORD
from qkdopt.simulation import SimulationOptions
from qkdopt.simulation import tally as t
from qkdopt.simulation.refusals import validate_network
from qkdopt.simulation.simulation import default_warmup
from qkdopt.simulation.simulator import Simulator, requests_need_key
from qkdopt.simulation.traffic import Requests, chunks, poisson_requests, widest_request
from qkdopt.units import FloatArray

# Requests of one block after its warm-up: many compared with it; a hundred blocks make a million.
BLOCK_REQUESTS = 10_000
# Approximate seconds to prepare a placement and to serve a request.
SECONDS_PER_PLACEMENT = 4e-3
SECONDS_PER_REQUEST = {"ds-qkd": 4e-7, "ds-qkd-synergistic": 4e-6}
# Requests between two states: at loads above 10 erlang less than most holding times.
REQUESTS_BETWEEN_STATES = 100


@dataclass(frozen=True, kw_only=True)
class TrafficEvaluator(PoolEvaluator):
    """Evaluates placements on dynamic traffic in one network under every scenario.

    Parameters
    ----------
    instance, reserve, scenarios, seed
        See :class:`qkdopt.channel_sets.evaluator.PoolEvaluator`; all scenarios have the same
        requests but for their load.
    options
        Options of the simulator.
    requests
        Requests of one block, after its own warm-up.
    """

    options: SimulationOptions = field(default_factory=SimulationOptions)
    requests: int = BLOCK_REQUESTS

    def faults(self) -> Iterator[str]:
        """Yield options that are out of range."""
        yield from super().faults()
        if self.options.strategy not in SECONDS_PER_REQUEST:
            yield (
                f"strategy = {self.options.strategy!r}; expected "
                f"{' or '.join(SECONDS_PER_REQUEST)} (a fixed channel is a set of one)"
            )
        if self.requests < 1:
            yield f"requests of a block = {self.requests}; expected at least 1"
        yield from validate_network(self.instance)
        if self._draws_keys and not requests_need_key(self.instance):
            yield (
                "keys are shared, and requests ask for none; expected traffic.key in the instance, "
                "or on = demands"
            )

    def plain(self) -> dict[str, Any]:
        """Return the evaluator as plain data to display."""
        return super().plain() | {
            "serving": asdict(self.options), "requests_of_a_block": self.requests,
        }  # fmt: skip

    def seconds(self, blocks: int) -> float:
        """Return the approximate seconds of one placement on a number of blocks."""
        seconds_per_request = SECONDS_PER_REQUEST[self.options.strategy]
        requests = sum(self.requests + default_warmup(s.load_erlang) for s in self.scenarios)
        return SECONDS_PER_PLACEMENT * len(self.scenarios) + blocks * seconds_per_request * requests

    def tallies(
        self, placements: Sequence[Placement], stream: str, first: int, count: int
    ) -> FloatArray:
        """Return ``(placements, count, scenarios, SUMS)`` sums over blocks of requests.

        Parameters
        ----------
        placements, stream, first, count
            See :meth:`qkdopt.channel_sets.evaluations.Evaluator.tallies`.
        """
        tallies = np.zeros((len(placements), count, len(self.scenarios), SUMS))
        for s, scenario in enumerate(self.scenarios):
            simulators = [self._simulator(scenario, placement) for placement in placements]
            for k in range(count):
                block = self._block(scenario, STREAMS[stream] + first + k)
                for p, simulator in enumerate(simulators):
                    tallies[p, k, s] = _served(simulator.reset(), block)
        return tallies

    def diagnostics(self, placement: Placement, blocks: int) -> Iterator[Diagnostics]:
        """Yield states of the network under the first scenario."""
        scenario = self.scenarios[0]
        dark = self._simulator(scenario, placement)
        for k in range(blocks):
            block = self._block(scenario, STREAMS["ranking"] + k)
            for stopped in _stops(dark.reset(), block):
                yield Diagnostics(lit_by_direction(stopped), stopped.state.working)

    def _simulator(self, scenario: Scenario, placement: Placement) -> Simulator:
        tables = self.tables(scenario, placement)
        return Simulator.begin(
            tables.instance,
            self.options,
            arrivals_per_time=scenario.load_erlang,
            widest_demand=widest_request(self.instance),
            tables=tables,
            with_needs=self._draws_keys,
        )

    @property
    def _draws_keys(self) -> bool:
        return self.instance.qkd.key_accounting == "shared"

    def _block(self, scenario: Scenario, number: int) -> list[Requests]:
        """Return the requests of a block: those of its warm-up first."""
        sizes = [default_warmup(scenario.load_erlang), *chunks(self.requests)]
        draws = self.options.order == "random" or self.options.replacements > 0
        return list(
            poisson_requests(
                self.instance, scenario.load_erlang, self.seed, number, sizes, with_draws=draws
            )
        )


def _served(simulator: Simulator, block: list[Requests]) -> FloatArray:
    """Serve a block and return its sums; the first chunk is its warm-up."""
    tally, links = _empty(simulator)
    for number, requests in enumerate(block):
        simulator.serve(requests, tally, links)
        if number == 0:
            tally[:] = 0.0
    sums = tally[:SUMS].copy()
    if simulator.pools is not None:
        # Key delivered while requests are served, over their mean holding time: what a request
        # has of a link's key depends on who comes and goes after it.
        sums[SKR] = tally[t.KEY_DELIVERED]
    return sums


def _stops(simulator: Simulator, block: list[Requests]) -> Iterator[Simulator]:
    """Serve a block and yield the simulator from time to time after the warm-up."""
    tally, links = _empty(simulator)
    for number, chunk in enumerate(block):
        for first in range(0, len(chunk.times), REQUESTS_BETWEEN_STATES):
            simulator.serve(chunk.part(first, first + REQUESTS_BETWEEN_STATES), tally, links)
            if number > 0:
                yield simulator


def _empty(simulator: Simulator) -> tuple[FloatArray, FloatArray]:
    links = len(simulator.instance.network.links)
    return np.zeros(t.COLUMNS), np.zeros((links, t.LINK_COLUMNS))


def lit_by_direction(simulator: Simulator) -> FloatArray:
    """Return ``(E, 2, W)`` 1 where a channel is lit in a direction of travel, 0 elsewhere."""
    net, state = simulator.net, simulator.state
    lit = np.zeros((len(net.candidates), 2, int(net.order.max()) + 1))
    for slot in state.active_slot[: simulator.active]:
        route = state.slot_route[slot]
        hops = slice(net.route_hop[route], net.route_hop[route + 1])
        for position in state.slot_position[slot, : state.slot_width[slot]]:
            assert position & 63 < WORD  # the last two bits of a word stay unused
            lit[net.hop_link[hops], net.hop_direction[hops], net.order[position]] = 1.0
    return lit
