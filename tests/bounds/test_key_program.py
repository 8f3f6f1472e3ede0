"""The linear program of shared keys against one written from its equations and solved by scipy.

Prices that are best of all give the value of the relaxation itself: a row or a column that is not
what it should be gives others.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from qkdopt.bounds.key_classes import KeyStates
from qkdopt.bounds.key_program import KeyProgram, hull_states
from qkdopt.problem import build_problem
from tests.corners.shared_keys import shared_keys

SEEDS = range(12)
# Beside the rates, in the program's unit: the solver's tolerance of 1e-7 on each of its prices.
SMALL = 1e-5


def programs(seed, relay, objective):
    """Return the program of a drawn instance where all demands with a route are served."""
    drawn = shared_keys(seed, ("single", relay, "working", objective))
    problem = build_problem(drawn.instance, objective)
    served = sum(1 for routes in problem.routes if routes)
    return KeyProgram(problem, served)


def everything(program):
    return [np.ones(len(states.loads), dtype=np.bool_) for states in program.states]


class Equations:
    """A linear program, row by row, over variables that are named as they come."""

    def __init__(self):
        self.number, self.rows = {}, {"==": [], "<=": []}

    def add(self, kind, terms, right=0.0):
        """Add the row: the sum of (factor, variable) is equal to ``right``, or at most that."""
        row = {}
        for factor, name in terms:
            k = self.number.setdefault(name, len(self.number))
            row[k] = row.get(k, 0.0) + factor
        self.rows[kind].append((row, right))

    def most(self, terms):
        """Return the most that a sum can be, all variables zero or more; None without any."""
        gain = {self.number.setdefault(name, len(self.number)): factor for factor, name in terms}
        size = len(self.number)

        def matrix(rows):
            return np.array([[row.get(k, 0.0) for k in range(size)] for row, _ in rows])

        cost = np.array([-gain.get(k, 0.0) for k in range(size)])
        equal, less = self.rows["=="], self.rows["<="]
        found = linprog(
            cost, A_eq=matrix(equal), b_eq=[right for _, right in equal], A_ub=matrix(less),
            b_ub=[right for _, right in less], method="highs",
        )  # fmt: skip
        return -found.fun if found.status == 0 else None


def relaxed(program, factor=None):
    """Solve the relaxation as its module states it: its value, None where it has no solution."""
    rows, flow = Equations(), program.problem.instance.qkd.relay == "flow"
    light, drawn, gain = {}, {}, []
    routes = [(c, p, route) for c, one in enumerate(program.classes)
              for p, route in enumerate(one.routes)]  # fmt: skip
    for c, p, route in routes:
        one = program.classes[c]
        for e, direction in route.tolist():
            light.setdefault((e, direction), []).append((one.channels, ("n", c, p)))
    for c, one in enumerate(program.classes):
        own = [(1.0, ("n", c, p)) for p in range(len(one.routes))]
        rows.add("==" if one.fixed else "<=", own, one.count)
        need = (1.0 if factor is None else factor) * one.need_bps / program.unit
        keys = key_variables(program, rows, drawn, c, flow) if need > 0.0 else []
        groups = [(own, keys)] if flow else [
            ([serves], [key for key in keys if key[1][2] == p]) for p, serves in enumerate(own)
        ]  # fmt: skip
        for serves, key in groups:
            if need > 0.0:
                asked = [(-need * count, name) for count, name in serves]
                rows.add("<=" if factor is None else "==", [*key, *asked])
        gain += [(program.gain(one), name) for _, name in keys]
    for e, states in enumerate(program.states):
        mixture = [("state", e, s) for s in range(len(states.loads))]
        rows.add("==", [(1.0, name) for name in mixture], 1.0)
        for direction in (0, 1):
            carried = [(-m, n) for m, n in zip(states.loads[:, direction], mixture, strict=True)]
            rows.add("==", [*light.get((e, direction), []), *carried])
        has = [(-g, n) for g, n in zip(states.drawn_bps / program.unit, mixture, strict=True)]
        rows.add("<=", [*drawn.get(e, []), *has])
    every = [(1.0, ("n", c, p)) for c, p, _ in routes]
    if factor is not None:
        return rows.most(every)
    rows.add("==", every, program.served)
    return rows.most(gain)


def key_variables(program, rows, drawn, c, flow):
    """Return what brings a class its key, and add what that draws of the links."""
    one, with_key = program.classes[c], program.problem.tables.candidate_count > 0
    if not flow:
        found = [p for p, route in enumerate(one.routes) if with_key[route[:, 0]].all()]
        for p in found:
            for e in one.routes[p][:, 0].tolist():
                drawn.setdefault(e, []).append((1.0, ("f", c, p)))
        return [(1.0, ("f", c, p)) for p in found]
    network = program.problem.instance.network
    position = {node.id: v for v, node in enumerate(network.nodes)}
    leaves = {v: [] for v in position.values()}
    for e in np.flatnonzero(with_key).tolist():
        a, b = position[network.links[e].a], position[network.links[e].b]
        for start, end in ((a, b), (b, a)):
            name = ("arc", c, e, start)
            drawn.setdefault(e, []).append((1.0, name))
            leaves[start].append((1.0, name))
            leaves[end].append((-1.0, name))
    leaves[one.ends[0]].append((-1.0, ("flow", c)))
    leaves[one.ends[1]].append((1.0, ("flow", c)))
    for terms in leaves.values():
        rows.add("==", terms or [(0.0, ("flow", c))])
    return [(1.0, ("flow", c))]


@pytest.mark.parametrize("relay", ["lightpath", "flow"])
@pytest.mark.parametrize("objective", ["key-delivered", "key-served"])
@pytest.mark.parametrize("seed", SEEDS)
def test_its_prices_give_the_value_of_the_relaxation(seed, objective, relay):
    program = programs(seed, relay, objective)
    expected, found = relaxed(program), program.solve(everything(program))
    assert (expected is None) == (found is None)
    if found is not None:
        value = program.value(found, everything(program))
        assert value == pytest.approx(expected, rel=1e-6, abs=SMALL)
        assert_links_are_at_their_best(program, found)


def assert_links_are_at_their_best(program, prices):
    """At the prices, what is mixed on a link is worth as much as the best of its states."""
    for e, states in enumerate(program.states):
        worth = states.loads @ prices.lightpath[e]
        worth = worth + prices.key[e] * states.drawn_bps / program.unit
        mixed = prices.loads[e] @ prices.lightpath[e]
        mixed += prices.key[e] * prices.drawn_bps[e] / program.unit
        assert mixed == pytest.approx(worth.max(), rel=1e-6, abs=SMALL)


@pytest.mark.parametrize("relay", ["lightpath", "flow"])
@pytest.mark.parametrize("factor", [0.3, 2.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_at_a_factor_it_counts_as_many_demands_as_the_relaxation(seed, factor, relay):
    program = programs(seed, relay, "key-factor")
    expected = relaxed(program, factor)
    found = program.solve(everything(program), factor)
    assert (expected is None) == (found is None)
    if found is not None:
        value = program.value(found, everything(program), factor)
        assert value == pytest.approx(expected, rel=1e-6, abs=SMALL)


def test_states_that_differ_in_one_number_have_two_ends():
    """Keys that nobody has, light in one direction: a hull of several dimensions there is not."""
    count = 50
    loads = np.column_stack([np.arange(count), np.zeros(count, dtype=np.int64)])
    nothing = np.zeros(count)
    states = KeyStates(loads, nothing, nothing, nothing)
    assert hull_states(states, np.arange(count), 1.0).tolist() == [0, count - 1]
    assert hull_states(states, np.arange(10, 45), 1.0).tolist() == [10, 44]
