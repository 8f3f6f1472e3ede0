"""Machine code from an earlier run is used until a source that it depends on changes."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qkdopt.runtime.compiled import KERNEL_PACKAGES, PACKAGE

SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent.name != "runtime")
KERNELS = [path for path in SOURCES if "\n@njit" in path.read_text("utf-8")]

# A kernel in one file, what it calls in another.
RUN = """
from numba.core import event
from qkdopt.simulation.caller import twice
with event.install_recorder("numba:compile") as recorder:
    print(twice(3), len(recorder.buffer) > 0)
"""


def imported(path):
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("qkdopt."):
            yield node.module.split(".")[1]


def test_the_stamp_covers_all_that_kernels_are_made_of():
    assert len(KERNELS) > 10
    for path in KERNELS:
        assert path.relative_to(PACKAGE).parts[0] in KERNEL_PACKAGES, path
        # Validated data, units and types hold nothing that a kernel takes in.
        others = set(imported(path)) - {*KERNEL_PACKAGES, "runtime", "units"}
        assert not others, path


@pytest.fixture
def tree(tmp_path):
    """A package of two kernels beside the real way to compile them."""
    package = tmp_path / "qkdopt"
    for folder in (package, package / "runtime", package / "simulation"):
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
    shutil.copy(PACKAGE / "runtime" / "compiled.py", package / "runtime")
    simulation = package / "simulation"
    header = "from qkdopt.runtime.compiled import njit, njit_inline\n"
    (simulation / "called.py").write_text(header + "@njit_inline\ndef one(x):\n    return x\n")
    (simulation / "caller.py").write_text(
        header + "from qkdopt.simulation.called import one\n"
        "@njit\ndef twice(x):\n    return 2 * one(x)\n"
    )
    return tmp_path


def run(tree: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_change_of_what_a_kernel_calls_compiles_it_again(tree):
    assert run(tree) == "6 True"
    assert run(tree) == "6 False"
    called = tree / "qkdopt" / "simulation" / "called.py"
    called.write_text(called.read_text().replace("return x", "return x + 10"))
    assert run(tree) == "26 True"
    assert run(tree) == "26 False"


def test_nothing_is_deleted_and_no_source_read_at_import(tree):
    run(tree)
    before = sorted(path.name for path in tree.rglob("*.nbi"))
    assert before
    called = tree / "qkdopt" / "simulation" / "called.py"
    called.write_text(called.read_text() + "# longer\n")
    code = "import qkdopt.simulation.caller"
    subprocess.run([sys.executable, "-c", code], cwd=tree, check=True)
    assert sorted(path.name for path in tree.rglob("*.nbi")) == before


def test_folders_that_nobody_may_write_to_are_no_hindrance(tree):
    """Where site-packages is read only numba keeps machine code in the user's own folder."""
    for folder in ("runtime", "simulation"):
        # A file of the name in the place of the folder: not even root can write below it.
        cached = tree / "qkdopt" / folder / "__pycache__"
        shutil.rmtree(cached, ignore_errors=True)
        cached.touch()
    home = tree / "home"
    env = {**os.environ, "PYTHONPATH": str(tree), "HOME": str(home)}
    env.pop("XDG_CACHE_HOME", None)
    outputs = [
        subprocess.run(
            [sys.executable, "-B", "-c", RUN], cwd=tree, env=env, capture_output=True, text=True,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]  # fmt: skip
    assert outputs == ["6 True", "6 False"]
