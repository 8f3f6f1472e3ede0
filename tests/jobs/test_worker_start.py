"""A worker that still imports leaves Ctrl-C to its parent, and prints nothing when it is ended."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from subprocess import PIPE, Popen

import pytest

from tests.command import HANG_SECONDS, wait_until

pytestmark = [
    pytest.mark.usefixtures("ctrl_c"),
    pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals cannot be blocked"),
]

# A worker imports its parent's main module first: here this takes until the signal has come.
SCRIPT = """
import signal, time
from pathlib import Path

here = Path(__file__).parent
if __name__ == "__main__":
    from qkdopt.jobs import open_workers

    with open_workers(None, 1) as team:
        blocked = team.executor.submit(signal.pthread_sigmask, signal.SIG_BLOCK, [])
        (here / "submitted").touch()
        try:
            blocked.result()
        except KeyboardInterrupt:
            print("interrupted")
        (here / "signalled").touch()
        print("blocked in a run:", list(blocked.result()))
else:
    (here / "importing").touch()
    while not (here / "signalled").exists():
        time.sleep(0.01)
"""


def test_ctrl_c_while_a_worker_imports_reaches_its_parent_alone(tmp_path):
    script = tmp_path / "many.py"
    script.write_text(SCRIPT, encoding="utf-8")
    process = Popen(
        [sys.executable, script], stdout=PIPE, stderr=PIPE, text=True, start_new_session=True
    )
    with process:
        try:
            wait_until(
                lambda: (
                    process.poll() is not None
                    or ((tmp_path / "submitted").exists() and (tmp_path / "importing").exists())
                )
            )
            os.killpg(process.pid, signal.SIGINT)
            answer, errors = process.communicate(timeout=HANG_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert errors == ""
    assert answer == "interrupted\nblocked in a run: []\n"
    assert process.returncode == 0


# Here a worker never gets through its own imports.
ENDLESS = """
import sys, time
from pathlib import Path

here = Path(__file__).parent


class Endless:
    def find_spec(self, name, *_):
        if name == "qkdopt.runtime.compiled":
            (here / "importing").touch()
            while True:
                time.sleep(0.01)


if __name__ == "__main__":
    from qkdopt.jobs import open_workers

    with open_workers(None, 1) as team:
        future = team.executor.submit(time.sleep, 0.0)
        while not (here / "importing").exists():
            time.sleep(0.01)
        team.stop()
        print(type(future.exception()).__name__)
else:
    sys.meta_path.insert(0, Endless())
"""


def test_a_worker_that_is_ended_while_it_imports_prints_nothing(tmp_path):
    script = tmp_path / "many.py"
    script.write_text(ENDLESS, encoding="utf-8")
    process = Popen(
        [sys.executable, script], stdout=PIPE, stderr=PIPE, text=True, start_new_session=True
    )
    with process:
        try:
            answer, errors = process.communicate(timeout=HANG_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert errors == ""
    assert answer == "BrokenProcessPool\n"
