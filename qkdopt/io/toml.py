"""Settings in TOML files, validated with every fault listed."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from qkdopt.errors import InstanceError
from qkdopt.instance.faults import fault_texts

Settings = TypeVar("Settings", bound=BaseModel)


def read_toml(path: str | Path, model: type[Settings]) -> Settings:
    """Read and validate a TOML file.

    Raises
    ------
    InstanceError
        The file cannot be read or breaks rules: every fault listed.
    """
    where = str(path)
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InstanceError(where, [f"{error.strerror}; expected a TOML file"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InstanceError(where, [f"{error}; expected TOML"]) from None
    except ValueError:
        # Python refuses to convert such a number; no other TOML text raises a plain ValueError.
        fault = "holds a whole number of thousands of digits; expected less than 1e308"
        raise InstanceError(where, [fault]) from None
    try:
        return model.model_validate(data, strict=False)
    except ValidationError as problem:
        raise InstanceError(where, list(fault_texts(problem, data, model))) from None
