"""The live line on stderr: served, incumbent, bound, gap, seconds."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TextIO

from qkdopt.solving import Progress


class LiveLine:
    """Shows progress: one line rewritten on a terminal, one line per change elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._live = self._stream.isatty()
        self._last: tuple[object, ...] = ()
        self._width = 0

    def __enter__(self) -> LiveLine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._live and self._width:
            self._stream.write("\n")
            self._stream.flush()

    def __call__(self, progress: Progress) -> None:
        """Show one report; off a terminal only what changed in print."""
        text = progress_text(progress)
        if self._live:
            self._stream.write(f"\r{text:<{self._width}}")
            self._width = len(text)
        else:
            shown = (progress.phase, *text.split("|")[1:])
            if shown == self._last:
                return
            self._last = shown
            self._stream.write(text + "\n")
        self._stream.flush()


def progress_text(progress: Progress) -> str:
    """One line: seconds and phase, then what is known so far."""
    parts = [f"{progress.seconds:6.1f} s  {progress.phase}"]
    if progress.served is not None:
        parts.append(f"served {progress.served}")
    if progress.incumbent_bps is not None:
        parts.append(f"incumbent {progress.incumbent_bps / 1e3:.3f} kbit/s")
    if progress.bound_bps is not None:
        parts.append(f"bound {progress.bound_bps / 1e3:.3f} kbit/s")
    if progress.gap is not None:
        parts.append(f"gap {100.0 * progress.gap:.2f} %")
    return " | ".join(parts)
