"""``qkdopt doctor``: whether this installation works, and what it has to work with."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any, NamedTuple

import typer

from qkdopt.cli.exit_status import BROKEN
from qkdopt.errors import QkdoptError
from qkdopt.io.environment import environment
from qkdopt.runtime.cores import available_cores
from qkdopt.runtime.output import suppress_stdout

# Compiled kernels and a model of the main instance need about this much.
LEAST_MEMORY_GB = 1.0
LEAST_DISK_GB = 0.2
# The solver that every command takes where none is named.
DEFAULT_SOLVER = "highs"


class Finding(NamedTuple):
    """One thing that was looked at; ``ok`` is None where it is no fault either way."""

    what: str
    ok: bool | None
    text: str


def run_doctor(*, as_json: bool) -> int:
    """Look at everything and print it; return 1 where something is broken.

    Parameters
    ----------
    as_json
        Print one JSON object in place of lines.
    """
    findings = [finding for examine in EXAMINATIONS for finding in examine()]
    broken = [finding for finding in findings if finding.ok is False]
    if as_json:
        rows = [finding._asdict() for finding in findings]
        typer.echo(json.dumps({"ok": not broken, "findings": rows}, indent=1))
    else:
        signs = {True: "ok", False: "BROKEN", None: "-"}
        for finding in findings:
            typer.echo(f"{signs[finding.ok]:6}  {finding.what:12}  {finding.text}")
        count = f"{len(broken)} broken" if broken else "nothing is broken"
        typer.echo(f"{count}; a report of an error should carry these lines")
    return BROKEN if broken else 0


def versions() -> Iterator[Finding]:
    """Yield processor and versions, and each required package that is missing or too old."""
    found = environment()
    yield Finding("platform", None, f"{found.platform}, {found.cpu}")
    yield Finding(
        "versions", None, ", ".join(f"{name} {text}" for name, text in found.versions.items())
    )
    faults = list(_requirement_faults())
    yield Finding("packages", not faults, "; ".join(faults) or "all that are required are there")


def _requirement_faults() -> Iterator[str]:
    # Of a source tree that is not installed nothing is known.
    try:
        listed = requires("qkdopt") or []
    except PackageNotFoundError:
        return
    for text in listed:
        if "extra ==" in text:
            continue
        name, _, least = text.partition(";")[0].strip().partition(">=")
        try:
            have = version(name.strip())
        except PackageNotFoundError:
            yield f"{name} is missing; expected {text}"
            continue
        if least and _numbers(have) < _numbers(least):
            yield f"{name} is {have}; expected {text}"


def _numbers(text: str) -> tuple[int, ...]:
    leading = (part for part in text.split("."))
    return tuple(int(part) for part in leading if part.isdecimal())


def data_files() -> Iterator[Finding]:
    """Yield whether the files that ship with the package can be read."""
    from qkdopt.instance.generation import TOPOLOGIES, load_topology
    from qkdopt.io.schema import SCHEMAS, shipped_schema
    from qkdopt.physics.raman import gnpy_profile, hollenbeck_cantrell_profile

    try:
        for topology in TOPOLOGIES:
            load_topology(topology)
        for schema in SCHEMAS:
            json.loads(shipped_schema(schema))
        gnpy_profile()
        hollenbeck_cantrell_profile()
    except (OSError, ValueError, QkdoptError) as error:
        yield Finding("data", False, f"{error}; expected the package's own files: install again")
    else:
        yield Finding("data", True, f"{len(TOPOLOGIES)} topologies, schemas and Raman profiles")


def caches() -> Iterator[Finding]:
    """Yield where compiled kernels are kept, and whether there are some."""
    from qkdopt.physics.compiled_keyrate import key_rate
    from qkdopt.runtime.compiled import cache_folder, compiled_before

    folder = cache_folder(key_rate)
    if folder is None:
        text = "no folder can be written: each process compiles anew; NUMBA_CACHE_DIR names another"
        yield Finding("cache", None, text)
        return
    state = "kernels are there" if compiled_before(key_rate) else "kernels compile at first use"
    yield Finding("cache", None, f"{folder}: {state}")
    free_gb = shutil.disk_usage(folder if folder.exists() else folder.parent).free / 1e9
    yield Finding("disk", free_gb >= LEAST_DISK_GB, f"{free_gb:.1f} GB free for the cache")


def solvers() -> Iterator[Finding]:
    """Yield the solvers that are installed, and whether the default one solves."""
    from qkdopt.adapters import ADAPTERS

    installed = [adapter for adapter in ADAPTERS.values() if adapter.available()]
    names = ", ".join(f"{adapter.name} {adapter.version()}" for adapter in installed)
    yield Finding("solvers", bool(installed), names or "none; expected highspy at least")
    yield Finding(DEFAULT_SOLVER, *_solves())


def _solves() -> tuple[bool, str]:
    """Solve two variables with the default solver, and check what it says."""
    try:
        import highspy

        with suppress_stdout():
            solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
            x, y = (solver.addIntegral(lb=0, ub=9) for _ in range(2))
            solver.addConstr(2 * x + 3 * y <= 12)
            solver.maximize(3 * x + 4 * y)
            best = solver.getObjectiveValue()
    except Exception as error:  # whatever a broken library raises is the finding
        return False, f"{type(error).__name__}: {error}; expected highspy to solve"
    return abs(best - 18.0) < 1e-6, f"solved a model of two variables: {best:g}, expected 18"


def machine() -> Iterator[Finding]:
    """Yield cores and memory."""
    cores, count = available_cores(), os.cpu_count() or 1
    yield Finding("cores", None, f"{cores} to use, {count} in the machine")
    free_gb = available_memory_gb()
    if free_gb is None:
        yield Finding("memory", None, "not known on this system")
    else:
        yield Finding(
            "memory",
            free_gb >= LEAST_MEMORY_GB,
            f"{free_gb:.1f} GB free, {LEAST_MEMORY_GB:g} needed",
        )


def available_memory_gb() -> float | None:
    """Return the memory that a new process may take [GB], a container's limit counted."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    kilobytes = {key: rest.split()[0] for key, _, rest in (line.partition(":") for line in lines)}
    free = [int(kilobytes.get("MemAvailable", "0")) * 1024 / 1e9]
    limit = _number_in(Path("/sys/fs/cgroup/memory.max"))
    used = _number_in(Path("/sys/fs/cgroup/memory.current"))
    if limit is not None and used is not None:
        free.append((limit - used) / 1e9)
    return min(free)


def _number_in(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None


EXAMINATIONS: tuple[Callable[[], Iterator[Finding]], ...] = (
    versions,
    data_files,
    caches,
    solvers,
    machine,
)
