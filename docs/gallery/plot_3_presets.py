"""
One network under two presets
=============================

How far a key reaches is a matter of hardware: launch power, filter, insertion loss. Preset
``paper`` is the reading of a study, preset ``field`` what a planner can defend.
"""

import matplotlib.pyplot as plt
import numpy as np

import qkdopt
from qkdopt.problem import build_problem

# %%
# Key rates of one link from 1 to 96 km, dark and with ten channels lit along the quantum signal.
kilometres = np.arange(1.0, 97.0, 5.0)


def rates_kbps(preset: str, lit: int) -> np.ndarray:
    """Return the key rate [kbit/s] at every length."""
    found = []
    for length_km in kilometres:
        network = qkdopt.Network("one link")
        network.add_node("A")
        network.add_node("B")
        network.add_link("A", "B", length_km=float(length_km))
        tables = build_problem(network.instance(preset=preset, candidates=[17])).tables
        noise = tables.noise[0, 0, 25 : 25 + lit, 0].sum()
        found.append(float(tables.skr_bps(0, noise, tables.transmittance[0, 0])) / 1e3)
    return np.array(found)


# %%
# Receiver-limited launch power rises with the length in ``field``, so that noise matters late
# there; its sifting and insertion loss cost key from the start.
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for preset, colour in (("paper", "C0"), ("field", "C1")):
    axes.semilogy(kilometres, rates_kbps(preset, 0), colour, label=f"{preset}, dark")
    axes.semilogy(kilometres, rates_kbps(preset, 10), f"{colour}--", label=f"{preset}, ten lit")
axes.set(xlabel="length [km]", ylabel="key rate [kbit/s]", ylim=(0.1, None))
axes.legend()
plt.show()
