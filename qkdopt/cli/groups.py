"""Groups of commands whose help says what each command does in full."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from qkdopt.cli.call import command_line
from qkdopt.cli.examples import examples_text
from qkdopt.cli.quiet import be_quiet
from qkdopt.cli.suggestions import USAGE_ERROR, add_suggestion
from qkdopt.errors import UsageError

# More characters than any first sentence has.
LONGEST_SENTENCE = 1000
# Names that commands once had, and what they are called now.
RENAMED = {"knobs": "sensitivity"}


PROGRAM = "qkdopt"
QUIET_NAME = "quiet"
# Names of the types of parameters that are paths.
PATHS = ("path", "file", "directory")


def _quiet_option() -> Any:
    """Return the option that every command has, made by typer from a command of its own."""
    holder = typer.Typer(add_completion=False)

    @holder.command()
    def _(
        quiet: Annotated[
            bool,
            typer.Option(
                "--quiet",
                "-q",
                callback=be_quiet,
                help="Show no progress and no hints; errors stay.",
            ),
        ] = False,
    ) -> None: ...

    option = next(one for one in typer.main.get_command(holder).params if one.name == QUIET_NAME)
    option.expose_value = False
    return option


def _type_name(parameter: Any) -> str:
    return str(getattr(getattr(parameter, "type", None), "name", ""))


def _noting(name: str, command: Any) -> Callable[..., Any]:
    """Return what runs a command, with its name and options noted for what it writes."""
    callback = command.callback
    # Early versions of typer, whose parameters have a type, make paths of texts only later.
    files = {one.name for one in command.params if _type_name(one) in PATHS}

    @wraps(callback)
    def noted(**options: Any) -> Any:
        as_paths = {
            key: Path(value) for key, value in options.items()
            if key in files and isinstance(value, str)
        }  # fmt: skip
        with command_line(name, options | as_paths):
            return callback(**options)

    return noted


class Group(TyperGroup):
    """A group whose commands have examples and ``--quiet``, and whole sentences in its list."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        path = "" if self.name in (None, PROGRAM) else f"{self.name} "
        for name, command in self.commands.items():
            if not hasattr(command, "commands"):
                command.epilog = examples_text(path + name)
                command.callback = _noting(path + name, command)
                command.params.append(_quiet_option())

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

    def invoke(self, ctx: Any) -> Any:
        """Run a command; an unknown option or value is answered with what was probably meant."""
        try:
            return super().invoke(ctx)
        except USAGE_ERROR as error:
            add_suggestion(error)
            raise
        except KeyboardInterrupt:
            # A command that has an answer by then gives it, and ends by itself.
            if ctx.parent is None:
                typer.echo("qkdopt: interrupted; what was not finished is in no file", err=True)
            raise

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
