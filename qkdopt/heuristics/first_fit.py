"""First fit: one fixed QKD channel per link, and DS-QKD (Table I of the paper)."""

from __future__ import annotations

from qkdopt.heuristics.spectrum import Spectrum, drop_below_min_rate
from qkdopt.problem import Problem
from qkdopt.problem.plan import NO_QKD, Plan


def fixed(problem: Problem) -> Plan:
    """Use one QKD channel per link, its first candidate: no resilience."""
    routes, channels = Spectrum(problem, first_candidate_only=True).first_fit()
    working = tuple(0 if count else NO_QKD for count in problem.tables.candidate_count)
    return drop_below_min_rate(problem, routes, channels, working)


def ds_qkd(problem: Problem) -> Plan:
    """Dynamic-spare QKD on a demand list, the baseline.

    Demands in file order; the first of the K shortest routes on which enough channels are
    free end to end, first fit from channel 0. A channel is free when it is dark and
    lighting it leaves every link a legal candidate. Each link then works on its best one;
    the plan is the state after all demands.
    """
    return drop_below_min_rate(problem, *Spectrum(problem).first_fit())
