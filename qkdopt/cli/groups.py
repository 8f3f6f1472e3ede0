"""Groups of commands whose help says what each command does in full."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

# More characters than any first sentence has.
LONGEST_SENTENCE = 1000


class Group(TyperGroup):
    """A group that wraps the first sentence of each command's help in place of cutting it."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one entry a command."""
        commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        entries = [
            (name, command.get_short_help_str(LONGEST_SENTENCE))
            for name, command in commands.items()
            if command is not None and not command.hidden
        ]
        with formatter.section("Commands"):
            formatter.write_dl(entries)
