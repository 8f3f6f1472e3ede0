"""Kill a study at 20 random moments and compare: `python benchmarks/kill_study.py`.

Only kills while a run is with a worker count; a study that is full is begun afresh. Prints how
many kills hit, in how many studies, and whether each resumed table is identical to an undisturbed
one, with one file a run.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from qkdopt.jobs import read_heartbeat
from tests.experiments.study.small_study import table, write_study

KILLS = 20
REQUESTS = 1_000_000
RUNS = 8


def main() -> None:
    """Run one study undisturbed, and others killed again and again."""
    random.seed(1)
    hits, studies, same = 0, 0, True
    with tempfile.TemporaryDirectory() as folder:
        whole, killed = (study_in(Path(folder) / name) for name in ("whole", "killed"))
        run(whole)
        while hits < KILLS:
            hits += kill_until_full(killed, KILLS - hits)
            run(killed)
            files = len(list(rows_of(killed).glob("*.parquet")))
            same = same and files == RUNS and table(whole).equals(table(killed))
            studies += 1
            shutil.rmtree(rows_of(killed))
    print(f"{hits} kills in {studies} studies, all tables identical to the undisturbed: {same}")
    sys.exit(0 if same else 1)


def kill_until_full(study: Path, most: int) -> int:
    """Kill a study at random moments until its table is full; return how many kills hit a run."""
    hits = 0
    while hits < most:
        process = subprocess.Popen(
            command(study),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while process.poll() is None and not has_run(study, process.pid):
            time.sleep(0.02)
        # The first seconds are a worker's start-up; most of what follows is a run.
        time.sleep(random.uniform(1.0, 8.0))
        if process.poll() is not None:
            return hits
        hit = has_run(study, process.pid)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        hits += hit
    return hits


def has_run(study: Path, process: int) -> bool:
    """Whether a run is with a worker of this process."""
    sign = read_heartbeat(rows_of(study))
    return sign is not None and sign.process == process and bool(sign.keys)


def study_in(folder: Path) -> Path:
    """Write the study into a new folder."""
    folder.mkdir()
    return write_study(folder, requests=REQUESTS)


def rows_of(study: Path) -> Path:
    """Return the folder of a study's rows."""
    return study.parent / "results.parquet" / study.stem


def run(study: Path) -> None:
    """Run what is missing of a study."""
    subprocess.run(command(study), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def command(study: Path) -> list[str]:
    """Return the command that runs a study."""
    return [sys.executable, "-m", "qkdopt", "study", "run", str(study), "--workers", "1"]


if __name__ == "__main__":
    main()
