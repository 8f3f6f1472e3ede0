"""First fit: one fixed QKD channel per link, and DS-QKD (Table I of the paper)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qkdopt.heuristics.spectrum import Spectrum, drop_below_min_rate
from qkdopt.problem import Problem
from qkdopt.problem.plan import NO_QKD, Plan


def fixed(problem: Problem) -> Plan:
    """Use one QKD channel per link, its first candidate: no resilience.

    It is the first without light in place in its guard band.
    """
    tables, first = problem.tables, _first_candidates(problem)
    columns = [
        [f, *(c for c in range(count) if c != f)] if count else []
        for f, count in zip(first, tables.candidate_count.tolist(), strict=True)
    ]
    if any(first):
        ordered = replace(problem, tables=tables.restricted(columns, problem.instance))
    else:
        ordered = problem
    routes, channels = Spectrum(ordered, first_candidate_only=True).first_fit()
    working = tuple(
        f if count else NO_QKD for f, count in zip(first, tables.candidate_count, strict=True)
    )
    return drop_below_min_rate(problem, routes, channels, working)


def _first_candidates(problem: Problem) -> list[int]:
    """``(E,)`` the first candidate of each link without staying light in its guard band."""
    tables = problem.tables
    lit = np.asarray((problem.staying_light & tables.in_quantum_fibre[:, :, None]).any(axis=1))
    blocked = (tables.blocks & lit[:, None, :]).any(axis=2)
    return [int(first) for first in blocked.argmin(axis=1)]


def ds_qkd(problem: Problem) -> Plan:
    """Dynamic-spare QKD on a demand list, the baseline.

    Demands in file order; the first of the K shortest routes on which enough channels are
    free end to end, first fit from channel 0. A channel is free when it is dark and
    lighting it leaves every link a legal candidate. Each link then works on its best one;
    the plan is the state after all demands.
    """
    return drop_below_min_rate(problem, *Spectrum(problem).first_fit())
