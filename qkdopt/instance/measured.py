"""What a measured table covers: a key rate holds at one loss, a cross-section at its offsets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qkdopt.instance.hardware import RamanTable
from qkdopt.physics import raman

if TYPE_CHECKING:
    from qkdopt.instance.model import Instance
    from qkdopt.instance.network import Link
    from qkdopt.instance.quantum import Qkd

# Losses that agree to this many dB are one loss, summed or scaled in another order.
ONE_LOSS_DB = 1e-6
LONGEST_LIST = 4


def validate_measured(instance: Instance) -> Iterator[str]:
    """Yield a fault of each measured table that does not cover the network and its grid."""
    for rates in _rates_given(instance):
        yield from _key_rate_faults(instance, rates)
        yield from _surface_faults(instance, rates)
    yield from _cross_section_faults(instance)


@dataclass(frozen=True)
class _Rates:
    """Key rates in place of the equations, and the links that have them.

    Parameters
    ----------
    where
        Part of the instance that gives them: ``qkd``, or a system.
    qkd
        What that part says, with what it has of the network's.
    links
        Their links.
    """

    where: str
    qkd: Qkd
    links: tuple[Link, ...]


def _rates_given(instance: Instance) -> Iterator[_Rates]:
    """Yield each part that gives rates in place of the equations, with the links it holds for.

    Systems that give none have the network's, and count with the links without a system.
    """
    own = [system.id for system in instance.qkd_systems or () if system.gives_rates()]
    links = instance.network.links
    yield _Rates("qkd", instance.qkd, tuple(k for k in links if k.qkd_system not in own))
    for name in own:
        chosen = tuple(link for link in links if link.qkd_system == name)
        if chosen:
            yield _Rates(f"qkd_systems.{name}", instance.qkd_of(chosen[0]), chosen)


def _key_rate_faults(instance: Instance, rates: _Rates) -> Iterator[str]:
    """Yield a fault where one key rate against noise stands for quantum channels of many losses.

    Such a table says nothing of loss: a long link would have the dark rate of a short one.
    """
    if rates.qkd.skr_table is None:
        return
    losses = sorted(_quantum_losses(instance, rates.links))
    if not losses or losses[-1][0] - losses[0][0] <= ONE_LOSS_DB:
        return
    shown = [f"{where} {loss_db:.4g} dB" for loss_db, where in _spread(losses)]
    more = len(losses) - len(shown)
    yield (
        f"{rates.where}.skr_table: links with QKD differ in loss: {', '.join(shown)}"
        f"{f' and {more} more' if more else ''}; expected one loss, the one that the table was "
        "measured at (leave skr_table out and give the protocol's parameters, which know loss; a "
        "`surface`, which has rates for each loss; or keep QKD to links of one loss)"
    )


def _surface_faults(instance: Instance, rates: _Rates) -> Iterator[str]:
    """Yield a fault where a quantum channel loses more than a surface of key rates knows."""
    surface = rates.qkd.surface
    if surface is None or not any(surface.skr_bps[-1]):
        return
    losses = [
        (loss_db + instance.qkd_of(link).insertion_loss_db, where)
        for link in rates.links
        for loss_db, where in _quantum_losses(instance, (link,))
    ]
    beyond = [row for row in sorted(losses) if row[0] > surface.losses_db[-1] + ONE_LOSS_DB]
    if beyond:
        shown = [f"{where} {loss_db:.4g} dB" for loss_db, where in _spread(beyond)]
        more = len(beyond) - len(shown)
        yield (
            f"{rates.where}.surface.losses_db: ends at {surface.losses_db[-1]:g} dB with key left; "
            f"expected to cover {', '.join(shown)}{f' and {more} more' if more else ''} (fibre and "
            "receiver together)"
        )


def _quantum_losses(instance: Instance, links: Iterable[Link]) -> Iterator[tuple[float, str]]:
    """Yield (loss [dB], where) of every link with QKD; of each candidate where they differ."""
    for link in links:
        rows = [(instance.candidate_loss_db(link, c), c) for c in instance.candidates_of(link)]
        if rows and max(rows, key=_loss)[0] - min(rows, key=_loss)[0] <= ONE_LOSS_DB:
            yield rows[0][0], link.id
        else:
            for loss_db, candidate in rows:
                yield loss_db, f"{link.id} at {instance.candidate_thz(candidate):g} THz"


def _loss(row: tuple[float, object]) -> float:
    return row[0]


def _spread(losses: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return a few of many losses: the smallest ones, and the largest at the end."""
    if len(losses) <= LONGEST_LIST:
        return losses
    return [*losses[: LONGEST_LIST - 1], losses[-1]]


def _cross_section_faults(instance: Instance) -> Iterator[str]:
    """Yield a fault where channel and candidate lie further apart than the Raman table knows."""
    profile = instance.fibre.raman_profile
    if not isinstance(profile, RamanTable) or len(profile.offset_nm) != len(profile.rho_per_km_nm):
        return
    table = raman.MeasuredCrossSection(
        offset_nm=np.array(profile.offset_nm), rho_per_km_nm=np.array(profile.rho_per_km_nm)
    )
    grid = instance.grid
    ends_thz = np.array([grid.frequency_thz(0), grid.frequency_thz(grid.channels - 1)])
    candidates = {
        instance.candidate_thz(candidate)
        for link in instance.network.links
        for candidate in instance.candidates_of(link)
    }
    if not candidates:
        return
    needed = raman.wavelength_offset_nm(ends_thz, np.array(sorted(candidates))[:, None])
    if not raman.covers(table, needed):
        low, high = profile.offset_nm[0], profile.offset_nm[-1]
        yield (
            f"fibre.raman_profile.offset_nm: {low:g} to {high:g} nm; expected to cover "
            f"{needed.min():g} to {needed.max():g} nm, quantum minus classical wavelength from "
            f"the grid's {grid.channels} channels to the QKD candidates (offsets in THz or GHz, "
            "or a grid wider than the measurement?)"
        )
