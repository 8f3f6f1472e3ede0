"""A line on stderr that is rewritten on a terminal, and told once a change elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self, TextIO


class LiveText:
    """Shows one line of progress."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._live = self._stream.isatty()
        self._width = 0
        self._shown = ""

    def __enter__(self) -> Self:
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

    def show(self, text: str, detail: str = "") -> None:
        """Show a text in place of the last one; the detail on a terminal only."""
        if self._live:
            text += detail
            self._stream.write(f"\r{text:<{self._width}}")
            self._width = len(text)
        elif text != self._shown:
            self._stream.write(text + "\n")
        self._shown = text
        self._stream.flush()
