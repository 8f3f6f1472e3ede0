"""Make the picture on the README's first screen: ``python docs/make_first_plan.py``."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

import qkdopt
from qkdopt.plotting import plot_network, plot_spectrum

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Solve the main instance and draw its plan."""
    mpl.use("Agg")
    instance = qkdopt.read_instance(ROOT / "instances" / "nsfnet_100erl.json")
    result = qkdopt.solve(instance, time_limit=60.0)
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(13, 4.6), width_ratios=(5, 6), layout="constrained"
    )
    plot_network(instance, result, left)
    plot_spectrum(instance, result, right)
    assert result.value is not None
    assert result.gap is not None
    assert result.baseline is not None
    assert result.baseline.gain is not None
    figure.suptitle(
        f"{instance.name}: {result.value.served} of {result.value.demands} demands, mean "
        f"{result.value.mean_skr_bps / 1e3:.2f} kbit/s, {100 * result.baseline.gain:+.1f} % over "
        f"DS-QKD, {100 * result.gap:.2f} % from the proved bound"
    )
    figure.savefig(ROOT / "docs" / "images" / "first_plan.png", dpi=110, bbox_inches="tight")


if __name__ == "__main__":
    main()
