"""Units of traffic by the names that files give them."""

from __future__ import annotations

import re

PREFIXES = {"k": 1e-6, "m": 1e-3, "g": 1.0, "t": 1e3}
UNIT = re.compile(r"([kmgt])(?:i?bits?|bps|b/s|bit/s)(?:/s|ps|persec(?:ond)?|/sec)?")


def gbps_of(name: str | None) -> float | None:
    """Return the Gbit/s of one unit, such as ``Gbps`` or ``MBITPERSEC``; None for no known unit."""
    text = re.sub(r"[\s_]", "", (name or "").lower())
    found = UNIT.fullmatch(text)
    return PREFIXES[found[1]] if found else None
