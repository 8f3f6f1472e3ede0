"""Studies: many simulations from one file, resumable, on one machine or a cluster."""

from qkdopt.experiments.study.job import Job, different_instances
from qkdopt.experiments.study.spec import StudySpec, read_study
from qkdopt.experiments.study.study_run import gain_between, with_gains

__all__ = [
    "Job",
    "StudySpec",
    "different_instances",
    "gain_between",
    "read_study",
    "with_gains",
]
