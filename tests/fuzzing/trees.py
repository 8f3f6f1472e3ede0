"""Break JSON and TOML by their structure: values of another kind, fields twice, too many, gone."""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Iterator
from typing import Any

# A text of more than this is repeated no further: what is tested is rules, not patience.
MOST_CHARACTERS = 300_000


class Fields(list[Any]):
    """Fields of an object, in order, as lists of name and value: a name may come twice."""


class Raw(str):
    """Text that is written as it stands, whether or not it is a value."""

    __slots__ = ()


NUMBERS = [
    Raw("NaN"), Raw("-Infinity"), Raw("1e999"), Raw("-1e999"), Raw("9" * 400), Raw("9" * 5000),
    Raw("1e308"), Raw("5e-324"), Raw("-0.0"), Raw("01"), Raw("1."), 1e300, -1e300, 1e-300, 10**18,
    2**63, -(2**63) - 1, 2**31, -1, 0, 1, 2, 3, 7, 0.5, 1e-9, 1e6, 1e9, 100, 1000, 2000, -80,
]  # fmt: skip
TEXTS = [
    "", " ", "0", "1", "NaN", "all", "ä", "\U0001f600", "\x00", "\n", "\ud800", "-", "..", "/",
    "%s", "{}", "[bold]", "a" * 5000, "e\u0301", "\u202e", "True", "null", "1-2", "a->b",
    "shared", "flow", "widest", "link-sum", "max-min", "key-served", "pair",
    "hollenbeck-cantrell", "G.654.E",
]  # fmt: skip
OTHERS: list[Any] = [
    None, True, False, [], Fields(), [[]], [None], [0, 0], Raw(""), Raw("{"), Raw("]"), Raw("nul"),
]  # fmt: skip


def json_tree(text: str) -> Any:
    """Return the data of JSON, objects as their fields in order."""
    return json.loads(text, object_pairs_hook=lambda pairs: Fields(map(list, pairs)))


def toml_tree(text: str) -> Any:
    """Return the data of TOML, tables as their fields in order."""
    return json_tree(json.dumps(tomllib.loads(text)))


def changed_tree(tree: Any, generator: random.Random) -> Any:
    """Return data with one change in a place drawn at random; the tree itself is changed."""
    places = list(_places(tree))
    if not places:
        return _other(generator)
    # Half of the time fields by name, else most changes would be in the longest list.
    named = [place for place in places if isinstance(place[0], Fields)]
    holder, k = generator.choice(named if named and generator.random() < 0.5 else places)
    return generator.choice(CHANGES)(tree, holder, k, generator)


def _places(tree: Any) -> Iterator[tuple[Any, int]]:
    """Yield every place of a tree: its holder, and the number of the item in it."""
    if isinstance(tree, Fields):
        for k, (_, value) in enumerate(tree):
            yield tree, k
            yield from _places(value)
    elif isinstance(tree, list):
        for k, value in enumerate(tree):
            yield tree, k
            yield from _places(value)


def _value(holder: Any, k: int) -> Any:
    return holder[k][1] if isinstance(holder, Fields) else holder[k]


def _set(holder: Any, k: int, value: Any) -> None:
    if isinstance(holder, Fields):
        holder[k][1] = value
    else:
        holder[k] = value


def _other(generator: random.Random) -> Any:
    return generator.choice(generator.choice([NUMBERS, NUMBERS, TEXTS, OTHERS]))


def _replace(tree: Any, holder: Any, k: int, generator: random.Random) -> Any:
    _set(holder, k, _other(generator))
    return tree


def _nudge(tree: Any, holder: Any, k: int, generator: random.Random) -> Any:
    """Change a number a little, or by orders of magnitude: what is still allowed is computed."""
    value = _value(holder, k)
    if isinstance(value, bool) or not isinstance(value, int | float) or isinstance(value, Raw):
        return _replace(tree, holder, k, generator)
    factor = generator.choice([0, -1, 0.5, 2, 10, 1e-3, 1e3, 1e-9, 1e9])
    # A whole number may be larger than any float.
    new = value * factor if abs(value) < 1e300 else factor
    _set(holder, k, round(new) if isinstance(value, int) and generator.random() < 0.8 else new)
    return tree


