"""The live line on stderr: served, incumbent, bound, gap, seconds."""

from __future__ import annotations

from qkdopt.cli.live import LiveText
from qkdopt.cli.without_key import without_key
from qkdopt.solving import Progress


class LiveLine(LiveText):
    """Shows where a solve stands."""

    _last: tuple[object, ...] = ()

    def __call__(self, progress: Progress) -> None:
        """Show one report; off a terminal only what changed in print."""
        text = progress_text(progress)
        shown = (progress.phase, *text.split("|")[1:])
        if self._live or shown != self._last:
            self._last = shown
            self.show(text)


def progress_text(progress: Progress) -> str:
    """One line: seconds and phase, then what is known so far."""
    parts = [f"{progress.seconds:6.1f} s  {progress.phase}"]
    if progress.served is not None:
        parts.append(f"served {progress.served}{without_key(progress.without_key)}")
    if progress.incumbent_bps is not None:
        parts.append(f"incumbent {progress.incumbent_bps / 1e3:.3f} kbit/s")
    if progress.bound_bps is not None:
        parts.append(f"bound {progress.bound_bps / 1e3:.3f} kbit/s")
    if progress.gap is not None:
        parts.append(f"gap {100.0 * progress.gap:.2f} %")
    return " | ".join(parts)
