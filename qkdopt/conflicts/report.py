"""Answer of ``explain``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qkdopt.conflicts.groups import Kind
from qkdopt.instance import NodeId

SCHEMA = "qkdopt/explanation/1"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One group of rules of a conflict, by the ids of the instance.

    Parameters
    ----------
    kind
        See :class:`qkdopt.conflicts.groups.Group`.
    demand, link
        Id of the demand or link that the rules are about; the other is None.
    text
        Its name in words.
    """

    kind: Kind
    demand: NodeId | None
    link: str | None
    text: str

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain data; only the id that is set."""
        subject = {"link": self.link} if self.demand is None else {"demand": self.demand}
        return {"kind": self.kind, **subject, "text": self.text}


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Whether all demands of an instance can be served, and the rules in conflict.

    Parameters
    ----------
    instance
        Name of the instance.
    feasible
        True: a plan was found. False: none exists. None: not decided in time.
    irreducible
        The groups cannot hold together, and do without any one of them: both proved.
    groups
        The conflict; empty unless ``feasible`` is False.
    text
        The answer in the terms of planning.
    seconds
        Wall time.
    advice
        Changes that would give a demand key that none of its candidate routes has.
    """

    instance: str
    feasible: bool | None
    irreducible: bool
    groups: tuple[Rule, ...]
    text: str
    seconds: float
    advice: tuple[str, ...] = ()

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain data (schema ``qkdopt/explanation/1``)."""
        return {
            "schema": SCHEMA,
            "instance": self.instance,
            "feasible": self.feasible,
            "irreducible": self.irreducible,
            "groups": [group.to_json_dict() for group in self.groups],
            "text": self.text,
            "advice": list(self.advice),
            "seconds": self.seconds,
        }
