"""XML of unknown origin: no entities, no external references, no bottomless nesting."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from qkdopt.errors import InstanceError

DEEPEST = 100


def parse_xml(data: bytes, where: str) -> Any:
    """Return the root element.

    Raises
    ------
    InstanceError
        Broken XML, entities of its own, external references, or nesting deeper than any network's.
    """
    depth, root = 0, None
    try:
        for event, element in iterparse(BytesIO(data), events=("start", "end")):
            root = element if root is None else root
            depth += 1 if event == "start" else -1
            if depth > DEEPEST:
                fault = f"XML nested deeper than {DEEPEST} elements; expected a network"
                raise InstanceError(where, [fault])
    except ParseError as problem:
        line, column = problem.position
        text = str(problem).split(":", maxsplit=1)[0]
        fault = f"line {line}, column {column + 1}: {text}; expected well-formed XML"
        raise InstanceError(where, [fault]) from None
    except DefusedXmlException as problem:
        kind = type(problem).__name__
        fault = (
            f"XML with entities or external references of its own ({kind}); expected a network "
            "without them"
        )
        raise InstanceError(where, [fault]) from None
    except (ValueError, LookupError) as problem:
        raise InstanceError(where, [f"{problem}; expected XML in a known encoding"]) from None
    return root


def local_name(element: Any) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def children(element: Any, name: str) -> list[Any]:
    """Return the children of an element that have a name, whatever their namespace."""
    return [child for child in element if local_name(child) == name]


def child_text(element: Any, name: str) -> str | None:
    """Return the text of the first child of a name; None where there is none."""
    found = children(element, name)
    return (found[0].text or "").strip() if found else None
