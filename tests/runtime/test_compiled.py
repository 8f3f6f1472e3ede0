"""Compiled kernels: nothing happens at import, nothing stale is run, no folder need be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba.core import caching

from qkdopt.runtime import compiled
from qkdopt.runtime.compiled import compiled_before, njit

ROOT = Path(__file__).parent.parent.parent
IMPORT = """
import sys
deleted = []
sys.addaudithook(lambda event, arguments: event in ("os.remove", "os.unlink", "shutil.rmtree")
                 and deleted.append(str(arguments[0])))
from qkdopt.heuristics.annealing import kernel
from qkdopt.runtime import compiled
print([name for name in deleted if name.endswith((".nbi", ".nbc", ".py"))])
print(compiled.source_digest.cache_info().currsize)
"""


@njit
def doubled(value):
    return 2 * value


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """Return a function that makes the same kernel anew, as the next process would."""
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path))

    def make():
        return njit(doubled.py_func)

    return make


def test_importing_kernels_deletes_nothing_and_reads_no_source():
    path = ROOT / "qkdopt" / "heuristics" / "annealing" / "__pycache__" / "test-old.py311.nbi"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"older than any source")
    os.utime(path, (0, 0))
    try:
        done = subprocess.run(
            [sys.executable, "-c", IMPORT], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == ["[]", "0"]
        assert path.exists()
    finally:
        path.unlink()


def test_code_is_found_again_under_the_same_sources(kernel):
    assert not compiled_before(kernel())
    assert kernel()(21) == 42
    second = kernel()
    assert compiled_before(second)
    assert second(21) == 42
    assert sum(second.stats.cache_hits.values()) == 1


def test_code_of_other_sources_is_not_run(kernel, monkeypatch):
    assert kernel()(21) == 42
    monkeypatch.setattr(compiled, "source_digest", lambda: "another")
    second = kernel()
    assert not compiled_before(second)
    assert second(21) == 42
    assert not second.stats.cache_hits
    assert compiled_before(kernel())


def test_the_digest_knows_every_source_beside_a_kernel(tmp_path, monkeypatch):
    def digest():
        return compiled.source_digest.__wrapped__()

    for name, text in {
        "a/kernel.py": "\n@njit\ndef f(): ...\n", "a/tuples.py": "x = 1\n", "b/plain.py": "y = 1\n",
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(compiled, "PACKAGE", tmp_path)
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "runtime" / "compiled.py"))
    before = digest()
    (tmp_path / "b" / "plain.py").write_text("y = 2\n", encoding="utf-8")
    assert digest() == before
    (tmp_path / "a" / "tuples.py").write_text("x = 2\n", encoding="utf-8")
    assert digest() != before


def test_without_any_folder_to_write_in_each_process_compiles(kernel, monkeypatch):
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    first = kernel()
    assert first(21) == 42
    assert not compiled_before(first)


def test_sources_that_cannot_be_written_are_cached_elsewhere(tmp_path, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "read-only")

    monkeypatch.setattr(caching.InTreeCacheLocator, "ensure_cache_path", refuse)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made = njit(doubled.py_func)
    assert made(21) == 42
    if sys.platform == "linux":
        assert Path(made.stats.cache_path).is_relative_to(tmp_path)
    assert compiled_before(made)


def test_a_folder_that_becomes_full_costs_the_cache_alone(kernel, monkeypatch):
    first = kernel()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(caching.IndexDataCacheFile, "save", full)
    assert first(21) == 42
    assert first(np.float64(1.5)) == 3.0
    assert not compiled_before(first)
