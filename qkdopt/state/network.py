"""The constant arrays of a problem, as the compiled search reads them.

``E`` links, ``W`` channels, ``Q`` candidates, ``P`` distinct candidate routes (paths),
``R`` demands, ``N`` nodes. Two directions of travel as in :mod:`qkdopt.tables`.
"""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

import numpy as np

from qkdopt.problem import Problem
from qkdopt.routes import Route
from qkdopt.state.rate import optics_of, protocol_vector, rate_table
from qkdopt.tables import BoolArray, IntArray, Tables
from qkdopt.units import FloatArray

MEAN, MAX_MIN, LINK_SUM = 0, 1, 2
OBJECTIVES = {"mean": MEAN, "max-min": MAX_MIN, "link-sum": LINK_SUM}


class Network(NamedTuple):
    """Constants of one search.

    Parameters
    ----------
    noise, floor, disturbs, fibre
        As in :class:`qkdopt.tables.Tables`.
    candidates
        ``(E,)`` number of candidates.
    run_end, optics
        ``(E, G)`` and ``(E, G, 3)``: consecutive candidates of one transmittance form a
        run, within which less noise is more key; where each ends, and its optics.
    guard_start, guard_item
        Candidates whose guard band holds channel w of link e are
        ``guard_item[guard_start[e * W + w]:guard_start[e * W + w + 1]]``.
    protocol, rate_table
        From :mod:`qkdopt.state.rate`.
    path_hops, path_link, path_way
        ``(P,)``, ``(P, H)``, ``(P, H)`` links and directions of each path.
    path_open
        ``(P, W)`` the channel may ever be lit along the whole path.
    first_path, paths
        ``(R,)`` a demand's candidate routes are the next ``paths`` from ``first_path``.
    width, floor_bps
        ``(R,)`` channels and least key rate of each demand.
    demand_ends, link_ends
        ``(R, 2)`` and ``(E, 2)`` node positions.
    nodes, objective, widest
        Number of nodes; what is maximised; whether key is relayed along the widest route.
    """

    noise: FloatArray
    floor: FloatArray
    disturbs: BoolArray
    fibre: IntArray
    candidates: IntArray
    run_end: IntArray
    optics: FloatArray
    guard_start: IntArray
    guard_item: IntArray
    protocol: FloatArray
    rate_table: FloatArray
    path_hops: IntArray
    path_link: IntArray
    path_way: IntArray
    path_open: BoolArray
    first_path: IntArray
    paths: IntArray
    width: IntArray
    floor_bps: FloatArray
    demand_ends: IntArray
    link_ends: IntArray
    nodes: int
    objective: int
    widest: bool


def build_network(problem: Problem) -> Network:
    """Lay out a problem as the arrays of a search."""
    tables, instance = problem.tables, problem.instance
    run_end, optics = _runs(tables)
    guard_start, guard_item = _guards(tables)
    paths, first_path = _distinct_paths(problem)
    position = {node.id: i for i, node in enumerate(instance.network.nodes)}
    return Network(
        noise=np.array(tables.noise, order="C"),
        floor=np.array(tables.floor, order="C"),
        disturbs=np.array(tables.disturbs, order="C"),
        fibre=np.array(tables.fibres, dtype=np.int64),
        candidates=np.array(tables.candidate_count, dtype=np.int64),
        run_end=run_end,
        optics=optics,
        guard_start=guard_start,
        guard_item=guard_item,
        protocol=protocol_vector(tables),
        rate_table=rate_table(tables),
        path_hops=np.array([len(path.links) for path in paths], dtype=np.int64),
        path_link=_padded([path.links for path in paths]),
        path_way=_padded([[0 if f else 1 for f in path.forward] for path in paths]),
        path_open=_open_channels(tables, paths),
        first_path=first_path,
        paths=np.array([len(routes) for routes in problem.routes], dtype=np.int64),
        width=np.array([demand.channels for demand in instance.demands], dtype=np.int64),
        floor_bps=np.array([d.min_skr_bps or 0.0 for d in instance.demands], dtype=np.float64),
        demand_ends=np.array(
            [(position[d.source], position[d.target]) for d in instance.demands], dtype=np.int64
        ).reshape(-1, 2),
        link_ends=np.array(
            [(position[link.a], position[link.b]) for link in instance.network.links],
            dtype=np.int64,
        ),
        nodes=len(position),
        objective=OBJECTIVES[problem.objective],
        widest=instance.qkd.relay == "widest",
    )


def _runs(tables: Tables) -> tuple[IntArray, FloatArray]:
    """End and optics of each run of consecutive candidates with one transmittance."""
    runs: list[list[tuple[int, float]]] = []
    for e, count in enumerate(tables.candidate_count):
        end, row = 0, []
        for transmittance, members in groupby(tables.transmittance[e, :count].tolist()):
            end += len(list(members))
            row.append((end, transmittance))
        runs.append(row)
    most = max(1, max(len(row) for row in runs))
    ends = np.zeros((len(runs), most), dtype=np.int64)
    transmittance_of = np.zeros((len(runs), most))
    for e, row in enumerate(runs):
        for g, (end, value) in enumerate(row):
            ends[e, g], transmittance_of[e, g] = end, value
    return ends, np.ascontiguousarray(optics_of(transmittance_of, tables))


def _guards(tables: Tables) -> tuple[IntArray, IntArray]:
    """Candidates in whose guard band each channel of each link lies, compressed."""
    links, _, channels = tables.blocks.shape
    hit = tables.blocks.transpose(0, 2, 1).reshape(links * channels, -1)
    start = np.concatenate([[0], np.cumsum(hit.sum(axis=1))]).astype(np.int64)
    # One spare element: an empty array would be of no use to the compiler.
    return start, np.append(np.nonzero(hit)[1], 0).astype(np.int64)


def _distinct_paths(problem: Problem) -> tuple[list[Route], IntArray]:
    """Every candidate route once, and where each demand's routes begin."""
    paths: list[Route] = []
    begins: dict[int, int] = {}
    first = []
    for routes in problem.routes:
        # Demands with the same ends share one tuple of routes.
        if id(routes) not in begins:
            begins[id(routes)] = len(paths)
            paths.extend(routes)
        first.append(begins[id(routes)])
    return paths, np.array(first, dtype=np.int64)


def _padded(rows: list[list[int]] | list[tuple[int, ...]]) -> IntArray:
    width = max((len(row) for row in rows), default=1)
    padded = np.zeros((max(1, len(rows)), width), dtype=np.int64)
    for i, row in enumerate(rows):
        padded[i, : len(row)] = row
    return padded


def _open_channels(tables: Tables, paths: list[Route]) -> BoolArray:
    """``(P, W)`` channels usable on every hop of each path."""
    channels = tables.usable.shape[2]
    opened = np.ones((max(1, len(paths)), channels), dtype=np.bool_)
    for p, path in enumerate(paths):
        for link, forward in zip(path.links, path.forward, strict=True):
            opened[p] &= tables.usable[link, 0 if forward else 1]
    return opened
