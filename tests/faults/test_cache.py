"""Compiled code that cannot be kept: said while it compiles, with the way out."""

from __future__ import annotations

import io

import pytest
from numba.core import caching

from qkdopt.cli import live
from qkdopt.cli.live import COMPILING, LiveText, compiling_text
from qkdopt.runtime.cache import ONCE, compiled_when
from qkdopt.runtime.compiled import njit


def doubled(x):
    return 2 * x


@pytest.fixture
def no_folder(monkeypatch):
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])


def test_what_is_kept_compiles_once():
    assert compiled_when(njit(doubled)) == ONCE


@pytest.mark.usefixtures("no_folder")
def test_what_cannot_be_kept_is_said_to_compile_at_each_start():
    kernel = njit(doubled)
    assert kernel(21) == 42
    said = compiled_when(kernel)
    assert "at each start" in said
    assert "NUMBA_CACHE_DIR" in said


def test_the_line_of_progress_says_the_same(monkeypatch):
    assert compiling_text() == COMPILING
    monkeypatch.setattr(live, "compiled_when", lambda _: "as at each start")
    stream = io.StringIO()
    with LiveText(stream) as line:
        line._compilation(True)
        line._compilation(False)
    assert "compiling, as at each start" in stream.getvalue()
