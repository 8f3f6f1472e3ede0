"""The linear program of links with QKD equipment in columns, solved for its dual prices."""

from __future__ import annotations

import numpy as np

from qkdopt.bounds.install_program import Fixed, InstallPrices, InstallProgram
from qkdopt.bounds.key_classes import KeyStates
from qkdopt.bounds.key_program import hull_states
from qkdopt.bounds.linear_program import Columns
from qkdopt.problem.coefficients import IntArray
from qkdopt.units import FloatArray

# What leaving all demands of a class out costs, where all equipment costs 1: the program always has
# a solution, and prices that tell where there is none without it.
LEFT_OUT = 1e4


def solve_for_prices(program: InstallProgram, fixed: Fixed) -> InstallPrices | None:
    """Solve the linear program for its prices; None where the solver fails.

    Parameters
    ----------
    program
        The program.
    fixed
        Links of which it is settled whether they have equipment.
    """
    return _Rows(program, fixed).solve()


class _Rows:
    """Rows of the linear program, and the columns that enter them.

    Rows are: 2 a link for lightpaths, 1 a link for key, 1 a link for its mixture of states, 1 a
    link for its equipment, 2 a link for the sites at its ends, 1 a class and link for equipment
    where its key goes, 1 a class for its demands, 1 for the number of links, and with
    ``relay = flow`` the balance of each class's key at every node.
    """

    def __init__(self, program: InstallProgram, fixed: Fixed) -> None:
        self._program, self._fixed = program, fixed
        links, classes = len(program.states), len(program.classes)
        self._key, self._mix, self._equip = 2 * links, 3 * links, 4 * links
        self._end, self._use = 5 * links, 7 * links
        self._class = self._use + classes * links
        self._tree = self._class + classes
        self._balance = self._tree + 1
        self.rows = self._balance + (classes * program.nodes if program.flow else 0)
        self._columns = Columns()
        self._installing: list[tuple[int, int]] = []
        self._columns.add(LEFT_OUT, [self._tree], [1.0])
        self._add_sites()
        for e in range(links):
            self._add_states(e)
        for c, route in program.routes:
            self._add_route(c, route)
        for c, one in enumerate(program.classes):
            self._columns.add(LEFT_OUT, [self._class + c], [1.0])
            if program.flow and one.need_bps:
                self._add_key(c)

    def _add_sites(self) -> None:
        program = self._program
        for v in range(program.nodes):
            rows = [
                self._end + 2 * e + side
                for e, ends in enumerate(program.ends)
                for side in (0, 1)
                if ends[side] == v and program.with_qkd[e]
            ]
            low = 1.0 if program.needed[v] else 0.0
            self._columns.add(program.site_price, rows, [-1.0] * len(rows), low, 1.0)

    def _add_states(self, e: int) -> None:
        program, settled = self._program, self._fixed.get(e)
        states, mix = program.states[e], self._mix + e
        if settled is not True:
            for loads in states.without:
                self._columns.add(
                    0.0, [2 * e, 2 * e + 1, mix], [-float(loads[0]), -float(loads[1]), 1.0]
                )
        if settled is False or not len(states.loads):
            return
        self._add_equipment(e)
        listed = KeyStates(states.loads, states.key, states.key, states.key)
        for s in hull_states(listed, np.arange(len(states.loads)), 1.0):
            loads = states.loads[s]
            rows = [2 * e, 2 * e + 1, self._key + e, mix, self._equip + e]
            values = [-float(loads[0]), -float(loads[1]), -float(states.key[s]), 1.0, -1.0]
            self._columns.add(0.0, rows, values)

    def _add_equipment(self, e: int) -> None:
        """Append the share of a link with equipment: the sum of its states with it."""
        program = self._program
        asking = [c for c, one in enumerate(program.classes) if one.need_bps]
        self._installing.append((e, len(self._columns)))
        rows = [self._equip + e, self._end + 2 * e, self._end + 2 * e + 1]
        rows += [self._tree, *(self._use_row(c, e) for c in asking)]
        self._columns.add(
            float(program.link_price[e]), rows, [1.0, 1.0, 1.0, 1.0, *[-1.0] * len(asking)]
        )

    def _use_row(self, c: int, e: int) -> int:
        return self._use + c * len(self._program.states) + e

    def _add_route(self, c: int, route: IntArray) -> None:
        program = self._program
        one = program.classes[c]
        rows = [int(2 * e + direction) for e, direction in route] + [self._class + c]
        values = [float(one.channels)] * len(route) + [1.0]
        if one.need_bps and not program.flow:
            links = [int(e) for e in route[:, 0]]
            if any(self._fixed.get(e) is False for e in links):
                return
            rows += [self._key + e for e in links] + [self._use_row(c, e) for e in links]
            values += [program.need(c)] * len(links) + [1.0 / one.count] * len(links)
        self._columns.add(0.0, rows, values)

    def _add_key(self, c: int) -> None:
        """Append the flow of a class's key, as a share of all of it."""
        program = self._program
        one, first = program.classes[c], self._balance + c * program.nodes
        amount = program.need(c) * one.count
        for e in np.flatnonzero(program.with_qkd).tolist():
            if self._fixed.get(e) is False:
                continue
            for start, end in (program.ends[e], program.ends[e][::-1]):
                rows = [self._key + e, self._use_row(c, e), first + int(start), first + int(end)]
                self._columns.add(0.0, rows, [amount, 1.0, 1.0, -1.0])
        self._columns.add(
            LEFT_OUT, [first + one.ends[0], first + one.ends[1]], [1.0, -1.0], 0.0, 1.0
        )

    def _limits(self) -> tuple[FloatArray, FloatArray]:
        program = self._program
        low, high = np.zeros(self.rows), np.zeros(self.rows)
        low[self._key : self._mix] = -np.inf
        low[self._mix : self._equip] = high[self._mix : self._equip] = 1.0
        low[self._end : self._class] = -np.inf
        low[self._tree], high[self._tree] = program.least_links, np.inf
        for c, one in enumerate(program.classes):
            low[self._class + c] = high[self._class + c] = one.count
            if program.flow and one.need_bps:
                first = self._balance + c * program.nodes
                source, target = (first + end for end in one.ends)
                low[source] = high[source] = 1.0
                low[target] = high[target] = -1.0
        return low, high

    def solve(self) -> InstallPrices | None:
        """Return the prices of the relaxed rows; None where the solver fails."""
        low, high = self._limits()
        found = self._columns.cheapest(low, high)
        return None if found is None else self._prices(found.value, found.dual)

    def _prices(self, values: FloatArray, duals: FloatArray) -> InstallPrices:
        program = self._program
        links, classes = len(program.states), len(program.classes)
        counts = np.array([one.count for one in program.classes], dtype=np.float64)
        installed = np.zeros(links)
        for e, column in self._installing:
            installed[e] = values[column]
        use = -duals[self._use : self._class].reshape(classes, links) / counts[:, None]
        return InstallPrices(
            lightpath=-duals[: self._key].reshape(links, 2),
            key=np.maximum(0.0, -duals[self._key : self._mix]),
            use=np.maximum(0.0, use),
            end=np.maximum(0.0, -duals[self._end : self._use].reshape(links, 2)),
            tree=max(0.0, float(duals[self._tree])),
            installed=installed,
        )


__all__ = ["solve_for_prices"]
