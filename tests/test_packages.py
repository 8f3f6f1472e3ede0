"""Wheel and source distribution: each installs into a fresh environment and does the main job."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WHERE = "import qkdopt; print(qkdopt.__file__)"
JOB = (
    ("instance", "new", "--topology", "nsfnet", "--demands", "20", "--preset", "dwdm",
     "-o", "network.json"),
    ("solve", "network.json", "--strategy", "ds-qkd", "-o", "result.json", "--report", "page.html"),
    ("check", "network.json", "result.json"),
    ("rerun", "result.json"),
)  # fmt: skip


def run(*command: object, cwd: Path) -> str:
    """Run a command without this tree on its path; return what it printed."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    # Kernels are compiled and kept in the environment's own folder, as a user's are.
    clean.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=clean, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """Build both with what is installed: tests fetch nothing."""
    if find_spec("hatchling") is None:
        pytest.skip("no hatchling to build with; pip install -e '.[test]'")
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=ROOT)
    return folder


@pytest.fixture
def python(tmp_path) -> Path:
    """Make a fresh environment that sees the libraries of this one, and no qkdopt.

    A line of a .pth file adds its folder alone: an editable installation there is not followed.
    """
    folder = tmp_path / "environment"
    venv.create(folder, with_pip=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    folders = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
    (site / "libraries.pth").write_text("\n".join(sorted(folders)) + "\n", encoding="utf-8")
    return Path(sysconfig.get_path("scripts", vars={"base": str(folder)})) / "python"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_it_installs_and_does_the_main_job_in_an_empty_folder(kind, built, python, tmp_path):
    (package,) = built.glob(kind)
    run(
        python, "-m", "pip", "install", "--no-deps", "--no-index", "--no-build-isolation",
        "--ignore-installed", package, cwd=tmp_path,
    )  # fmt: skip
    work = tmp_path / "empty"
    work.mkdir()
    assert (
        Path(run(python, "-c", WHERE, cwd=work).strip()).resolve().is_relative_to(python.parents[1])
    )
    printed = [run(python.with_name("qkdopt"), "-q", *command, cwd=work) for command in JOB]
    assert "all rules hold" in printed[2]
    assert "verdict    identical" in printed[3]
    assert {path.name for path in work.iterdir()} == {"network.json", "result.json", "page.html"}


@pytest.mark.slow
def test_they_hold_the_package_and_what_it_is_built_from(built):
    (wheel,), (source,) = built.glob("*.whl"), built.glob("*.tar.gz")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"qkdopt"}
    with tarfile.open(source) as archive:
        files = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "LICENSE", "NOTICE", "qkdopt/py.typed", "tests/README.md"} <= files
    # What a build needs of the tree is in both.
    data = {name for name in names if name.startswith("qkdopt/")}
    assert len(data) > 400
    assert data <= files
