"""Fixtures of every test."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# Hypothesis ends what is slow by the clock, and a worker shares its cores.
settings.register_profile(
    "shared cores", deadline=None, suppress_health_check=[HealthCheck.too_slow]
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
