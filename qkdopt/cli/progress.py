"""The live line of a search: served, best plan, bound, gap, and what it is doing."""

from __future__ import annotations

from qkdopt.cli.live import LiveText
from qkdopt.optimize import Progress
from qkdopt.result.text import without_key


class LiveLine(LiveText):
    """Shows where a solve stands."""

    def __call__(self, progress: Progress) -> None:
        """Show one report; off a terminal only what changed in print."""
        self.show(progress_text(progress))


def progress_text(progress: Progress) -> str:
    """Spell what is known so far, the phase last: a narrow terminal cuts it first."""
    parts = []
    if progress.served is not None:
        parts.append(f"{progress.served} served{without_key(progress.without_key)}")
    rates = [
        f"{name} {rate / 1e3:.3f}"
        for name, rate in (("best", progress.incumbent_bps), ("bound", progress.bound_bps))
        if rate is not None
    ]
    if rates:
        parts.append(", ".join(rates) + " kbit/s")
    if progress.gap is not None:
        parts.append(f"gap {100.0 * progress.gap:.2f} %")
    known = ", ".join(parts)
    return f"{known} | {progress.phase}" if known else progress.phase
