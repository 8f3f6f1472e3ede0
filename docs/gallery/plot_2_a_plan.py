"""
A plan on its network
=====================

The best plan known of the main instance: 100 demands on NSFNET, with the QKD channel of every link.
"""

import matplotlib.pyplot as plt

import qkdopt

# %%
# A saved plan has routes and channels; its numbers follow from the instance, by the checker.
# (Paths are from this example's own folder.)
instance = qkdopt.read_instance("../../instances/nsfnet_100erl.json")
plan = qkdopt.read_plan("../../instances/best_known/nsfnet_100erl.json")
report = qkdopt.check(instance, plan)
print(report.ok, report.served, f"{report.objective_bps / 1e3:.2f} kbit/s in the mean")

# %%
# What the published strategy makes of the same demands, on its network and channel by channel.
result = qkdopt.solve(instance, strategy="ds-qkd")
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.4), layout="constrained")
qkdopt.plot_network(instance, result, left)
qkdopt.plot_spectrum(instance, result, right)
plt.show()

# %%
# The worst links of both, best plan first.
own = result.links_frame().set_index("link")["skr_bps"]
frame = own.to_frame("ds_qkd_bps").assign(best_known_bps=report.link_skr_bps)
print(frame.sort_values("ds_qkd_bps").head(6).round(1))
