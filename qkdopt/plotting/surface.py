"""Key rates of a surface against noise, a curve for each of a few losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qkdopt.plotting.styles import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from qkdopt.physics.surface import KeyRateSurface

MOST_CURVES = 8


def plot_surface(surface: KeyRateSurface, ax: Axes | None = None) -> Axes:
    """Draw key rate against noise, one curve for each of a few losses of a surface.

    Parameters
    ----------
    surface
        The surface; of many losses some are drawn, the first and the last with key among them.
    ax
        Axes to draw on; None for those of a new figure.

    Returns
    -------
    Axes
        The axes, both logarithmic; key without noise is drawn at the left edge.

    Examples
    --------
    >>> import qkdopt
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> rows = ["loss_db,noise_per_gate,skr_bps", "3,0,900", "3,1e-4,0", "6,0,400", "6,1e-4,0"]
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "surface.csv"
    ...     _ = path.write_text(chr(10).join(rows))
    ...     surface = qkdopt.read_surface(path)
    >>> [line.get_label() for line in qkdopt.plot_surface(surface).lines]
    ['3 dB', '6 dB']
    """
    ax = axes_or_new(ax)
    alive = np.flatnonzero(surface.skr_bps[:, 0] > 0.0)
    places = np.linspace(0, len(alive) - 1, min(MOST_CURVES, len(alive))).round().astype(int)
    noises = surface.noises_per_gate
    left = noises[noises > 0.0][0] / 2.0
    shades = np.linspace(0.15, 0.85, max(1, len(places)))
    for shade, k in zip(shades, alive[np.unique(places)], strict=False):
        rates = surface.skr_bps[k]
        ax.plot(
            np.maximum(noises, left),
            np.where(rates > 0.0, rates, np.nan) / 1e3,
            color=(0.1, shade, 0.75),
            label=f"{surface.losses_db[k]:.3g} dB",
        )
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="noise clicks per gate",
        ylabel="secret key rate [kbit/s]",
    )
    if len(alive):
        ax.legend(title="loss", fontsize="small")
    return ax
