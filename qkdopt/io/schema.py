"""The JSON Schemas that are shipped: ``python -m qkdopt.io.schema`` writes them again."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from qkdopt.instance import Instance
from qkdopt.result import Result, SavedPlan
from qkdopt.runtime.files import write_json_whole

SCHEMAS: dict[str, type[BaseModel]] = {
    "instance-1.json": Instance,
    "plan-1.json": SavedPlan,
    "result-1.json": Result,
}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of files of a model."""
    return {"$schema": DIALECT, **model.model_json_schema(by_alias=True)}


def shipped_schema(name: str) -> str:
    """Return the text of a shipped schema."""
    return files("qkdopt").joinpath("data", "schema", name).read_text(encoding="utf-8")


def main() -> None:
    """Write the schemas beside the package's data."""
    folder = Path(str(files("qkdopt").joinpath("data", "schema")))
    for name, model in SCHEMAS.items():
        write_json_whole(folder / name, json_schema(model))


if __name__ == "__main__":
    main()
