r"""The linear program of links with QKD equipment, and the bound re-derived from its dual prices.

A link is in one of its states: without equipment, with any load and no key, or with equipment at a
load state :math:`s` with lightpaths :math:`m_{es}` and key :math:`g_{es}`. Over classes :math:`c`
of :math:`N_c` demands, routes :math:`p`, links :math:`e` and nodes :math:`v`:

.. math:: \min \sum_e c_e I_e + \sum_v c_v \sigma_v, \qquad I_e = \sum_s \lambda_{es}, \quad
    \sum_s \lambda_{es} + \sum_t \mu_{et} = 1

    \sum_p n_p = N_c \quad
    \sum_{p \ni e} b_c n_p = \sum_s m_{es} \lambda_{es} + \sum_t m_{et} \mu_{et} \quad [\pi_e] \quad
    \sum_{p \ni e} d_c n_p \le \sum_s g_{es} \lambda_{es} \quad [\kappa_e]

    \sum_{p \ni e,\, p \in c} n_p \le N_c I_e \quad [\rho_{ce}] \quad
    I_e \le \sigma_v \quad [\tau_{ev}], \qquad
    \sum_e I_e \ge T \quad [\omega]

Every choice of links with a plan that meets all needs is a solution of it with whole numbers: the
rate of a state is no less than that of any channels with its load, a class that asks for key
crosses no link without equipment, and links that join the ends of all such demands are at least
:math:`T`: the number of these ends, less the number of groups into which demands join them. The
rows in brackets are relaxed: for **any** prices :math:`\pi`, and
:math:`\kappa, \rho, \tau, \omega \ge 0`, adding each row times its price adds nothing positive to
the price of such a solution, so that it costs no less than the least of

.. math:: \omega T + \sum_e \min\Bigl( \min_t -\pi_e m_{et},\;
    c_e - \omega - \sum_c N_c \rho_{ce} + \sum_v \tau_{ev}
    + \min_s (-\pi_e m_{es} - \kappa_e g_{es}) \Bigr)
    + \sum_v \min\Bigl(0, c_v - \sum_e \tau_{ev}\Bigr)
    + \sum_c N_c \min_{p \in c} \sum_{e \in p} (b_c \pi_e + d_c \kappa_e + \rho_{ce})

which falls apart into links, nodes and classes, each a minimum over a list. The linear program only
proposes the prices; what counts is this sum, less a margin for its rounding: no tolerance of a
solver enters it. At the ends of demands that ask for key there is equipment in any case, which
takes the minimum with 0 away there. With the key on the route, a state with equipment must have at
least what those ask for that cross, and without equipment only others cross.

With ``relay = flow`` the key of a class, :math:`D_c = N_c d_c` in all, is a flow of its own:
:math:`f_{ce} \le D_c I_e` takes the place of the third kind of rows (a flow without circles passes
no link with more than all of itself), and the last sum has the cheapest path of
:math:`D_c \kappa_e + N_c \rho_{ce}` beside the cheapest route of :math:`b_c \pi_e`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import networkx as nx
import numpy as np

from qkdopt.bounds.key_classes import KeyClass, key_classes, key_states
from qkdopt.bounds.key_program import MARGIN
from qkdopt.problem import Problem
from qkdopt.problem.coefficients import BoolArray, IntArray
from qkdopt.problem.key_shares import MET
from qkdopt.result.dimensioning import EquipmentPrices
from qkdopt.units import FloatArray

# Whether links have equipment, where that is settled: by position of the link.
Fixed = Mapping[int, bool]
# Relative, on rates that are compared with needs.
ROUND_OFF = 1e-12


@dataclass(frozen=True)
class InstallPrices:
    """Prices of the relaxed rows, and what the relaxed solution installs.

    Parameters
    ----------
    lightpath
        ``(E, 2)`` of a lightpath with and against the quantum signal of each link.
    key
        ``(E,)`` of a unit of key of each link, not negative.
    use
        ``(C, E)`` of a class that asks for key on a link, not negative.
    end
        ``(E, 2)`` of a site at each end of a link, not negative.
    tree
        Of the least number of links, not negative.
    installed
        ``(E,)`` share of each link that the relaxed solution equips.
    """

    lightpath: FloatArray
    key: FloatArray
    use: FloatArray
    end: FloatArray
    tree: float
    installed: FloatArray


@dataclass(frozen=True)
class InstallStates:
    """What one link can be in.

    Parameters
    ----------
    without
        ``(t, 2)`` corners of the loads that it can have without equipment.
    loads
        ``(n, 2)`` lightpaths of each load state with equipment; none on a link that has no QKD.
    key
        ``(n,)`` key that can be drawn in each, in the program's unit.
    """

    without: IntArray
    loads: IntArray
    key: FloatArray


class InstallProgram:
    """The relaxation of one problem of links with QKD equipment.

    Parameters
    ----------
    problem
        The problem with QKD on every link that may have it, channels reserved only where a link
        works (:func:`qkdopt.problem.open_channels.with_open_channels`).
    prices
        What equipment costs.
    """

    def __init__(self, problem: Problem, prices: EquipmentPrices) -> None:
        self.problem = problem = replace(problem, objective="key-delivered")
        self.flow = problem.instance.qkd.relay == "flow"
        self.classes = key_classes(problem)
        links = problem.instance.network.links
        number = {node.id: v for v, node in enumerate(problem.instance.network.nodes)}
        self.nodes = len(number)
        self.ends = np.array([(number[x.a], number[x.b]) for x in links], dtype=np.int64)
        self.with_qkd = problem.tables.candidate_count > 0
        pairs = [prices.of_link(x.id) if self.with_qkd[e] else 0.0 for e, x in enumerate(links)]
        # All equipment there can be costs one.
        self.price_unit = sum(pairs) + prices.site * self.nodes or 1.0
        self.link_price = np.array(pairs) / self.price_unit
        self.site_price = prices.site / self.price_unit
        self.needed = np.zeros(self.nodes, dtype=np.bool_)
        for one in self.classes:
            if one.need_bps:
                self.needed[list(one.ends)] = True
        self.least_links = self._least_links()
        self._evaluate_states()
        self.routes = [
            (c, route)
            for c, one in enumerate(self.classes)
            for route in one.routes
            if self.flow or not one.need_bps or self.with_qkd[route[:, 0]].all()
        ]

    def _least_links(self) -> int:
        """``T``: no fewer links join the ends of all demands that ask for key."""
        graph = nx.Graph()
        graph.add_edges_from(one.ends for one in self.classes if one.need_bps)
        return len(graph) - int(nx.number_connected_components(graph)) if len(graph) else 0

    def _evaluate_states(self) -> None:
        found = key_states(self.problem, self.classes)
        rates = [float(states.rate_bps.max(initial=0.0)) for states in found]
        self.unit = max([1.0, *rates])
        self.states = []
        for e, states in enumerate(found):
            enough = states.rate_bps * (1.0 + ROUND_OFF) >= MET * states.least_bps
            if not self.with_qkd[e]:
                enough[:] = False
            self.states.append(
                InstallStates(
                    self._without(e), states.loads[enough], states.drawn_bps[enough] / self.unit
                )
            )

    def need(self, c: int) -> float:
        """Return the need of each demand of a class, in the unit of key."""
        return MET * self.classes[c].need_bps / self.unit

    def _without(self, e: int) -> IntArray:
        """``(t, 2)`` corners of a link's loads without equipment."""
        tables = self.problem.tables
        most = [0, 0]
        for one in self.classes:
            if one.need_bps and not self.flow:
                continue
            crossed = {
                int(direction) for route in one.routes for link, direction in route if link == e
            }
            for direction in crossed:
                most[direction] += one.channels * one.count
        width = int(tables.usable[e].any(axis=0).sum())
        first, second = (min(count, width) for count in most)
        corners = [(0, 0), (first, 0), (0, second)]
        if tables.fibres[0] == tables.fibres[1]:
            corners += [
                (first, min(second, width - first)), (min(first, width - second), second)
            ]  # fmt: skip
        else:
            corners.append((first, second))
        return np.array(sorted(set(corners)), dtype=np.int64)

    def value(self, prices: InstallPrices, fixed: Fixed) -> float:
        """Return what no choice of links costs less than, at these prices; in ``price_unit``.

        Infinite where it is certain that there is none.

        Parameters
        ----------
        prices
            Any prices.
        fixed
            Links of which it is settled whether they have equipment.
        """
        terms = [*self._link_terms(prices, fixed), *self._site_terms(prices, fixed)]
        terms += [*self._class_terms(prices, fixed), prices.tree * self.least_links]
        if np.inf in terms:
            return np.inf
        return float(np.sum(terms)) - MARGIN * (float(np.abs(terms).sum()) + self._size(prices))

    def _size(self, prices: InstallPrices) -> float:
        """Return the size of the numbers that the terms are made of, for their rounding."""
        counts = np.array([one.count for one in self.classes], dtype=np.float64)
        size = np.abs(counts @ prices.use).sum() + np.abs(prices.end).sum() + 1.0
        size += prices.tree * len(self.states)
        for e, states in enumerate(self.states):
            loads = np.concatenate([states.without, states.loads])
            size += float((np.abs(prices.lightpath[e]) * loads.max(axis=0)).sum())
            size += float(prices.key[e]) * float(states.key.max(initial=0.0))
        return float(size)

    def _link_terms(self, prices: InstallPrices, fixed: Fixed) -> list[float]:
        counts = np.array([one.count for one in self.classes], dtype=np.float64)
        used = counts @ prices.use
        terms = []
        for e, states in enumerate(self.states):
            options = []
            if not fixed.get(e, False):
                options.append(float((-states.without @ prices.lightpath[e]).min()))
            if len(states.loads) and fixed.get(e, True):
                worth = states.loads @ prices.lightpath[e] + prices.key[e] * states.key
                equipment = self.link_price[e] - used[e] - prices.tree + prices.end[e].sum()
                options.append(float(equipment - worth.max()))
            terms.append(min(options, default=np.inf))
        return terms

    def _site_terms(self, prices: InstallPrices, fixed: Fixed) -> list[float]:
        reduced = np.full(self.nodes, self.site_price)
        np.subtract.at(reduced, self.ends[:, 0], prices.end[:, 0])
        np.subtract.at(reduced, self.ends[:, 1], prices.end[:, 1])
        needed = self.needed.copy()
        for e, installed in fixed.items():
            if installed:
                needed[self.ends[e]] = True
        return list(np.where(needed, reduced, np.minimum(0.0, reduced)))

    def _class_terms(self, prices: InstallPrices, fixed: Fixed) -> list[float]:
        open_links = self.with_qkd.copy()
        for e, installed in fixed.items():
            open_links[e] &= installed
        terms = []
        for c, one in enumerate(self.classes):
            asks = one.need_bps > 0.0
            on_route = asks and not self.flow
            least = min(
                (
                    self._route_price(c, route, prices, asks=on_route)
                    for route in one.routes
                    if not on_route or open_links[route[:, 0]].all()
                ),
                default=np.inf,
            )
            if asks and self.flow:
                least += self._path_price(c, one, prices, open_links)
            terms.append(one.count * least)
        return terms

    def _route_price(self, c: int, route: IntArray, prices: InstallPrices, *, asks: bool) -> float:
        price = self.classes[c].channels * prices.lightpath[route[:, 0], route[:, 1]].sum()
        if asks:
            links = route[:, 0]
            price += self.need(c) * prices.key[links].sum() + prices.use[c, links].sum()
        return float(price)

    def _path_price(
        self, c: int, one: KeyClass, prices: InstallPrices, open_links: BoolArray
    ) -> float:
        """Return the cheapest path of the key of one demand of a class; infinite without one."""
        graph = nx.Graph()
        graph.add_nodes_from(range(self.nodes))
        for e in np.flatnonzero(open_links).tolist():
            first, last = self.ends[e].tolist()
            weight = self.need(c) * float(prices.key[e]) + float(prices.use[c, e])
            known = graph.get_edge_data(first, last, {"weight": np.inf})["weight"]
            graph.add_edge(first, last, weight=min(known, weight))
        try:
            return float(nx.dijkstra_path_length(graph, *one.ends))
        except nx.NetworkXNoPath:
            return float("inf")


__all__ = ["Fixed", "InstallPrices", "InstallProgram"]
