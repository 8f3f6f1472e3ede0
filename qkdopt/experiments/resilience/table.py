"""Rows of runs as a table of shares in per cent, with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qkdopt.experiments.resilience.case import MEASURES

if TYPE_CHECKING:
    import pandas as pd

LABELS = ("event", "channels", "retune", "relay", "restoration")
RATES = ("before_bps", "after_bps")
SHARES = tuple(name for name in MEASURES if name not in RATES)
# Columns of `resilience.csv`, in this order.
COLUMNS = (
    *LABELS,
    *(f"{name}_{what}" for name in SHARES for what in ("percent", "ci95_percent")),
    *(column for name in RATES for column in (name, f"{name}_ci95")),
    "events", "load_erlang", "requests", "seed", "rate", "repair", "noise_per_gate", "target",
    "instance", "instance_sha256", "preset",
)  # fmt: skip


def survival_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of ``resilience.csv``, one line a run that is done.

    A share that does not exist (restored, where nothing was torn down) is empty.
    """
    import pandas as pd

    done = rows[rows["status"].eq("done")].reset_index(drop=True)
    shares = {}
    for name in SHARES:
        shares[f"{name}_percent"] = 100.0 * pd.to_numeric(done[name])
        shares[f"{name}_ci95_percent"] = 100.0 * pd.to_numeric(done[f"{name}_ci95"])
    return done.assign(**shares)[list(COLUMNS)]
