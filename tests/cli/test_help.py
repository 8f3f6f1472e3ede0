"""Help shows every word of its source: units in brackets, long options, whole sentences."""

from __future__ import annotations

import inspect
import re
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
import typer

from qkdopt.cli import app, choices
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


def sentences():
    """Yield every help text of commands, groups, options and arguments with where it stands."""
    root = typer.main.get_command(app)
    for path, command in {(): root, **COMMANDS}.items():
        where = " ".join(path) or "qkdopt"
        yield where, command.help
        for parameter in command.params:
            if parameter.name not in COMPLETION:
                yield f"{where} {parameter.opts[-1]}", parameter.help


# Options that typer adds, in its own words.
COMPLETION = {"install_completion", "show_completion"}


def test_every_help_text_is_a_phrase():
    texts = dict(sentences())
    assert len(texts) > 150
    bad = {
        where: text
        for where, text in texts.items()
        if not text or not text[0].isupper() or not text.rstrip().endswith(".")
    }
    assert not bad


def closed(annotation):
    """Return the values of a Literal, alone or beside None; nothing of other types."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return next(filter(None, map(closed, get_args(annotation))), ())


def test_options_of_a_few_values_show_them(capsys):
    shown = 0
    for path, command in COMMANDS.items():
        hints = {} if command.callback is None else get_type_hints(command.callback)
        several = [values for hint in hints.values() if (values := closed(hint))]
        assert exit_status(*path, "--help") == 0
        text = squeezed(capsys.readouterr().out)
        for values in several:
            assert "|".join(values) in text, path
        shown += len(several)
    assert shown >= 20


def test_no_option_spells_its_values_by_hand():
    """Values in a help text alone are neither checked nor completed."""
    known = [set(get_args(value)) for value in vars(choices).values() if len(get_args(value)) > 2]
    for where, text in sentences():
        words = set(re.findall(r"[a-z0-9-]+", text))
        spelled = [values for values in known if values <= words]
        assert where in LISTS or not spelled, where


# Lists of values, not one of them.
LISTS = {"compare --formulations"}
