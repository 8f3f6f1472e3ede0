r"""The joint MILP over candidate sets: which channels the network keeps for QKD (C11 to C15).

The problem has every grid channel as a candidate of every link with QKD, and only the working one
reserved. Binaries ``s[q]`` choose the set, ``a[w]`` says which channels it leaves to classical
light in the fibres with quantum signals.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import pyomo.environ as pyo

from qkdopt.errors import UnsupportedError
from qkdopt.milp.build import build_joint
from qkdopt.milp.linearise import Linearised
from qkdopt.milp.plans import HALF
from qkdopt.milp.variables import JointModel
from qkdopt.problem import Problem


def build_sets(
    problem: Problem,
    segments: dict[tuple[int, int], Linearised],
    *,
    served: int | None,
    channels: int,
    exclude: Iterable[Collection[int]] = (),
) -> JointModel:
    """Build the joint MILP of a problem and of its channel set.

    Parameters
    ----------
    problem
        A problem that has all channels as candidates.
    segments
        Linearised key rates, by (link, candidate).
    served
        Number of demands that are served; None to maximise it instead.
    channels
        Number of channels in the set.
    exclude
        Sets that are excluded.

    Raises
    ------
    UnsupportedError
        A link with QKD has other candidates, or ``reserve`` is not ``working``.
    """
    validate_candidates(problem)
    m = build_joint(problem, segments, served=served)
    declare_set(m)
    m.c11_size_of_set = size_of_set(m, channels)
    m.c12_working_in_set = working_in_set(m)
    m.c13_dark_around_set = dark_around_set(m)
    m.c13_light_where_left = light_where_left(m)
    m.c14_some_channel_left = some_channel_left(m)
    m.c15_another_set = another_set(m, exclude)
    return m


def validate_candidates(problem: Problem) -> None:
    """Validate that every channel is a candidate of every link with QKD.

    Raises
    ------
    UnsupportedError
        It is not, or ``reserve`` is not ``working``.
    """
    all_channels = tuple(range(problem.instance.grid.channels))
    candidate_sets = {candidates for candidates in problem.tables.candidates if candidates}
    if candidate_sets - {all_channels} or problem.instance.qkd.reserve != "working":
        raise UnsupportedError(
            "the MILP over sets needs every channel of the grid as a candidate of every link "
            "with QKD, and reserve = working"
        )


def declare_set(m: JointModel) -> None:
    """Declare ``s[q]`` channel of the set, ``a[w]`` channel left to classical light."""
    m.W = list(range(m.problem.instance.grid.channels))
    m.s = pyo.Var(m.W, domain=pyo.Binary)
    m.a = pyo.Var(m.W, domain=pyo.Binary)


def size_of_set(m: JointModel, channels: int) -> pyo.Constraint:
    r"""Fix the size of the set to N channels (C11): :math:`\sum_q s_q = N`."""
    return pyo.Constraint(expr=sum(m.s[q] for q in m.W) == channels)


def working_in_set(m: JointModel) -> pyo.Constraint:
    r"""Restrict working channels to the set (C12): :math:`y_{eq} \le s_q`."""
    return pyo.Constraint(m.EQ, rule=lambda m, e, q: m.y[e, q] - m.s[q] <= 0)


def dark_around_set(m: JointModel) -> pyo.Constraint:
    r"""Keep guard bands of the set dark (C13): :math:`a_w + s_q \le 1` for :math:`w \in G(q)`."""
    instance = m.problem.instance
    pairs = [(w, q) for w in m.W for q in m.W if instance.is_dark_near(w, q)]
    return pyo.Constraint(pairs, rule=lambda m, w, q: m.a[w] + m.s[q] <= 1)


def light_where_left(m: JointModel) -> pyo.Constraint:
    r"""Restrict lightpaths to the channels left (C13): :math:`\sum_{(r,p) \ni e} l_{rpw} \le a_w`.

    The rows hold on every link with QKD, in the quantum signal's fibre; each also limits a channel
    there to one lightpath (C2).
    """
    tables = m.problem.tables

    def rule(m: JointModel, e: int, w: int) -> object:
        lit = [
            m.l[key]
            for direction in (0, 1)
            if tables.in_quantum_fibre[e, direction]
            for key in m.lit[e, direction, w]
        ]
        return sum(lit) - m.a[w] <= 0 if lit else pyo.Constraint.Skip

    return pyo.Constraint(m.E, m.W, rule=rule)


def some_channel_left(m: JointModel) -> pyo.Constraint:
    r"""Leave at least one channel to classical light (C14): :math:`\sum_w a_w \ge 1`."""
    return pyo.Constraint(expr=sum(m.a[w] for w in m.W) >= 1)


def another_set(m: JointModel, exclude: Iterable[Collection[int]]) -> pyo.Constraint:
    r"""Exclude sets (C15): :math:`\sum_{q \in S} s_q \le N - 1`."""
    rows = [sum(m.s[q] for q in channels) <= len(channels) - 1 for channels in exclude]
    return pyo.Constraint(range(len(rows)), rule=lambda _m, k: rows[k])


def set_of_model(m: JointModel) -> tuple[int, ...]:
    """Read the set of a solved model."""
    return tuple(q for q in m.W if m.s[q].value is not None and m.s[q].value > HALF)


def start_set(m: JointModel, channels: Collection[int]) -> None:
    """Give the set's variables the values of a set."""
    near = m.problem.instance.is_dark_near
    for w in m.W:
        m.s[w].set_value(float(w in channels))
        m.a[w].set_value(float(not any(near(w, q) for q in channels)))
