"""Dynamic traffic: requests come, are served with light and key, and go."""

from qkdopt.simulate.options import ORDERS, POLICIES, RETUNING, STRATEGIES, SimulationOptions
from qkdopt.simulate.outcome import SimulationOutcome
from qkdopt.simulate.simulation import SimulationProgress, simulate
from qkdopt.simulate.statistics import Estimate
from qkdopt.simulate.trace import Trace, read_trace

__all__ = [
    "ORDERS",
    "POLICIES",
    "RETUNING",
    "STRATEGIES",
    "Estimate",
    "SimulationOptions",
    "SimulationOutcome",
    "SimulationProgress",
    "Trace",
    "read_trace",
    "simulate",
]
