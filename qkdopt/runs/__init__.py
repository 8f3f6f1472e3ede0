"""Many runs from one list of tasks: resumable, on one machine or a cluster."""

from qkdopt.runs.heartbeat import Heartbeat, hold, last_sign
from qkdopt.runs.runner import RunReport, run_missing
from qkdopt.runs.store import Store
from qkdopt.runs.task import Row, Task
from qkdopt.runs.workers import Workers, open_workers

__all__ = [
    "Heartbeat",
    "Row",
    "RunReport",
    "Store",
    "Task",
    "Workers",
    "hold",
    "last_sign",
    "open_workers",
    "run_missing",
]
