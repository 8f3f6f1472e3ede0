"""Put an instance together from a topology, a preset and a seed; its demands are drawn by that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from pydantic import ValidationError

from qkdopt.errors import InstanceError, UsageError
from qkdopt.instance import (
    SHIPPED_FIBRES,
    Candidate,
    Demand,
    FibreType,
    Instance,
    Network,
    NodeId,
    PairShare,
    Routes,
    Traffic,
    fibre_named,
)
from qkdopt.instance.generation.presets import PRESETS
from qkdopt.instance.generation.topologies import (
    default_length_scale,
    load_topology,
    traffic_weights,
)

Pair = tuple[NodeId, NodeId]
Draw = Callable[[np.random.Generator, list[NodeId]], Pair]


def new_instance(
    name: str,
    *,
    topology: str,
    demands: int,
    seed: int,
    preset: str = "paper",
    length_scale: float | None = None,
    channels: int | None = None,
    channels_per_demand: int = 1,
    candidates: Sequence[Candidate] | None = None,
    reserve: Literal["working", "all"] = "working",
    layout: Literal["single", "pair"] | None = None,
    launch_dbm: float | None = None,
    k: int = 3,
    route_order: Literal["km", "hops"] | None = None,
    fibre_type: str | None = None,
    load_erlang: float | None = None,
    weighted: bool = False,
    description: str = "",
) -> Instance:
    """Make an instance; the same arguments give the same instance.

    Parameters
    ----------
    name, description
        Of the instance.
    topology, length_scale
        Shipped topology and the factor on its lengths and measured losses; None for a hundredth
        of a backbone, as in the DS-QKD study, and metro networks as they are.
    demands, seed, channels_per_demand, weighted
        Demands to draw, uniformly or by the topology's own demand matrix.
    preset
        Hardware values, a key of ``PRESETS``.
    channels
        Number of grid channels; None for the preset's.
    candidates, reserve
        Candidate QKD channels (None for all), and which of them stay dark.
    layout, launch_dbm
        Fibre layout, and launch power of a classical channel [dBm]; None for the preset's.
    k, route_order
        Number of candidate routes of a demand, and what is shortest: ``km`` (the default) or
        ``hops``.
    fibre_type
        Type of every link's fibre, one of ``SHIPPED_FIBRES`` in any spelling; None for the
        preset's fibre.
    load_erlang
        Load of the traffic block that the simulator uses [erlang]; None for its default. With
        ``weighted`` that block has the topology's demand matrix too; without both there is none.

    Raises
    ------
    UsageError
        An unknown preset, topology or fibre type.
    InstanceError
        Values that break a rule of the instance.

    Examples
    --------
    >>> import qkdopt
    >>> instance = qkdopt.new_instance("ten", topology="nsfnet", demands=10, seed=1)
    >>> len(instance.demands), instance.preset
    (10, 'paper')
    """
    if preset not in PRESETS:
        raise UsageError(f"preset = {preset!r}; expected one of {', '.join(PRESETS)}")
    if length_scale is None:
        length_scale = default_length_scale(topology)
    network = load_topology(topology, length_scale)
    fibres = None if fibre_type is None else (_shipped_fibre(fibre_type),)
    if fibres is not None:
        links = [link.model_copy(update={"fibre": fibres[0].id}) for link in network.links]
        network = network.model_copy(update={"links": tuple(links)})
    weights = traffic_weights(topology) if weighted else None
    try:
        return Instance(
            name=name,
            description=description,
            preset=preset,
            network=network,
            fibres=fibres,
            routes=Routes(k=k, order=route_order),
            demands=random_demands(
                network, demands, seed=seed, channels=channels_per_demand, weights=weights
            ),
            traffic=_traffic(load_erlang, weights),
            **hardware_of(preset, channels, candidates, reserve, layout, launch_dbm),
        )
    except ValidationError as problem:
        faults = [e["msg"].removeprefix("Value error, ") for e in problem.errors()]
        raise InstanceError(name, [line for text in faults for line in text.splitlines()]) from None


def _shipped_fibre(name: str) -> FibreType:
    fibre = fibre_named(name)
    if fibre is not None:
        return fibre
    known = ", ".join(fibre.id for fibre in SHIPPED_FIBRES)
    raise UsageError(f"fibre type = {name!r}; expected one of {known}")


def _traffic(
    load_erlang: float | None, weights: Mapping[tuple[NodeId, NodeId], float] | None
) -> Traffic | None:
    """Return the traffic block: load, and the demand matrix where demands are drawn by it."""
    given: dict[str, Any] = {}
    if load_erlang is not None:
        given["load_erlang"] = load_erlang
    if weights is not None:
        given["matrix"] = tuple(
            PairShare(source=source, target=target, share=share)
            for (source, target), share in weights.items()
            if source != target and share > 0.0
        )
    return Traffic(**given) if given else None


def hardware_of(
    preset: str,
    channels: int | None,
    candidates: Sequence[Candidate] | None,
    reserve: Literal["working", "all"],
    layout: Literal["single", "pair"] | None,
    launch_dbm: float | None,
) -> dict[str, Any]:
    """Return the parts of an instance that a preset sets, with some values changed.

    Parameters
    ----------
    preset
        One of ``PRESETS``.
    channels
        Channels of the grid; None for the preset's.
    candidates
        Candidate QKD channels of every link; None for all.
    reserve
        Whether all candidates stay dark, or the working channel alone.
    layout
        One fibre for both directions, or a pair; None for the preset's.
    launch_dbm
        Classical power per channel [dBm]; None for the preset's.
    """
    parts = PRESETS[preset]()
    chosen: dict[str, Any] = {"reserve": reserve}
    if candidates is not None:
        chosen["candidates"] = tuple(candidates)
    changes: dict[str, dict[str, Any]] = {name: {} for name in parts} | {"qkd": chosen}
    if channels is not None:
        changes["grid"]["channels"] = channels
    if layout is not None:
        changes["fibre"]["layout"] = layout
    if launch_dbm is not None:
        changes["classical"] = {"launch_dbm": launch_dbm, "receiver_sensitivity_dbm": None}
    return {
        part: type(value).model_validate({**value.model_dump(), **changes[part]}, strict=False)
        for part, value in parts.items()
    }


def random_demands(
    network: Network,
    count: int,
    *,
    seed: int,
    channels: int = 1,
    weights: Mapping[tuple[NodeId, NodeId], float] | None = None,
) -> tuple[Demand, ...]:
    """Draw demands over ordered node pairs, independently, with replacement.

    Parameters
    ----------
    network
        Where they run.
    count
        How many.
    seed
        Of NumPy's PCG64 generator.
    channels
        ``b_r`` of each.
    weights
        Relative weight of each ordered pair; None for equal ones.

    Raises
    ------
    UsageError
        A count below zero, or weights without a positive one.
    """
    if count < 0:
        raise UsageError(f"demands = {count}; expected 0 or more")
    generator = np.random.Generator(np.random.PCG64(seed))
    nodes = [node.id for node in network.nodes]
    draw = _uniform_pair if weights is None else _weighted_pairs(nodes, weights)
    pairs = [draw(generator, nodes) for _ in range(count)]
    return tuple(
        Demand(id=r, source=source, target=target, channels=channels)
        for r, (source, target) in enumerate(pairs)
    )


def _uniform_pair(generator: np.random.Generator, nodes: list[NodeId]) -> Pair:
    """Draw a source, then one of the other nodes, as arrivals of the simulator do."""
    source = int(generator.integers(len(nodes)))
    target = int(generator.integers(len(nodes) - 1))
    return nodes[source], nodes[target + (target >= source)]


def _weighted_pairs(nodes: list[NodeId], weights: Mapping[Pair, float]) -> Draw:
    pairs = [(a, b) for a in nodes for b in nodes if a != b]
    share = np.array([weights.get(pair, 0.0) for pair in pairs])
    if not share.sum() > 0.0:
        raise UsageError("weights: none is positive; expected at least one pair with traffic")
    edges = np.cumsum(share / share.sum())

    def draw(generator: np.random.Generator, _: list[NodeId]) -> Pair:
        return pairs[min(int(np.searchsorted(edges, generator.random())), len(pairs) - 1)]

    return draw
