"""Texts of a page: numbers, ranges of channels, names of any length."""

from __future__ import annotations

import re
from collections.abc import Iterable

from qkdopt.instance import Candidate, Instance

# A name is shown up to this many characters; of a longer one beginning and end.
LONGEST_NAME = 120
BEGINNING, END = 80, 30
# A passage, such as a note or a description, up to this many.
LONGEST_PASSAGE = 1200
# Rates are stated in bit/s and shown in kbit/s.
KBPS = 1e-3


# Characters that would turn the text around them, or that no page may hold.
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")


def cleaned(text: str) -> str:
    """Return a text with characters replaced that act on what stands beside it."""
    return UNSAFE.sub("\ufffd", text)


def shortened(text: object) -> str:
    """Return a text, or beginning and end of one that is too long for a page."""
    whole = cleaned(str(text))
    if len(whole) <= LONGEST_NAME:
        return whole
    return f"{whole[:BEGINNING]}… ({len(whole):,} characters) …{whole[-END:]}"


def passage(text: str) -> str:
    """Return a text of several sentences, or the beginning of one that fills a screen."""
    if len(text) <= LONGEST_PASSAGE:
        return text
    return f"{text[:LONGEST_PASSAGE]}… ({len(text):,} characters)"


def kbps(rate_bps: float) -> str:
    """Spell a rate [bit/s] in kbit/s."""
    return f"{KBPS * rate_bps:,.3f} kbit/s"


def percent(share: float, digits: int = 2) -> str:
    """Spell a share in per cent."""
    return f"{100.0 * share:.{digits}f} %"


def counted(count: int, noun: str) -> str:
    """Spell a count with its noun, in the plural unless it is one."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def ranges(numbers: Iterable[int]) -> str:
    """Spell whole numbers with their runs drawn together: ``0–3, 7``."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(
        str(low) if low == high else f"{low}, {high}" if high == low + 1 else f"{low}–{high}"
        for low, high in runs
    )


def thz(frequency_thz: float) -> str:
    """Spell a frequency."""
    return f"{frequency_thz:.10g} THz"


def candidate_name(instance: Instance, candidate: Candidate) -> str:
    """Name a candidate: its channel and frequency, or its frequency alone off the grid."""
    frequency = thz(instance.candidate_thz(candidate))
    return f"{candidate} ({frequency})" if isinstance(candidate, int) else f"off grid, {frequency}"
