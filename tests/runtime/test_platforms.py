"""What Linux alone has is used where it is, and missed nowhere else."""

from __future__ import annotations

import os
from types import SimpleNamespace

import qkdopt.adapters.child as child_module
from qkdopt.jobs.heartbeat import is_running
from qkdopt.runtime import output
from qkdopt.runtime.cores import available_cores


def test_cores_set_aside_for_others_are_not_counted(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {1, 4, 5}, raising=False)
    assert available_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert available_cores() == 7
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert available_cores() == 1


def test_the_c_library_is_found_by_name_where_it_has_no_handle(monkeypatch):
    opened = []

    def library(name):
        opened.append(name)
        return SimpleNamespace(fflush=opened.append)

    monkeypatch.setattr(output.ctypes, "CDLL", library)
    output._flush_c()
    monkeypatch.setattr(output, "os", SimpleNamespace(name="nt"))
    output._flush_c()
    assert opened == [None, None, "ucrtbase", None]


def test_a_solver_is_ended_where_there_are_no_signals(monkeypatch):
    sent = []
    process = SimpleNamespace(send_signal=sent.append, terminate=lambda: sent.append("terminate"))
    child_module._tell_to_end(process, 2)
    monkeypatch.setattr(child_module, "os", SimpleNamespace(name="nt"))
    child_module._tell_to_end(process, 2)
    assert sent == [2, "terminate"]


def test_no_process_is_asked_where_asking_would_end_it(monkeypatch):
    asked = []
    monkeypatch.setattr("qkdopt.jobs.heartbeat.os.kill", lambda *call: asked.append(call))
    assert is_running(4)
    monkeypatch.setattr("qkdopt.jobs.heartbeat.os", SimpleNamespace(name="nt"))
    assert is_running(4)
    assert asked == [(4, 0)]
