"""The main job, as a user runs it: ``python benchmarks/main_job.py``.

One whole process on ``instances/nsfnet_100erl.json``: seconds to the first plan of the local
search and to the first plan that serves as many demands as the last one, gain over DS-QKD, proved
gap, largest memory; each beside its target as a ratio.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
INSTANCE = ROOT / "instances" / "nsfnet_100erl.json"


def main() -> None:
    """Run and print one line per target."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "result.json"
        command = [sys.executable, "-m", "qkdopt", "solve", str(INSTANCE), "-o", str(output)]
        started = time.monotonic()
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        first = None
        seconds_of: dict[int, float] = {}
        assert process.stderr is not None
        for line in process.stderr:
            seconds = time.monotonic() - started
            if first is None and "local search" in line:
                first = seconds
            if (served := re.search(r"(\d+) served", line)) is not None:
                seconds_of.setdefault(int(served[1]), seconds)
        process.wait()
        result = json.loads(output.read_text(encoding="utf-8"))
    memory_gib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    gain, gap = 100 * result["baseline"]["gain"], 100 * result["gap"]
    row("served", result["value"]["served"], 100, "demands, at least")
    row("gain over DS-QKD", gain, 18, "%, at least")
    row("proved gap", gap, 3, "%, at most")
    everybody = seconds_of.get(result["value"]["served"], float("nan"))
    row("first plan, as many", everybody, 3, "s, at most")
    row("first useful answer", first or float("nan"), 3, "s, at most")
    row("memory", memory_gib, 1.5, "GiB, at most")


def row(name: str, measured: float, target: float, unit: str) -> None:
    """Print one target."""
    ratio = measured / target
    print(f"{name:20} {measured:9.3f}  target {target:g} {unit:18} ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
