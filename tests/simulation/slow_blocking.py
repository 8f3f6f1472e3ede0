"""The shortest route with room, in plain Python: who is blocked, request by request.

For networks without QKD, so that nothing but free channels decides. Shares requests and candidate
routes with the simulator, and no more.
"""

from __future__ import annotations

import heapq
from collections import Counter

import numpy as np

from qkdopt.instance import Instance
from qkdopt.problem.coefficients import BoolArray
from qkdopt.problem.routes import RouteFinder
from qkdopt.simulation.traffic import Requests


def blocked(instance: Instance, requests: Requests, order: str = "first-fit") -> BoolArray:
    """Return ``(n,)`` whether each request finds too few channels free end to end."""
    sign = {"first-fit": 0, "last-fit": 0, "most-used": -1, "least-used": 1}[order]
    channels = range(instance.grid.channels)
    order_of_equals = channels[::-1] if order == "last-fit" else channels
    uses: Counter[int] = Counter()
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
                uses[place[1]] -= 1
        ends = divmod(int(requests.pairs[number]), len(nodes))
        if ends not in routes:
            source, target = (nodes[n] for n in ends)
            routes[ends] = finder.shortest(source, target, instance.routes.k)
        for route in routes[ends]:
            hops = [
                (e, forward if pair else True)
                for e, forward in zip(route.links, route.forward, strict=True)
            ]
            free = [
                w for w in order_of_equals if all((fibre, w) not in lit[e] for e, fibre in hops)
            ]
            free.sort(key=lambda w: sign * uses[w])
            wide = int(requests.lightpath_counts[number])
            if len(free) >= wide:
                held[number] = [(e, (fibre, w)) for e, fibre in hops for w in free[:wide]]
                for e, place in held[number]:
                    lit[e].add(place)
                    uses[place[1]] += 1
                heapq.heappush(leaving, (now + float(requests.holding[number]), number))
                break
        else:
            found[number] = True
    return found
