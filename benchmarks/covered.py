"""Measure which lines and branches the tests run: ``python benchmarks/covered.py``.

Asks for coverage.py (``pip install coverage``); what counts is in ``pyproject.toml``. Each folder
of tests runs by itself, and what it has shown stays in ``--data`` whatever comes after it: a
second call with ``--report`` runs nothing and prints a row a package. Whether the tests pass is
another question: under a tracer the time limits of some do not hold.

Compiled functions are machine code, which no tracer sees. ``--kernels`` runs tests of theirs as
plain Python, and its table has their lines too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Tests of compiled functions that are quick enough without being compiled.
KERNEL_TESTS = (
    "tests/physics/test_compiled_keyrate.py",
    "tests/problem",
    "tests/heuristics",
    "tests/bounds/test_dual.py",
    "tests/bounds/test_master.py",
    "tests/bounds/test_paths.py",
    "tests/simulation/test_kernel.py",
    "tests/simulation/test_keys.py",
    "tests/simulation/test_events.py",
)
COMPILED = "^@njit"


@dataclass
class Counts:
    """Statements and branches of a package, and how many of them ran."""

    statements: int = 0
    statements_run: int = 0
    branches: int = 0
    branches_run: int = 0

    def add(self, summary: dict[str, int]) -> None:
        """Count one file more, from its summary in a JSON report."""
        self.statements += summary["num_statements"]
        self.statements_run += summary["covered_lines"]
        self.branches += summary["num_branches"]
        self.branches_run += summary["covered_branches"]

    def row(self, name: str) -> str:
        """Return one line of the table."""
        lines = percent(self.statements_run, self.statements)
        branches = percent(self.branches_run, self.branches)
        both = percent(self.statements_run + self.branches_run, self.statements + self.branches)
        return f"{name:16} {self.statements:6} {lines:>7} {self.branches:6} {branches:>7} {both:>7}"


def percent(part: int, whole: int) -> str:
    """Return a share in percent; a dash where there is nothing to count."""
    return f"{100.0 * part / whole:.1f}" if whole else "-"


def package_of(file: str) -> str:
    """Return the package of a source file: the first name below ``qkdopt``."""
    parts = Path(file).with_suffix("").parts
    return parts[parts.index("qkdopt") + 1]


def table(files: dict[str, dict[str, dict[str, int]]]) -> list[str]:
    """Return the lines of the table: a package each, and all of them together.

    Parameters
    ----------
    files
        ``files`` of coverage's JSON report, by path.
    """
    packages: defaultdict[str, Counts] = defaultdict(Counts)
    whole = Counts()
    for file, report in files.items():
        packages[package_of(file)].add(report["summary"])
        whole.add(report["summary"])
    head = f"{'package':16} {'lines':>6} {'%':>7} {'branch':>6} {'%':>7} {'both %':>7}"
    rows = [counts.row(name) for name, counts in sorted(packages.items())]
    return [head, *rows, whole.row("all")]


def folders() -> Iterator[str]:
    """Yield every folder of tests, and every file beside them."""
    for path in sorted((ROOT / "tests").iterdir()):
        if (path.is_dir() and any(path.rglob("test_*.py"))) or path.match("test_*.py"):
            yield f"tests/{path.name}"


def run(arguments: Iterable[str], data: Path, **environment: str) -> int:
    """Run ``coverage`` in the root of the tree with a data file; return its exit status."""
    command = [sys.executable, "-m", "coverage", *arguments]
    places = {"COVERAGE_FILE": str(data), "PYTHONPATH": python_path(), **environment}
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **places}, check=False).returncode


def python_path() -> str:
    """Return the search path with this tree first."""
    return os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])


def measure(tests: Iterable[str], data: Path, marks: str, **environment: str) -> None:
    """Run tests folder by folder under coverage; each adds files beside the data file."""
    for part in tests:
        # In one process, which writes what it has at its end; a test that waits is no fault here.
        pytest = ["pytest", part, "-n0", "-m", marks, "-o", "faulthandler_timeout=0"]
        status = run(["run", "-m", *pytest], data, **environment)
        print(f"{part}: pytest ended with {status}", flush=True)


def files_of_report(data: Path, *, compiled: bool) -> dict[str, dict[str, dict[str, int]]]:
    """Return coverage's own report on the data, by source file.

    Parameters
    ----------
    data
        The data file; the files of single processes beside it are taken in, and stay.
    compiled
        Whether compiled functions count, and their files alone.

    Raises
    ------
    SystemExit
        There are no data.
    """
    from coverage import Coverage
    from coverage.exceptions import CoverageException

    coverage = Coverage(
        data_file=str(data.with_name("all")), config_file=str(ROOT / "pyproject.toml")
    )
    excluded = coverage.get_option("report:exclude_also")
    if compiled:
        coverage.set_option("report:exclude_also", [one for one in excluded if one != COMPILED])
        coverage.set_option("report:include", kernel_files())
    page = data.with_name("report.json")
    try:
        parts = [str(path) for path in sorted(data.parent.glob(".coverage.*"))]
        coverage.combine(parts, strict=True, keep=True)
        coverage.json_report(outfile=str(page))
    except CoverageException as error:
        raise SystemExit(f"{data.parent}: {error}") from None
    return json.loads(page.read_text(encoding="utf-8"))["files"]


def kernel_files() -> list[str]:
    """Return the sources with compiled functions."""
    sources = sorted((ROOT / "qkdopt").rglob("*.py"))
    return [str(path) for path in sources if "\n@njit" in path.read_text(encoding="utf-8")]


def main() -> None:
    """Run tests, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tests", nargs="*", help="Folders or files of tests; without any, all.")
    parser.add_argument("--data", type=Path, help="Folder for what was measured, which is kept.")
    parser.add_argument("--report", action="store_true", help="Run nothing: print what --data has.")
    parser.add_argument(
        "--kernels", action="store_true", help="Compiled functions as plain Python."
    )
    parser.add_argument("-m", dest="marks", default="not slow and not long", help="As of pytest.")
    options = parser.parse_args()
    if options.report and options.data is None:
        parser.error("--report: expected --data, the folder of an earlier run")
    with tempfile.TemporaryDirectory(prefix="covered-") as scratch:
        data = (options.data or Path(scratch)).resolve() / ".coverage"
        data.parent.mkdir(parents=True, exist_ok=True)
        if not options.report:
            tests = options.tests or (KERNEL_TESTS if options.kernels else folders())
            plain_python = {"NUMBA_DISABLE_JIT": "1"} if options.kernels else {}
            measure(tests, data, options.marks, **plain_python)
        print("\n".join(table(files_of_report(data, compiled=options.kernels))))


if __name__ == "__main__":
    main()
