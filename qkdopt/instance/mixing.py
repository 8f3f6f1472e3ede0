"""Warn of launch powers at which four-wave mixing counts, where an instance leaves it out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qkdopt.instance.model import Instance

# At this power per channel and below, it is negligible beside Raman scattering.
NEGLIGIBLE_MIXING_DBM = -5.0


def mixing_warnings(instance: Instance) -> Iterator[str]:
    """Yield a warning when lit channels can mix into a candidate at a power where that counts."""
    launch_dbm = instance.classical.launch_dbm
    if launch_dbm is None or launch_dbm <= NEGLIGIBLE_MIXING_DBM:
        return
    if instance.other_noise.four_wave_mixing is not None or not _reaches_a_candidate(instance):
        return
    yield (
        f"classical: launch_dbm = {launch_dbm:g} with other_noise.four_wave_mixing off; above "
        f"{NEGLIGIBLE_MIXING_DBM:g} dBm it is no longer small beside Raman scattering: where many "
        "channels are lit, rates are too high without it"
    )


def _reaches_a_candidate(instance: Instance) -> bool:
    """Whether a product fi + fj - fk of the grid's channels may meet a candidate."""
    grid = instance.grid
    first_thz, last_thz = grid.first_thz, grid.frequency_thz(grid.channels - 1)
    low_thz, high_thz = 2.0 * first_thz - last_thz, 2.0 * last_thz - first_thz
    return any(
        low_thz <= instance.candidate_thz(candidate) <= high_thz
        for link in instance.network.links
        for candidate in instance.candidates_of(link)
    )
