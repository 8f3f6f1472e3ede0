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
    from qkdopt.channel_sets import rank_channel_sets
    from qkdopt.channel_sets.exact.exact import prove_channel_set
    from qkdopt.channel_sets.protection.protect import protect
    from qkdopt.checker import check
    from qkdopt.conflicts import explain
    from qkdopt.dimensioning.check import check_dimensioning
    from qkdopt.dimensioning.dimension import dimension
    from qkdopt.dimensioning.frontier import dimension_frontier
    from qkdopt.errors import (
        FaultsError,
        InstanceError,
        LibraryError,
        LicenceError,
        OptionsError,
        OutputError,
        PhysicsError,
        QkdoptError,
        RefusedError,
        ResultError,
        SolverFailedError,
        SolverMissingError,
        UnmetNeedsError,
        UnsupportedError,
        UsageError,
    )
    from qkdopt.experiments.calibration import Measurement, calibrate, read_measurements
    from qkdopt.experiments.comparison.benchmark_run import compare
    from qkdopt.experiments.repetition import rerun
    from qkdopt.experiments.reproduction import reproduce
    from qkdopt.experiments.resilience.survival import resilience
    from qkdopt.experiments.sensitivity.analysis import sensitivity
    from qkdopt.experiments.study.study_run import run_study
    from qkdopt.instance import Instance, share_keys
    from qkdopt.instance.generation import NetworkBuilder as Network
    from qkdopt.instance.generation import new_instance
    from qkdopt.io import (
        read_instance,
        read_plan,
        read_result,
        write_instance,
        write_plan,
        write_result,
    )
    from qkdopt.io.importers import import_network
    from qkdopt.io.surfaces import read_surface
    from qkdopt.jobs import UnfinishedError
    from qkdopt.optimize import instance_around, solve
    from qkdopt.physics.protocols import check_protocol
    from qkdopt.plotting import (
        plot_calibration,
        plot_diagnostics,
        plot_gap_over_time,
        plot_history,
        plot_network,
        plot_over_load,
        plot_pareto,
        plot_performance_profile,
        plot_published,
        plot_ranking,
        plot_sensitivity,
        plot_spectrum,
        plot_surface,
        plot_survival,
    )
    from qkdopt.problem import Problem
    from qkdopt.problem.plan import Plan
    from qkdopt.report import write_report
    from qkdopt.result import Result, SavedPlan
    from qkdopt.result.calibration import Calibration
    from qkdopt.result.dimensioning import Dimensioning, EquipmentPrices, Frontier
    from qkdopt.simulation import EventOptions, SimulationOptions, simulate, simulate_failures

    __version__: str

__all__ = [
    "Calibration",
    "Dimensioning",
    "EquipmentPrices",
    "EventOptions",
    "FaultsError",
    "Frontier",
    "Instance",
    "InstanceError",
    "LibraryError",
    "LicenceError",
    "Measurement",
    "Network",
    "OptionsError",
    "OutputError",
    "PhysicsError",
    "Plan",
    "Problem",
    "QkdoptError",
    "RefusedError",
    "Result",
    "ResultError",
    "SavedPlan",
    "SimulationOptions",
    "SolverFailedError",
    "SolverMissingError",
    "UnfinishedError",
    "UnmetNeedsError",
    "UnsupportedError",
    "UsageError",
    "__version__",
    "bound",
    "calibrate",
    "check",
    "check_dimensioning",
    "check_protocol",
    "compare",
    "dimension",
    "dimension_frontier",
    "explain",
    "import_network",
    "instance_around",
    "new_instance",
    "plot_calibration",
    "plot_diagnostics",
    "plot_gap_over_time",
    "plot_history",
    "plot_network",
    "plot_over_load",
    "plot_pareto",
    "plot_performance_profile",
    "plot_published",
    "plot_ranking",
    "plot_sensitivity",
    "plot_spectrum",
    "plot_surface",
    "plot_survival",
    "protect",
    "prove_channel_set",
    "rank_channel_sets",
    "read_instance",
    "read_measurements",
    "read_plan",
    "read_result",
    "read_surface",
    "reproduce",
    "rerun",
    "resilience",
    "run_study",
    "sensitivity",
    "share_keys",
    "simulate",
    "simulate_failures",
    "solve",
    "write_instance",
    "write_plan",
    "write_report",
    "write_result",
]

