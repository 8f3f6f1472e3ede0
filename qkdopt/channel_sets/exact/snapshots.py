"""Snapshots of a simulated network as static instances: what is active becomes the demand list."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qkdopt.experiments.study.snapshots import snapshot
from qkdopt.instance import Instance
from qkdopt.simulation import SimulationOptions
from qkdopt.simulation.simulation import default_warmup
from qkdopt.simulation.simulator import Simulator
from qkdopt.simulation.tally import COLUMNS, LINK_COLUMNS
from qkdopt.simulation.traffic import poisson_requests, widest_request


def snapshot_instances(
    instance: Instance,
    options: SimulationOptions,
    *,
    load_erlang: float,
    seed: int,
    count: int,
    every: int | None = None,
) -> Iterator[Instance]:
    """Simulate, and yield the demands active at ``count`` moments, each as an instance.

    Parameters
    ----------
    instance
        Network, hardware and the candidates that the simulated policy uses.
    options
        How requests are served meanwhile.
    load_erlang, seed
        Of the traffic.
    count, every
        How many snapshots, and requests from one to the next; by default those of two mean
        holding times, so that snapshots share few demands.
    """
    simulator = Simulator.begin(
        instance, options, arrivals_per_time=load_erlang, widest_demand=widest_request(instance)
    )
    apart = max(1, round(2.0 * load_erlang)) if every is None else every
    sizes = [default_warmup(load_erlang), *[apart] * (count - 1)]
    tally = np.zeros(COLUMNS)
    links = np.zeros((len(instance.network.links), LINK_COLUMNS))
    for number, requests in enumerate(poisson_requests(instance, load_erlang, seed, 0, sizes)):
        simulator.serve(requests, tally, links)
        active = snapshot(simulator)[0].instance
        yield active.replace(
            name=f"{instance.name}, {load_erlang:g} erlang, snapshot {number}", traffic=None
        )
