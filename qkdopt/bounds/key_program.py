r"""The linear program of the bound on shared keys, and the bound re-derived from its dual prices.

Over routes :math:`p` of classes :math:`c`, and load states :math:`s` of links :math:`e` with
lightpaths :math:`m_{es}` and key :math:`g_{es}` that can be drawn:

.. math:: \max \sum_p a_c f_p, \quad f_p \le d_c n_p, \quad \sum_p n_p = S, \quad
    \sum_{p \ni e} b_c n_p = \sum_s m_{es} \lambda_{es}, \quad
    \sum_{p \ni e} f_p \le \sum_s g_{es} \lambda_{es}, \quad \sum_s \lambda_{es} = 1

At prices :math:`\pi` of lightpaths and :math:`\kappa \ge 0` of key, no plan is worth more than

.. math:: \sum_e \max_s (\pi_e \cdot m_{es} + \kappa_e g_{es}) + \max_{\sum n = S}
    \sum_c n_c \max_{p} \Bigl[ d_c \bigl(a_c - \sum_{e \in p} \kappa_e\bigr)^+
    - b_c \sum_{e \in p} \pi_e \Bigr]

which is what counts: no tolerance of a solver enters it. With ``relay = flow`` the key of a class
takes the cheapest path of all, whatever its lightpaths do.
"""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np
from scipy.spatial import ConvexHull, QhullError

from qkdopt.bounds.key_classes import KeyClass, KeyStates, key_classes, key_states
from qkdopt.bounds.linear_program import Columns, LinearSolution
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import BoolArray, IntArray
from qkdopt.units import FloatArray

# Relative margin on the sum of a few thousand terms in double precision.
MARGIN = 1e-9
# Up to so many states a link are all columns; of more those on the convex hull are.
FEW_STATES = 12


@dataclass
class Prices:
    """Dual prices, and what the relaxed solution does with the links.

    Parameters
    ----------
    lightpath
        ``(E, 2)`` of a lightpath with and against the quantum signal of each link.
    key
        ``(E,)`` of a bit/s of each link, not negative.
    loads
        ``(E, 2)`` lightpaths of the relaxed solution.
    drawn_bps
        ``(E,)`` key that its mixture of states lets be drawn.
    spread
        ``(E, 2)`` standard deviation of the loads that are mixed.
    """

    lightpath: FloatArray
    key: FloatArray
    loads: FloatArray
    drawn_bps: FloatArray
    spread: FloatArray


