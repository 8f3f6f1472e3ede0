"""Studies: many simulations from one file, resumable, on one machine or a cluster."""

from qkdopt.study.heartbeat import last_sign
from qkdopt.study.job import Job, run_job
from qkdopt.study.runner import RunReport, run_missing
from qkdopt.study.spec import StudySpec, read_study
from qkdopt.study.store import Store
from qkdopt.study.table import gain_between, with_gains
from qkdopt.study.workers import Workers, open_workers

__all__ = [
    "Job",
    "RunReport",
    "Store",
    "StudySpec",
    "Workers",
    "gain_between",
    "last_sign",
    "open_workers",
    "read_study",
    "run_job",
    "run_missing",
    "with_gains",
]
