"""Help shows every word of its source: units in brackets, long options, whole sentences."""

from __future__ import annotations

import inspect
import re

import pytest
import typer

from qkdopt.cli import app
from tests.command import exit_status


def commands(group, path=()):
    """Yield every command of the command line with the words that lead to it."""
    for name, command in group.commands.items():
        yield (*path, name), command
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))


COMMANDS = dict(commands(typer.main.get_command(app)))


def squeezed(text: str) -> str:
    """Text without white space, which wrapping changes."""
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_holds_all_that_its_source_says(path, capsys):
    assert exit_status(*path, "--help") == 0
    shown = squeezed(capsys.readouterr().out)
    command = COMMANDS[path]
    assert squeezed(inspect.cleandoc(command.help or "")) in shown
    for parameter in command.params:
        assert squeezed(getattr(parameter, "help", None) or "") in shown, parameter.name
        options = [text for text in parameter.opts if text.startswith("--")]
        assert all(text in shown for text in options)


def test_units_in_brackets_are_among_what_was_looked_at():
    helps = [
        getattr(one, "help", None) or "" for command in COMMANDS.values() for one in command.params
    ]
    units = {unit for text in helps for unit in re.findall(r"\[[^]]+\]", text)}
    assert {"[dBm]", "[bit/s]", "[clicks per gate]"} <= units


def test_a_list_of_commands_cuts_no_sentence(capsys):
    assert exit_status("--help") == 0
    shown = capsys.readouterr().out
    assert "..." not in shown.replace("[ARGS]...", "")
    for command in typer.main.get_command(app).commands.values():
        first = inspect.cleandoc(command.help or "").split("\n\n")[0].removesuffix(".")
        assert squeezed(first.split(". ")[0]) in squeezed(shown)