_HOME = {
    "UnfinishedError": "qkdopt.jobs",
    "run_study": "qkdopt.experiments.study.study_run",
    "sensitivity": "qkdopt.experiments.sensitivity.analysis",
    "resilience": "qkdopt.experiments.resilience.survival",
    "compare": "qkdopt.experiments.comparison.benchmark_run",
    "Dimensioning": "qkdopt.result.dimensioning",
    "EquipmentPrices": "qkdopt.result.dimensioning",
    "EventOptions": "qkdopt.simulation",
    "FaultsError": "qkdopt.errors",
    "Frontier": "qkdopt.result.dimensioning",
    "Instance": "qkdopt.instance",
    "InstanceError": "qkdopt.errors",
    "LibraryError": "qkdopt.errors",
    "LicenceError": "qkdopt.errors",
    "OptionsError": "qkdopt.errors",
    "OutputError": "qkdopt.errors",
    "PhysicsError": "qkdopt.errors",
    "Plan": "qkdopt.problem.plan",
    "Problem": "qkdopt.problem",
    "QkdoptError": "qkdopt.errors",
    "RefusedError": "qkdopt.errors",
    "Result": "qkdopt.result",
    "ResultError": "qkdopt.errors",
    "SavedPlan": "qkdopt.result",
    "SimulationOptions": "qkdopt.simulation",
    "SolverFailedError": "qkdopt.errors",
    "SolverMissingError": "qkdopt.errors",
    "UnmetNeedsError": "qkdopt.errors",
    "UnsupportedError": "qkdopt.errors",
    "UsageError": "qkdopt.errors",
    "bound": "qkdopt.bounds.bound",
    "Calibration": "qkdopt.result.calibration",
    "Measurement": "qkdopt.experiments.calibration",
    "calibrate": "qkdopt.experiments.calibration",
    "plot_calibration": "qkdopt.plotting",
    "read_measurements": "qkdopt.experiments.calibration",
    "check": "qkdopt.checker",
    "check_protocol": "qkdopt.physics.protocols",
    "check_dimensioning": "qkdopt.dimensioning.check",
    "dimension": "qkdopt.dimensioning.dimension",
    "dimension_frontier": "qkdopt.dimensioning.frontier",
    "explain": "qkdopt.conflicts",
    "import_network": "qkdopt.io.importers",
    "instance_around": "qkdopt.optimize",
    "new_instance": "qkdopt.instance.generation",
    "plot_gap_over_time": "qkdopt.plotting",
    "plot_history": "qkdopt.plotting",
    "plot_network": "qkdopt.plotting",
    "plot_over_load": "qkdopt.plotting",
    "plot_pareto": "qkdopt.plotting",
    "plot_performance_profile": "qkdopt.plotting",
    "plot_published": "qkdopt.plotting",
    "plot_ranking": "qkdopt.plotting",
    "plot_diagnostics": "qkdopt.plotting",
    "plot_sensitivity": "qkdopt.plotting",
    "plot_spectrum": "qkdopt.plotting",
    "plot_surface": "qkdopt.plotting",
    "plot_survival": "qkdopt.plotting",
    "protect": "qkdopt.channel_sets.protection.protect",
    "read_instance": "qkdopt.io",
    "read_plan": "qkdopt.io",
    "read_result": "qkdopt.io",
    "read_surface": "qkdopt.io.surfaces",
    "reproduce": "qkdopt.experiments.reproduction",
    "rerun": "qkdopt.experiments.repetition",
    "share_keys": "qkdopt.instance",
    "simulate": "qkdopt.simulation",
    "solve": "qkdopt.optimize",
    "write_instance": "qkdopt.io",
    "write_plan": "qkdopt.io",
    "write_report": "qkdopt.report",
    "write_result": "qkdopt.io",
    "Network": "qkdopt.instance.generation:NetworkBuilder",
    "prove_channel_set": "qkdopt.channel_sets.exact.exact",
    "rank_channel_sets": "qkdopt.channel_sets",
    "simulate_failures": "qkdopt.simulation",
}


def __dir__() -> list[str]:
    """List the public names, those not imported yet among them."""
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    """Import public names when they are first used: `qkdopt --help` needs none of them."""
    if name == "__version__":
        from importlib.metadata import version

        return version("qkdopt")
    if name not in _HOME:
        raise AttributeError(f"module 'qkdopt' has no attribute {name!r}")
    module, _, inner = _HOME[name].partition(":")
    value = getattr(import_module(module), inner or name)
    globals()[name] = value
    return value
