"""Ctrl-C: the best plan found so far, with its bound, and exit status 130."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.command import exit_status

INSTANCE = Path(__file__).parent.parent.parent / "instances" / "nsfnet_100erl.json"


def test_interrupt_keeps_what_was_found(tmp_path):
    result = tmp_path / "r.json"
    command = [sys.executable, "-m", "qkdopt", "solve", INSTANCE, "--time-limit", "120"]
    run = subprocess.Popen(
        [*command, "-o", result], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert run.stderr is not None
    for line in run.stderr:
        # The first bounds of the root are reported too, and are loose.
        gap = re.search(r"gap ([0-9.]+) %", line)
        if gap and float(gap[1]) < 15.0:
            break
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=20.0)
    assert run.returncode == 130, err
    assert "Traceback" not in err
    assert "served     100 of 100" in out
    found = json.loads(result.read_text(encoding="utf-8"))
    assert found["value"]["served"] == 100
    assert 0.0 < found["gap"] < 0.2
    assert exit_status("check", INSTANCE, result) == 0
