"""Figures: each takes data and axes and returns axes; none shows, saves or computes a plan."""

from qkdopt.plotting.calibration import plot_calibration
from qkdopt.plotting.curves import (
    plot_over_load,
    plot_published,
    plot_sensitivity,
    plot_survival,
    study_figures,
)
from qkdopt.plotting.design import plot_diagnostics, plot_pareto, plot_ranking
from qkdopt.plotting.history import plot_history
from qkdopt.plotting.network import plot_network
from qkdopt.plotting.solvers import plot_gap_over_time, plot_performance_profile
from qkdopt.plotting.spectrum import plot_spectrum
from qkdopt.plotting.surface import plot_surface

__all__ = [
    "plot_calibration",
    "plot_diagnostics",
    "plot_gap_over_time",
    "plot_history",
    "plot_network",
    "plot_over_load",
    "plot_pareto",
    "plot_performance_profile",
    "plot_published",
    "plot_ranking",
    "plot_sensitivity",
    "plot_spectrum",
    "plot_surface",
    "plot_survival",
    "study_figures",
]
