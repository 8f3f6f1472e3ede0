"""Translate validation errors into a planner's words: where, what was read, what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

# What was read is shown up to this many characters.
LONGEST_VALUE = 60


def fault_texts(
    problem: ValidationError, data: dict[str, Any], model: type[BaseModel]
) -> Iterator[str]:
    """Yield one text per fault; what the branches of one union expected is reported together.

    Parameters
    ----------
    problem
        Error of the validation.
    data
        What was validated, field by field, to name the place of each fault.
    model
        Model that it was validated as, to name the fields that it has.
    """
    messages: dict[str, list[str]] = {}
    for details in problem.errors(include_url=False):
        for fault, expected in _texts(details, data, model):
            branches = messages.setdefault(fault, [])
            if expected not in branches:
                branches.append(expected)
    for fault, branches in messages.items():
        yield fault + ", or ".join(branches)


def _texts(
    details: ErrorDetails, data: dict[str, Any], model: type[BaseModel]
) -> Iterator[tuple[str, str]]:
    """Yield each fault's text in two parts; the second is what one branch expected."""
    where = _where(details["loc"], data)
    message = details["msg"].removeprefix("Value error, ")
    read = _shown(details["input"])
    kind = details["type"]
    if kind == "extra_forbidden":
        yield f"{where}: unknown field; {_suggestion(details['loc'], model)}", ""
    elif kind == "missing":
        yield f"{where} is missing; expected a value", ""
    elif kind == "value_error" and isinstance(details["input"], dict):
        # A rule between fields says itself where it was broken, one line per fault.
        yield from ((line, "") for line in message.splitlines())
    elif kind == "value_error":
        yield f"{where} = {read}; {message}", ""
    else:
        yield f"{where} = {read}; expected: ", f"{message[0].lower()}{message[1:]}"


def _where(location: tuple[int | str, ...], data: dict[str, Any]) -> str:
    """Spell a path as a reader would: network.links[3].length_km."""
    text = ""
    here: Any = data
    for step in location:
        if isinstance(step, int):
            text += f"[{step}]"
            here = here[step] if isinstance(here, list) and step < len(here) else None
        elif isinstance(here, dict) and (step in here or not _is_branch(step)):
            text += f".{cut(step)}" if text else cut(step)
            here = here.get(step)
    return text or "the file"


def _is_branch(step: str) -> bool:
    """Whether a step is the name of a union's branch, such as ``int`` or ``RamanTable``."""
    plain = step in {"int", "str", "float", "tuple", "none", "nullable"}
    return plain or "[" in step or step[:1].isupper() or step.startswith(("literal", "function"))


def _shown(value: object) -> str:
    return cut(json.dumps(value, default=str))


def cut(text: str) -> str:
    """Return text, of a long one the beginning."""
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."


def _suggestion(location: tuple[int | str, ...], model: type[BaseModel]) -> str:
    fields = sorted(_fields_at(location[:-1], model))
    close = get_close_matches(str(location[-1]), fields, n=1)
    return f"did you mean {close[0]}?" if close else f"expected one of {', '.join(fields)}"


def _fields_at(location: tuple[int | str, ...], model: type[BaseModel]) -> set[str]:
    """Field names of the model at a location, all branches of unions together."""
    models = {model}
    for step in location:
        if isinstance(step, int):
            continue
        inner = {
            found
            for current in models
            if step in current.model_fields
            for found in _models_in(current.model_fields[step].annotation)
        }
        models = inner or {current for current in models if current.__name__ == step} or models
    return {info.alias or name for current in models for name, info in current.model_fields.items()}


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
