"""Solvers and formulations on the same instances, every plan checked."""

from qkdopt.compare.profile import Profile, read_profile
from qkdopt.compare.race import COLUMNS, Race, races
from qkdopt.compare.summary import summarise, to_markdown

__all__ = [
    "COLUMNS",
    "Profile",
    "Race",
    "races",
    "read_profile",
    "summarise",
    "to_markdown",
]
