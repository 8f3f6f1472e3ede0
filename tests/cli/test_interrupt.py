"""Ctrl-C: the best plan found so far, with its bound, and exit status 130."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from tests.command import HANG_SECONDS, exit_status, qkdopt, running

INSTANCE = Path(__file__).parent.parent.parent / "instances" / "nsfnet_100erl.json"


@pytest.mark.usefixtures("ctrl_c")
def test_interrupt_keeps_what_was_found(tmp_path):
    result = tmp_path / "r.json"
    # Long enough to be interrupted on any machine.
    command = qkdopt("solve", INSTANCE, "--time-limit", HANG_SECONDS, "-o", result)
    with running(*command) as run:
        for line in run.stderr:
            # The first bounds of the root are reported too, and are loose.
            gap = re.search(r"gap ([0-9.]+) %", line)
            if gap and float(gap[1]) < 15.0:
                break
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=HANG_SECONDS)
    assert run.returncode == 130, err
    assert "Traceback" not in err
    assert "served     100 of 100" in out
    found = json.loads(result.read_text(encoding="utf-8"))
    assert found["value"]["served"] == 100
    assert 0.0 < found["gap"] < 0.2
    assert exit_status("check", INSTANCE, result) == 0
