"""Files in and out: instances, results, whole or not at all."""

from qkdopt.io.reading import parse_instance, read_instance, read_result
from qkdopt.io.writing import refuse_unwritable, to_text, write_json_whole

__all__ = [
    "parse_instance",
    "read_instance",
    "read_result",
    "refuse_unwritable",
    "to_text",
    "write_json_whole",
]
