"""Read instances, results, saved plans and settings; every fault of a file comes in one error."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from qkdopt.errors import FaultsError, InstanceError, ResultError
from qkdopt.instance import SCHEMA as INSTANCE_SCHEMA
from qkdopt.instance import Instance
from qkdopt.instance.faults import cut, fault_texts
from qkdopt.result import PLAN_SCHEMA, AnyPlan, Result, SavedPlan
from qkdopt.result import SCHEMA as RESULT_SCHEMA

MAX_FILE_BYTES = 200_000_000
# A longer whole number is larger than any float, and Python converts none of 4,300 digits.
MAX_DIGITS = 308
# Models that hold a plan, by schema; a file of an unknown schema is read as the first.
PLANS: dict[str, type[AnyPlan]] = {RESULT_SCHEMA: Result, PLAN_SCHEMA: SavedPlan}

# A path that stands for standard input, and for standard output where a command writes.
STANDARD_STREAM = Path("-")

Model = TypeVar("Model", bound=BaseModel)
Settings = TypeVar("Settings", bound=BaseModel)


def read_instance(path: str | Path) -> Instance:
    """Read and validate an instance file; ``-`` is standard input.

    Raises
    ------
    InstanceError
        The file cannot be read, is no JSON, or breaks rules: all of them listed.

    Examples
    --------
    >>> import qkdopt
    >>> qkdopt.read_instance("instances/nsfnet_100erl.json").name
    'nsfnet_100erl'
    """
    return parse_instance(read_text(Path(path), InstanceError), where=_spelled(path))


def parse_instance(text: str, *, where: str = "instance") -> Instance:
    """Parse and validate the JSON text of an instance; ``where`` names it in errors."""
    return _parse(text, where, {INSTANCE_SCHEMA: Instance}, InstanceError)


def read_result(path: str | Path) -> Result:
    """Read a result file.

    Raises
    ------
    ResultError
        The file cannot be read, is no JSON, or is no result: every fault listed.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> result = qkdopt.solve(line, strategy="ds-qkd")
    >>> with TemporaryDirectory() as folder:
    ...     qkdopt.write_result(f"{folder}/result.json", result)
    ...     qkdopt.read_result(f"{folder}/result.json") == result
    True
    """
    text = read_text(Path(path), ResultError)
    return _parse(text, _spelled(path), {RESULT_SCHEMA: Result}, ResultError)


def read_plan(path: str | Path) -> AnyPlan:
    """Read a saved plan, or a result for the plan it holds.

    Raises
    ------
    ResultError
        The file cannot be read, is no JSON, or is neither: every fault listed.

    Examples
    --------
    >>> import qkdopt
    >>> qkdopt.read_plan("instances/best_known/nsfnet_100erl.json").objective
    'mean'
    """
    return _parse(read_text(Path(path), ResultError), _spelled(path), PLANS, ResultError)


def read_record(
    path: str | Path, models: Mapping[str, type[Model]], error: type[FaultsError] = ResultError
) -> Model:
    """Read a file of one of several schemas.

    Parameters
    ----------
    path
        The file.
    models
        Models by schema; a file of an unknown schema is read as the first.
    error
        Class of the error to raise.

    Raises
    ------
    FaultsError
        As ``error``: the file cannot be read, is no JSON, or breaks rules: every fault listed.
    """
    return _parse(read_text(Path(path), error), str(path), models, error)


def read_text(path: Path, error: type[FaultsError], *, expected: str = "a JSON file") -> str:
    """Return the text of a file.

    Parameters
    ----------
    path
        File of at most :data:`MAX_FILE_BYTES` bytes.
    error
        Class of the error to raise.
    expected
        Kind of file, for messages.

    Raises
    ------
    FaultsError
        As ``error``: the file is missing, a folder, too large, not readable or no UTF-8.
    """
    if path == STANDARD_STREAM:
        return _standard_input(error, expected)
    try:
        if path.is_dir():
            raise error(str(path), [f"is a folder; expected {expected}"])
        return _file_bytes(path, error).decode("utf-8-sig")
    except FileNotFoundError:
        raise error(str(path), [f"no such file; expected {expected}"]) from None
    except PermissionError:
        raise error(str(path), ["not readable: permission denied"]) from None
    except UnicodeDecodeError as problem:
        fault = f"byte {problem.start} is no UTF-8; expected {expected} (a binary file?)"
        raise error(str(path), [fault]) from None
    except (OSError, ValueError) as problem:
        # A name that is no file name, a folder in its place that is a file, a disk that fails.
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise error(str(path), [f"not readable: {reason}; expected {expected}"]) from None


def _file_bytes(path: Path, error: type[FaultsError]) -> bytes:
    """Return the bytes of a file; of one without end, such as a device, no more than allowed."""
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise error(str(path), [f"larger than {MAX_FILE_BYTES} bytes; wrong file?"])
    return content


def _spelled(path: str | Path) -> str:
    return "standard input" if Path(path) == STANDARD_STREAM else str(path)


def _standard_input(error: type[FaultsError], expected: str) -> str:
    content = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    where = _spelled(STANDARD_STREAM)
    if len(content) > MAX_FILE_BYTES:
        raise error(where, [f"larger than {MAX_FILE_BYTES} bytes; wrong file?"])
    if not content:
        fault = f"is empty; expected {expected} (nothing is piped in, or `-` is given twice?)"
        raise error(where, [fault])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        fault = f"byte {problem.start} is no UTF-8; expected {expected} (a binary file?)"
        raise error(where, [fault]) from None


def _parse(
    text: str, where: str, models: Mapping[str, type[Model]], error: type[FaultsError]
) -> Model:
    faults: list[str] = []
    data = parse_json(text, where, faults, error)
    if not isinstance(data, dict):
        raise error(where, [f"holds a JSON {_kind(data)}; expected an object"])
    schema_name = data.get("schema")
    schema = (
        schema_name
        if isinstance(schema_name, str) and schema_name in models
        else next(iter(models))
    )
    if schema_name != schema:
        expected = " or ".join(f'"{name}"' for name in models)
        fault = (
            f"schema = {json.dumps(schema_name)}; expected {expected} (this version reads no other)"
        )
        faults.append(fault)
    # The rest is validated all the same, so that one error lists everything.
    model = models[schema]
    data = {**data, "schema": schema}
    try:
        parsed = model.model_validate_json(json.dumps(data))
    except ValidationError as problem:
        faults.extend(fault_texts(problem, data, model))
        parsed = None
    if faults or parsed is None:
        raise error(where, faults)
    return parsed


def parse_json(text: str, where: str, faults: list[str], error: type[FaultsError]) -> Any:
    """Parse JSON; NaN, infinity, and whole numbers beyond any float are refused.

    Parameters
    ----------
    text, where
        What to parse, and its name in errors.
    faults
        Gets one text for each key that is given twice.
    error
        Class of the error to raise.

    Raises
    ------
    FaultsError
        As ``error``: no JSON, nothing at all, or nested too deeply.
    """
    if not text.strip():
        raise error(where, ["is empty; expected a JSON object"])

    def unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in pairs:
            if key in data:
                faults.append(f"key {cut(repr(key))} is given twice in one object; expected once")
            data[key] = value
        return data

    def constant(name: str) -> NoReturn:
        raise error(where, [f"holds {name}; expected a finite number"])

    def whole(digits: str) -> int:
        if len(digits) > MAX_DIGITS:
            fault = f"holds {digits[:12]}... of {len(digits):,} digits; expected less than 1e308"
            raise error(where, [fault])
        return int(digits)

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=constant, parse_int=whole)
    except json.JSONDecodeError as problem:
        fault = f"line {problem.lineno}, column {problem.colno}: {problem.msg}; expected JSON"
        raise error(where, [fault]) from None
    except RecursionError:
        raise error(where, ["is nested too deeply; expected what qkdopt reads"]) from None


def _kind(value: object) -> str:
    kinds: dict[type, str] = {list: "list", str: "string", type(None): "null", bool: "boolean"}
    return kinds.get(type(value), "number")


def read_toml(path: str | Path, model: type[Settings]) -> Settings:
    """Read and validate a TOML file.

    Raises
    ------
    InstanceError
        The file cannot be read or breaks rules: every fault listed.
    """
    where = _spelled(path)
    text = read_text(Path(path), InstanceError, expected="a TOML file")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InstanceError(where, [f"{error}; expected TOML"]) from None
    except RecursionError:
        raise InstanceError(where, ["is nested too deeply; expected what qkdopt reads"]) from None
    except ValueError:
        # Python refuses to convert such a number; no other TOML text raises a plain ValueError.
        fault = "holds a whole number of thousands of digits; expected less than 1e308"
        raise InstanceError(where, [fault]) from None
    try:
        return model.model_validate(data, strict=False)
    except ValidationError as problem:
        raise InstanceError(where, list(fault_texts(problem, data, model))) from None
