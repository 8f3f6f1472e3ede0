"""Where a Dask scheduler is: its address, or the file in which it leaves one."""

from __future__ import annotations

import json
from pathlib import Path

from qkdopt.errors import UsageError


def scheduler_address(given: str) -> str:
    """Return the address of a scheduler, of which it may be the file.

    ``dask scheduler --scheduler-file FILE.json`` writes the file: on a machine that others share a
    port of its own choice is the only one that is surely free.

    Parameters
    ----------
    given
        An address such as ``tcp://HOST:8786``, or a path that ends in ``.json``.

    Raises
    ------
    UsageError
        The file cannot be read, or holds no address.
    """
    if "://" in given or not given.endswith(".json"):
        return given
    expected = "expected the file that dask scheduler --scheduler-file FILE.json writes"
    try:
        found = json.loads(Path(given).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"scheduler file {given}: {error}; {expected}") from None
    address = found.get("address") if isinstance(found, dict) else None
    if not isinstance(address, str):
        raise UsageError(f"scheduler file {given}: no address in it; {expected}")
    return address
