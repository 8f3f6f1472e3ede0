"""Disks that are full or read-only, and writers that are killed: the old file stays as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import qkdopt
from qkdopt.errors import OutputError
from qkdopt.io import validate_writable, write_text_whole
from qkdopt.runtime import files
from tests.command import exit_status
from tests.shipped import LIBRARY

LINE = LIBRARY / "small" / "line.json"
FULL = OSError(28, "No space left on device")


@pytest.fixture
def old(tmp_path):
    """Return a file that was there before, alone in its folder."""
    folder = tmp_path / "results"
    folder.mkdir()
    path = folder / "r.json"
    path.write_text("before", encoding="utf-8")
    return path


def untouched(path: Path) -> bool:
    return path.read_text(encoding="utf-8") == "before" and list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_disk_that_becomes_full_leaves_the_old_file(call, old, monkeypatch):
    def full(*_, **__):
        raise FULL

    if call == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(tempfile, "mkstemp", full)
    with pytest.raises(OutputError, match=r"r\.json: cannot be written \(No space left"):
        write_text_whole(old, "after")
    assert untouched(old)


def test_a_writer_that_is_killed_leaves_the_old_file(old):
    code = (
        "import os, signal, sys\n"
        "from qkdopt.io import write_text_whole\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_text_whole(sys.argv[1], 'after')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, old], check=False)
    assert done.returncode == -signal.SIGKILL
    assert old.read_text(encoding="utf-8") == "before"
    # Nobody can tidy up after kill -9; what is left is hidden, named after the file, and no result.
    left = [path.name for path in old.parent.iterdir() if path != old]
    assert len(left) == 1
    assert left[0].startswith(".r.json.")
    write_text_whole(old, "after")
    assert old.read_text(encoding="utf-8") == "after"


def test_a_folder_that_cannot_be_written_is_said_before_anything_runs(old, monkeypatch, capsys):
    monkeypatch.setattr(os, "access", lambda _, mode, **__: mode != os.W_OK)
    monkeypatch.setattr("qkdopt.cli.solve.solve", lambda *_, **__: pytest.fail("it runs"))
    assert exit_status("solve", LINE, "-o", old) == 2
    assert "is not writable" in capsys.readouterr().err
    assert untouched(old)


@pytest.fixture
def full_for_results(old, monkeypatch):
    """Let files be written anywhere but beside the old one."""
    write = files._write_temporary

    def full(target, content, leftovers):
        if target.parent == old.parent:
            raise OutputError(f"{target}: cannot be written ({FULL.strerror})")
        return write(target, content, leftovers)

    monkeypatch.setattr(files, "_write_temporary", full)


@pytest.mark.usefixtures("full_for_results")
def test_an_answer_that_cannot_be_written_is_kept_elsewhere(old, tmp_path, monkeypatch, capsys):
    spare = tmp_path / "spare"
    spare.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spare))
    assert exit_status("solve", LINE, "--strategy", "fixed", "-o", old) == 2
    message = capsys.readouterr().err
    assert "cannot be written (No space left on device); the answer is kept in" in message
    (kept,) = spare.glob("qkdopt-*/r.json")
    assert str(kept) in message
    assert qkdopt.check(qkdopt.read_instance(LINE), qkdopt.read_result(kept)).faults == ()
    assert untouched(old)


@pytest.mark.usefixtures("full_for_results")
def test_where_nothing_can_be_written_the_error_says_so_alone(old, monkeypatch, capsys):
    monkeypatch.setattr(tempfile, "tempdir", str(old.parent / "none"))
    assert exit_status("solve", LINE, "--strategy", "fixed", "-o", old) == 2
    message = capsys.readouterr().err
    assert message.endswith("r.json: cannot be written (No space left on device)\n")
    assert untouched(old)


# -- a real disk of 64 kB, where this machine lets us make one ------------------------------


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        made = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        made = False
    if not made:
        pytest.skip("this machine lets nobody mount a disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
def test_a_real_disk_that_is_full(small_disk):
    path = small_disk / "r.json"
    path.write_text("before", encoding="utf-8")
    with pytest.raises(OutputError, match=r"cannot be written \(No space left on device\)"):
        write_text_whole(path, "after" * 30_000)
    assert untouched(path)
    write_text_whole(path, "after")
    assert path.read_text(encoding="utf-8") == "after"


@pytest.mark.slow
def test_a_real_disk_that_is_read_only(small_disk):
    path = small_disk / "r.json"
    path.write_text("before", encoding="utf-8")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(OutputError, match="is not writable"):
        validate_writable(path)
    with pytest.raises(OutputError, match="is not writable"):
        write_text_whole(path, "after")
    assert untouched(path)
