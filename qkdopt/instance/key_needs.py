"""How much key a demand asks for, and whether demands share what a link has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from qkdopt.instance.base import Part, Positive

if TYPE_CHECKING:
    from qkdopt.instance.model import Instance

KeyAccounting = Literal["per-demand", "shared"]
SharedRelay = Literal["lightpath", "flow"]
"""Ways that keys which demands share are relayed."""


class KeyNeed(Part):
    """Key that a demand asks for: a rate, or bits every so many seconds."""

    rate_bps: Positive | None = None
    """Secret key [bit/s]."""
    bits: Positive | None = None
    """In place of a rate: bits of key, every ``every_s`` seconds."""
    every_s: Positive | None = None
    """Seconds between two keys; with ``bits``."""
    per: Literal["demand", "lightpath"] = "demand"
    """Whether that is for the whole demand, or for each of its lightpaths."""
    weight: Positive = 1.0
    """What meeting this need in full is worth beside others, with objective ``key-served``."""

    @property
    def stated_bps(self) -> float:
        """What is asked for [bit/s], for the demand or for each lightpath."""
        if self.rate_bps is not None:
            return self.rate_bps
        assert self.bits is not None
        assert self.every_s is not None
        return self.bits / self.every_s

    def faults(self) -> Iterator[str]:
        """Yield a fault unless a rate is given, or bits with their seconds."""
        by_bits = [name for name in ("bits", "every_s") if getattr(self, name) is not None]
        if (self.rate_bps is None) == (not by_bits) or len(by_bits) == 1:
            given = [*(["rate_bps"] if self.rate_bps is not None else []), *by_bits]
            yield (
                f"key: {' and '.join(given) or 'nothing'} given; expected rate_bps, or bits and "
                "every_s"
            )


def need_faults(instance: Instance) -> Iterator[str]:
    """Yield each rule between key needs, their accounting and the relay that is broken."""
    qkd = instance.qkd
    if qkd.relay == "flow" and qkd.key_accounting != "shared":
        yield (
            "qkd.relay = 'flow' splits a key over several paths; expected qkd.key_accounting = "
            "'shared' beside it"
        )
    if qkd.key_accounting != "shared":
        yield from _without_sharing(instance)
        return
    if qkd.relay == "widest":
        yield (
            "qkd.relay = 'widest' gives every demand the whole key of its links; expected "
            "'lightpath' or 'flow' with qkd.key_accounting = 'shared'"
        )
    floors = [str(demand.id) for demand in instance.demands if demand.min_skr_bps]
    if floors:
        yield (
            f"demands: {floors[0]}{f' and {len(floors) - 1} more' if floors[1:] else ''} with "
            "min_skr_bps, which is counted as if the links were its own; expected key.rate_bps "
            "with qkd.key_accounting = 'shared'"
        )


def _without_sharing(instance: Instance) -> Iterator[str]:
    """Yield what has no meaning where every demand is counted as if its links were its own."""
    beside = "expected qkd.key_accounting = 'shared' beside it"
    if instance.traffic is not None and instance.traffic.key is not None:
        yield f"traffic.key: requests draw on the links' keys; {beside}"
    pools = [link.id for link in instance.network.links if link.pool_bits]
    if instance.qkd.pool_bits:
        yield f"qkd.pool_bits = {instance.qkd.pool_bits:g}: nothing draws on pools; {beside}"
    elif pools:
        more = f" and {len(pools) - 1} more links" if pools[1:] else ""
        yield f"link {pools[0]}{more}: pool_bits, and nothing draws on pools; {beside}"


def share_keys(
    instance: Instance,
    *,
    rate_bps: float | None = None,
    bits: float | None = None,
    every_s: float | None = None,
    per: Literal["demand", "lightpath"] = "demand",
    relay: SharedRelay = "lightpath",
) -> Instance:
    """Return the instance with keys that demands share, and with what each asks for.

    Parameters
    ----------
    instance
        The instance.
    rate_bps
        Key that each demand asks for [bit/s].
    bits, every_s
        In its place, bits of key every so many seconds. Without either, demands ask for what they
        ask for in the instance.
    per
        Whether that is for a demand, or for each of its lightpaths.
    relay
        Whether keys are relayed along the demands' routes, or over any nodes.

    Raises
    ------
    InstanceError
        The need is no need, or the instance has demands with ``min_skr_bps``.

    Examples
    --------
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> shared = qkdopt.share_keys(line, bits=256.0, every_s=60.0, per="lightpath")
    >>> shared.qkd.key_accounting, round(shared.demands[0].need_bps, 3)
    ('shared', 4.267)
    """
    qkd = {"key_accounting": "shared", "relay": relay}
    if rate_bps is None and bits is None and every_s is None:
        return instance.replace(qkd=qkd)
    # What an earlier need says otherwise does not stay beside it; its weight does.
    need = {"rate_bps": rate_bps, "bits": bits, "every_s": every_s, "per": per}
    return instance.replace(qkd=qkd, demands={d.id: {"key": need} for d in instance.demands})


__all__ = [
    "KeyAccounting",
    "KeyNeed",
    "SharedRelay",
    "need_faults",
    "share_keys",
]
