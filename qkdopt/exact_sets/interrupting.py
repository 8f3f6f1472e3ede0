"""Ctrl-C as the end of the time: a run then answers as when its limit has come."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def until_interrupted(stop: threading.Event) -> Iterator[None]:
    """Let the first Ctrl-C set a flag, so that nothing is torn; the second one is as ever.

    Whoever takes the signal already, or calls from another thread, keeps it that way.
    """
    mine = threading.current_thread() is threading.main_thread()
    if not mine or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def note(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
