"""Plots take and return axes and show what the result says."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt

import qkdopt
from qkdopt.instance.generation import new_instance
from qkdopt.plotting import plot_network, plot_spectrum
from qkdopt.plotting.spectrum import QUANTUM, spectrum_cells

mpl.use("Agg")


def test_plots_draw_every_link_and_every_working_channel():
    instance = new_instance("n", topology="nsfnet", demands=10, seed=1)
    result = qkdopt.solve(instance, strategy="ds-qkd")
    _, ax = plt.subplots()
    assert plot_network(instance, result, ax) is ax
    assert len(ax.lines) == len(instance.network.links)
    assert (spectrum_cells(instance, result) == QUANTUM).sum() == len(instance.network.links)
    assert len(plot_spectrum(instance, result).get_yticks()) == len(instance.network.links)
    plt.close("all")
