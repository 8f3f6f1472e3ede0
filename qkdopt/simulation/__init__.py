"""Dynamic traffic: requests come, are served with light and key, and go."""

from qkdopt.heuristics.channel_choice import ORDERS
from qkdopt.simulation.event_outcome import Survival
from qkdopt.simulation.event_simulation import simulate_failures
from qkdopt.simulation.events import EVENTS, TARGETS, EventOptions
from qkdopt.simulation.options import POLICIES, RETUNING, STRATEGIES, SimulationOptions
from qkdopt.simulation.outcome import SimulationOutcome
from qkdopt.simulation.simulation import SimulationProgress, simulate
from qkdopt.simulation.statistics import Estimate
from qkdopt.simulation.trace import Trace, read_trace

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
    "simulate_failures",
]
