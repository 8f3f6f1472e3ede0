"""What every record of a result is built on."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from qkdopt.runtime.files import write_json_whole


class Record(BaseModel):
    """A frozen part of a result: unknown fields and infinite numbers are refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        populate_by_name=True,
        serialize_by_alias=True,
    )


class FileRecord(Record):
    """A record that is a file of its own."""

    @abstractmethod
    def to_json_dict(self) -> dict[str, Any]:
        """Plain data of this record, as written to a file and printed by ``--json``."""

    def save(self, path: str | Path) -> None:
        """Write the record to a JSON file, whole or not at all.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        write_json_whole(path, self.to_json_dict())


def gap_of(value_bps: float, bound_bps: float | None) -> float | None:
    """Relative gap ``(bound - value) / bound``; 0 when both are 0, None without a bound."""
    if bound_bps is None:
        return None
    if bound_bps == 0.0:
        return 0.0
    return (bound_bps - value_bps) / bound_bps
