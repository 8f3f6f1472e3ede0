"""Every script under benchmarks finds the names that it takes from the package and the tests."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parent.parent.parent / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_imports(path):
    assert runpy.run_path(str(path), run_name="imported")["__doc__"]


def test_there_are_scripts():
    assert len(SCRIPTS) > 15
