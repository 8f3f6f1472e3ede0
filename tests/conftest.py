"""Fixtures of every test."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.compilation import compile_share, note_whole_run
from tests.order import longest_first
from tests.recorded import mark_recorded

# Hypothesis ends what is slow by the clock, and a worker shares its cores. What fails is made
# small, but not explained: that follows every line of Python, for minutes where a test reads files.
settings.register_profile(
    "shared cores",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[phase for phase in Phase if phase is not Phase.explain],
)
settings.load_profile("shared cores")


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Let Ctrl-C reach the test and the processes that it starts.

    A shell starts what runs in the background with SIGINT ignored, and whatever is ignored stays
    so in every process started from there; a handler, on the other hand, ends with ``exec``.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class _OneThread(ThreadPoolExecutor):
    """Stands in for a pool of processes: takes its arguments, and runs all in a thread of ours."""

    def __init__(self, _: int, **__: Any) -> None:
        super().__init__(1)


@pytest.fixture
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run what commands give to processes in this one: each process takes seconds to start.

    For tests of what is found and written. What depends on processes (signals, ends, the same bits
    on one and two) is tested with them, in ``experiments/study`` and beside each command.
    """
    monkeypatch.setattr("qkdopt.jobs.workers.ProcessPoolExecutor", _OneThread)


def pytest_configure_node(node: Any) -> None:
    """Tell each process of a run of all tests about it."""
    note_whole_run(node.config, node.workerinput)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile before anything is collected: tests begin once every process has its share."""
    compile_share(session.config)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is recorded as slow, before tests are chosen by marks; begin with long files."""
    mark_recorded(items)
    longest_first(items)
