"""A sign of life of ``study run``, for ``study status`` in another terminal.

The sign is a small file beside the rows, written whole about every second and taken away in the
end. One that has not been renewed for a while belonged to a run that was killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qkdopt.errors import UsageError

NAME = ".running.json"
EVERY_SECONDS = 1.0
# No sign for so long means that nobody is running.
SILENT_SECONDS = 15.0


@dataclass(frozen=True)
class Heartbeat:
    """Who runs a study, and which runs are with workers."""

    host: str
    process: int
    keys: frozenset[str]
    seconds_ago: float

    @property
    def is_fresh(self) -> bool:
        """Whether the sign is fresh."""
        return self.seconds_ago < SILENT_SECONDS


class HeartbeatWriter:
    """Gives the sign from inside ``study run``."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._last = -EVERY_SECONDS

    def beat(self, keys: list[str]) -> None:
        """Renew the sign, at most once in a while."""
        now = time.monotonic()
        if now - self._last < EVERY_SECONDS:
            return
        self._last = now
        sign = {
            "host": platform.node(), "process": os.getpid(), "at": time.time(), "keys": keys,
        }  # fmt: skip
        half = self._path.with_suffix(f".{os.getpid()}.half")
        # A full or slow disk costs a sign of life, not the runs that are out.
        with contextlib.suppress(OSError):
            half.write_text(json.dumps(sign), encoding="utf-8")
            half.replace(self._path)

    def stop(self) -> None:
        """Take the sign away, if it is our own."""
        sign = read_heartbeat(self._path.parent)
        if sign is not None and (sign.host, sign.process) == (platform.node(), os.getpid()):
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Give the sign for as long as work of several runs goes on in a folder.

    Raises
    ------
    UsageError
        Another process of this machine works there.
    """
    refuse_a_second_run(folder)
    heart, done = HeartbeatWriter(folder), threading.Event()
    heart.beat([])

    def beat() -> None:
        while not done.wait(EVERY_SECONDS):
            heart.beat([])

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        heart.stop()


def read_heartbeat(folder: Path) -> Heartbeat | None:
    """Return the latest sign of life; None where no run has left one."""
    try:
        data = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return Heartbeat(
            host=str(data["host"]),
            process=int(data["process"]),
            keys=frozenset(data["keys"]),
            seconds_ago=max(0.0, time.time() - float(data["at"])),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def refuse_a_second_run(folder: Path) -> None:
    """Let one process of this machine at a time write a folder of rows.

    A process that was killed leaves a fresh sign too, so its number must be in use; of another
    machine's process nobody here can tell, and it is let be.

    Raises
    ------
    UsageError
        Another process runs the same study; the message says which.
    """
    sign = read_heartbeat(folder)
    if sign is None or not sign.is_fresh or sign.host != platform.node():
        return
    if sign.process != os.getpid() and is_alive(sign.process):
        raise UsageError(
            f"{folder}: process {sign.process} on {sign.host} runs this already, last sign "
            f"{sign.seconds_ago:.0f} s ago; expected one run at a time"
        )


def is_alive(process: int) -> bool:
    """Whether a process of this machine has this number.

    Where the system cannot tell without ending it (Windows) its fresh sign stands for it.
    """
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # There is one, of another user.
        return True
    return True
