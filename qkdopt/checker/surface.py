"""The rate of a surface, by an interpolation of the checker's own."""

from __future__ import annotations

from bisect import bisect_left

from qkdopt.instance.quantum import SurfaceGrid

# A loss this much beyond the last one [dB] is the last one, summed in another order.
ONE_LOSS_DB = 1e-6


def surface_rate(grid: SurfaceGrid, loss_db: float, noise_per_gate: float) -> float:
    """Interpolate the key rate [bit/s]: first along the noise, then along the loss.

    Parameters
    ----------
    grid
        The surface.
    loss_db
        Loss of fibre and receiver [dB].
    noise_per_gate
        Noise clicks per gate.
    """
    losses = grid.losses_db
    if loss_db > losses[-1] + ONE_LOSS_DB:
        return 0.0
    loss_db = min(max(loss_db, losses[0]), losses[-1])
    below = max(1, bisect_left(losses, loss_db))
    near, far = (_along_noise(grid, row, noise_per_gate) for row in (below - 1, below))
    # Weights of the two losses: linear in the transmittance between them.
    near_ratio, ratio, far_ratio = (
        float(10.0 ** (-0.1 * value)) for value in (losses[below - 1], loss_db, losses[below])
    )
    weight = (ratio - far_ratio) / (near_ratio - far_ratio)
    return weight * near + (1.0 - weight) * far


def _along_noise(grid: SurfaceGrid, row: int, noise_per_gate: float) -> float:
    """Return the rate [bit/s] at one loss of the grid."""
    noises, rates = grid.noises_per_gate, grid.skr_bps[row]
    if noise_per_gate > noises[-1]:
        return 0.0
    if noise_per_gate <= noises[0]:
        return rates[0]
    after = bisect_left(noises, noise_per_gate)
    width = noises[after] - noises[after - 1]
    weight = (noise_per_gate - noises[after - 1]) / width
    return (1.0 - weight) * rates[after - 1] + weight * rates[after]
