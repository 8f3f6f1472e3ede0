"""An instance with some of its data changed, validated as if it had been read from a file."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from qkdopt.errors import InstanceError
from qkdopt.instance.faults import fault_texts
from qkdopt.instance.model import Instance


def instance_of(data: dict[str, Any], where: str) -> Instance:
    """Return the instance of plain data.

    Parameters
    ----------
    data
        As :meth:`Instance.to_json_dict` has it, changed.
    where
        What the data are, for the error.

    Raises
    ------
    InstanceError
        With every fault, in the words of a file that is read.
    """
    try:
        return Instance.model_validate(data, strict=False)
    except ValidationError as error:
        raise InstanceError(where, list(fault_texts(error, data, Instance))) from None