class KeyProgram:
    """The relaxation of one problem at one number served.

    Parameters
    ----------
    problem
        The problem, with an objective about shared keys.
    served
        ``S``, how many demands plans serve.
    """

    def __init__(self, problem: Problem, served: int) -> None:
        self.problem, self.served = problem, served
        self.classes = key_classes(problem)
        self.states = key_states(problem, self.classes)
        self._flow = problem.instance.qkd.relay == "flow"
        self._with_key = problem.tables.candidate_count > 0
        self.unit = max([1.0, *(float(s.rate_bps.max(initial=0.0)) for s in self.states)])
        self.routes = [(c, route) for c, one in enumerate(self.classes) for route in one.routes]
        nodes = {node.id: v for v, node in enumerate(problem.instance.network.nodes)}
        self._nodes = len(nodes)
        self._ends = [
            (nodes[link.a], nodes[link.b]) if self._with_key[e] else None
            for e, link in enumerate(problem.instance.network.links)
        ]
        self._hull: dict[tuple[int, bytes], IntArray] = {}

    def gain(self, one: KeyClass) -> float:
        """``a_c``: what a bit/s of key of a class adds to the objective."""
        if self.problem.objective == "key-served":
            return one.value_bps / one.need_bps if one.need_bps else 0.0
        return 1.0

    def solve(self, allowed: list[BoolArray], factor: float | None = None) -> Prices | None:
        """Solve the linear program for its prices; None where it has no solution.

        Parameters
        ----------
        allowed
            Load states of each link to choose from.
        factor
            For ``key-factor``, what every demand served gets of its need: then as many as can be
            are served, in place of ``S``.
        """
        chosen = [self._columns_of(e, mask) for e, mask in enumerate(allowed)]
        if not all(len(columns) for columns in chosen):
            return None
        program = _Rows(self, factor)
        first = len(program.columns)
        for e, columns in enumerate(chosen):
            states = self.states[e]
            for s in columns:
                program.add_state(e, states.loads[s], float(states.drawn_bps[s]) / self.unit)
        found = program.solve()
        if found is None:
            return None
        values, duals = found.value, found.dual
        links = len(self.states)
        loads, drawn = np.zeros((links, 2)), np.zeros(links)
        spread = np.zeros((links, 2))
        place = first
        for e, columns in enumerate(chosen):
            mixture = values[place : place + len(columns)]
            place += len(columns)
            loads[e] = mixture @ self.states[e].loads[columns]
            drawn[e] = mixture @ self.states[e].drawn_bps[columns]
            apart = self.states[e].loads[columns] - loads[e]
            spread[e] = np.sqrt(np.maximum(0.0, mixture @ apart**2))
        lightpath = -duals[: 2 * links].reshape(links, 2)
        key = np.maximum(0.0, -duals[2 * links : 3 * links])
        return Prices(lightpath, key, loads, drawn, spread)

    def value(self, prices: Prices, allowed: list[BoolArray], factor: float | None = None) -> float:
        """Return what no plan exceeds at these prices; -inf where no states are left.

        Prices and value are in units of ``unit``, with a factor in demands.

        Parameters
        ----------
        prices
            Any prices.
        allowed
            Load states of each link to choose from.
        factor
            As for :meth:`solve`.
        """
        total = size = 0.0
        for e, (states, mask) in enumerate(zip(self.states, allowed, strict=True)):
            if not mask.any():
                return -np.inf
            worth = states.loads[mask] @ prices.lightpath[e]
            worth = worth + prices.key[e] * states.drawn_bps[mask] / self.unit
            best = float(worth.max())
            total, size = total + best, size + abs(best)
        served, weight = self._demand_part(prices, factor)
        return total + served + MARGIN * (size + weight)

    def _demand_part(self, prices: Prices, factor: float | None) -> tuple[float, float]:
        """Return what demands are worth at their best routes, and the size of its terms."""
        distance = self._distances(prices.key) if self._flow else None
        must: list[tuple[float, int]] = []
        free: list[tuple[float, int]] = []
        for one in self.classes:
            reward = max(
                (self._reward(one, route, prices, factor, distance) for route in one.routes),
                default=-np.inf,
            )
            (must if one.fixed else free).append((reward, one.count))
        total = sum(count * reward for reward, count in must)
        size = sum(count * abs(reward) for reward, count in must)
        left = self.served - sum(count for _, count in must)
        for reward, count in sorted(free, reverse=True):
            taken = count if factor is not None else min(count, left)
            if factor is not None and reward <= 0.0:
                break
            if reward == -np.inf and taken:
                return -np.inf, 0.0
            if taken:
                total, size, left = total + taken * reward, size + taken * abs(reward), left - taken
        return total, size

    def _reward(
        self,
        one: KeyClass,
        route: IntArray,
        prices: Prices,
        factor: float | None,
        distance: FloatArray | None,
    ) -> float:
        light = one.channels * float(prices.lightpath[route[:, 0], route[:, 1]].sum())
        if distance is not None:
            key = float(distance[one.ends])
        else:
            key = (
                float(prices.key[route[:, 0]].sum())
                if self._with_key[route[:, 0]].all()
                else np.inf
            )
        need = one.need_bps / self.unit
        if factor is not None:
            return 1.0 - light - (factor * need * key if need else 0.0)
        return max(0.0, need * (self.gain(one) - key)) - light

    def _distances(self, key: FloatArray) -> FloatArray:
        """``(V, V)`` cheapest key between nodes over links with QKD; infinite without any."""
        graph = nx.Graph()
        graph.add_nodes_from(range(self._nodes))
        for e, ends in enumerate(self._ends):
            if ends is not None:
                known = graph.get_edge_data(*ends, {"weight": np.inf})["weight"]
                graph.add_edge(*ends, weight=min(known, float(key[e])))
        distance = np.full((self._nodes, self._nodes), np.inf)
        for node, found in nx.all_pairs_dijkstra_path_length(graph):
            for other, length in found.items():
                distance[node, other] = length
        return distance

    def _columns_of(self, e: int, mask: BoolArray) -> IntArray:
        """Numbers of the states that are columns: all of few, else those on the convex hull."""
        key = e, mask.tobytes()
        if key not in self._hull:
            if len(self._hull) > 4000:
                self._hull.clear()
            self._hull[key] = hull_states(self.states[e], np.flatnonzero(mask), self.unit)
        return self._hull[key]


