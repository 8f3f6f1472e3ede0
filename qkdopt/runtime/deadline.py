"""Breaks off work in Python when time is up: what builds a model, or a first plan, asks no clock.

An exception is raised in the thread that works, as Ctrl-C raises one in the main thread: at the
next line of Python, whatever library that line is of. C code that runs for long is not reached;
what may do so (a solver) has a process of its own instead (:mod:`qkdopt.adapters.isolated`).
"""

from __future__ import annotations

import ctypes
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

# How often it is looked whether time is up.
PERIOD_S = 0.05
# What swallows every exception (a callback of the garbage collector, a ``__del__``) swallows this
# one too: after so long it is raised again. Longer than unwinding takes.
AGAIN_S = 0.5
# Loggers that report whatever exception passes through their library: Pyomo's, of any component.
REPORTING = ("pyomo.core",)


class TimeUp(BaseException):
    """Time is up. No error, so that nothing which handles errors takes or reports it."""


@contextmanager
def broken_off(over: Callable[[], bool]) -> Iterator[None]:
    """Raise :class:`TimeUp` in the block as soon as ``over()`` holds.

    Inside, nothing may change what outlives the block: it may end at any line.
    """
    watchman = _Watchman(over)
    with _hooked:
        try:
            try:
                watchman.start()
                yield
            finally:
                watchman.dismiss()
        except TimeUp:
            # It may have been raised on the way into the dismissal.
            watchman.dismiss()
            raise


def within(over: Callable[[], bool], work: Callable[[], T]) -> T | None:
    """Return what the work brings; None when ``over()`` holds before it is done."""
    try:
        with broken_off(over):
            return work()
    except TimeUp:
        return None


def since(over: Callable[[], bool], seconds: float) -> Callable[[], bool]:
    """Return whether ``over()`` has held for so many seconds: for what then ends by itself."""
    first: list[float] = []

    def late() -> bool:
        if not over():
            return False
        now = time.monotonic()
        if not first:
            first.append(now)
        return now - first[0] >= seconds

    return late


def _is_other(_record: logging.LogRecord) -> bool:
    """Tell whether what is logged is about anything but time that is up."""
    return not isinstance(sys.exc_info()[1], TimeUp)


class _Hook:
    """Lets Python report no :class:`TimeUp` that was swallowed: it is raised again.

    Nor does a library report one that passes through it.

    The hook is the process's: it is set while any thread is in a block, and the last one to leave
    brings back what was there before.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks = 0
        self._before: Callable[[sys.UnraisableHookArgs], object] = sys.unraisablehook

    def __enter__(self) -> None:
        with self._lock:
            self._blocks += 1
            if self._blocks == 1:
                self._before, sys.unraisablehook = sys.unraisablehook, self._report
                for name in REPORTING:
                    logging.getLogger(name).addFilter(_is_other)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._blocks -= 1
            if self._blocks == 0:
                sys.unraisablehook = self._before
                for name in REPORTING:
                    logging.getLogger(name).removeFilter(_is_other)

    def _report(self, swallowed: sys.UnraisableHookArgs) -> None:
        if not issubclass(swallowed.exc_type, TimeUp):
            self._before(swallowed)


_hooked = _Hook()


class _Watchman(threading.Thread):
    """Looks at the clock for the thread that made it."""

    def __init__(self, over: Callable[[], bool]) -> None:
        super().__init__(name="watchman", daemon=True)
        self._over = over
        self._thread = ctypes.c_ulong(threading.get_ident())
        self._dismissed = threading.Event()
        self._has_raised = False
        self._lock = threading.Lock()

    def run(self) -> None:
        while not self._over():
            if self._dismissed.wait(PERIOD_S):
                return
        while not self._dismissed.is_set():
            self._raise()
            self._dismissed.wait(AGAIN_S)

    def _raise(self) -> None:
        with self._lock:
            if not self._dismissed.is_set():
                self._has_raised = True
                _raise_in(self._thread)

    def dismiss(self) -> None:
        """Look no longer; an exception that is on its way is taken back."""
        with self._lock:
            self._dismissed.set()
            has_raised, self._has_raised = self._has_raised, False
        if has_raised:
            # To take it back by PyThreadState_SetAsyncExc(thread, NULL) leaves Python 3.11 looking
            # for it at every step, and under a debugger or a tracer for ever. One more, in place of
            # any that is on its way, is caught here; it is raised until no callback swallows it.
            try:
                while True:
                    _raise_in(self._thread)
                    time.sleep(0.0)
            except TimeUp:
                pass


def _raise_in(thread: ctypes.c_ulong) -> None:
    """Raise :class:`TimeUp` in a thread, at its next line."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TimeUp))
