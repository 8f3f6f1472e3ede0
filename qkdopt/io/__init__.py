"""Files in and out: instances, results, saved plans, whole or not at all."""

from qkdopt.instance.faults import fault_texts
from qkdopt.io.reading import (
    STANDARD_STREAM,
    parse_instance,
    read_instance,
    read_plan,
    read_record,
    read_result,
    read_text,
    read_toml,
)
from qkdopt.io.writing import write_instance, write_plan, write_result
from qkdopt.runtime.files import (
    to_text,
    validate_writable,
    write_files_whole,
    write_json_whole,
    write_text_whole,
    write_texts_whole,
)

__all__ = [
    "STANDARD_STREAM",
    "fault_texts",
    "parse_instance",
    "read_instance",
    "read_plan",
    "read_record",
    "read_result",
    "read_text",
    "read_toml",
    "to_text",
    "validate_writable",
    "write_files_whole",
    "write_instance",
    "write_json_whole",
    "write_plan",
    "write_result",
    "write_text_whole",
    "write_texts_whole",
]
