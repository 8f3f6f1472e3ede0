"""What a repetition starts from: the earlier output, its instance, earlier plans."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qkdopt.errors import QkdoptError, ResultError
from qkdopt.instance import Instance
from qkdopt.io import read_instance, read_plan, read_text
from qkdopt.io.reading import parse_json
from qkdopt.result import AnyPlan, Environment, Provenance
from qkdopt.simulation import read_trace
from qkdopt.simulation.trace import Trace

# Options of `qkdopt rerun` that have another name than the function's.
OPTION = {"around": "from"}


@dataclass(frozen=True)
class Earlier:
    """An earlier output.

    Parameters
    ----------
    data
        Plain data, as in its file.
    record
        The same, validated; None for what has no schema of its own.
    provenance, environment
        Of it.
    name
        For messages: its file, or its kind.
    folder
        Of its file; None where it came from Python.
    """

    data: Mapping[str, Any]
    record: Any
    provenance: Provenance
    environment: Environment
    name: str
    folder: Path | None = None

    def faults(self, *faults: str) -> ResultError:
        """Return an error about it."""
        return ResultError(self.name, faults)


def read_output(path: Path) -> dict[str, Any]:
    """Read the JSON object of an output.

    Raises
    ------
    ResultError
        The file cannot be read, or is no JSON object.
    """
    faults: list[str] = []
    data = parse_json(read_text(path, ResultError), str(path), faults, ResultError)
    if not isinstance(data, dict):
        faults.append("holds no JSON object; expected an output of qkdopt")
    if faults:
        raise ResultError(str(path), faults)
    return dict(data)


def find_instance(
    earlier: Earlier, given: tuple[Path | None, Instance] | None
) -> tuple[Path | None, Instance]:
    """Return the instance that an output is about, and its file; hashes decide.

    Parameters
    ----------
    earlier
        The output.
    given
        Instance, and its file where it has one; None to look it up where it was.

    Raises
    ------
    ResultError
        It is another one, or none was found: with what was looked at.
    """
    (source,) = earlier.provenance.instances
    if given is not None:
        instance = given[1]
        if instance.sha256() != source.sha256:
            raise earlier.faults(
                f"instance {instance.name} has hash {instance.sha256()[:12]}...; expected "
                f"{source.sha256[:12]}... of {source.name} (changed since, or another one?)"
            )
        return given
    seen = []
    for place in _places(earlier, (source.file, f"{source.name}.json")):
        try:
            instance = read_instance(place)
        except QkdoptError:
            seen.append(f"{place}: no instance")
            continue
        if instance.sha256() == source.sha256:
            return place, instance
        seen.append(f"{place}: another hash")
    looked = f"; looked at {', '.join(seen)}" if seen else ""
    raise earlier.faults(
        f"its instance {source.name!r} with hash {source.sha256[:12]}... was not found{looked}; "
        "expected its file where it was, or --instance FILE"
    )


def plan_of(earlier: Earlier, option: str, given: AnyPlan | None) -> AnyPlan | None:
    """Return the earlier plan that a run was given.

    Parameters
    ----------
    earlier
        The output.
    option
        ``start`` or ``around``.
    given
        The plan; None to look it up.

    Raises
    ------
    ResultError
        The plan is another one, or was not found.
    """
    recorded = earlier.provenance.options.get(option)
    if recorded is None:
        if given is not None:
            raise earlier.faults(f"{option} is given; the earlier run had none")
        return None
    if given is None:
        given = _read_first(earlier, recorded.get("file"), read_plan)
    if given is None or given.plan_sha256() != recorded["plan_sha256"]:
        raise earlier.faults(_missing(option, recorded, "plan_sha256", found=given is not None))
    return given


def trace_of(earlier: Earlier, instance: Instance, seed: int) -> Trace | None:
    """Return the recorded requests of a simulation; None where they were drawn.

    Parameters
    ----------
    earlier
        The simulation.
    instance, seed
        Of it.

    Raises
    ------
    ResultError
        The file holds other requests, or was not found.
    """
    recorded = earlier.provenance.options.get("trace")
    if recorded is None:
        return None
    trace: Trace | None = _read_first(
        earlier, recorded.get("file"), lambda path: read_trace(path, instance, seed)
    )
    if trace is None or trace.sha256() != recorded["trace_sha256"]:
        raise earlier.faults(_missing("trace", recorded, "trace_sha256", found=trace is not None))
    return trace


def _read_first(earlier: Earlier, file: str | None, read: Any) -> Any:
    """Read the first file that is there; None where none is."""
    for place in _places(earlier, (file,)):
        return read(place)
    return None


def _missing(option: str, recorded: Mapping[str, Any], name: str, *, found: bool) -> str:
    state = "is another one" if found else "was not found"
    file = recorded.get("file") or "no file"
    return (
        f"{option}: what the earlier run was given, hash {recorded[name][:12]}..., {state} "
        f"(read from {file}); expected it there"
        + ("" if option == "trace" else f", or --{OPTION.get(option, option)} FILE")
    )


def _places(earlier: Earlier, files: Iterable[str | None]) -> Iterator[Path]:
    """Yield the files that are there, as recorded and beside the output."""
    seen = set()
    for file in files:
        # A name is any text: only one that is a file name is looked for.
        if file is None or "\x00" in file or len(file.encode()) > 4000:
            continue
        beside = () if earlier.folder is None else (earlier.folder / Path(file).name,)
        for place in (Path(file), *beside):
            if place.resolve() not in seen and place.is_file():
                seen.add(place.resolve())
                yield place


def as_plain(answer: Any) -> dict[str, Any]:
    """Return an answer as its file holds it: what JSON cannot tell apart is the same."""
    data: dict[str, Any] = json.loads(json.dumps(answer.to_json_dict()))
    return data
