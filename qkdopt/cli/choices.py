"""Words that options take."""

from __future__ import annotations

from typing import cast, get_args

from qkdopt.errors import UsageError
from qkdopt.result import Objective


def objective_of(name: str) -> Objective:
    """Return the objective of that name.

    Raises
    ------
    UsageError
        There is none.
    """
    known = get_args(Objective)
    if name not in known:
        raise UsageError(f"objective = {name!r}; expected one of {', '.join(known)}")
    return cast(Objective, name)
