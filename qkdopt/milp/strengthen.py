r"""(C10) Load states inside the joint MILP: they tighten its relaxation, not its solutions.

With ``h[e, m]`` for "m lightpaths disturb link e" and ``v[e, r, m]`` for "demand r is on e
while its load is m",

.. math:: \sum_m h_{em} = 1, \quad \sum_m v_{erm} = \sum_{p \ni e} x_{rp}, \quad
    \sum_r b_r v_{erm} = m h_{em}, \quad v_{erm} \le h_{em}, \quad
    \sum_{p \ni e} z_{rp} \le \sum_m g_e(m) v_{erm}

``g_e(m)`` is the link's best rate with ``m`` lit channels. Demands in the other fibre of a
pair take part in ``v`` but not in ``m``.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from qkdopt.milp.variables import JointModel


def load_states(m: JointModel) -> pyo.Block:
    """Build the load-state rows of every link with QKD."""
    block = pyo.Block(concrete=True)
    rates = {e: _best_rates(m, e) for e in m.E}
    uses = {e: sorted({r for r, _ in m.over[e]}) for e in m.E}
    block.h = pyo.Var([(e, s) for e in m.E for s in rates[e]], bounds=(0.0, 1.0))
    block.v = pyo.Var(
        [(e, r, s) for e in m.E for r in uses[e] for s in rates[e]], bounds=(0.0, 1.0)
    )
    block.rows = pyo.ConstraintList()
    for e in m.E:
        block.rows.add(sum(block.h[e, s] for s in rates[e]) == 1)
        for r in uses[e]:
            on_link = [p for demand, p in m.over[e] if demand == r]
            states = [block.v[e, r, s] for s in rates[e]]
            block.rows.add(sum(states) - sum(m.x[r, p] for p in on_link) == 0)
            if m.problem.instance.qkd.relay == "lightpath":
                best = sum(rates[e][s] * block.v[e, r, s] for s in rates[e])
                block.rows.add(sum(m.z[r, p] for p in on_link) - best <= 0)
        for s in rates[e]:
            _count_load(m, block, e, s, uses[e])
        block.rows.add(m.k[e] - sum(rates[e][s] * block.h[e, s] for s in rates[e]) <= 0)
    return block


def _count_load(m: JointModel, block: pyo.Block, e: int, load: int, uses: list[int]) -> None:
    """Add the rows that tie a load state of a link to the demands that make it."""
    carried = 0
    for r in uses:
        block.rows.add(block.v[e, r, load] - block.h[e, load] <= 0)
        if _in_quantum_fibre(m, e, r):
            carried += m.problem.instance.demands[r].channels * block.v[e, r, load]
    block.rows.add(carried - load * block.h[e, load] == 0)


def _in_quantum_fibre(m: JointModel, e: int, r: int) -> bool:
    """Return whether a demand's lightpaths over e are in the quantum signal's fibre."""
    tables = m.problem.tables
    if tables.fibres[0] == tables.fibres[1]:
        return True
    return all(
        tables.in_quantum_fibre[e, m.problem.routes[r][p].direction_over(e)]
        for demand, p in m.over[e]
        if demand == r
    )


def splits_cleanly(m: JointModel) -> bool:
    """Return whether every demand uses each link in one direction only, as the rows assume."""
    tables = m.problem.tables
    if tables.fibres[0] == tables.fibres[1]:
        return True
    for e in m.E:
        directions: dict[int, set[int]] = {}
        for r, p in m.over[e]:
            directions.setdefault(r, set()).add(m.problem.routes[r][p].direction_over(e))
        if any(len(crossed) > 1 for crossed in directions.values()):
            return False
    return True


def _best_rates(m: JointModel, e: int) -> dict[int, float]:
    """Return the best rate of a link by the number of lightpaths in the quantum signal's fibre."""
    demands = m.problem.instance.demands
    max_loads = [0, 0]
    for r in {r for r, _ in m.over[e]}:
        max_loads[0] += demands[r].channels
        max_loads[1] += demands[r].channels
    states = m.problem.load_states[e].within((max_loads[0], max_loads[1]))
    loads = states.disturbing
    return {
        int(load): min(float(states.rate_bps[loads == load].max()), m.cap_bps) / m.unit_bps
        for load in np.unique(loads)
    }
