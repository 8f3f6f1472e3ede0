"""Dynamic traffic: requests come, are served with light and key, and go."""

from qkdopt.simulating.event_outcome import Survival
from qkdopt.simulating.event_simulation import simulate_events
from qkdopt.simulating.events import EVENTS, TARGETS, EventOptions
from qkdopt.simulating.options import ORDERS, POLICIES, RETUNING, STRATEGIES, SimulationOptions
from qkdopt.simulating.outcome import SimulationOutcome
from qkdopt.simulating.simulation import SimulationProgress, simulate
from qkdopt.simulating.statistics import Estimate
from qkdopt.simulating.trace import Trace, read_trace

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
