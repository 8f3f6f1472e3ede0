"""A plan as three Parquet tables, of typed columns and lists."""

from __future__ import annotations

import io

from qkdopt.instance import NodeId
from qkdopt.io.exporters.plan import ExportedPlan

# Ids are numbers in some instances and text in others: one type a column.
IDS = ("demand", "source", "target", "a", "b")


def parquet_files(plan: ExportedPlan) -> dict[str, bytes]:
    """Return the content of ``demands.parquet``, ``lightpaths.parquet`` and ``links.parquet``.

    Ids are text; lists of channels and links stay lists.
    """
    # It takes half a second to import: only where Parquet is written.
    import pyarrow as pa
    from pyarrow import parquet

    files = {}
    for name, rows in plan.tables().items():
        typed = [
            {key: _text(value) if key in IDS else value for key, value in row.items()}
            for row in rows
        ]
        buffer = io.BytesIO()
        parquet.write_table(pa.Table.from_pylist(typed), buffer)
        files[f"{name}.parquet"] = buffer.getvalue()
    return files


def _text(value: NodeId) -> str:
    return str(value)
