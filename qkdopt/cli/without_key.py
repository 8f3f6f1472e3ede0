"""How many of the served have no key, in words."""

from __future__ import annotations


def without_key(count: int | None) -> str:
    """Return ``, 49 without key``; nothing where every one has key, or none was counted."""
    return f", {count} without key" if count else ""
