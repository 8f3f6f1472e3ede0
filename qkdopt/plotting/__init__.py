"""Figures: each takes data and axes and returns axes; none shows, saves or computes a plan."""

from qkdopt.plotting.design import plot_diagnostics, plot_pareto, plot_ranking
from qkdopt.plotting.load_curves import plot_over_load, study_figures
from qkdopt.plotting.network import plot_network
from qkdopt.plotting.published import plot_published
from qkdopt.plotting.sensitivity_curves import plot_sensitivity
from qkdopt.plotting.solvers import plot_gap_over_time, plot_performance_profile
from qkdopt.plotting.spectrum import plot_spectrum
from qkdopt.plotting.survival import plot_survival

__all__ = [
    "plot_diagnostics",
    "plot_gap_over_time",
    "plot_network",
    "plot_over_load",
    "plot_pareto",
    "plot_performance_profile",
    "plot_published",
    "plot_ranking",
    "plot_sensitivity",
    "plot_spectrum",
    "plot_survival",
    "study_figures",
]
