"""What an import did: what it read, what it assumed, what it left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qkdopt.instance import Instance
from qkdopt.io.importers.values import counted

WIDEST_LABEL = len("left out  ")


@dataclass(frozen=True)
class ImportReport:
    """Account of one import, in whole phrases.

    Parameters
    ----------
    source
        File, folder or name that was read.
    format
        Its format.
    read, assumed, left_out
        What the instance has from the source, what it has from elsewhere, and what of the source
        it has not.
    warnings
        What is allowed and seldom meant.
    """

    source: str
    format: str
    read: tuple[str, ...]
    assumed: tuple[str, ...]
    left_out: tuple[str, ...]
    warnings: tuple[str, ...]

    def text(self) -> str:
        """Return the account, a line a phrase."""
        lines = [f"{self.source}: {self.format}"]
        for label in ("read", "assumed", "left out", "warning"):
            name = "warnings" if label == "warning" else label.replace(" ", "_")
            for phrase in getattr(self, name):
                lines.append(f"{label:{WIDEST_LABEL}}{phrase}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the account as plain data."""
        return {
            "source": self.source,
            "format": self.format,
            "read": list(self.read),
            "assumed": list(self.assumed),
            "left_out": list(self.left_out),
            "warnings": list(self.warnings),
        }


def read_phrases(instance: Instance) -> tuple[str, ...]:
    """Return what an instance has from its source, in numbers."""
    links = instance.network.links
    lengths = [link.length_km for link in links]
    losses = [link.loss_db for link in links if link.loss_db is not None]
    own_power = sum(link.launch_dbm is not None for link in links)
    without = sum(not link.qkd for link in links)
    lightpaths = sum(demand.channels for demand in instance.demands)
    phrases = [
        f"{counted(len(instance.network.nodes), 'node')}, {counted(len(links), 'link')} of "
        f"{_range(lengths)} km",
        f"{counted(len(instance.demands), 'demand')} of {counted(lightpaths, 'lightpath')}",
    ]
    if losses:
        phrases.append(f"loss of {counted(len(losses), 'link')}: {_range(losses)} dB")
    if own_power:
        phrases.append(f"launch power of {counted(own_power, 'link')}")
    if without:
        phrases.append(f"{counted(without, 'link')} without QKD")
    return tuple(phrases)


def _range(values: list[float]) -> str:
    low, high = f"{min(values):g}", f"{max(values):g}"
    return low if low == high else f"{low} to {high}"


def some(names: list[str], most: int = 3) -> str:
    """Return the first of many names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
