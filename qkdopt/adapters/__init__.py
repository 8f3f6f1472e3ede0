"""One adapter per solver, one contract for all."""

from qkdopt.adapters.base import Adapter, Limits, Outcome, Status
from qkdopt.adapters.highs import HighsAdapter
from qkdopt.errors import UsageError

ADAPTERS: dict[str, Adapter] = {"highs": HighsAdapter()}


def adapter_of(name: str) -> Adapter:
    """Return the adapter of that name.

    Raises
    ------
    UsageError
        There is none.
    """
    if name not in ADAPTERS:
        raise UsageError(f"solver = {name!r}; expected one of {', '.join(ADAPTERS)}")
    return ADAPTERS[name]


__all__ = ["ADAPTERS", "Adapter", "Limits", "Outcome", "Status", "adapter_of"]
