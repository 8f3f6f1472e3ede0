"""Signals that wait: until an answer is written, or a process is started."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from qkdopt.runtime.signals import accept_sigint, deferred_sigint

pytestmark = [
    pytest.mark.usefixtures("ctrl_c"),
    pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals cannot be blocked"),
]


def interrupt():
    # To this thread: a signal for the process may come to one of numpy's, and late.
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)


def blocked():
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_ctrl_c_waits_until_the_block_is_done():
    done = []

    def work():
        with deferred_sigint():
            interrupt()
            done.append(blocked())

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == [True]
    assert not blocked()


def test_ctrl_c_that_another_thread_receives_waits_too():
    done, begun, end = [], threading.Event(), threading.Event()

    def receive():
        begun.set()
        end.wait()

    def work():
        with deferred_sigint():
            signal.pthread_kill(thread.ident, signal.SIGINT)
            end.set()
            thread.join()
            done.append("all")

    thread = threading.Thread(target=receive)
    thread.start()
    begun.wait()
    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["all"]


def test_what_handles_ctrl_c_stays():
    received = []
    signal.signal(signal.SIGINT, lambda *_: received.append("here"))
    with deferred_sigint():
        interrupt()
        assert received == []
    assert received == ["here"]
    interrupt()
    assert received == ["here", "here"]


def test_ctrl_c_that_is_ignored_stays_so():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with deferred_sigint():
        interrupt()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_a_process_blocks_it_until_it_accepts_it():
    code = (
        "import os, signal\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "print('started')\n"
        "signal.signal(signal.SIGINT, lambda *_: print('received'))\n"
        "signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])\n"
    )
    with deferred_sigint():
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        accept_sigint()
        assert not blocked()
    assert run.stdout == "started\nreceived\n"
    assert run.stderr == ""


def test_without_a_mask_the_block_runs_as_it_is(monkeypatch):
    monkeypatch.delattr(signal, "pthread_sigmask")
    accept_sigint()
    done = []

    def work():
        with deferred_sigint():
            interrupt()
            done.append("deferred")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == []
