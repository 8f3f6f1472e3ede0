"""Sets of candidate QKD channels: another one for an instance, and sets in text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pydantic import ValidationError

from qkdopt.errors import UsageError
from qkdopt.instance.faults import fault_texts
from qkdopt.instance.model import Instance
from qkdopt.instance.network import Candidate, OffGridCandidate

# A frequency in THz, and perhaps the loss there.
OFF_GRID = re.compile(r"(?P<thz>\d+(\.\d+)?)THz(@(?P<loss>\d+(\.\d+)?))?", re.IGNORECASE)


def with_candidates(
    instance: Instance,
    channels: Sequence[Candidate] | None = None,
    *,
    by_link: Sequence[Sequence[Candidate]] | None = None,
    reserve: str | None = None,
) -> Instance:
    """Return the instance with other candidates.

    Parameters
    ----------
    instance
        Its own candidates, of links too, are set aside.
    channels
        Candidates of every link with QKD; None for all channels of the grid.
    by_link
        ``(E,)`` candidates of each link in the file's order, in place of ``channels``; those of
        links without QKD do not matter. None for the same candidates of every link.
    reserve
        ``all`` or ``working``; None for the instance's own.

    Raises
    ------
    InstanceError
        The candidates do not fit the instance.
    """
    # Links that have their own leave the shared ones without meaning: the least that is valid.
    first = next((own for own in by_link if own), ())[:1] if by_link is not None else None
    shared = channels if by_link is None else first
    qkd: dict[str, object] = {"candidates": "all" if shared is None else tuple(shared)}
    if reserve is not None:
        qkd["reserve"] = reserve
    links = {
        link.id: {"candidates": tuple(by_link[e]) if by_link is not None and link.qkd else None}
        for e, link in enumerate(instance.network.links)
    }
    return instance.replace(qkd=qkd, network={"links": links})


def read_channels(text: str, what: str) -> tuple[int, ...]:
    """Read channel numbers such as ``3,13,23,33``; whether a grid has them is not judged.

    Raises
    ------
    UsageError
        Something else; the message begins with ``what``, the name of the option.
    """
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() for word in words):
        raise UsageError(f"{what} = {text!r}; expected channel numbers such as 3,13,23,33")
    return tuple(map(int, words))


def read_candidates(text: str, what: str) -> tuple[Candidate, ...]:
    """Read candidates such as ``3,13,228.85THz@0.33``; if they fit is not judged.

    A number alone is a channel of the grid; a frequency in THz lies off it, with the fibre's loss
    there in dB/km behind the ``@`` where it differs.

    Raises
    ------
    UsageError
        Something else; the message begins with ``what``, the name of the option.
    """
    words = [word.strip() for word in text.split(",")]
    found: list[Candidate] = []
    for word in words:
        off_grid = OFF_GRID.fullmatch(word)
        if word.isdecimal():
            found.append(int(word))
        elif off_grid is not None:
            loss = off_grid["loss"]
            fields = {
                "frequency_thz": float(off_grid["thz"]),
                "loss_db_per_km": None if loss is None else float(loss),
            }
            found.append(_off_grid(fields, what))
        else:
            raise UsageError(
                f"{what} = {text!r}; expected channel numbers such as 3,13,23,33, or frequencies "
                "such as 228.85THz@0.33, the loss there in dB/km behind the @"
            )
    return tuple(found)


def _off_grid(fields: dict[str, float | None], what: str) -> OffGridCandidate:
    try:
        return OffGridCandidate.model_validate(fields)
    except ValidationError as error:
        faults = "; ".join(fault_texts(error, fields, OffGridCandidate))
        raise UsageError(f"{what}: {faults}") from None


def spell_channels(channels: Iterable[object]) -> str:
    """Spell a set as tables and plots do: ``{3,13,23,33}``."""
    return "{" + ",".join(map(str, channels)) + "}"
