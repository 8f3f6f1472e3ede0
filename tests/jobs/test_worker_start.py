"""Ctrl-C goes to every process of a terminal; a worker that still imports does not take it."""

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
