"""Rows of a made-up instance, all columns given but those a test is about."""

from __future__ import annotations

from datetime import date
from typing import Any

from qkdopt.best_known import BestKnown


def row(**columns: Any) -> BestKnown:
    if columns.get("bound_bps") is not None:
        columns = {"bound_routes": "K=3", "bound_method": "load states", **columns}
    given = {
        "instance": "small/line",
        "sha256": "0" * 64,
        "objective": "mean",
        "served": 5,
        "served_bound": 9,
        "value_bps": 100.0,
        "strategy": "auto",
        "seed": 0,
        "date": date(2026, 1, 1),
        "version": "1.0",
    }
    return BestKnown.model_validate({**given, **columns})
