"""``qkdopt instance share-keys``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from qkdopt.cli.streams import say, validate_output, write_json
from qkdopt.instance import share_keys
from qkdopt.io import read_instance


def run_share_keys(
    path: Path,
    output: Path,
    *,
    rate_bps: float | None,
    bits: float | None,
    every_s: float | None,
    per: Literal["demand", "lightpath"],
    relay: Literal["lightpath", "flow"],
) -> None:
    """Write an instance whose demands share the keys of links, and say what they ask for.

    Parameters
    ----------
    path
        Instance file.
    output
        File to write.
    rate_bps, bits, every_s, per, relay
        See :func:`qkdopt.share_keys`.
    """
    instance = read_instance(path)
    validate_output(output)
    shared = share_keys(
        instance, rate_bps=rate_bps, bits=bits, every_s=every_s, per=per, relay=relay
    )
    write_json(output, shared.to_json_dict())
    asking = [demand.need_bps for demand in shared.demands if demand.key is not None]
    say(
        output,
        f"{output}: {len(asking)} of {len(shared.demands)} demands ask for "
        f"{sum(asking) / 1e3:.3f} kbit/s in all, relay {relay}",
    )
