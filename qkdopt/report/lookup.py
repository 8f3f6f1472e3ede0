"""The instance of each result: given, or found beside it; the hash decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from qkdopt.errors import QkdoptError, ResultError
from qkdopt.instance import Instance
from qkdopt.io import read_instance
from qkdopt.result import InstanceRef

# Where instances are shipped, below the current folder.
LIBRARY = Path("instances")


def find_instances(
    references: Sequence[tuple[Path, InstanceRef]], given: Sequence[Path]
) -> list[Instance]:
    """Return the instances of results.

    Those given come first. A result whose instance is not among them is looked up by the name it
    states: ``NAME.json`` in its own folder, in the current one, and anywhere below ``instances``.

    Parameters
    ----------
    references
        Which instance each file of a result names.
    given
        Instance files.

    Raises
    ------
    InstanceError
        A file that was given cannot be read, or breaks rules.
    ResultError
        No file has the instance of a result: every result without one, and what was looked at.
    """
    found = {instance.sha256(): instance for instance in map(read_instance, given)}
    faults = []
    for path, ref in references:
        seen = [f"{file}: another hash" for file in given]
        for file in () if ref.sha256 in found else _places(path, ref.name):
            instance = _read(file)
            if instance is not None and instance.sha256() == ref.sha256:
                found[instance.sha256()] = instance
                break
            seen.append(f"{file}: {'no instance' if instance is None else 'another hash'}")
        if ref.sha256 not in found:
            faults.append(_fault(path, ref, seen))
    if faults:
        raise ResultError("report", faults)
    return list(found.values())


def _places(path: Path, name: str) -> Iterator[Path]:
    """Yield the files that may hold an instance of a name."""
    file = f"{name}.json"
    # A name is any text: only one that is a file name is looked for.
    if Path(file).name != file or "\x00" in file or len(file.encode()) > 255:
        return
    beside = [path.parent / file, Path(file)]
    library = sorted(one for one in LIBRARY.rglob("*.json") if one.name == file)
    seen = {path.resolve()}
    for place in (*beside, *library):
        if place.resolve() not in seen and place.is_file():
            seen.add(place.resolve())
            yield place


def _read(path: Path) -> Instance | None:
    try:
        return read_instance(path)
    except QkdoptError:
        return None


def _fault(path: Path, ref: InstanceRef, seen: list[str]) -> str:
    looked = f"; looked at {', '.join(seen)}" if seen else ""
    return (
        f"{path}: its instance {ref.name!r} with hash {ref.sha256[:12]}... was not found{looked}; "
        f"expected {ref.name}.json beside the result, or --instance FILE (changed since?)"
    )
