"""Heartbeat of ``study run``, for ``study status`` in another terminal.

The heartbeat is a small file beside the rows, written whole about every second and removed at the
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
# A heartbeat older than this belongs to no running process.
STALE_SECONDS = 15.0


@dataclass(frozen=True)
class Heartbeat:
    """Process that runs a study, and the runs that workers have."""

    host: str
    process: int
    keys: frozenset[str]
    seconds_ago: float

    @property
    def is_fresh(self) -> bool:
        """Tell whether the heartbeat is recent."""
        return self.seconds_ago < STALE_SECONDS


class HeartbeatWriter:
    """Writes the heartbeat of ``study run``."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._last = -EVERY_SECONDS

    def beat(self, keys: list[str]) -> None:
        """Renew the heartbeat, at most once in :data:`EVERY_SECONDS`."""
        now = time.monotonic()
        if now - self._last < EVERY_SECONDS:
            return
        self._last = now
        heartbeat = {
            "host": platform.node(), "process": os.getpid(), "at": time.time(), "keys": keys,
        }  # fmt: skip
        temporary = self._path.with_suffix(f".{os.getpid()}.half")
        # A full or slow disk costs a heartbeat, not the runs under way.
        with contextlib.suppress(OSError):
            temporary.write_text(json.dumps(heartbeat), encoding="utf-8")
            temporary.replace(self._path)

    def stop(self) -> None:
        """Remove the heartbeat, if this process wrote it."""
        heartbeat = read_heartbeat(self._path.parent)
        if heartbeat is not None and (heartbeat.host, heartbeat.process) == (
            platform.node(),
            os.getpid(),
        ):
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Lock a folder by a heartbeat for as long as several runs go on in it.

    Raises
    ------
    UsageError
        Another process of this machine works there.
    """
    validate_single_run(folder)
    writer, done = HeartbeatWriter(folder), threading.Event()
    writer.beat([])

    def beat() -> None:
        while not done.wait(EVERY_SECONDS):
            writer.beat([])

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        writer.stop()


def read_heartbeat(folder: Path) -> Heartbeat | None:
    """Return the latest heartbeat; None where there is none."""
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


def validate_single_run(folder: Path) -> None:
    """Refuse a folder of rows that another process of this machine writes.

    A process that was killed leaves a fresh heartbeat too, so its number must be in use; whether a
    process of another machine runs cannot be told, and it is not refused.

    Raises
    ------
    UsageError
        Another process runs the same study; the message says which.
    """
    heartbeat = read_heartbeat(folder)
    if heartbeat is None or not heartbeat.is_fresh or heartbeat.host != platform.node():
        return
    if heartbeat.process != os.getpid() and is_running(heartbeat.process):
        raise UsageError(
            f"{folder}: process {heartbeat.process} on {heartbeat.host} runs this already, last "
            f"sign {heartbeat.seconds_ago:.0f} s ago; expected one run at a time"
        )


def is_running(process: int) -> bool:
    """Tell whether a process of this machine has this number.

    True where the system cannot tell without ending it (Windows): its fresh heartbeat counts.
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
