"""Studies: many simulations from one file, resumable, on one machine or a cluster."""

from qkdopt.study.job import Job, run_job
from qkdopt.study.runner import RunReport, executor_for, run_missing
from qkdopt.study.spec import StudySpec, read_study
from qkdopt.study.store import Store
from qkdopt.study.table import gain_between, with_gains

__all__ = [
    "Job",
    "RunReport",
    "Store",
    "StudySpec",
    "executor_for",
    "gain_between",
    "read_study",
    "run_job",
    "run_missing",
    "with_gains",
]
