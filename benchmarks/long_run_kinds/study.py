"""Run a study of many tiny runs: time a run, memory, and what resuming and its table take."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.long_run_kinds.memory import MB, family_bytes, resident_bytes, slope

ROOT = Path(__file__).parents[2]
INSTANCE = ROOT / "instances" / "small" / "mesh6.json"
# References: memory that one more run may leave in the process that hands runs out, and what each
# run may add to the time of resuming, of the status and of the table.
LIMIT_KB, LIMIT_MS = 20.0, 10.0
WARMUP_SHARE = 0.1


def run(runs: int, requests: int, workers: int, folder: Path | None = None) -> int:
    """Run, resume, ask and read a study of so many runs; return the exit status."""
    with tempfile.TemporaryDirectory() as name:
        study = (folder or Path(name)) / "study.toml"
        study.parent.mkdir(parents=True, exist_ok=True)
        study.write_text(_text(runs, requests), encoding="utf-8")
        print(f"study of {runs} runs of {requests} requests, mesh6, {workers} workers", flush=True)
        held = [_first(study, workers), *_again(study, runs)]
    return 0 if all(held) else 1


def _text(runs: int, requests: int) -> str:
    seeds = ", ".join(map(str, range(runs // 2)))
    return (
        f'name = "many runs"\ninstances = ["{INSTANCE}"]\nloads = [4]\nrequests = {requests}\n'
        f'warmup = 100\nseeds = [{seeds}]\nstrategies = ["fixed", "ds-qkd"]\n'
    )


def _command(study: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "qkdopt", "-q", "study", *words[:1], str(study), *words[1:]]


def _first(study: Path, workers: int) -> bool:
    """Run the study, and sample the memory of its processes every second."""
    began = time.monotonic()
    rows = study.parent / "results.parquet" / study.stem
    samples: list[tuple[int, int, int]] = []
    command = _command(study, "run", "--workers", str(workers))
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            done = sum(1 for _ in rows.iterdir()) if rows.is_dir() else 0
            if done:
                here, every = resident_bytes(process.pid), family_bytes(process.pid)
                samples.append((done, here, every))
            time.sleep(1.0)
    seconds, count = time.monotonic() - began, len(list(rows.glob("*-done.parquet")))
    kept = [one for one in samples if one[0] >= WARMUP_SHARE * count]
    here = slope([one[0] for one in kept], [one[1] for one in kept])
    every = slope([one[0] for one in kept], [one[2] for one in kept])
    held = process.returncode == 0 and not here.value > LIMIT_KB * 1e3
    print(
        f"  {count} done in {seconds:.0f} s, {1e3 * seconds / max(1, count):.1f} ms a run; most "
        f"memory {max((one[1] for one in samples), default=0) / MB:.0f} MB, with workers "
        f"{max((one[2] for one in samples), default=0) / MB:.0f} MB\n"
        f"  growth {here.value / 1e3:.2f} +- {here.error / 1e3:.2f} kB a run (with workers "
        f"{every.value / 1e3:.2f} +- {every.error / 1e3:.2f}), reference {LIMIT_KB:g}: "
        f"{'held' if held else 'MISSED'}",
        flush=True,
    )
    return held


def _again(study: Path, runs: int) -> list[bool]:
    """Resume the finished study, ask for its status, draw it; say how long each takes."""
    held = []
    for words in (("run", "--workers", "1"), ("status",), ("plot",)):
        began = time.monotonic()
        done = subprocess.run(
            _command(study, *words), cwd=ROOT, capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - began
        good = done.returncode == 0 and 1e3 * seconds <= 10e3 + LIMIT_MS * runs
        held.append(good)
        print(
            f"  study {words[0]} of what is done: {seconds:.1f} s, reference "
            f"{10 + LIMIT_MS * runs / 1e3:g} s: {'held' if good else 'MISSED ' + done.stderr}",
            flush=True,
        )
    return held
