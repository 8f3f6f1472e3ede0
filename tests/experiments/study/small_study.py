"""A study of eight short runs, two of them bounded, and its table without circumstances."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from qkdopt.experiments.study import read_study
from qkdopt.jobs import Store
from qkdopt.jobs.task import CIRCUMSTANCES

INSTANCE = Path(__file__).parent.parent.parent.parent / "instances" / "small" / "mesh6.json"
TEXT = """
name = "small"
instances = ["{instance}"]
loads = [4, 8]
seeds = [0, 1]
requests = {requests}
warmup = 100
strategies = ["fixed", {{ strategy = "ds-qkd-synergistic", name = "harm" }}]
sets = [{{ listed = [1, 4] }}]
bound_every = {every}
snapshots = 2
"""


def write_study(folder: Path, *, requests: int = 2000, every: int = 0) -> Path:
    path = folder / "small.toml"
    text = TEXT.format(instance=INSTANCE, requests=requests, every=every)
    path.write_text(text, encoding="utf-8")
    return path


def table(path: Path) -> pd.DataFrame:
    """What a study found, without how long it took."""
    jobs = read_study(path).jobs(path.parent)
    rows = Store(path.parent / "results.parquet" / path.stem).read([job.key for job in jobs])
    return rows.drop(columns=list(CIRCUMSTANCES))
