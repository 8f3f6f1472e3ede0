"""A library: instances and, beside them, the best plans and bounds known of each."""

from qkdopt.library.folder import Library, find_library
from qkdopt.library.merge import merged
from qkdopt.library.record import BestKnown
from qkdopt.library.table import read_table, table_text
from qkdopt.library.update import Change, update

__all__ = [
    "BestKnown",
    "Change",
    "Library",
    "find_library",
    "merged",
    "read_table",
    "table_text",
    "update",
]