def _another(tree: Any, holder: Any, k: int, generator: random.Random) -> Any:
    """Put the value of another place here."""
    source = generator.choice(list(_places(tree)))
    _set(holder, k, _copy(_value(*source)))
    return tree


def _drop(tree: Any, holder: Any, k: int, generator: random.Random) -> Any:
    del holder[k]
    return tree


def _twice(tree: Any, holder: Any, k: int, generator: random.Random) -> Any:
    holder.insert(generator.randrange(len(holder) + 1), _copy(holder[k]))
    return tree


def _often(tree: Any, holder: Any, k: int, generator: random.Random) -> Any:
    """Repeat an item hundreds of times, or a thousand."""
    size = max(1, len(to_json(_value(holder, k))))
    times = min(generator.choice([30, 300, 1000]), MOST_CHARACTERS // size)
    holder.extend(_copy(holder[k]) for _ in range(times))
    return tree


def _add(tree: Any, holder: Any, k: int, generator: random.Random) -> Any:
    new = _other(generator)
    name = generator.choice([*TEXTS, *NAMES])
    holder.insert(k, [name, new] if isinstance(holder, Fields) else new)
    return tree


def _rename(tree: Any, holder: Any, k: int, generator: random.Random) -> Any:
    if not isinstance(holder, Fields):
        return _twice(tree, holder, k, generator)
    name = str(holder[k][0])
    cut = generator.randrange(len(name) + 1)
    holder[k][0] = generator.choice([name.upper(), name[:cut] + name[cut + 1 :], f"{name}s", ""])
    return tree


def _wrap(tree: Any, holder: Any, k: int, generator: random.Random) -> Any:
    """Nest a value, seldom as deeply as no reader follows."""
    depth = generator.choice([1, 1, 2, 50, 990, 20_000])
    inner = to_json(_value(holder, k))
    _set(holder, k, Raw("[" * depth + inner + "]" * depth))
    return tree


def _unwrap(tree: Any, holder: Any, k: int, generator: random.Random) -> Any:
    value = _value(holder, k)
    if isinstance(value, list) and value:
        _set(holder, k, _value(value, generator.randrange(len(value))))
        return tree
    return _replace(tree, holder, k, generator)


def _shuffle(tree: Any, holder: Any, k: int, generator: random.Random) -> Any:
    generator.shuffle(holder)
    return tree


def _lengthen(tree: Any, holder: Any, k: int, generator: random.Random) -> Any:
    _set(
        holder, k, generator.choice(["x", "ü", "9", "\\", "\u200b"]) * generator.choice([99, 9999])
    )
    return tree


def _copy(value: Any) -> Any:
    if isinstance(value, Fields):
        return Fields([name, _copy(inner)] for name, inner in value)
    return [_copy(inner) for inner in value] if isinstance(value, list) else value


CHANGES = [
    _replace, _replace, _replace, _nudge, _nudge, _nudge, _another, _drop, _drop, _twice, _often,
    _add, _rename, _wrap, _unwrap, _shuffle, _lengthen,
]  # fmt: skip
# Fields that are known somewhere, and so may be anywhere.
NAMES = [
    "id", "a", "b", "key", "schema", "name", "channels", "launch_dbm", "loss_db", "candidates",
    "qkd", "source", "target", "given", "lightpaths", "demand", "links", "around",
    "history", "bound",
]  # fmt: skip


def to_json(tree: Any) -> str:
    """Return data as JSON, what is raw as it stands."""
    if isinstance(tree, Raw):
        return str(tree)
    if isinstance(tree, Fields):
        return "{" + ", ".join(f"{json.dumps(n)}: {to_json(v)}" for n, v in tree) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(to_json, tree)) + "]"
    return json.dumps(tree)


def to_toml(tree: Any) -> str:
    """Return data as TOML, tables inside on one line each."""
    if not isinstance(tree, Fields):
        return _toml_value(tree)
    return "".join(f"{json.dumps(name)} = {_toml_value(value)}\n" for name, value in tree)


def _toml_value(value: Any) -> str:
    if isinstance(value, Raw):
        return {"NaN": "nan", "-Infinity": "-inf"}.get(value, str(value))
    if isinstance(value, Fields):
        return "{" + ", ".join(f"{json.dumps(n)} = {_toml_value(v)}" for n, v in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    return "inf" if value is None else json.dumps(value)
