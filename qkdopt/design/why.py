"""Why a set wins: where the light is, and what key rate each channel would have beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qkdopt.design.ground import STREAMS, TrafficGround
from qkdopt.design.placement import Placement, Pool
from qkdopt.simulate import tally as t
from qkdopt.simulate.network import WORD
from qkdopt.simulate.simulator import Simulator
from qkdopt.simulate.traffic import Requests
from qkdopt.tables import Tables
from qkdopt.units import FloatArray

BLOCKS = 4
# Requests between two looks: at every load above 10 erlang less than most holding times last.
BETWEEN_LOOKS = 100


@dataclass(frozen=True)
class Reasons:
    """What explains a placement, averaged over looks at the network.

    ``W`` channels of the grid, ``C`` channels of the pool, ``E`` links.

    Parameters
    ----------
    name
        Of the placement.
    lit
        ``(W,)`` share of links with QKD on which a channel is lit.
    skr_bps
        ``(C,)`` key rate that a link with QKD would have on a channel at this light, were its
        guard band dark: what Raman scattering alone allows.
    works
        ``(C,)`` share of links with QKD that work on a channel.
    noise
        ``(C, W)`` noise clicks per gate that one lightpath on w puts into channel c, mean over
        links with QKD and directions.
    links
        ``(E, C)`` as ``works``, link by link.
    """

    name: str
    lit: FloatArray
    skr_bps: FloatArray
    works: FloatArray
    noise: FloatArray
    links: FloatArray


def reasons(ground: TrafficGround, placement: Placement, blocks: int = BLOCKS) -> Reasons:
    """Look at the network again and again under the first scenario."""
    scenario = ground.scenarios[0]
    pool = ground.pool_tables(scenario)
    simulator = ground.simulator(scenario, placement)
    looks = [
        _Look.at(seen, pool, placement)
        for k in range(blocks)
        for seen in _stops(simulator.darkened(), ground.block(scenario, STREAMS["ranking"] + k))
    ]
    with_key = np.array([link.qkd for link in ground.instance.network.links])
    lit, rates, works = (
        np.mean([getattr(look, name) for look in looks], axis=0)
        for name in ("lit", "skr_bps", "works")
    )
    return Reasons(
        name=Pool.of(ground.instance).title(placement),
        lit=lit[with_key].mean(axis=0),
        skr_bps=rates[with_key].mean(axis=0),
        works=works[with_key].mean(axis=0),
        noise=pool.noise[with_key].mean(axis=(0, 1)).T,
        links=works,
    )


def _stops(simulator: Simulator, block: list[Requests]) -> Iterator[Simulator]:
    """Serve a block and stop from time to time, once it is warm."""
    tally = np.zeros(t.COLUMNS)
    links = np.zeros((len(simulator.instance.network.links), t.LINK_COLUMNS))
    for number, stretch in enumerate(block):
        for first in range(0, len(stretch.times), BETWEEN_LOOKS):
            simulator.serve(stretch.part(first, first + BETWEEN_LOOKS), tally, links)
            if number > 0:
                yield simulator


@dataclass(frozen=True)
class _Look:
    """One look: ``(E, W)`` lit, ``(E, C)`` key rate on each channel and whether it works."""

    lit: FloatArray
    skr_bps: FloatArray
    works: FloatArray

    @classmethod
    def at(cls, simulator: Simulator, pool: Tables, placement: Placement) -> _Look:
        light = lit_by_direction(simulator)
        noise = pool.floor + np.einsum("edw,edwc->ec", light, pool.noise)
        works = np.zeros_like(noise)
        for e, chosen in enumerate(placement.of_links(simulator.instance)):
            if chosen:
                works[e, chosen[simulator.state.working[e]]] = 1.0
        return cls(light.max(axis=1), pool.skr_bps(noise, pool.transmittance), works)


def lit_by_direction(simulator: Simulator) -> FloatArray:
    """``(E, 2, W)`` 1 where a channel is lit in a direction of travel, 0 elsewhere."""
    net, state = simulator.net, simulator.state
    light = np.zeros((len(net.candidates), 2, int(net.order.max()) + 1))
    for slot in state.active_slot[: simulator.active]:
        route = state.slot_route[slot]
        hops = slice(net.route_hop[route], net.route_hop[route + 1])
        for position in state.slot_position[slot, : state.slot_width[slot]]:
            assert position & 63 < WORD  # the last two bits of a word stay unused
            light[net.hop_link[hops], net.hop_side[hops], net.order[position]] = 1.0
    return light
