"""Ctrl-C and SIGTERM as the end of the time: a run then answers as when its limit has come."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


def terminate(_number: int, _frame: FrameType | None) -> None:
    """Treat SIGTERM as Ctrl-C; the command line installs it."""
    raise KeyboardInterrupt


@contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Let SIGTERM end a run as Ctrl-C does, unless this process has other plans for it.

    For programs, not for libraries: whoever calls us from their own code keeps their SIGTERM.
    """
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def graceful_sigint(stop: threading.Event) -> Iterator[None]:
    """Let the first Ctrl-C set a flag, so that nothing is torn; the second one is as ever.

    The same goes for SIGTERM on the command line. Whoever takes a signal already, ignores it (a
    shell does so for what runs in the background), or calls from another thread, keeps it so.
    """
    ours: dict[signal.Signals, Any] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: terminate,
    }
    if threading.current_thread() is not threading.main_thread():
        ours = {}
    taken = {number: old for number, old in ours.items() if signal.getsignal(number) is old}

    def note(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    for number in taken:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number, old in taken.items():
            signal.signal(number, old)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let a signal wait until the block is done: the answer of an hour is being written."""
    waiting = threading.Event()
    with graceful_sigint(waiting):
        yield


@contextmanager
def deferred_sigint() -> Iterator[None]:
    """Let Ctrl-C wait until the block is done, and block it in processes that start meanwhile.

    A process keeps the blocked signals of the thread that starts it, through ``exec`` too, until it
    unblocks them (:func:`accept_sigint`). Windows blocks no signals: the block runs as it is.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    arrived = threading.Event()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        # Another thread may still receive it, and the main thread runs the handler.
        with _noted_sigint(arrived):
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if arrived.is_set():
            signal.raise_signal(signal.SIGINT)


@contextmanager
def _noted_sigint(arrived: threading.Event) -> Iterator[None]:
    """Note Ctrl-C instead of handling it, where this thread can set handlers and one is set."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: arrived.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def accept_sigint() -> None:
    """Unblock Ctrl-C in a process that was started with :func:`deferred_sigint`."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


__all__ = [
    "accept_sigint",
    "deferred_sigint",
    "graceful_sigint",
    "sigterm_as_interrupt",
    "terminate",
    "uninterrupted",
]
