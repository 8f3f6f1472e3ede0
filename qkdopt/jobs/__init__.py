"""Many runs from one list of tasks: resumable, on one machine or a cluster."""

from qkdopt.jobs.heartbeat import HeartbeatWriter, lock, read_heartbeat
from qkdopt.jobs.runner import RunReport, UnfinishedError, run_missing
from qkdopt.jobs.store import Store
from qkdopt.jobs.task import Row, Task
from qkdopt.jobs.workers import Workers, open_workers

__all__ = [
    "HeartbeatWriter",
    "Row",
    "RunReport",
    "Store",
    "Task",
    "UnfinishedError",
    "Workers",
    "lock",
    "open_workers",
    "read_heartbeat",
    "run_missing",
]
