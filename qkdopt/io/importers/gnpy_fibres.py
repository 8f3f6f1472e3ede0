"""Length and loss of GNPy's fibres and splices, by themselves and joined."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from qkdopt.io.importers.values import Reading, label_of, shown

KM = {"km": 1.0, "m": 1e-3}
# Loss that is given by frequency counts in the middle of the C band.
C_BAND_HZ = 193.5e12
SPLICE = "Fused"
AMPLIFIERS = ("Edfa", "Multiband_amplifier")


@dataclass(frozen=True)
class Span:
    """Fibre, or several joined.

    Parameters
    ----------
    length_km
        Its length.
    loss_db
        Its loss with connectors; None where the file does not give the loss of all of it.
    fibres
        Number of fibres joined.
    amplifiers
        Number of amplifiers between them.
    waiting
        Amplifiers after the last fibre: between two fibres once another one follows.
    types
        Names of its fibre types, each once.
    """

    length_km: float = 0.0
    loss_db: float | None = None
    fibres: int = 0
    amplifiers: int = 0
    waiting: int = 0
    types: tuple[str, ...] = ()

    def joined(self, other: Span) -> Span:
        """Return this one with another behind it."""
        losses = [span.loss_db for span in (self, other) if span.fibres or span.loss_db is not None]
        known = None if None in losses else sum(loss for loss in losses if loss is not None)
        passed = self.waiting if other.fibres else 0
        waiting = 0 if other.fibres else self.waiting + (other.waiting if self.fibres else 0)
        return Span(
            length_km=self.length_km + other.length_km,
            loss_db=known if losses else None,
            fibres=self.fibres + other.fibres,
            amplifiers=self.amplifiers + passed,
            waiting=waiting,
            types=tuple(dict.fromkeys((*self.types, *other.types))),
        )


def span_of(uid: str, element: dict[str, Any], reading: Reading) -> Span:
    """Return length and loss of a fibre, the loss of a splice, or the count of an amplifier."""
    given = element.get("params")
    params = given if isinstance(given, dict) else {}
    if element["type"] in AMPLIFIERS:
        return Span(waiting=1)
    if element["type"] == SPLICE:
        loss = reading.number(params.get("loss"), f"{uid}: loss", low=0.0)
        if loss is None:
            reading.leave_out("loss of a Fused element that gives none")
        return Span(loss_db=loss)
    name = label_of(element.get("type_variety"))
    return replace(_fibre(uid, params, reading), types=(name,) if name else ())


def _fibre(uid: str, params: dict[str, Any], reading: Reading) -> Span:
    length = reading.number(params.get("length"), f"{uid}: length", low=0.0)
    if length is None and params.get("length") is None:
        reading.fault(f"{uid}: no length; expected params.length and params.length_units")
    unit = params.get("length_units")
    if unit is None:
        note = "length_units is missing at some fibres: km"
        if note not in reading.assumed:
            reading.assumed.append(note)
    elif not isinstance(unit, str) or unit not in KM:
        reading.fault(f"{uid}: length_units = {shown(unit)}; expected km or m")
        unit = None
    length_km = (length or 0.0) * KM["km" if unit is None else unit]
    per_km = _loss_per_km(uid, params.get("loss_coef"), reading)
    ends = [
        reading.number(params.get(key), f"{uid}: {key}", low=0.0)
        for key in ("con_in", "con_out", "att_in")
    ]
    if None in ends[:2]:
        reading.leave_out("connector loss of a fibre that gives none")
    lumped = _lumped(uid, params.get("lumped_losses"), reading)
    if per_km is None:
        return Span(length_km=length_km, fibres=1)
    loss_db = per_km * length_km + sum(end for end in ends if end is not None) + lumped
    return Span(length_km=length_km, loss_db=loss_db, fibres=1)


def _loss_per_km(uid: str, value: Any, reading: Reading) -> float | None:
    """Return the loss [dB/km] of a fibre; where it is a table, in the middle of the C band."""
    if not isinstance(value, dict):
        return reading.number(value, f"{uid}: loss_coef", low=0.0)
    losses, frequencies = value.get("value"), value.get("frequency")
    if not isinstance(losses, list) or not isinstance(frequencies, list) or not losses:
        reading.fault(f"{uid}: loss_coef = {shown(value)}; expected lists value and frequency")
        return None
    rows = [
        (reading.number(hz, f"{uid}: loss_coef.frequency"), reading.number(db, f"{uid}: loss_coef"))
        for hz, db in zip(frequencies, losses, strict=False)
    ]
    known = [(abs(hz - C_BAND_HZ), db) for hz, db in rows if hz is not None and db is not None]
    return min(known)[1] if known else None


def _lumped(uid: str, value: Any, reading: Reading) -> float:
    rows = value if isinstance(value, list) else []
    losses = [
        reading.number(row.get("loss"), f"{uid}: lumped_losses", low=0.0)
        for row in rows
        if isinstance(row, dict)
    ]
    return sum(loss for loss in losses if loss is not None)
