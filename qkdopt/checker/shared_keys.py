"""Recompute what demands get of keys that they share: fair shares, key delivered, needs met.

Plain loops, and linear programs of SciPy over keys by destination; no code of the searches.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import networkx as nx
import numpy as np
from scipy.optimize import LinearConstraint, linprog, milp

from qkdopt.instance import Instance, NodeId
from qkdopt.result import AnyPlan, Result

# Shares that come from a linear program agree to this, relatively.
PROGRAM = 1e-6
# A need is met by this share of it.
MET = 1.0 - 1e-6
SECONDS = 20.0
ABSOLUTE_BPS = 1e-6

Keys = dict[str, float]
Shares = dict[NodeId, tuple[float, frozenset[str]]]


def shared_rates(instance: Instance, result: AnyPlan, link_bps: Keys) -> Shares:
    """Compute what every served demand gets [bit/s], and the links that may be its bottleneck.

    Where several choices are as good, those of a result stand: :func:`validate_shares` judges them.

    Parameters
    ----------
    instance
        The instance; its keys are shared.
    result
        A result or a saved plan.
    link_bps
        Recomputed key rate of each link with QKD [bit/s].
    """
    share = _proportions(instance, result)
    recorded = _recorded(result)
    if instance.qkd.relay == "flow":
        given = recorded or {r: _factor(instance, share, link_bps) * share[r] for r in share}
        return {r: (given.get(r, 0.0), frozenset[str]()) for r in share}
    paths = {path.demand: path.links for path in result.lightpaths}
    given = _fair(paths, share, link_bps)
    if result.objective in ("key-delivered", "key-served"):
        given = recorded or _most(instance, result, link_bps)[1]
    drawn = _drawn(paths, share)
    left = {
        name: link_bps.get(name, 0.0) / drawn[name] if drawn[name] else math.inf for name in drawn
    }
    rates: Shares = {}
    for demand, links in paths.items():
        least = min(left[name] for name in links)
        tight = frozenset(name for name in links if math.isclose(left[name], least, rel_tol=1e-9))
        rates[demand] = given[demand], tight
    return rates


def validate_shares(instance: Instance, result: Result, link_bps: Keys) -> Iterator[str]:
    """Yield what a result's shares of keys break: links' keys, needs, and that none are better.

    Parameters
    ----------
    instance
        The instance; its keys are shared.
    result
        The result.
    link_bps
        Recomputed key rate of each link with QKD [bit/s].
    """
    given = {row.demand: row.skr_bps for row in result.demands if row.served}
    for row in result.demands:
        demand = next((d for d in instance.demands if d.id == row.demand), None)
        if demand is not None and row.need_bps != demand.need_bps:
            yield f"demands: {row.demand!r} need_bps = {row.need_bps}; expected {demand.need_bps:g}"
    yield from _validate_signs(instance, result, given)
    if instance.qkd.relay == "flow":
        yield from _validate_flows(instance, result, given, link_bps)
    else:
        yield from _validate_links(result, given, link_bps)
    if result.objective not in ("key-delivered", "key-served"):
        return
    needs = {demand.id: demand.need_bps for demand in instance.demands}
    for demand_id, rate in given.items():
        if rate > needs[demand_id] * (1.0 + 1e-9):
            yield (
                f"demands: {demand_id!r} gets {rate:.12g} bit/s; expected at most its need, "
                f"{needs[demand_id]:g}"
            )
    best = _most(instance, result, link_bps)
    read = _worth(instance, result.objective, given), math.fsum(given.values())
    for name, found, most in zip(("worth", "delivered"), read, (best[0], best[2]), strict=True):
        if found < most * (1.0 - PROGRAM) - 1e-6:
            yield (
                f"demands: the keys that are given are {name} {found:.9g}; expected {most:.9g}, "
                "which the same links can deliver"
            )


def _proportions(instance: Instance, result: AnyPlan) -> dict[NodeId, float]:
    """In what proportion served demands share: by need, or equally where there is none at all."""
    needs = {demand.id: demand.need_bps for demand in instance.demands}
    equal = not any(needs.values())
    return {path.demand: 1.0 if equal else needs[path.demand] for path in result.lightpaths}


def _recorded(result: AnyPlan) -> dict[NodeId, float]:
    if not isinstance(result, Result):
        return {}
    return {row.demand: row.skr_bps for row in result.demands if row.served}


def _drawn(paths: dict[NodeId, tuple[str, ...]], share: dict[NodeId, float]) -> Keys:
    drawn: Keys = {}
    for demand, links in paths.items():
        for name in links:
            drawn[name] = drawn.get(name, 0.0) + share[demand]
    return drawn


def _fair(
    paths: dict[NodeId, tuple[str, ...]], share: dict[NodeId, float], link_bps: Keys
) -> dict[NodeId, float]:
    """Fill all demands evenly; those of the link that is used up first stop."""
    given = dict.fromkeys(paths, 0.0)
    growing = {demand for demand in paths if share[demand] > 0.0}
    level = 0.0
    while growing:
        limits: Keys = {}
        for name in {name for demand in growing for name in paths[demand]}:
            stopped = math.fsum(
                given[d] for d, links in paths.items() if d not in growing and name in links
            )
            total = math.fsum(share[d] for d in growing if name in paths[d])
            limits[name] = max(level, (link_bps.get(name, 0.0) - stopped) / total)
        level = min(limits.values())
        full = {name for name, limit in limits.items() if limit <= level * (1.0 + 1e-12)}
        for demand in list(growing):
            if full.intersection(paths[demand]):
                given[demand] = level * share[demand]
                growing.discard(demand)
    return given


def _validate_signs(
    instance: Instance, result: Result, given: dict[NodeId, float]
) -> Iterator[str]:
    """Yield a fault of a demand with less key than none, or with some though it asks for none."""
    share = _proportions(instance, result)
    for name, rate in given.items():
        if rate < 0.0:
            yield f"demands: {name!r} gets {rate:.12g} bit/s; expected at least 0"
        if rate > ABSOLUTE_BPS and share.get(name) == 0.0:
            yield f"demands: {name!r} gets {rate:.12g} bit/s; expected 0: it asks for no key"


def _validate_links(result: Result, given: dict[NodeId, float], link_bps: Keys) -> Iterator[str]:
    drawn = _drawn({path.demand: path.links for path in result.lightpaths}, given)
    for name, total in drawn.items():
        if total > link_bps.get(name, 0.0) * (1.0 + 1e-9) + 1e-6:
            yield (
                f"demands: {total:.12g} bit/s are drawn of link {name}; expected at most its key "
                f"rate {link_bps.get(name, 0.0):.12g}"
            )


def _validate_flows(
    instance: Instance, result: Result, given: dict[NodeId, float], link_bps: Keys
) -> Iterator[str]:
    """Yield a fault where keys cannot be relayed together, or more of all could be."""
    if any(given.values()):
        reach = _factor(instance, given, link_bps)
        if reach < 1.0 - PROGRAM:
            yield (
                f"demands: only {reach:.9g} of the keys that are given can be relayed at once; "
                "expected all"
            )
    if result.objective == "key-factor":
        share = {r: need for r, need in _proportions(instance, result).items() if need > 0.0}
        best = _factor(instance, share, link_bps) if share else 0.0
        least = min((given[r] / need for r, need in share.items()), default=0.0)
        if least < best * (1.0 - PROGRAM) - 1e-12:
            yield f"demands: the least factor is {least:.9g}; expected {best:.9g}"


class _Flows:
    """Constraints on keys by destination, over links with QKD in both directions."""

    def __init__(self, instance: Instance, link_bps: Keys, needed: list[NodeId]) -> None:
        self.scale = max([*link_bps.values(), 0.0]) or 1.0
        demands = {demand.id: demand for demand in instance.demands}
        rows = [demands[name] for name in needed]
        links = [link for link in instance.network.links if link_bps.get(link.id, 0.0) > 0.0]
        ends = list(dict.fromkeys(demand.target for demand in rows))
        nodes = {node.id: v for v, node in enumerate(instance.network.nodes)}
        self.flows = 2 * len(links) * len(ends)
        self.balance = np.zeros((len(ends) * len(nodes), self.flows + len(rows)))
        self.room = np.zeros((len(links), self.flows + len(rows)))
        self.limit = np.array([link_bps[link.id] / self.scale for link in links])
        for t in range(len(ends)):
            for i, link in enumerate(links):
                for turned, (start, end) in enumerate(((link.a, link.b), (link.b, link.a))):
                    column = 2 * (t * len(links) + i) + turned
                    self.balance[t * len(nodes) + nodes[start], column] = 1.0
                    self.balance[t * len(nodes) + nodes[end], column] = -1.0
                    self.room[i, column] = 1.0
        for r, demand in enumerate(rows):
            first = ends.index(demand.target) * len(nodes)
            self.balance[first + nodes[demand.source], self.flows + r] = -1.0
            self.balance[first + nodes[demand.target], self.flows + r] = 1.0


def _factor(instance: Instance, share: dict[NodeId, float], link_bps: Keys) -> float:
    """Largest multiple of these keys that can be relayed at once over any nodes.

    No more than the least that each demand could have alone: in that unit nothing is small.
    """
    needed = [name for name, value in share.items() if value > 0.0]
    if not needed:
        return math.inf
    alone = min(_most_alone(instance, name, (), link_bps) / share[name] for name in needed)
    if alone <= 0.0:
        return 0.0
    top = max(share.values())
    most = math.fsum(share[name] for name in needed) / top
    rates = {name: min(rate / (alone * top), most) for name, rate in link_bps.items()}
    flows = _Flows(instance, rates, needed)
    column = np.array([[share[name] / top] for name in needed])
    found = linprog(
        np.concatenate([np.zeros(flows.flows), [-1.0]]),
        A_ub=np.hstack([flows.room[:, : flows.flows], np.zeros((len(flows.limit), 1))]),
        b_ub=flows.limit,
        A_eq=np.hstack([flows.balance[:, : flows.flows], flows.balance[:, flows.flows :] @ column]),
        b_eq=np.zeros(len(flows.balance)),
    )
    return min(1.0, float(found.x[-1]) * flows.scale) * alone if found.x is not None else 0.0


def _worth(instance: Instance, objective: str, given: dict[NodeId, float]) -> float:
    """Return what an objective counts: key delivered [bit/s], or weight of the needs met."""
    total = 0.0
    for demand in instance.demands:
        rate, need = given.get(demand.id, 0.0), demand.need_bps
        if objective == "key-delivered":
            total += min(rate, need)
        elif demand.key is not None and rate >= MET * need:
            total += demand.key.weight
    return total


def _most(
    instance: Instance, result: AnyPlan, link_bps: Keys
) -> tuple[float, dict[NodeId, float], float]:
    """Return the most that an objective can be worth, its keys by demand, and their sum.

    Needs that are met in full are columns of an integer program; key beyond them is what a linear
    program adds.
    """
    needs = {demand.id: demand.need_bps for demand in instance.demands}
    paths = {path.demand: path.links for path in result.lightpaths}
    needed = [name for name in paths if needs[name] > 0.0]
    if not needed:
        return 0.0, dict.fromkeys(paths, 0.0), 0.0
    alone = {name: _most_alone(instance, name, paths[name], link_bps) for name in needed}
    most = {name: min(needs[name], alone[name]) for name in needed}
    total = math.fsum(most.values())
    if total <= 0.0:
        return 0.0, dict.fromkeys(paths, 0.0), 0.0
    # A solver's tolerance is a part of the largest number: of what can be given, then, and not of a
    # link that may have a million times more.
    rates = {name: min(rate, total) for name, rate in link_bps.items()}
    rows, limit, columns, scale = _rows(instance, paths, needed, rates)
    need = np.array([most[name] / scale for name in needed])
    floor = np.zeros(len(needed))
    if result.objective == "key-served":
        weights = {demand.id: demand.key.weight for demand in instance.demands if demand.key}
        whole = rows.copy()
        whole[:, columns:] *= need
        cost = np.concatenate([np.zeros(columns), [-weights[name] for name in needed]])
        can_be_met = [float(alone[name] >= MET * needs[name]) for name in needed]
        found = milp(
            cost,
            constraints=LinearConstraint(whole, *limit),
            integrality=np.concatenate([np.zeros(columns), np.ones(len(needed))]),
            bounds=(0.0, np.concatenate([np.full(columns, np.inf), can_be_met])),
            options={"time_limit": SECONDS, "mip_rel_gap": 0.0},
        )
        if found.x is not None:
            floor = need * np.round(found.x[columns:]) * (1.0 - 1e-9)
    found = milp(
        np.concatenate([np.zeros(columns), -np.ones(len(needed))]),
        constraints=LinearConstraint(rows, *limit),
        bounds=(
            np.concatenate([np.zeros(columns), floor]),
            np.concatenate([np.full(columns, np.inf), need]),
        ),
    )
    keys = floor if found.x is None else found.x[columns:]
    given = dict.fromkeys(paths, 0.0) | {
        name: float(scale * key) for name, key in zip(needed, keys, strict=True)
    }
    return _worth(instance, result.objective, given), given, math.fsum(given.values())


def _most_alone(instance: Instance, name: NodeId, links: tuple[str, ...], link_bps: Keys) -> float:
    """Return the most key that a demand can have, drawn by nobody else [bit/s]."""
    if instance.qkd.relay != "flow":
        return min(link_bps.get(link, 0.0) for link in links)
    demand = next(demand for demand in instance.demands if demand.id == name)
    graph = nx.Graph()
    graph.add_nodes_from((demand.source, demand.target))
    for link in instance.network.links:
        before = graph.get_edge_data(link.a, link.b, {"capacity": 0.0})["capacity"]
        graph.add_edge(link.a, link.b, capacity=before + link_bps.get(link.id, 0.0))
    return float(nx.maximum_flow_value(graph, demand.source, demand.target))


def _rows(
    instance: Instance,
    paths: dict[NodeId, tuple[str, ...]],
    needed: list[NodeId],
    link_bps: Keys,
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray], int, float]:
    """Rows of the keys drawn, their limits, how many columns come first, and the unit [bit/s]."""
    if instance.qkd.relay == "flow":
        flows = _Flows(instance, link_bps, needed)
        zeros = np.zeros(len(flows.balance))
        limits = (
            np.concatenate([zeros, np.full(len(flows.limit), -np.inf)]),
            np.concatenate([zeros, flows.limit]),
        )
        return np.vstack([flows.balance, flows.room]), limits, flows.flows, flows.scale
    names = [link.id for link in instance.network.links]
    scale = max([*link_bps.values(), 0.0]) or 1.0
    rows = np.array([[float(name in paths[demand]) for demand in needed] for name in names])
    room = np.array([link_bps.get(name, 0.0) / scale for name in names])
    return rows, (np.full(len(names), -np.inf), room), 0, scale


__all__ = ["shared_rates", "validate_shares"]
