"""Options of dimensioning, and the prices it is about."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from qkdopt.errors import UsageError
from qkdopt.instance import Instance
from qkdopt.result.dimensioning import EquipmentPrices


@dataclass(frozen=True, kw_only=True)
class DimensioningOptions:
    """Limits and settings of a run.

    Parameters
    ----------
    factor
        What all demands have to get, as a share of what they ask for.
    time_limit
        In seconds.
    seed, threads, solver
        Of search and MIP solver; ``threads`` None for all cores.
    move_limit
        Ends the search after so many moves in place of a time: a run then repeats exactly.
    """

    factor: float = 1.0
    time_limit: float = 60.0
    seed: int = 0
    threads: int | None = None
    solver: str = "highs"
    move_limit: int | None = None

    def faults(self) -> list[str]:
        """Return each option that is out of range."""
        faults = []
        if not (math.isfinite(self.factor) and self.factor > 0.0):
            faults.append(f"factor = {self.factor:g}; expected more than 0 (1 for all needs)")
        if not self.time_limit > 0.0:
            faults.append(f"time limit = {self.time_limit:g}; expected more than 0 s")
        if self.threads is not None and self.threads < 1:
            faults.append(f"threads = {self.threads}; expected at least 1")
        if self.move_limit is not None and self.move_limit < 1:
            faults.append(f"move limit = {self.move_limit}; expected at least 1")
        return faults


def prices_of(
    instance: Instance,
    transmitter: float,
    receiver: float,
    site: float,
    links: Mapping[str, float],
    faults: list[str],
) -> EquipmentPrices:
    """Validate prices, and return them.

    Parameters
    ----------
    instance
        The instance.
    transmitter, receiver, site, links
        Prices, see :func:`dimension`.
    faults
        What is wrong beside them: all faults come in one error.

    Raises
    ------
    UsageError
        With every fault.
    """
    named = {"transmitter": transmitter, "receiver": receiver, "site": site}
    named |= {f"link {name}": price for name, price in links.items()}
    faults = [*faults, *price_faults(named)]
    if instance.qkd.key_accounting != "shared" or not any(d.key for d in instance.demands):
        faults.append(
            f"{instance.name} has no keys that demands share; expected qkd.key_accounting = "
            "'shared' and demands with key (qkdopt instance share-keys)"
        )
    known = {link.id: link.qkd for link in instance.network.links}
    for name in links:
        if name not in known:
            faults.append(f"price of link {name}: no such link in {instance.name}")
        elif not known[name]:
            faults.append(f"price of link {name}, which has qkd = false; expected one that may "
                          "have QKD")  # fmt: skip
    if not faults and not any(price > 0.0 for price in named.values()):
        faults.append("all prices are 0; expected one that is more")
    if faults:
        raise UsageError("; ".join(faults))
    return EquipmentPrices(
        transmitter=float(transmitter), receiver=float(receiver), site=float(site),
        links={name: float(price) for name, price in links.items()},
    )  # fmt: skip


def price_faults(named: Mapping[str, float]) -> list[str]:
    """Return each price, by what it is of, that is no price."""
    return [
        f"price of {name} = {price:g}; expected a number from 0"
        for name, price in named.items()
        if not (math.isfinite(price) and price >= 0.0)
    ]


__all__ = ["DimensioningOptions", "price_faults", "prices_of"]
