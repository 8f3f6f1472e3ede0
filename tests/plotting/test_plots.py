"""Plots take and return axes and show what the result says."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt

import qkdopt
from qkdopt.instance.generation import new_instance
from qkdopt.plotting import plot_network, plot_spectrum
from qkdopt.plotting.spectrum import (
    ALONG,
    DARK,
    FOREIGN,
    QUANTUM,
    UNAVAILABLE,
    spectrum_cells,
)
from tests.small_instances import instance_of

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


def test_a_spectrum_shows_foreign_light_and_unavailable_channels():
    links = [("a", 0, 1, 10.0, {"unavailable": [3]})]
    instance = instance_of(
        links, [(0, 1)], channels=5, qkd={"candidates": [0], "guard_ghz": 100.0},
        lightpaths=[{"route": [1, 0], "channels": [2]}],
    )  # fmt: skip
    result = qkdopt.solve(instance, strategy="ds-qkd", threads=1)
    cells = spectrum_cells(instance, result)
    assert cells.tolist() == [[QUANTUM, ALONG, FOREIGN, UNAVAILABLE, DARK]]
