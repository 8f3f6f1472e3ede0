"""Read single values of a file; faults are collected with their places, none is raised."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

from qkdopt.errors import InstanceError
from qkdopt.instance import NodeId

LONGEST_SHOWN = 60
LONGEST_NAME = 200
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
# Python converts no text of 4,300 digits, and no quantity of a network needs a hundredth of them.
LONGEST_NUMBER = 40
# No quantity of a network is as large, in any unit; sums of such numbers stay finite.
LARGEST = 1e15
# A comparison with each of more names takes longer than a reader waits for.
MOST_COMPARED = 3_000
YES = {"yes", "y", "true", "1", "x"}
NO = {"no", "n", "false", "0", "-"}


class Reading:
    """What is found while one source is read: faults, assumptions, and what is left out.

    Parameters
    ----------
    where
        Name of the source, for messages.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self.faults: list[str] = []
        self.assumed: list[str] = []
        self._left_out: Counter[str] = Counter()

    def fault(self, text: str) -> None:
        """Keep a fault."""
        self.faults.append(text)

    def leave_out(self, what: str) -> None:
        """Note that something of the file is not used; the same note is counted."""
        self._left_out[what] += 1

    @property
    def left_out(self) -> tuple[str, ...]:
        """What is not used, with its count where it is more than one."""
        return tuple(
            what if times == 1 else f"{what} ({times:,} times)"
            for what, times in self._left_out.items()
        )

    def stop(self) -> None:
        """Raise what was found, if anything.

        Raises
        ------
        InstanceError
            With every fault.
        """
        if self.faults:
            raise InstanceError(self.where, self.faults)

    def number(
        self, value: object, where: str, *, low: float | None = None, comma: bool = False
    ) -> float | None:
        """Return a number; None where it is not given, or with a fault where it is none.

        Parameters
        ----------
        value
            Number, text or nothing.
        where
            Place and name of the value, for a fault.
        low
            Least value allowed; None for any.
        comma
            Whether a decimal comma stands for a point.
        """
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        number = _number(value, comma=comma)
        if number is None:
            self.fault(f"{where} = {shown(value)}; expected a number")
        elif low is not None and number < low:
            self.fault(f"{where} = {number:g}; expected {low:g} or more")
            return None
        return number

    def whole(self, value: object, where: str, *, low: int) -> int | None:
        """Return a whole number; None where it is not given, or with a fault.

        Parameters
        ----------
        value
            What was read.
        where
            Where it stands, for messages.
        low
            Least number that is right.
        """
        number = self.number(value, where)
        if number is None:
            return None
        if number != int(number) or number < low:
            self.fault(f"{where} = {number:g}; expected a whole number from {low}")
            return None
        return int(number)

    def flag(self, value: object, where: str) -> bool | None:
        """Return yes or no; None where it is not given, or with a fault."""
        if isinstance(value, bool) or value is None:
            return value
        text = f"{value:g}" if isinstance(value, float) else str(value).strip().lower()
        if not text:
            return None
        if text not in YES | NO:
            self.fault(f"{where} = {shown(value)}; expected yes or no")
            return None
        return text in YES

    def node_id(self, value: object, where: str) -> NodeId:
        """Return the id of a node: a whole number or a name; empty, with a fault, for others."""
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST:
            return value
        if isinstance(value, bool):
            value = None
        return self.name(value, where)

    def name(self, value: object, where: str) -> str:
        """Return the name of a node or link, without space around it; a fault where it is none."""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        text = "" if value is None or isinstance(value, dict | list) else str(value).strip()
        if not text or len(text) > LONGEST_NAME or not text.isprintable():
            expected = f"expected a name of 1 to {LONGEST_NAME} printable characters"
            self.fault(f"{where} = {shown(value)}; {expected}")
            return ""
        return text


def _number(value: object, *, comma: bool) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        if comma and text.count(",") == 1 and "." not in text:
            text = text.replace(",", ".")
        if len(text) > LONGEST_NUMBER or not NUMBER.fullmatch(text):
            return None
        value = float(text)
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            return None
        return number if math.isfinite(number) and abs(number) <= LARGEST else None
    return None


def counted(number: int, what: str) -> str:
    """Return a number and what it counts, in the plural where it is not one."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def label_of(value: object) -> str:
    """Return text to show: on one line, cut where it is long; empty for what is no text."""
    if value is None or isinstance(value, bool | dict | list):
        return ""
    text = "".join(letter if letter.isprintable() else " " for letter in str(value))
    return " ".join(text.split())[:LONGEST_NAME]


def shown(value: object) -> str:
    """Return a value as messages show it, cut where it is long."""
    try:
        text = repr(value) if isinstance(value, str | dict | list | None) else str(value)
    except (RecursionError, ValueError):
        # Nested as deeply as it could be parsed, or a whole number of thousands of digits.
        text = f"a {type(value).__name__}"
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def suggestion(name: str, among: Iterable[str]) -> str:
    """Return ``; did you mean ...?`` for the name closest to one; nothing where none is close."""
    folded = {one.casefold(): one for one in islice(among, MOST_COMPARED)}
    close = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.75)
    return f"; did you mean {folded[close[0]]}?" if close else ""
