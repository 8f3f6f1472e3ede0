"""Types of the package reach those who install it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = """
import qkdopt
instance = qkdopt.read_instance("instance.json")
reveal_type(instance)
qkdopt.read_instance(3)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel with what is installed: tests fetch nothing."""
    if find_spec("hatchling") is None:
        pytest.skip("no hatchling to build a wheel with; pip install -e '.[test]'")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.slow
def test_a_users_script_is_checked_against_an_installed_wheel(wheel, tmp_path):
    site, work = tmp_path / "site-packages", tmp_path / "work"
    work.mkdir()
    # A wheel of Python alone is installed by unpacking it.
    zipfile.ZipFile(wheel).extractall(site)
    assert (site / "qkdopt" / "py.typed").exists()
    (work / "script.py").write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", work / "cache",
         "script.py"],
        cwd=work, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert 'Revealed type is "qkdopt.instance.model.Instance"' in done.stdout, done.stdout
    assert 'incompatible type "int"' in done.stdout
    assert "Found 1 error" in done.stdout, done.stdout


def test_the_marker_of_typed_packages_is_there():
    assert (ROOT / "qkdopt" / "py.typed").read_bytes() == b""