def hull_states(states: KeyStates, numbers: IntArray, unit: float) -> IntArray:
    """Return the numbers of load states that are columns: all of few, else the convex hull's.

    Parameters
    ----------
    states
        Load states of a link.
    numbers
        Which of them there are.
    unit
        Key that counts as one [bit/s].
    """
    if len(numbers) <= FEW_STATES:
        return numbers
    points = np.column_stack([states.loads[numbers], 100.0 * states.drawn_bps[numbers] / unit])
    spread = points.max(axis=0) - points.min(axis=0)
    varied = spread > 1e-9
    if varied.sum() < 2:
        ends = [
            int(points[:, varied].sum(axis=1).argmin()),
            int(points[:, varied].sum(axis=1).argmax()),
        ]
        return np.unique(numbers[ends])
    try:
        return np.sort(numbers[ConvexHull(points[:, varied]).vertices])
    except QhullError:
        return numbers


class _Rows:
    """Rows of the linear program, and the columns that enter them.

    Rows are: 2 a link for lightpaths, 1 a link for key, 1 a link for its mixture of states, 1 a
    class for its demands, 1 a route for the key of those on it, 1 for the number served. With
    ``relay = flow`` there is 1 a class for its key in place of one a route, which may be anywhere,
    and the balance of keys from every source at every node.
    """

    def __init__(self, program: KeyProgram, factor: float | None) -> None:
        self._program, self._factor = program, factor
        links, classes = len(program.states), len(program.classes)
        self._key, self._mix = 2 * links, 3 * links
        self._class = 4 * links
        self._needed = self._class + classes
        # Key of one route for lightpaths of another is no plan, and one row for all routes of a
        # class allows it.
        self._served = self._needed + (classes if program._flow else len(program.routes))
        self._balance = self._served + 1
        sources = sorted({one.ends[0] for one in program.classes}) if program._flow else []
        self._source = {v: self._balance + i * program._nodes for i, v in enumerate(sources)}
        self.rows = self._balance + len(sources) * program._nodes
        self.columns = Columns()
        for p, (c, route) in enumerate(program.routes):
            self._add_route(c, route, self._needed + (c if program._flow else p))
        if program._flow:
            self._add_flows()

    def _add_route(self, c: int, route: IntArray, needed: int) -> None:
        program, factor = self._program, self._factor
        one = program.classes[c]
        need = one.need_bps / program.unit
        with_key = bool(program._with_key[route[:, 0]].all())
        rows = [int(2 * e + direction) for e, direction in route] + [self._class + c, self._served]
        values = [float(one.channels)] * len(route) + [1.0, 1.0]
        if factor is not None:
            if need and not program._flow:
                if not with_key:
                    return
                rows += [self._key + int(e) for e in route[:, 0]]
                values += [factor * need] * len(route)
            if program._flow:
                rows.append(needed)
                values.append(-factor * need)
            self.columns.add(-1.0, rows, values)
            return
        self.columns.add(0.0, [*rows, needed], [*values, -need])
        if not program._flow and with_key and need:
            rows = [self._key + int(e) for e in route[:, 0]] + [needed]
            self.columns.add(-program.gain(one), rows, [1.0] * len(rows))

    def _add_flows(self) -> None:
        program = self._program
        for first in self._source.values():
            for e, ends in enumerate(program._ends):
                if ends is None:
                    continue
                for start, end in (ends, ends[::-1]):
                    rows = [self._key + e, first + start, first + end]
                    self.columns.add(0.0, rows, [1.0, 1.0, -1.0])
        for c, one in enumerate(program.classes):
            if not one.need_bps:
                continue
            first = self._source[one.ends[0]]
            rows = [self._needed + c, first + one.ends[0], first + one.ends[1]]
            gain = 0.0 if self._factor is not None else program.gain(one)
            self.columns.add(-gain, rows, [1.0, -1.0, 1.0])

    def add_state(self, e: int, loads: IntArray, drawn: float) -> None:
        """Append one load state of a link."""
        rows = [2 * e, 2 * e + 1, self._key + e, self._mix + e]
        values = [-float(loads[0]), -float(loads[1]), -drawn, 1.0]
        self.columns.add(0.0, rows, values, high=1.0)

    def solve(self) -> LinearSolution | None:
        """Return the optimal solution; None without one."""
        program, infinity = self._program, np.inf
        low, high = np.zeros(self.rows), np.zeros(self.rows)
        low[self._key : self._mix] = -infinity
        low[self._mix : self._class] = high[self._mix : self._class] = 1.0
        for c, one in enumerate(program.classes):
            low[self._class + c] = one.count if one.fixed else 0.0
            high[self._class + c] = one.count
        # Where keys have a factor they are equal to it, and where not at most what is asked for.
        equal = self._factor is not None
        low[self._needed : self._served] = 0.0 if equal else -infinity
        low[self._served] = -infinity if equal else program.served
        high[self._served] = infinity if equal else program.served
        return self.columns.cheapest(low, high)


__all__ = ["KeyProgram", "Prices", "hull_states"]
