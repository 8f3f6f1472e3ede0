"""Library of instances and, beside them, the best known plans and bounds of each."""

from qkdopt.best_known.folder import Library, find_library
from qkdopt.best_known.record import BestKnown, merge_rows
from qkdopt.best_known.table import read_table, table_text
from qkdopt.best_known.update import Change, update

__all__ = [
    "BestKnown",
    "Change",
    "Library",
    "find_library",
    "merge_rows",
    "read_table",
    "table_text",
    "update",
]
