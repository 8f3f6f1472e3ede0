"""Groups of commands whose help says what each command does in full."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

from qkdopt.errors import UsageError

# More characters than any first sentence has.
LONGEST_SENTENCE = 1000
# Names that commands once had, and what they are called now.
RENAMED = {"knobs": "sensitivity"}


class Group(TyperGroup):
    """A group that wraps the first sentence of each command's help in place of cutting it."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; an old name is answered with the new one.

        Raises
        ------
        UsageError
            The name is an old one.
        """
        renamed = cmd_name in RENAMED and cmd_name not in self.commands
        # While a shell completes a line, nothing is said.
        if renamed and not ctx.resilient_parsing:
            raise UsageError(f"{cmd_name}: expected its new name, qkdopt {RENAMED[cmd_name]}")
        return super().get_command(ctx, cmd_name)

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
