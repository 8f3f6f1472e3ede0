"""Do the oldest dependencies pass? ``python benchmarks/oldest_dependencies.py [--newest]``.

Makes a virtual environment, installs the lowest version that each requirement of `pyproject.toml`
allows (with ``--newest`` the newest there is), and runs the quick tests of what decides numbers:
physics, checker, models, the printed texts. ``--python python3.12`` takes another interpreter.
Packages come from the registry that pip is set up for. ``--folder DIR`` keeps environment and
compiled kernels for the next run. Exits 1 where an installation or a test fails; pip and pytest
say which.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
TESTS = (
    "tests/physics", "tests/checker", "tests/milp", "tests/experiments/repetition",
    "tests/cli/test_golden.py",
)  # fmt: skip
# What these tests import, at any version: it decides no number.
BESIDE = ("pytest", "pytest-xdist", "hypothesis", "jsonschema")
LOWEST = re.compile(r"^([\w.-]+)>=([\w.]+)$")


def requirements(*, newest: bool) -> Iterator[str]:
    """Yield what is installed: each requirement at its lowest version, or at any that it allows.

    Raises
    ------
    SystemExit
        A requirement is not of the form ``name>=version``: its lowest version is not known.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for text in project["dependencies"]:
        found = LOWEST.match(text)
        if found is None:
            raise SystemExit(f"{text}: expected NAME>=VERSION")
        yield text if newest else f"{found[1]}=={found[2]}"
    for name in BESIDE:
        (wanted,) = [
            text
            for text in project["optional-dependencies"]["test"]
            if re.split(r"[>=]", text)[0] == name
        ]
        yield wanted


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of the tests: nothing of theirs is left in the source tree."""
    inherited = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    return {
        **inherited,
        # Compiled kernels of other versions would replace those of the tree.
        "NUMBA_CACHE_DIR": str(folder / "kernels"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def try_out(folder: Path, python: str, tests: list[str], *, newest: bool) -> int:
    """Install and test; return the exit status of pytest.

    Parameters
    ----------
    folder
        Where the virtual environment is made.
    python
        The interpreter.
    tests
        What pytest runs.
    newest
        Whether the newest versions are tried, in place of the oldest.

    Raises
    ------
    subprocess.CalledProcessError
        The environment cannot be made, or the versions do not fit together.
    """
    subprocess.run([python, "-m", "venv", folder / "venv"], check=True)
    inside = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [inside, "-m", "pip", "install", "-q"]
    wanted = list(requirements(newest=newest))
    print(f"{python}: {' '.join(wanted)}", flush=True)
    subprocess.run([*pip, *wanted], check=True)
    subprocess.run([*pip, "--no-deps", "-e", ROOT], check=True)
    listed = subprocess.run([inside, "-m", "pip", "freeze"], capture_output=True, check=True)
    print(listed.stdout.decode(), flush=True)
    # Warnings of old versions are no failures: they were not written for today's others.
    options = ["-n0", "-q", "-p", "no:cacheprovider", "-o", "filterwarnings=default"]
    done = subprocess.run(
        [inside, "-m", "pytest", *options, *tests], cwd=ROOT, env=environment(folder), check=False
    )
    return done.returncode


def main() -> int:
    """Try the versions out; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--python", default=sys.executable, help="Interpreter.")
    parser.add_argument("--newest", action="store_true", help="Newest versions, not the oldest.")
    parser.add_argument("--folder", type=Path, help="Keep environment and kernels here.")
    parser.add_argument("tests", nargs="*", default=list(TESTS), help="What pytest runs.")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (chosen.folder or Path(temporary)).resolve()
        try:
            return try_out(folder, chosen.python, chosen.tests, newest=chosen.newest)
        except subprocess.CalledProcessError as error:
            print(f"not installed: {error}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
