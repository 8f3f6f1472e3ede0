"""What was probably meant by an option or a value that there is not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import typer

# typer brings a copy of click of its own and exports only this one of its errors.
USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]
PREFIX = "Value error, "
QUOTED = re.compile(r"'([^']*)'")


def add_suggestion(error: Any) -> None:
    """Say in a usage error what was probably meant; errors of other kinds stay as they are.

    Parameters
    ----------
    error
        Of click: ``NoSuchOption`` or ``BadParameter`` of an option that takes one of a few values.
    """
    if getattr(error, "possibilities", None):
        nearest = get_close_matches(error.option_name, error.possibilities, n=1)
        error.message = f"No such option: {error.option_name}.{_question(nearest)}"
        error.possibilities = None
    elif isinstance(error, typer.BadParameter) and " is not one of " in error.message:
        read, *values = QUOTED.findall(error.message)
        nearest = get_close_matches(read, values, n=1)
        error.message = error.message.removeprefix(PREFIX) + _question(nearest)


def _question(nearest: Sequence[str]) -> str:
    return f" Did you mean {nearest[0]}?" if nearest else ""
