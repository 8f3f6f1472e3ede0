"""One measurement of a QKD link: which channels were lit, and what key rate and QBER came out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, NamedTuple

from pydantic import Field

from qkdopt.instance import Candidate, Part
from qkdopt.instance.base import Index, LengthKm, LossDb, NotNegative, Positive, PowerDbm

# A channel or a range of them, and perhaps the launch power of each.
LIT = re.compile(r"(?P<first>\d+)(-(?P<last>\d+))?(@(?P<dbm>[+-]?\d+(\.\d+)?))?")
Qber = Annotated[float, Field(gt=0.0, lt=0.5)]


class LitChannel(NamedTuple):
    """A lit channel of the grid.

    Parameters
    ----------
    channel
        Number of the channel.
    launch_dbm
        Its launch power [dBm]; None for that of the measurement.
    """

    channel: Index
    launch_dbm: PowerDbm | None = None


class Measurement(Part):
    """Key rate and QBER of one QKD channel on one link beside one set of lit channels.

    Examples
    --------
    >>> from qkdopt.experiments.calibration import Measurement
    >>> row = Measurement(link="spool", length_km=20.0, channel=3, qber=0.021)
    >>> row.lit_co, row.skr_bps
    ((), None)
    """

    link: Annotated[str, Field(min_length=1)]
    """Id of a link of the instance, or any other name with a length."""
    length_km: LengthKm | None = None
    """Length [km]; None for that of the instance's link."""
    loss_db: LossDb | None = None
    """Measured loss of the fibre at the classical channels [dB]; None for the instance's."""
    channel: Candidate
    """The QKD channel: a channel of the grid, or an off-grid frequency."""
    lit_co: tuple[LitChannel, ...] = ()
    """Channels lit in the fibre of the quantum signal, in its direction."""
    lit_counter: tuple[LitChannel, ...] = ()
    """Channels lit in the fibre of the quantum signal, against its direction."""
    launch_dbm: PowerDbm | None = None
    """Power of each lit channel at the start of the link [dBm]; None for the instance's."""
    skr_bps: NotNegative | None = None
    """Secret key rate [bit/s]; 0 where there was no key, None where none was measured."""
    qber: Qber | None = None
    """Share of sifted bits that differ; None where none was measured."""
    skr_bps_se: Positive | None = None
    """Standard error of the key rate [bit/s]; None to estimate it from the scatter."""
    qber_se: Positive | None = None
    """Standard error of the QBER; None to estimate it from the scatter."""

    def faults(self) -> Iterator[str]:
        """Yield each broken rule between fields."""
        if self.skr_bps is None and self.qber is None:
            yield "neither skr_bps nor qber; expected at least one of them"
        for name in ("skr_bps", "qber"):
            if getattr(self, name) is None and getattr(self, f"{name}_se") is not None:
                yield f"{name}_se without {name}; expected both or neither"
        for name in ("lit_co", "lit_counter"):
            channels = [lit.channel for lit in getattr(self, name)]
            twice = sorted({c for c in channels if channels.count(c) > 1})
            if twice:
                yield f"{name}: channel {', '.join(map(str, twice))} twice; expected each once"
            if self.channel in channels:
                yield f"{name}: {self.channel} is the QKD channel; expected other channels"

    @property
    def lit_set(self) -> str:
        """The lit channels and their directions, the same text for the same set."""
        sides = (("co", self.lit_co), ("counter", self.lit_counter))
        words = [f"{name} {spell_lit(lit)}" for name, lit in sides if lit]
        return ", ".join(words) or "none lit"


def read_lit(text: str) -> tuple[LitChannel, ...]:
    """Read lit channels such as ``1-10 15 20@-3``: ranges, and powers in dBm behind an ``@``.

    Raises
    ------
    ValueError
        Something else.
    """
    found: list[LitChannel] = []
    for word in re.split(r"[\s,;]+", text.strip()):
        match = LIT.fullmatch(word)
        if match is None:
            if word:
                raise ValueError(f"{word!r}; expected channels such as 1-10 15 20@-3")
            continue
        first = int(match["first"])
        last = first if match["last"] is None else int(match["last"])
        if not first <= last < first + 10_000:
            raise ValueError(f"{word!r}; expected a range that rises")
        dbm = None if match["dbm"] is None else float(match["dbm"])
        found += [LitChannel(channel, dbm) for channel in range(first, last + 1)]
    return tuple(found)


def spell_lit(lit: tuple[LitChannel, ...]) -> str:
    """Spell lit channels as :func:`read_lit` reads them, neighbours as a range."""
    words: list[str] = []
    rows = sorted(lit, key=lambda row: row.channel)
    start = 0
    for k in range(1, len(rows) + 1):
        if k < len(rows) and rows[k] == (rows[k - 1].channel + 1, rows[start].launch_dbm):
            continue
        first, last, dbm = rows[start].channel, rows[k - 1].channel, rows[start].launch_dbm
        power = "" if dbm is None else f"@{dbm:g}"
        words.append((f"{first}" if first == last else f"{first}-{last}") + power)
        start = k
    return " ".join(words)
