"""Choices of options are those of the library, no more and no fewer."""

from __future__ import annotations

import importlib
from importlib import metadata
from importlib.metadata import EntryPoint
from typing import get_args

import pytest

from qkdopt import result
from qkdopt.channel_sets import criterion, design_problem, evaluator
from qkdopt.channel_sets import options as design_options
from qkdopt.cli import choices
from qkdopt.experiments.calibration import out_of_sample
from qkdopt.experiments.reproduction import figures
from qkdopt.experiments.sensitivity import power
from qkdopt.instance import SHIPPED_FIBRES
from qkdopt.instance.demands import RouteOrder
from qkdopt.instance.generation import PRESETS
from qkdopt.instance.hardware import Fibre
from qkdopt.instance.key_needs import KeyNeed, SharedRelay
from qkdopt.io import exporters
from qkdopt.io.importers import formats
from qkdopt.io.importers import options as import_options
from qkdopt.milp import export
from qkdopt.optimize import options as solve_options
from qkdopt.optimize import run, strategies
from qkdopt.physics import protocols
from qkdopt.problem import RouteScope
from qkdopt.simulation import events
from qkdopt.simulation import options as simulation_options

PAIRS = {
    "Objective": get_args(result.Objective),
    "Routes": get_args(RouteScope),
    "Strategy": run.STRATEGIES,
    "Formulation": solve_options.FORMULATIONS,
    "ExportedFormulation": export.EXPORTED,
    "ExportFormat": export.FORMATS,
    "PlanFormat": exporters.FORMATS,
    "TrafficStrategy": simulation_options.STRATEGIES,
    "Policy": simulation_options.POLICIES,
    "ChannelOrder": simulation_options.ORDERS,
    "Admission": simulation_options.ADMISSIONS,
    "Retuning": simulation_options.RETUNING,
    "Figure": (*figures.FIGURES, "all"),
    "EventTarget": events.TARGETS,
    "RouteOrder": get_args(RouteOrder),
    "FibreTypeName": [fibre.id for fibre in SHIPPED_FIBRES],
    "Preset": PRESETS,
    "Reserve": evaluator.RESERVES,
    "Layout": get_args(Fibre.model_fields["layout"].annotation),
    "NeedOf": get_args(KeyNeed.model_fields["per"].annotation),
    "SharedRelay": get_args(SharedRelay),
    "NetworkFormat": formats.NAMES,
    "Lengths": import_options.LENGTHS,
    "ZeroLinks": import_options.ZERO_LINKS,
    "Directions": import_options.DIRECTIONS,
    "DemandSource": design_problem.ON,
    "SearchMethod": design_options.METHODS,
    "Criterion": criterion.CRITERIA,
    # A set of one channel is the same to every link: ``fixed`` has nothing to choose.
    "RankedStrategy": [name for name in simulation_options.STRATEGIES if name != "fixed"],
    "LaunchMode": get_args(power.Mode),
    "ProtocolName": protocols.PROTOCOLS,
    "FoldBy": out_of_sample.FOLD_BY,
}


@pytest.mark.parametrize("name", PAIRS)
def test_an_option_takes_what_the_library_knows(name):
    assert sorted(get_args(getattr(choices, name))) == sorted(PAIRS[name])


def test_every_choice_is_compared():
    named = {name for name, value in vars(choices).items() if get_args(value)}
    # Those of other packages too: the test below.
    named.discard("AnyStrategy")
    assert named == set(PAIRS)


def test_strategies_of_installed_packages_are_choices_too(monkeypatch):
    points = {strategies.GROUP: [EntryPoint("own", "somewhere:own", strategies.GROUP)]}
    with monkeypatch.context() as patched:
        patched.setattr(metadata, "entry_points", lambda group: points[group])
        assert get_args(importlib.reload(choices).AnyStrategy) == (*run.STRATEGIES, "own")
    assert get_args(importlib.reload(choices).AnyStrategy) == tuple(run.STRATEGIES)
