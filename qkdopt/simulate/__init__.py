"""Dynamic traffic: requests come, are served with light and key, and go."""

from qkdopt.simulate.degradation import simulate_events
from qkdopt.simulate.events import EVENTS, TARGETS, EventOptions
from qkdopt.simulate.options import ORDERS, POLICIES, RETUNING, STRATEGIES, SimulationOptions
from qkdopt.simulate.outcome import SimulationOutcome
from qkdopt.simulate.simulation import SimulationProgress, simulate
from qkdopt.simulate.statistics import Estimate
from qkdopt.simulate.survival import Survival
from qkdopt.simulate.trace import Trace, read_trace

__all__ = [
    "EVENTS",
    "ORDERS",
    "POLICIES",
    "RETUNING",
    "STRATEGIES",
    "TARGETS",
    "Estimate",
    "EventOptions",
    "SimulationOptions",
    "SimulationOutcome",
    "SimulationProgress",
    "Survival",
    "Trace",
    "read_trace",
    "simulate",
    "simulate_events",
]
