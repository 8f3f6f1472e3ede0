"""Run a command on a broken file, and say what it did that no command may do."""

from __future__ import annotations

import gc
import io
import os
import random
import re
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

from typer.main import get_command

from qkdopt.cli import app
from qkdopt.errors import MOST_SHOWN_FAULTS, QkdoptError
from tests.command import exit_status
from tests.fuzzing.inputs import INPUT, Command, Kind
from tests.fuzzing.mutation import broken

HANG_SECONDS = 10
MOST_BYTES = 2 << 30
# A fault that fills screens hides the next one.
LONGEST_LINE = 1_000
# Statuses that a command has beside 0 and 2: the checker's no, and no plan in time.
OTHER_STATUSES = {"check": {1}, "export": {1}, "report": {1}, "solve": {1, 3}, "instance": {1}}


class HangError(BaseException):
    """The time is up; no handler of ``Exception`` keeps it."""


@dataclass(frozen=True)
class Outcome:
    """What became of one input.

    Parameters
    ----------
    kind, seed
        What was broken, and the number that says how.
    words
        The command.
    status
        Its exit status.
    violations
        What it may not do; none where all is well.
    data
        The broken file.
    """

    kind: str
    seed: int
    words: str
    status: int
    violations: tuple[str, ...]
    data: bytes


def run_broken(kind: Kind, seed: int, folder: Path) -> Outcome:
    """Break a file of a kind as a number says, and run a command on it.

    Parameters
    ----------
    kind
        Kind of input.
    seed
        Draws the file, what is changed and the command.
    folder
        Empty folder to work in; it is empty again afterwards.
    """
    generator = random.Random(f"{kind.name} {seed}")
    source = generator.choice(kind.seeds)
    first = generator.random() < 0.5
    command = kind.commands[0] if first else generator.choice(kind.commands)
    data = broken(source.read_bytes(), source.suffix, generator)
    return run(kind, source, data, command, folder, seed)


def run(
    kind: Kind, source: Path, data: bytes, command: Command, folder: Path, seed: int = -1
) -> Outcome:
    """Run a command on a file and judge what it did.

    Parameters
    ----------
    kind
        Kind of input.
    source
        File whose name it has.
    data
        Its content.
    command
        What reads it.
    folder
        Empty folder to work in; it is empty again afterwards.
    seed
        Number to name in the outcome.
    """
    path = folder / (kind.file or source.name)
    given = {path.name: data} | _beside(kind, path.name)
    for name, content in given.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_bytes(content)
    words = () if callable(command) else tuple(path.name if w == INPUT else w for w in command)
    with _in_folder(folder), _streams() as err:
        status, violations = _guarded(
            lambda: command(Path(path.name)) if callable(command) else None, words
        )
        if not violations and status not in {0, 2} | OTHER_STATUSES.get(
            str(words[0]) if words else "", set()
        ):
            violations.append(f"exit status {status}")
        violations += _message_faults(status, err())
    violations += _file_faults(folder, given, status, words)
    _empty(folder)
    text = " ".join(map(str, words)) or getattr(command, "__name__", "reader")
    return Outcome(kind.name, seed, text, status, tuple(violations), data)


def _beside(kind: Kind, name: str) -> dict[str, bytes]:
    if kind.beside is None:
        return {}
    files = (path for path in kind.beside.rglob("*") if path.is_file())
    found = {str(path.relative_to(kind.beside)): path.read_bytes() for path in files}
    found.pop(name, None)
    return found


def _guarded(call: Any, words: tuple[object, ...]) -> tuple[int, list[str]]:
    """Return the exit status, and a traceback, a hang or too much memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Of this process, not of the clock: others may have the processor meanwhile.
    signal.signal(signal.SIGPROF, _ring)
    signal.setitimer(signal.ITIMER_PROF, HANG_SECONDS)
    try:
        status, found = _answered(call, words)
        signal.setitimer(signal.ITIMER_PROF, 0)
    except HangError:
        status, found = -1, [f"hangs for {HANG_SECONDS} s: {_last_lines(12)}"]
    more = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    if more > MOST_BYTES:
        found.append(f"takes {more / 2**30:.1f} GiB")
    return status, found


def _answered(call: Any, words: tuple[object, ...]) -> tuple[int, list[str]]:
    try:
        return (exit_status(*words) if words else _called(call)), []
    except MemoryError:
        return -1, [f"runs out of memory: {_last_lines(3)}"]
    except Exception:
        return -1, [f"traceback: {_last_lines(6)}"]


def _called(call: Any) -> int:
    try:
        call()
    except QkdoptError as error:
        print(f"qkdopt: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_status
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


def _ring(_: int, __: FrameType | None) -> None:
    raise HangError


def _last_lines(number: int) -> str:
    return "\n".join(traceback.format_exc().strip().splitlines()[-number:])


def _message_faults(status: int, message: str) -> Iterator[str]:
    """Yield what is wrong with a message: none, of too many faults, or no longer readable."""
    lines = message.splitlines()
    if status == 2:
        if not message.startswith(("qkdopt: ", "Usage: ")):
            yield f"no error message: {message[:300]!r}"
        faults = [line for line in lines if line.startswith("  - ")]
        if len(faults) > MOST_SHOWN_FAULTS:
            yield f"{len(faults)} faults shown"
        counted = re.match(r"qkdopt: .*: ([\d,]+) faults?$", lines[0] if lines else "")
        if counted and int(counted[1].replace(",", "")) != len(faults) + _not_shown(lines):
            yield f"counts wrongly: {lines[0]}, {len(faults)} shown"
    if unseen := {letter for letter in message if not (letter.isprintable() or letter == "\n")}:
        yield f"writes characters that nobody sees: {sorted(unseen)!r}"
    if "Traceback" in message or "Warning:" in message:
        yield f"no message for people: {message[-500:]!r}"
    longest = max(map(len, lines), default=0)
    if longest > LONGEST_LINE:
        yield f"a line of {longest} characters: {max(lines, key=len)[:200]!r}"


def _not_shown(lines: list[str]) -> int:
    last = re.fullmatch(r"  \.\.\. and ([\d,]+) more", lines[-1])
    return int(last[1].replace(",", "")) if last else 0


def _file_faults(
    folder: Path, given: dict[str, bytes], status: int, words: tuple[object, ...]
) -> Iterator[str]:
    """Yield files that were left behind or changed; a success may have its output, and no other."""
    allowed = {str(words[k + 1]) for k, word in enumerate(words) if word in ("-o", "--output")}
    found = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
    for name in found.keys() - given.keys():
        if status == 2 or name not in allowed:
            yield f"file left behind: {name}"
    for name, content in given.items():
        if name not in found or found[name].read_bytes() != content:
            yield f"file changed: {name}"


def _empty(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


@contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _streams() -> Iterator[Callable[[], str]]:
    """Catch standard output and error; return what reads the second.

    What cannot be encoded is an error, as in a terminal.
    """
    before = sys.stdout, sys.stderr
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    caught = io.BytesIO()
    err = io.TextIOWrapper(caught, encoding="utf-8", errors="backslashreplace", write_through=True)
    sys.stdout, sys.stderr = out, err

    try:
        yield lambda: caught.getvalue().decode()
    finally:
        sys.stdout, sys.stderr = before


@contextmanager
def built_once() -> Iterator[None]:
    """Build the commands once: at every run, as typer does, it takes more than all else."""
    with patch("qkdopt.cli.app", get_command(app)):
        yield


@contextmanager
def limited_memory() -> Iterator[None]:
    """Let this process take no more than :data:`MOST_BYTES` beside what it has."""
    gc.collect()
    size = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size + MOST_BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
