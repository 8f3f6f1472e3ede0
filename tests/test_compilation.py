"""Each process of a test run compiles its share of the kernels, and all of them are shared out."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests import compilation
from tests.compilation import RUN, SHARE, SHARES, compile_share, note_whole_run


def config_of(source, **options):
    option = SimpleNamespace(**({"keyword": "", "collectonly": False} | options))
    return SimpleNamespace(args_source=source, option=option)


@pytest.mark.parametrize("processes", [1, 2, 4, 20])
def test_every_step_is_some_processs_and_a_fault_stops_no_other(monkeypatch, processes):
    done = []

    def failing():
        done.append(6)
        raise ValueError("planted")

    steps = (failing, *(lambda number=number: done.append(number) for number in range(6)))
    monkeypatch.setattr(compilation, "STEPS", steps)
    for number in range(processes):
        given = {RUN: True, SHARE: f"gw{number}", SHARES: processes}
        compile_share(SimpleNamespace(workerinput=given))
    assert sorted(done) == list(range(7))


def test_runs_of_some_tests_compile_what_they_call_alone(monkeypatch):
    monkeypatch.setattr(compilation, "STEPS", (pytest.fail,))
    source = pytest.Config.ArgsSource
    for config, whole in (
        (config_of(source.TESTPATHS), True),
        (config_of(source.TESTPATHS, keyword="kernel"), False),
        (config_of(source.TESTPATHS, collectonly=True), False),
        (config_of(source.ARGS), False),
    ):
        given: dict[str, object] = {SHARE: "gw0", SHARES: 1}
        note_whole_run(config, given)
        assert given[RUN] is whole
        if not whole:
            compile_share(SimpleNamespace(workerinput=given))
    # Neither does a run by one process alone.
    compile_share(SimpleNamespace())
