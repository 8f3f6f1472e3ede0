"""Figures: each takes data and axes and returns axes; none shows, saves or computes a plan."""

from qkdopt.report.network import plot_network
from qkdopt.report.spectrum import plot_spectrum

__all__ = ["plot_network", "plot_spectrum"]
