"""An adapter that is not of this package is given to a solve, and tried by the shipped suite."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

import qkdopt
from qkdopt.adapters import adapter_of
from qkdopt.adapters.base import Status
from qkdopt.adapters.conformance import conformance_faults
from qkdopt.adapters.highs import HighsAdapter
from qkdopt.errors import UsageError


class OwnAdapter(HighsAdapter):
    """HiGHS under another name."""

    name = "own"


class Overconfident(OwnAdapter):
    """Calls everything optimal, and proves what it has found."""

    def solve(self, model, limits, **options):
        outcome = super().solve(model, limits, **options)
        return replace(outcome, status=Status.OPTIMAL, bound=outcome.incumbent)


def test_the_shipped_suite_finds_no_fault_in_a_good_adapter():
    assert conformance_faults(OwnAdapter()) == []


def test_the_shipped_suite_finds_what_is_wrong():
    faults = conformance_faults(Overconfident())
    assert {fault.split(":")[0] for fault in faults} >= {"infeasible", "time_limit", "no_time"}
    assert "optimum" not in {fault.split(":")[0] for fault in faults}


def test_a_solve_takes_an_adapter_in_place_of_a_name():
    instance = qkdopt.read_instance("instances/small/triangle.json")
    result = qkdopt.solve(instance, strategy="milp", solver=OwnAdapter(), threads=1)
    assert (result.solver.name, result.status) == ("own", "optimal")
    assert qkdopt.check(instance, result).faults == ()


def test_an_adapter_of_an_installed_package_has_a_name(monkeypatch):
    point = EntryPoint("own", f"{__name__}:OwnAdapter", "qkdopt.adapters")
    monkeypatch.setattr("qkdopt.adapters.entry_points", lambda group: [point])
    assert type(adapter_of("own")) is OwnAdapter
    with pytest.raises(UsageError, match=r"solver = 'abacus'; expected one of highs, .*, own"):
        adapter_of("abacus")
