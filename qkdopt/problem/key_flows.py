r"""Key relayed over any trusted nodes, split over several paths (``relay = flow``).

Keys of the demands from one node form a commodity; one-time pads between neighbours use up as much
key as they carry, whichever way:

.. math:: \sum_{a \in \delta^+(v)} f_{sa} - \sum_{a \in \delta^-(v)} f_{sa}
    = \sum_{r:\, s_r = s} u_r \, ([v = s] - [v = t_r]), \qquad \sum_s (f_{se} + f_{s\bar e}) \le k_e
"""

from __future__ import annotations

import networkx as nx
import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, hstack, vstack

from qkdopt.instance import Instance
from qkdopt.problem.coefficients import BoolArray
from qkdopt.problem.key_shares import CHOICE_SECONDS, Needs
from qkdopt.units import FloatArray

# Of the best solution's least factor, what a demand must be able to exceed to count as growing.
GROWS = 1e-7
# Key rates are scaled so that the largest is 1; shares below this are rounding.
TINY = 1e-9
# A factor below this, where the largest key rate and the largest share are 1, is stated anew.
LITTLE = 1e-4


class KeyFlows:
    """The flow constraints of an instance, for any key rates of its links.

    Parameters
    ----------
    instance
        The instance: its nodes, links with QKD, and the ends of its demands.
    """

    def __init__(self, instance: Instance) -> None:
        network, demands = instance.network, instance.demands
        self._demands = len(demands)
        number = {node.id: v for v, node in enumerate(network.nodes)}
        self._links = [e for e, link in enumerate(network.links) if link.qkd]
        ends = [(number[network.links[e].a], number[network.links[e].b]) for e in self._links]
        self._ends = ends
        self._pairs = [(number[demand.source], number[demand.target]) for demand in demands]
        sources = sorted({number[demand.source] for demand in demands})
        nodes, arcs = len(number), 2 * len(ends)
        incidence = coo_array(
            (
                np.tile([1.0, -1.0, -1.0, 1.0], len(ends)),
                (
                    np.array([(a, b, a, b) for a, b in ends], dtype=np.int64).reshape(-1),
                    np.array(
                        [(2 * i, 2 * i, 2 * i + 1, 2 * i + 1) for i in range(len(ends))],
                        dtype=np.int64,
                    ).reshape(-1),
                ),
            ),
            shape=(nodes, arcs),
        ).tocsr()
        self._arcs = arcs * len(sources)
        place = {source: i for i, source in enumerate(sources)}
        rows, columns, values = [], [], []
        for r, demand in enumerate(demands):
            first = nodes * place[number[demand.source]]
            rows += [first + number[demand.source], first + number[demand.target]]
            columns += [r, r]
            values += [-1.0, 1.0]
        drawn = csr_array((values, (rows, columns)), shape=(nodes * len(sources), len(demands)))
        blocks = csr_array(np.kron(np.eye(len(sources)), incidence.toarray()))
        self._balance = csr_array(hstack([blocks, drawn]))
        on_link = csr_array(
            (np.ones(arcs), (np.repeat(np.arange(len(ends)), 2), np.arange(arcs))),
            shape=(len(ends), arcs),
        )
        self._room = csr_array(
            hstack([*[on_link] * len(sources), csr_array((len(ends), len(demands)))])
        )

    def shares(
        self, objective: str, needs: Needs, served: BoolArray, rate_bps: FloatArray
    ) -> FloatArray:
        """``(R,)`` what each demand gets [bit/s], for an objective.

        Parameters
        ----------
        objective
            What counts, as for :func:`qkdopt.problem.key_shares.shares_on_routes`.
        needs
            What is asked for.
        served
            ``(R,)`` which demands have lightpaths: others get nothing.
        rate_bps
            ``(E,)`` key rate of each link [bit/s].
        """
        if not self._links or not served.any() or rate_bps.max(initial=0.0) <= 0.0:
            return np.zeros(self._demands)
        scale = float(rate_bps.max())
        room = rate_bps[self._links] / scale
        if objective not in ("key-delivered", "key-served"):
            share = np.where(served, needs.shares, 0.0)
            return self._fair(room, share / share.max(initial=1e-300)) * scale
        need_bps = np.where(served, needs.rate_bps, 0.0)
        # In units of what is asked for: a solver's tolerance is then a part of that, and not of a
        # link that may have a million times more.
        scale = float(need_bps.max())
        if scale <= 0.0:
            return need_bps
        room = np.minimum(rate_bps[self._links], need_bps.sum()) / scale
        need = need_bps / scale
        least = np.zeros(len(need))
        if objective == "key-served":
            least = np.where(self._met(room, need, needs.weight), need, 0.0)
        return self._delivered(room, need, least) * scale

    def factor(self, needs: Needs, served: BoolArray, rate_bps: FloatArray) -> float:
        """Largest factor of their needs that all demands served can have at once.

        Parameters
        ----------
        needs
            What is asked for.
        served
            ``(R,)`` which demands have lightpaths.
        rate_bps
            ``(E,)`` key rate of each link [bit/s].
        """
        share = np.where(served, needs.shares, 0.0)
        scale = float(rate_bps.max(initial=0.0))
        if not self._links or not share.any() or scale <= 0.0:
            return 0.0
        top = float(share.max())
        growing = share > 0.0
        factor, _ = self._grow(
            rate_bps[self._links] / scale, share / top, np.zeros(len(share)), growing
        )
        return factor * scale / top

    def _solve(
        self,
        cost: FloatArray,
        room: FloatArray,
        low: FloatArray,
        high: FloatArray,
        extra: csr_array | None = None,
        whole: FloatArray | None = None,
    ) -> FloatArray | None:
        """Minimise a cost of the demands' columns; ``extra`` has columns in place of theirs."""
        columns = self._demands if extra is None else extra.shape[1]
        change = csr_array(np.eye(self._demands)) if extra is None else extra
        balance = csr_array(
            hstack([self._balance[:, : self._arcs], self._balance[:, self._arcs :] @ change])
        )
        limits = csr_array(hstack([self._room[:, : self._arcs], csr_array((len(room), columns))]))
        rows = csr_array(vstack([balance, limits]))
        lower = np.concatenate([np.zeros(balance.shape[0]), np.full(len(room), -np.inf)])
        upper = np.concatenate([np.zeros(balance.shape[0]), room])
        flows = np.zeros(self._arcs)
        found = milp(
            np.concatenate([flows, cost]),
            constraints=LinearConstraint(rows, lower, upper),
            bounds=Bounds(
                np.concatenate([flows, low]), np.concatenate([np.full(self._arcs, np.inf), high])
            ),
            integrality=None if whole is None else np.concatenate([flows, whole]),
            options={"time_limit": CHOICE_SECONDS, "mip_rel_gap": 0.0} if whole is not None else {},
        )
        return None if found.x is None else np.asarray(found.x[self._arcs :])

    def _delivered(self, room: FloatArray, need: FloatArray, least: FloatArray) -> FloatArray:
        found = self._solve(-np.ones(len(need)), room, (1.0 - TINY) * least, need)
        return least if found is None else np.clip(found, 0.0, need)

    def _met(self, room: FloatArray, need: FloatArray, weight: FloatArray) -> BoolArray:
        """``(R,)`` which demands are met in full: an integer program."""
        asking = (need > 0.0).astype(np.float64)
        change = csr_array(np.diag(need))
        found = self._solve(-weight, room, np.zeros(len(need)), asking, change, np.ones(len(need)))
        return np.zeros(len(need), dtype=np.bool_) if found is None else np.asarray(found > 0.5)

    def _grow(
        self, room: FloatArray, share: FloatArray, given: FloatArray, growing: BoolArray
    ) -> tuple[float, FloatArray]:
        """Largest common factor of the growing demands, the others as given, and the shares."""
        fixed = np.where(growing, 0.0, given)
        change = csr_array(
            np.column_stack([np.where(growing, share, 0.0), np.diag(np.where(growing, 0.0, 1.0))])
        )
        low = np.concatenate([[0.0], (1.0 - TINY) * fixed])
        high = np.concatenate([[np.inf], fixed])
        cost = np.concatenate([[-1.0], np.zeros(len(share))])
        found = self._solve(cost, room, low, high, change)
        factor = 0.0 if found is None else max(0.0, float(found[0]))
        if factor < LITTLE and not fixed.any():
            factor = self._grow_little(room, share, change)
        return factor, np.where(growing, factor * share, fixed)

    def _grow_little(self, room: FloatArray, share: FloatArray, change: csr_array) -> float:
        """Largest common factor where it is within a solver's tolerance of the fastest link.

        What the demand that is worst off could have alone is the unit.
        """
        limit = self._least_alone(room, share)
        if limit <= 0.0:
            return 0.0
        low = np.zeros(1 + len(share))
        cost = np.concatenate([[-1.0], np.zeros(len(share))])
        high = np.where(cost < 0.0, np.inf, 0.0)
        # Nothing draws more of a link than all have together.
        found = self._solve(cost, np.minimum(room / limit, share.sum()), low, high, change)
        return 0.0 if found is None else limit * min(1.0, max(0.0, float(found[0])))

    def _least_alone(self, room: FloatArray, share: FloatArray) -> float:
        """Largest factor of their shares that each growing demand could have alone."""
        graph = nx.Graph()
        graph.add_nodes_from(node for pair in self._pairs for node in pair)
        for (a, b), capacity in zip(self._ends, room, strict=True):
            before = graph.get_edge_data(a, b, {"capacity": 0.0})["capacity"]
            graph.add_edge(a, b, capacity=before + float(capacity))
        return min(
            float(nx.maximum_flow_value(graph, *self._pairs[r])) / float(share[r])
            for r in np.flatnonzero(share > 0.0)
        )

    def _fair(self, room: FloatArray, share: FloatArray) -> FloatArray:
        """Max-min fair shares: all grow together, then those that can, until none can."""
        growing = share > 0.0
        given = np.zeros(len(share))
        while growing.any():
            _, given = self._grow(room, share, given, growing)
            going_on = self._can_grow(room, share, given, growing)
            # Each round stops one demand at least, whatever tolerances say.
            growing = going_on if (going_on != growing).any() else np.zeros_like(growing)
        return given

    def _can_grow(
        self, room: FloatArray, share: FloatArray, given: FloatArray, growing: BoolArray
    ) -> BoolArray:
        """``(R,)`` which growing demands can have more while no other has less.

        One linear program finds some, those that are left are tried again without them: where each
        of some demands can grow alone, a mean of these solutions lets all of them grow.
        """
        found = np.zeros(len(share), dtype=np.bool_)
        low = (1.0 - TINY) * given
        while True:
            tried = growing & ~found
            high = np.where(tried, np.inf, given)
            more = self._solve(-tried.astype(np.float64), room, low, high)
            if more is None:
                return found
            fresh = tried & (more > given + GROWS * np.maximum(given, share))
            if not fresh.any():
                return found
            found |= fresh


__all__ = ["KeyFlows"]
