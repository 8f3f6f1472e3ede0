"""What ``qkdopt resilience`` prints: two tables, each narrow enough for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qkdopt.cli.phrases import plus_minus

if TYPE_CHECKING:
    import pandas as pd

# Share -> its head, in a table of all demands and in one of those that an event touches.
OF_ALL = {
    "survived_at_event": "at event",
    "survived_after_reaction": "after reaction",
    "time_average_survived": "over time",
    "outage": "outage",
}
OF_AFFECTED = {
    "affected_survived_after_reaction": "after reaction",
    "affected_with_key": "with key",
    "restored": "restored",
}
LABELS = {"channels": "candidates", "retune": "retune", "restoration": "restoration"}


def printed(table: pd.DataFrame) -> str:
    """Spell the table: shares in per cent with the half-widths of their 95 % intervals."""
    lines = [
        "key rate that survives, of all demands [%], with 95 % intervals",
        *_blocks(table, OF_ALL),
        "",
        "of the demands that an event affects [%], with 95 % intervals",
        *_blocks(table, OF_AFFECTED),
    ]
    return "\n".join(lines)


def _blocks(table: pd.DataFrame, shares: dict[str, str]) -> Iterator[str]:
    """Yield one block for each kind of event and relay, with a column for each share."""
    for (event, relay), rows in table.groupby(["event", "relay"], sort=False):
        counts = sorted({int(count) for count in rows["events"]})
        events = " to ".join(f"{count:,}" for count in dict.fromkeys((counts[0], counts[-1])))
        yield f"{event}, relay {relay}, {events} events"
        columns = {
            head: rows[name].astype(str).tolist()
            for name, head in LABELS.items()
            if name != "restoration" or (rows[name] != "-").any()
        }
        for name, head in shares.items():
            pairs = zip(rows[f"{name}_percent"], rows[f"{name}_ci95_percent"], strict=True)
            columns[head] = [_share(value, ci95) for value, ci95 in pairs]
        yield from _aligned(columns, set(LABELS.values()))


def _aligned(columns: dict[str, list[str]], left: set[str]) -> Iterator[str]:
    """Yield head and rows of a table, labels to the left and numbers to the right."""
    widths = {head: max(map(len, (head, *cells))) for head, cells in columns.items()}
    for row in zip(*([head, *cells] for head, cells in columns.items()), strict=True):
        cells = (
            text.ljust(width) if head in left else text.rjust(width)
            for text, (head, width) in zip(row, widths.items(), strict=True)
        )
        yield "  " + "  ".join(cells).rstrip()


def _share(value: float, ci95: float) -> str:
    if math.isnan(value):
        return "-"
    # No digits of a share that is none or all of it: they would look measured.
    return (f"{value:.0f}" if value in (0.0, 100.0) else f"{value:.2f}") + plus_minus(ci95)
