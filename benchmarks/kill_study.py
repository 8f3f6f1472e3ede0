"""Kill a study at 20 random moments and compare: `python benchmarks/kill_study.py`.

Prints how many kills hit, and whether the resumed table is identical to an undisturbed one.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.study.small_study import table, write_study

KILLS = 20
REQUESTS = 400_000


def main() -> None:
    """Run one study undisturbed and one killed again and again."""
    random.seed(1)
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name in ("whole", "killed"):
            (Path(folder) / name).mkdir()
            paths.append(write_study(Path(folder) / name, requests=REQUESTS))
        whole, killed = paths
        subprocess.run(command(whole), check=True, stdout=subprocess.DEVNULL)
        hits = 0
        while hits < KILLS:
            process = subprocess.Popen(
                command(killed),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            time.sleep(random.uniform(0.5, 5.0))
            if process.poll() is not None:
                # Finished before the kill: take one row away, so that there is work again.
                rows = sorted((killed.parent / "results.parquet" / "small").glob("*.parquet"))
                random.choice(rows).unlink()
                continue
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            hits += 1
        subprocess.run(command(killed), check=True, stdout=subprocess.DEVNULL)
        same = table(whole).equals(table(killed))
        rows = len(table(killed))
    print(f"{hits} kills, {rows} rows of 8, identical to the undisturbed table: {same}")
    sys.exit(0 if same else 1)


def command(study: Path) -> list[str]:
    """Return the command that runs a study."""
    return [sys.executable, "-m", "qkdopt", "study", "run", str(study), "--workers", "2"]


if __name__ == "__main__":
    main()
