"""Plan data and quantum keys on the same fibres, and prove how good the plan is.

>>> import qkdopt
>>> instance = qkdopt.read_instance("instances/nsfnet_100erl.json")  # doctest: +SKIP
>>> result = qkdopt.solve(instance, time_limit=60)  # doctest: +SKIP
>>> result.gap, qkdopt.check(instance, result).faults  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qkdopt.bounds.bound import bound
    from qkdopt.checker import check
    from qkdopt.conflicts import explain
    from qkdopt.errors import QkdoptError
    from qkdopt.instance import Instance
    from qkdopt.instance.generation import new_instance
    from qkdopt.io import read_instance, read_plan, read_result
    from qkdopt.optimize import solve
    from qkdopt.result import Result, SavedPlan
    from qkdopt.simulation import SimulationOptions, simulate

    __version__: str

__all__ = [
    "Instance",
    "QkdoptError",
    "Result",
    "SavedPlan",
    "SimulationOptions",
    "__version__",
    "bound",
    "check",
    "explain",
    "new_instance",
    "read_instance",
    "read_plan",
    "read_result",
    "simulate",
    "solve",
]

_HOME = {
    "Instance": "qkdopt.instance",
    "QkdoptError": "qkdopt.errors",
    "Result": "qkdopt.result",
    "SavedPlan": "qkdopt.result",
    "SimulationOptions": "qkdopt.simulation",
    "bound": "qkdopt.bounds.bound",
    "check": "qkdopt.checker",
    "explain": "qkdopt.conflicts",
    "new_instance": "qkdopt.instance.generation",
    "read_instance": "qkdopt.io",
    "read_plan": "qkdopt.io",
    "read_result": "qkdopt.io",
    "simulate": "qkdopt.simulation",
    "solve": "qkdopt.optimize",
}


def __getattr__(name: str) -> Any:
    """Import public names when they are first used: `qkdopt --help` needs none of them."""
    if name == "__version__":
        from importlib.metadata import version

        return version("qkdopt")
    if name not in _HOME:
        raise AttributeError(f"module 'qkdopt' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
