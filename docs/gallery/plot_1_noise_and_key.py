"""
How much key a lit channel costs
================================

Raman scattering into one QKD channel, channel by channel, and what it leaves of the key rate. The
equations are those of the page *From lit channels to a key rate*.
"""

import matplotlib.pyplot as plt
import numpy as np

import qkdopt
from qkdopt.problem import build_problem

# %%
# Two nodes, 20 km apart, in preset ``paper``. The QKD channel is number 17 of 40.
network = qkdopt.Network("two nodes")
network.add_node("A")
network.add_node("B")
network.add_link("A", "B", length_km=20.0)
instance = network.instance(preset="paper", candidates=[17])
tables = build_problem(instance).tables

# %%
# ``tables.noise`` has the clicks per gate of one lightpath on each channel, by direction: along the
# quantum signal first. Light just beside the QKD channel scatters least into it, and light at
# higher frequencies (its Stokes side) more than light at lower ones.
along, against = tables.noise[0, :, :, 0]
dark = tables.blocks[0, 0]
channels = np.arange(instance.grid.channels)
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
axes.plot(channels[~dark], 1e6 * along[~dark], ".-", label="co-propagating")
axes.plot(channels[~dark], 1e6 * against[~dark], ".-", label="counter-propagating")
axes.axvline(17, color="0.6", linestyle=":", label="QKD channel")
axes.set(xlabel="lit channel", ylabel="noise [1e-6 clicks per gate]", ylim=(0, None))
axes.legend()
plt.show()

# %%
# Noise adds up, and the key rate falls convexly until it meets zero.
lit = np.arange(30)
noise = lit * along[~dark].mean()
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
axes.plot(lit, tables.skr_bps(0, noise, tables.transmittance[0, 0]) / 1e3, ".-")
axes.set(xlabel="lit channels of average noise", ylabel="key rate [kbit/s]", ylim=(0, None))
plt.show()
