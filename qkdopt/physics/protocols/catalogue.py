"""The protocols by name, and how one is made from parameters in text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields
from difflib import get_close_matches

from qkdopt.errors import FaultsError
from qkdopt.physics.protocols.asymptotic import AsymptoticDecoyBB84
from qkdopt.physics.protocols.gaussian_cv import GaussianCV
from qkdopt.physics.protocols.one_decoy import OneDecoyFiniteKey
from qkdopt.physics.protocols.two_decoys import TwoDecoyFiniteKey

Made = AsymptoticDecoyBB84 | GaussianCV | OneDecoyFiniteKey | TwoDecoyFiniteKey
PROTOCOLS: dict[str, type[Made]] = {
    "decoy-bb84": AsymptoticDecoyBB84,
    "decoy-bb84-finite": TwoDecoyFiniteKey,
    "one-decoy-bb84-finite": OneDecoyFiniteKey,
    "cv-gaussian": GaussianCV,
}


def make_protocol(name: str, parameters: Mapping[str, str | float]) -> Made:
    """Return a protocol with some of its parameters changed.

    Parameters
    ----------
    name
        One of :data:`PROTOCOLS`.
    parameters
        Values by name, as numbers or as text; the others keep their default.

    Raises
    ------
    FaultsError
        The protocol or a parameter is not known, or a value breaks a rule.
    """
    if name not in PROTOCOLS:
        raise FaultsError("protocol", [f"{name!r}; expected one of {', '.join(PROTOCOLS)}"])
    known = {field.name: field for field in fields(PROTOCOLS[name])}
    values, faults = {}, []
    for parameter, value in parameters.items():
        if parameter not in known:
            faults.append(f"{parameter}: no parameter of {name}; {_suggestion(parameter, known)}")
            continue
        try:
            values[parameter] = _read(known[parameter], value)
        except ValueError:
            faults.append(f"{parameter} = {value!r}; expected a number such as 1e-6")
    if faults:
        raise FaultsError(name, faults)
    return PROTOCOLS[name](**values)  # type: ignore[arg-type]


def _read(field: Field[object], value: str | float) -> str | float:
    """Return a value in the type of a field's default."""
    return str(value) if isinstance(field.default, str) else float(value)


def _suggestion(parameter: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(parameter, known, n=1)
    return f"did you mean {close[0]}?" if close else f"expected one of {', '.join(known)}"
