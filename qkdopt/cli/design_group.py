"""The group ``qkdopt design``, which answers its own earlier form with the command of today."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

from qkdopt.cli.groups import Group
from qkdopt.errors import UsageError


class DesignGroup(Group):
    """Commands of channel sets; ``design INSTANCE ...`` was one command until they were split."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Split words into a command and its arguments.

        Raises
        ------
        UsageError
            They are of the earlier form.
        """
        if not ctx.resilient_parsing and self._is_earlier_form(ctx, args):
            command = _command_for(args)
            raise UsageError(f"design: expected its new name, qkdopt design {command} INSTANCE")
        return super().parse_args(ctx, args)

    def _is_earlier_form(self, ctx: Any, args: list[str]) -> bool:
        if not args or args[0] in self.commands or args[0] in ctx.help_option_names:
            return False
        first = args[0]
        return first.startswith("-") or bool(Path(first).suffix) or Path(first).exists()


def _command_for(args: list[str]) -> str:
    """Return the command that has the options of an earlier form."""
    words = [word for text in args for word in text.split("=", 1)]
    if "--protect" in words:
        return "protect"
    exact = any(pair == ("--method", "exact") for pair in pairwise(words))
    return "prove" if exact else "rank"
