"""First fit on the shortest routes in plain Python: who is blocked, request by request.

For networks without QKD, so that nothing but free channels decides. Shares requests and candidate
routes with the simulator, and no more.
"""

from __future__ import annotations

import heapq

import numpy as np

from qkdopt.instance import Instance
from qkdopt.routes import RouteFinder
from qkdopt.simulating.traffic import Requests
from qkdopt.tables import BoolArray


def blocked(instance: Instance, requests: Requests) -> BoolArray:
    """Return ``(n,)`` whether each request finds no channel free end to end."""
    nodes = [node.id for node in instance.network.nodes]
    finder, routes = RouteFinder(instance), {}
    lit: list[set[tuple[bool, int]]] = [set() for _ in instance.network.links]
    pair = instance.fibre.layout == "pair"
    leaving: list[tuple[float, int]] = []
    held: dict[int, list[tuple[int, tuple[bool, int]]]] = {}
    found = np.zeros(len(requests.times), dtype=bool)
    for number, now in enumerate(requests.times.tolist()):
        while leaving and leaving[0][0] <= now:
            for e, place in held.pop(heapq.heappop(leaving)[1]):
                lit[e].remove(place)
        ends = divmod(int(requests.pairs[number]), len(nodes))
        if ends not in routes:
            source, target = (nodes[n] for n in ends)
            routes[ends] = finder.shortest(source, target, instance.routes.k)
        for route in routes[ends]:
            hops = [
                (e, forward if pair else True)
                for e, forward in zip(route.links, route.forward, strict=True)
            ]
            free = (
                w
                for w in range(instance.grid.channels)
                if all((fibre, w) not in lit[e] for e, fibre in hops)
            )
            channel = next(free, None)
            if channel is not None:
                held[number] = [(e, (fibre, channel)) for e, fibre in hops]
                for e, place in held[number]:
                    lit[e].add(place)
                heapq.heappush(leaving, (now + float(requests.holding[number]), number))
                break
        else:
            found[number] = True
    return found
