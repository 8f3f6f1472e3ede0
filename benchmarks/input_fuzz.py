"""Break input files and run commands on them: ``python benchmarks/input_fuzz.py --inputs 100000``.

Each input is of one of the kinds of ``tests/fuzzing/inputs.py``, broken as its number says; it
must end in success or in one error: exit status 2 and located faults, 20 at most and a count. No
traceback, no ten seconds, no 2 GiB, no file left behind. Exits 1 on any violation; each kind of
violation is kept once, with its file, in ``--keep``. ``--only KIND SEED`` runs one again.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import re
import sys
import time
import warnings
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent.parent))

from qkdopt.cli.exit_status import INTERRUPTED
from tests.fuzzing.inputs import Kind, kinds
from tests.fuzzing.run import HANG_SECONDS, Outcome, built_once, limited_memory, run, run_broken

EVERY = 1000


def signature(outcome: Outcome) -> str:
    """Return what violations of one cause have in common: kind, and the text without its values."""
    text = outcome.violations[0]
    last = text.splitlines()[-1] if text.startswith("traceback") else text[:60]
    where = re.findall(r'File ".*?qkdopt/(\S+)", line (\d+)', text)
    return f"{re.sub(r'[0-9]+', '#', last)[:80]} {where[-1] if where else ''}"


def warm_up(every: list[Kind], folder: Path) -> None:
    """Run every command on a right file: it must succeed, and its kernels are compiled then."""
    for kind in every:
        for source in kind.seeds:
            for command in kind.commands:
                outcome = run(kind, source, source.read_bytes(), command, folder)
                if outcome.violations and "hangs" not in outcome.violations[0]:
                    sys.exit(f"{kind.name} {source.name}: {outcome.words}: {outcome.violations}")


def main() -> None:
    """Print progress, each new violation, and a summary by kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--kind", help="only kinds whose name holds this")
    parser.add_argument("--only", nargs=2, metavar=("KIND", "SEED"))
    parser.add_argument("--keep", type=Path, help="folder for files that break a promise")
    options = parser.parse_args()
    warnings.simplefilter("error")
    # Compiled code does not look at the alarm: it is named, and ends the run.
    faulthandler.enable()
    os.umask(0o022)
    with TemporaryDirectory() as made, TemporaryDirectory() as work:
        every = kinds(Path(made))
        if options.only:
            name, seed = options.only
            every = [kind for kind in every if kind.name == name]
            outcome = run_broken(every[0], int(seed), Path(work))
            print(outcome.words, outcome.status, outcome.data[:2000], *outcome.violations, sep="\n")
            sys.exit(bool(outcome.violations))
        every = [kind for kind in every if (options.kind or "") in kind.name]
        warm_up(every, Path(work))
        with limited_memory(), built_once():
            sys.exit(bool(_run_all(every, Path(work), options)))


def _run_all(every: list[Kind], work: Path, options: argparse.Namespace) -> int:
    statuses: Counter[tuple[str, int]] = Counter()
    found: Counter[str] = Counter()
    slowest = (0.0, "")
    began = time.monotonic()
    for number in range(options.first, options.first + options.inputs):
        kind = every[number % len(every)]
        faulthandler.dump_traceback_later(6 * HANG_SECONDS, exit=True)
        start = time.monotonic()
        outcome = run_broken(kind, number, work)
        slowest = max(slowest, (time.monotonic() - start, f"{kind.name} {number}"))
        if outcome.status == INTERRUPTED:
            print(f"interrupted at input {number}")
            break
        statuses[kind.name, outcome.status] += 1
        if outcome.violations:
            _note(outcome, found, options.keep)
        if (number + 1) % EVERY == 0:
            seconds = time.monotonic() - began
            print(
                f"{number + 1} inputs, {seconds:.0f} s, {found.total()} violations of {len(found)} "
                f"causes, slowest {slowest[0]:.1f} s ({slowest[1]})",
                flush=True,
            )
    faulthandler.cancel_dump_traceback_later()
    for name in dict.fromkeys(kind.name for kind in every):
        row = {status: n for (other, status), n in sorted(statuses.items()) if other == name}
        print(f"  {name:34} " + ", ".join(f"status {s}: {n}" for s, n in row.items()))
    for text, times in found.most_common():
        print(f"{times:6} x {text}")
    return len(found)


def _note(outcome: Outcome, found: Counter[str], keep: Path | None) -> None:
    name = signature(outcome)
    found[name] += 1
    if found[name] > 1:
        return
    print(f"-- {outcome.kind} {outcome.seed}: qkdopt {outcome.words}: status {outcome.status}")
    print("\n".join(f"   {text}" for text in outcome.violations), flush=True)
    if keep is not None:
        keep.mkdir(exist_ok=True, parents=True)
        (keep / f"{outcome.kind.replace(' ', '_')}_{outcome.seed}").write_bytes(outcome.data)


if __name__ == "__main__":
    main()
