"""Break a file in one of the ways in which files are broken, by a random generator."""

from __future__ import annotations

import random

HOSTILE = [
    b"NaN", b"-1", b"1e999", b"9" * 400, b"0", b"", b"null", b"true", b"[]", b"{}", b"\x00",
    b"\xff", b"\xf0\x9f\x98\x80", b"-0.0", b"1e-300", b"1e15", b"(", b")", b"<a>", b"&amp;", b'"',
    b",", b";", b"\n", b"[" * 50, b"Aach", b"aach", b"\\ud800", b"#", b"0x10", b"1_000", b"inf",
    b"\r", b"\t",
]  # fmt: skip


def mutated(data: bytes, generator: random.Random) -> bytes:
    """Return data with up to four changes."""
    for _ in range(generator.choice([1, 1, 2, 4])):
        data = generator.choice(CHANGES)(data, generator)
    return data


def _cut(data: bytes, generator: random.Random) -> bytes:
    return data[: generator.randrange(len(data) + 1)]


def _drop(data: bytes, generator: random.Random) -> bytes:
    start = generator.randrange(len(data) + 1)
    return data[:start] + data[start + generator.randint(1, 30) :]


def _insert(data: bytes, generator: random.Random) -> bytes:
    start = generator.randrange(len(data) + 1)
    return data[:start] + generator.choice(HOSTILE) + data[start:]


def _flip(data: bytes, generator: random.Random) -> bytes:
    start = generator.randrange(len(data) + 1)
    return data[:start] + bytes([generator.randrange(256)]) + data[start + 1 :]


def _swap_words(data: bytes, generator: random.Random) -> bytes:
    words = data.split(b" ")
    a, b = (generator.randrange(len(words)) for _ in range(2))
    words[a], words[b] = words[b], words[a]
    return b" ".join(words)


def _replace_number(data: bytes, generator: random.Random) -> bytes:
    digits = [k for k, letter in enumerate(data) if chr(letter).isdigit()]
    if not digits:
        return data
    start = end = generator.choice(digits)
    while end < len(data) and chr(data[end]) in "0123456789.":
        end += 1
    return data[:start] + generator.choice(HOSTILE) + data[end:]


def _drop_line(data: bytes, generator: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    if lines:
        del lines[generator.randrange(len(lines))]
    return b"".join(lines)


def _repeat_line(data: bytes, generator: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    if lines:
        lines.insert(generator.randrange(len(lines)), generator.choice(lines))
    return b"".join(lines)


CHANGES = [
    _cut, _drop, _insert, _flip, _swap_words, _replace_number, _replace_number, _drop_line,
    _repeat_line,
]  # fmt: skip
