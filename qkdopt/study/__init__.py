"""Studies: many simulations from one file, resumable, on one machine or a cluster."""

from qkdopt.study.job import Job
from qkdopt.study.spec import StudySpec, read_study
from qkdopt.study.table import gain_between, with_gains

__all__ = ["Job", "StudySpec", "gain_between", "read_study", "with_gains"]
