"""The kernels' first compilation, shared out between the processes of a test run.

On a clean clone each process would compile every kernel that its tests call, most of them twice in
all: some minutes. Here each compiles its share before tests are collected, and reads the others'
from disk.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

RUN, SHARE, SHARES = "whole run", "workerid", "workercount"


def compile_search() -> None:
    """Compile what heuristics and searches call."""
    from qkdopt.optimize.compilation import compile_search

    compile_search()


def compile_bound() -> None:
    """Compile what the bound calls, over candidate and over all routes."""
    from qkdopt.bounds.compilation import compile_bound

    compile_bound(any_route=True)


def compile_simulation(strategy: str) -> None:
    """Compile what the simulator calls with a strategy."""
    from qkdopt.bounds.compilation import smallest_problem
    from qkdopt.simulation import SimulationOptions, simulate

    instance = smallest_problem().instance
    simulate(instance, SimulationOptions(strategy=strategy), load_erlang=1.0, requests=200)


def compile_keys(strategy: str) -> None:
    """Compile what the simulator calls with a strategy where requests draw on keys."""
    from qkdopt.bounds.compilation import smallest_problem
    from qkdopt.simulation import SimulationOptions, simulate

    instance = smallest_problem().instance.replace(
        qkd={"key_accounting": "shared"}, traffic={"key": {"rate_bps": 1.0}}
    )
    simulate(instance, SimulationOptions(strategy=strategy), load_erlang=1.0, requests=200)


def compile_failures(strategy: str) -> None:
    """Compile what failures call with a strategy: noise, and cuts whose demands are restored."""
    from qkdopt.bounds.compilation import smallest_problem
    from qkdopt.simulation import EventOptions, SimulationOptions, simulate_failures

    instance, options = smallest_problem().instance, SimulationOptions(strategy=strategy)
    for kind in ("noise", "cut"):
        events = EventOptions(kind=kind, rate=1.0, restore=kind == "cut")
        simulate_failures(instance, options, events, load_erlang=1.0, requests=200)


# Every second one together takes about as long as the others.
STEPS: tuple[Callable[[], None], ...] = (
    lambda: compile_simulation("ds-qkd-synergistic"),
    lambda: compile_simulation("ds-qkd"),
    lambda: compile_failures("ds-qkd-synergistic"),
    lambda: compile_failures("ds-qkd"),
    lambda: compile_keys("ds-qkd-synergistic"),
    lambda: compile_keys("ds-qkd"),
    compile_bound,
    compile_search,
)


def note_whole_run(config: pytest.Config, workerinput: dict[str, object]) -> None:
    """Tell a process of a test run whether the run is one of all tests: none is named."""
    every = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    workerinput[RUN] = every and not (config.option.keyword or config.option.collectonly)


def compile_share(config: pytest.Config) -> None:
    """Compile this process's share of the kernels, in a run of all tests by several processes."""
    given = getattr(config, "workerinput", {})
    if not given.get(RUN):
        return
    number = int(str(given[SHARE]).removeprefix("gw"))
    for step in STEPS[number :: int(given[SHARES])]:
        # A kernel that does not compile is for the tests that call it to report.
        with suppress(Exception):
            step()
