"""Studies: resumed, spread over processes or a cluster, and always the same table."""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import platform
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Timer

import pandas as pd
import pytest

from qkdopt.errors import InstanceError, UsageError
from qkdopt.experiments.comparison.benchmark_run import NO_MEASURES
from qkdopt.experiments.study import gain_between, read_study, with_gains
from qkdopt.experiments.study import job as job_module
from qkdopt.experiments.study.sets import ChannelSets
from qkdopt.jobs import HeartbeatWriter, Store, Workers, open_workers, read_heartbeat, run_missing
from qkdopt.jobs.task import run_task
from qkdopt.simulation import simulate
from tests.command import HANG_SECONDS, exit_status, wait_until
from tests.experiments.study.small_study import INSTANCE, table, write_study
from tests.tiers import slow_beyond


def run_here(path, **options):
    jobs = read_study(path).jobs(path.parent)
    with ThreadPoolExecutor(1) as pool:
        return run_missing(
            jobs,
            Store(path.parent / "results.parquet" / path.stem),
            Workers(pool, lambda: 1),
            **options,
        )


def rows_of(path):
    """Rows of a study with their batches."""
    jobs = read_study(path).jobs(path.parent)
    return Store(path.parent / "results.parquet" / path.stem).read([job.key for job in jobs])


def change(path, *changes):
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


@contextmanager
def cluster(address):
    """A scheduler and a worker, processes of their own."""
    host, port = address.removeprefix("tcp://").split(":")
    parts = [
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard", *how],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for what, how in (
            ("scheduler", ["--host", f"tcp://{host}", "--port", port]),
            ("worker", [address, "--nthreads", "1", "--no-nanny"]),
        )
    ]
    try:
        yield parts
    finally:
        for process in parts:
            process.kill()
            process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_every_combination_is_one_row_and_a_second_run_does_nothing(tmp_path, monkeypatch):
    path = write_study(tmp_path)
    assert run_here(path).done == 8
    first = table(path)
    assert len(first) == first["key"].nunique() == 8
    assert set(first["status"]) == {"done"}
    monkeypatch.setattr("qkdopt.jobs.runner.run_task", None)
    assert run_here(path).done == 8
    pd.testing.assert_frame_equal(first, table(path))


def test_one_process_two_processes_and_dask_give_the_same_bits(tmp_path):
    from distributed import LocalCluster

    tables = []
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        (tmp_path / "one").mkdir()
        path = write_study(tmp_path / "one")
        assert run_here(path).complete
        tables.append(table(path))
        for name, scheduler, workers in (
            ("two", None, 2), ("dask", cluster.scheduler_address, None),
        ):  # fmt: skip
            (tmp_path / name).mkdir()
            path = write_study(tmp_path / name)
            jobs = read_study(path).jobs(path.parent)
            with open_workers(scheduler, workers) as team:
                store = Store(path.parent / "results.parquet" / path.stem)
                assert run_missing(jobs, store, team).complete
            tables.append(table(path))
    pd.testing.assert_frame_equal(tables[0], tables[1], check_exact=True)
    pd.testing.assert_frame_equal(tables[0], tables[2], check_exact=True)


def test_a_killed_study_resumes_to_the_same_table(tmp_path):
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    whole = write_study(tmp_path / "whole", requests=150_000)
    killed = write_study(tmp_path / "killed", requests=150_000)
    run_here(whole)
    command = [sys.executable, "-m", "qkdopt", "study", "run", killed, "--workers", "1"]
    rows = tmp_path / "killed" / "results.parquet" / "small"
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    wait_until(lambda: process.poll() is not None or len(list(rows.glob("*.parquet"))) >= 2)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert len(list(rows.glob("*.parquet"))) < 8
    assert run_here(killed).complete
    assert len(list(rows.glob("*.parquet"))) == 8
    pd.testing.assert_frame_equal(table(whole), table(killed), check_exact=True)


def test_a_failed_run_keeps_its_error_and_is_retried_on_request(tmp_path, monkeypatch):
    path = write_study(tmp_path)

    def fail(*arguments, **options):
        raise RuntimeError("planted")

    with monkeypatch.context() as broken:
        broken.setattr("qkdopt.experiments.study.job.simulate", fail)
        assert run_here(path).failed == 8
    assert set(table(path)["error"]) == {"RuntimeError: planted"}
    assert run_here(path).failed == 8
    assert run_here(path, retry_failed=True).done == 8
    assert set(table(path)["status"]) == {"done"}


def test_a_scheduler_that_dies_half_way_loses_nothing_that_was_done(tmp_path):
    path = write_study(tmp_path)

    class Dying(ThreadPoolExecutor):
        count = 0

        def submit(self, function, *arguments, **options):
            Dying.count += 1
            if Dying.count > 5:
                raise OSError("scheduler closed the connection")
            future: Future = super().submit(function, *arguments, **options)
            if Dying.count == 4:
                broken: Future = Future()
                broken.set_exception(OSError("worker lost"))
                return broken
            return future

    jobs = read_study(path).jobs(path.parent)
    with Dying(1) as pool:
        report = run_missing(
            jobs, Store(tmp_path / "results.parquet" / "small"), Workers(pool, lambda: 8)
        )
    assert (report.done, report.lost) == (4, 4)
    assert not report.complete
    assert len(table(path)) == 4
    assert run_here(path).complete


@pytest.mark.slow
def test_a_real_scheduler_killed_half_way_leaves_a_study_that_goes_on(tmp_path, capfd):
    path = write_study(tmp_path, requests=150_000)
    rows = tmp_path / "results.parquet" / "small"
    address = f"tcp://127.0.0.1:{free_port()}"
    with cluster(address) as (scheduler, _), open_workers(address, None) as workers:

        def kill(report):
            if report.done >= 2:
                scheduler.kill()

        jobs = read_study(path).jobs(path.parent)
        report = run_missing(jobs, Store(rows), workers, progress=kill)
    assert 2 <= report.done < 8
    assert report.done + report.lost == 8
    assert "went away" in " ".join(report.reasons)
    assert "Traceback" not in capfd.readouterr().err
    assert run_here(path).done == 8


@pytest.mark.parametrize(
    "silent",
    [
        pytest.param("scheduler", marks=pytest.mark.slow),
        pytest.param("worker", marks=pytest.mark.long),
    ],
)
def test_a_cluster_that_goes_silent_half_way_is_reported_and_given_up(
    tmp_path, capfd, monkeypatch, silent
):
    monkeypatch.setattr("qkdopt.jobs.workers.QUERY_SECONDS", 0.5)
    path = write_study(tmp_path, requests=150_000)
    address = f"tcp://127.0.0.1:{free_port()}"
    words = set()
    with cluster(address) as (scheduler, worker), open_workers(address, None) as workers:

        def silence(report):
            words.add(report.waiting_for)
            if report.done < 2:
                return
            # Only now: a cluster that is merely slow is not given up.
            monkeypatch.setattr("qkdopt.jobs.workers.NO_ANSWER_SECONDS", 1.0)
            monkeypatch.setattr("qkdopt.jobs.workers.NO_WORKER_SECONDS", 1.0)
            if silent == "scheduler":
                scheduler.send_signal(signal.SIGSTOP)
            else:
                worker.kill()

        jobs = read_study(path).jobs(path.parent)
        store = Store(tmp_path / "results.parquet" / "small")
        report = run_missing(jobs, store, workers, progress=silence)
    expected = "no answer" if silent == "scheduler" else "no worker"
    assert any(expected in word for word in words)
    assert 2 <= report.done < 8
    assert report.done + report.lost == 8
    assert expected in " ".join(report.reasons)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.slow
def test_ctrl_c_that_reaches_a_worker_cuts_no_run_short(tmp_path):
    path = write_study(tmp_path, requests=400_000)
    jobs = read_study(path).jobs(tmp_path)
    reached = []

    def interrupt(report):
        # Only once the worker is through its start-up; a moment later it is in its next run.
        if 0 < report.done < 7:
            for process in multiprocessing.active_children():
                Timer(0.05, os.kill, (process.pid, signal.SIGINT)).start()
                reached.append(process.pid)

    store = Store(tmp_path / "results.parquet" / "small")
    with open_workers(None, 1) as workers:
        report = run_missing(jobs, store, workers, progress=interrupt)
    assert reached
    assert report.done == 8
    assert set(rows_of(path)["requests"]) == {400_000}


def test_a_run_cut_short_is_no_row(tmp_path, monkeypatch):
    job = read_study(write_study(tmp_path)).jobs(tmp_path)[0]
    whole = simulate(job.instance, job.options, load_erlang=4.0, requests=1000)
    cut = replace(whole, interrupted=True)
    monkeypatch.setattr("qkdopt.experiments.study.job.simulate", lambda *_, **__: cut)
    with pytest.raises(KeyboardInterrupt):
        job.run()
    report = run_here(tmp_path / "small.toml")
    assert report.interrupted
    assert report.done == 0


def children(process: int) -> list[int]:
    """Processes that a process has started and that have not ended."""
    listed = subprocess.run(
        ["ps", "-e", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split() for line in listed.splitlines()]
    return [int(pid) for pid, parent, state in rows if int(parent) == process and state[0] != "Z"]


def ticks_under_way(process: int) -> int:
    """Processor time of a worker that has handlers of its own for both signals; else 0."""
    with suppress(FileNotFoundError, ProcessLookupError):
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
        caught = int(status.split("SigCgt:")[1].split()[0], base=16)
        both = 1 << (signal.SIGINT - 1) | 1 << (signal.SIGTERM - 1)
        times = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return int(times[11]) + int(times[12]) if caught & both == both else 0
    return 0


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to look into workers")
def test_ctrl_c_ends_a_study_at_once(tmp_path):
    # A run of half an hour: only a worker that is ended with the study ends while the test waits.
    path = write_study(tmp_path, requests=4_000_000_000)
    command = [sys.executable, "-m", "qkdopt", "study", "run", path, "--workers", "1"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    sign = tmp_path / "results.parquet" / "small" / ".running.json"
    first: dict[int, int] = {}

    def under_way() -> bool:
        # Through its start-up, and at work since: a signal in the start-up is another matter.
        ticks = {worker: ticks_under_way(worker) for worker in children(process.pid)}
        ticks = {worker: count for worker, count in ticks.items() if count}
        return any(count > first.setdefault(worker, count) + 20 for worker, count in ticks.items())

    with process:
        try:
            wait_until(lambda: process.poll() is not None or (sign.exists() and under_way()))
            os.killpg(process.pid, signal.SIGINT)
            _, output = process.communicate(timeout=HANG_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert b"Traceback" not in output, output.decode()
    assert not list(sign.parent.iterdir())


def processes_of_group(group: int) -> list[int]:
    """Processes of a group that are alive, from ps: zombies wait for somebody to read them."""
    listed = subprocess.run(
        ["ps", "-e", "-o", "pid=,pgid=,stat="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split() for line in listed.splitlines()]
    return [int(pid) for pid, pgid, state in rows if int(pgid) == group and state[0] != "Z"]


@pytest.mark.parametrize("ending", slow_beyond(1, [signal.SIGKILL, signal.SIGTERM]))
@pytest.mark.parametrize("under_way", slow_beyond(1, [True, False]))
def test_workers_do_not_outlive_a_study_that_is_killed(ending, under_way, tmp_path):
    # A run of minutes, or workers with nothing to do.
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from qkdopt.jobs import Store, open_workers, run_missing\n"
        "from qkdopt.experiments.study import read_study\n"
        "if __name__ == '__main__':\n"
        "    with open_workers(None, 2) as team:\n"
        "        team.executor.submit(time.sleep, 0.1).result()\n"
        "        print('up', flush=True)\n"
        "        if len(sys.argv) > 1:\n"
        "            path = Path(sys.argv[1])\n"
        "            jobs = read_study(path).jobs(path.parent)\n"
        "            run_missing(jobs, Store(path.parent / 'rows'), team)\n"
        "        time.sleep(3600)\n"
    )
    script = tmp_path / "many.py"
    script.write_text(code, encoding="utf-8")
    command = [sys.executable, str(script)]
    if under_way:
        command.append(str(write_study(tmp_path, requests=400_000_000)))
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        if under_way:
            # Its workers are up: what the sign names is with one of them.
            wait_until(lambda: (sign := read_heartbeat(tmp_path / "rows")) and sign.keys)
        assert len(processes_of_group(process.pid)) > 1
        os.kill(process.pid, ending)
        process.wait()
        wait_until(lambda: processes_of_group(process.pid) == [])
    finally:
        for left in processes_of_group(process.pid):
            os.kill(left, signal.SIGKILL)
        process.stdout.close()


@dataclass(frozen=True)
class Sleeper:
    """A run that tells when it has begun, and takes its own process with it as solvers do."""

    folder: Path
    key: str = "sleeper"
    title: str = "sleeper"
    weight: float = 1.0

    def run(self):
        try:
            (self.folder / "begun").touch()
            time.sleep(120.0)
            (self.folder / "slept").touch()
        except KeyboardInterrupt:
            # Solvers answer Ctrl-C with what they have.
            return {"key": self.key, "status": "done", "error": ""}
        finally:
            (self.folder / "cleared").touch()


def test_an_interrupted_study_lets_its_runs_clear_up_and_keeps_no_row(tmp_path):
    def interrupt(report):
        if (tmp_path / "begun").exists():
            raise KeyboardInterrupt

    with open_workers(None, 1) as workers:
        store = Store(tmp_path / "rows")
        report = run_missing([Sleeper(tmp_path)], store, workers, progress=interrupt)
    assert report.interrupted
    assert (tmp_path / "cleared").exists()
    assert not (tmp_path / "slept").exists()
    assert store.keys() == {}


def test_a_worker_that_must_end_gives_no_row(monkeypatch, tmp_path):
    monkeypatch.setattr("qkdopt.jobs.task.WorkerState.ended", True)
    with pytest.raises(KeyboardInterrupt):
        run_task(Sleeper(tmp_path))
    assert not (tmp_path / "begun").exists()


def test_a_second_run_of_one_study_is_refused_and_harms_nothing(tmp_path, capsys):
    path = write_study(tmp_path)
    rows = tmp_path / "results.parquet" / "small"
    rows.mkdir(parents=True)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    sign = {"host": platform.node(), "process": other.pid, "at": time.time(), "keys": []}
    text = json.dumps(sign)
    (rows / ".running.json").write_text(text, encoding="utf-8")
    theirs = rows / f".abc-done.parquet.{other.pid}.half"
    theirs.write_text("half", encoding="utf-8")
    try:
        assert exit_status("study", "run", path, "--workers", 1) == 2
        assert f"process {other.pid}" in capsys.readouterr().err
        Store(rows).open()
        HeartbeatWriter(rows).stop()
        assert theirs.exists()
        assert (rows / ".running.json").read_text(encoding="utf-8") == text
    finally:
        other.kill()
        other.wait()
    # It was killed, and left a fresh sign: the next run starts at once.
    assert run_here(path).done == 8
    assert not theirs.exists()


def test_a_heartbeat_that_cannot_be_written_stops_no_run(tmp_path):
    HeartbeatWriter(tmp_path / "none").beat([])
    assert not (tmp_path / "none").exists()


def test_done_wins_over_a_failure_that_a_kill_left_beside_it(tmp_path):
    store = Store(tmp_path / "rows")
    store.open()
    row = {"key": "k", "error": "", "measure": 1.0}
    store.put(row | {"status": "done"})
    store.put(row | {"status": "failed", "measure": None})
    assert store.keys() == {"k": "done"}
    store.open()
    assert [path.name for path in store.folder.iterdir()] == ["k-done.parquet"]


@pytest.mark.parametrize("first", ["done", "failed"])
def test_pandas_reads_done_and_failed_rows_as_one_table(tmp_path, first):
    done, failed = read_study(write_study(tmp_path)).jobs(tmp_path)[:2]
    store = Store(tmp_path / "rows")
    store.open()
    broken = failed.identity() | job_module._measures(None) | job_module._bounds(None)
    good = done.run()
    circumstances = {name: good[name] for name in ("versions", "cpu", "platform")}
    rows = {
        "done": good,
        "failed": broken | circumstances | {"status": "failed", "error": "planted"},
    }
    # Files are read in the order of their names, and the first one sets the types.
    for name, row in rows.items():
        store.put(row | {"key": "a" if name == first else "b"})
    table = pd.read_parquet(store.folder).set_index("status")
    assert len(table) == 2
    assert math.isnan(table.loc["failed", "mean_skr_bps"])
    assert len(table.loc["failed", "batch_skr"]) == 0
    assert len(table.loc["done", "batch_skr"]) == 20


@pytest.mark.parametrize("first", ["done", "failed"])
def test_pandas_reads_rows_of_a_comparison_as_one_table(tmp_path, first):
    done = NO_MEASURES | {
        "version": "1.2", "outcome": "optimal", "served": 3, "value_bps": 2.5, "bound_bps": 2.5,
        "bound_served": 3, "gap": 0.0, "seconds": 1.0, "start_accepted": True, "checked": True,
        "trace_seconds": [0.1, 1.0], "trace_value_bps": [None, 2.5],
        "trace_bound_bps": [None, None],
    }  # fmt: skip
    store = Store(tmp_path / "rows")
    store.open()
    for status, row in (("done", done), ("failed", NO_MEASURES)):
        key = "a" if status == first else "b"
        store.put({"key": key, "status": status, "error": "", **row})
    table = pd.read_parquet(store.folder).set_index("status")
    assert table.loc["done", "version"] == "1.2"
    assert table.loc["done", "served"] == 3
    assert table.loc["done", "trace_value_bps"][1] == 2.5
    assert math.isnan(table.loc["failed", "value_bps"])
    assert len(table.loc["failed", "trace_seconds"]) == 0


def test_a_run_of_other_results_has_another_name(tmp_path, monkeypatch):
    job = read_study(write_study(tmp_path)).jobs(tmp_path)[0]
    key = job.key
    monkeypatch.setattr("qkdopt.experiments.study.job.RESULTS_VERSION", -1)
    assert job.key != key


@pytest.mark.usefixtures("no_processes")
def test_a_study_with_failed_runs_says_so_in_its_exit_status(tmp_path, monkeypatch, capsys):
    path = write_study(tmp_path)

    def fail(*arguments, **options):
        raise RuntimeError("planted")

    with monkeypatch.context() as broken:
        broken.setattr("qkdopt.experiments.study.job.simulate", fail)
        run_here(path)
    assert exit_status("study", "run", path, "--workers", 1) == 3
    assert "8 failed" in capsys.readouterr().out
    assert exit_status("study", "run", path, "--workers", 1, "--retry-failed") == 0


def test_status_tells_what_runs_and_what_was_killed(tmp_path, capsys):
    path = write_study(tmp_path)
    rows = tmp_path / "results.parquet" / "small"
    rows.mkdir(parents=True)
    keys = [job.key for job in read_study(path).jobs(tmp_path)]
    HeartbeatWriter(rows).beat(keys[:2])
    assert exit_status("study", "status", path) == 0
    output = capsys.readouterr().out
    assert "0 done, 2 running, 6 missing" in output
    assert f"process {os.getpid()}" in output
    sign = rows / ".running.json"
    data = json.loads(sign.read_text(encoding="utf-8"))
    sign.write_text(json.dumps(data | {"at": data["at"] - 100.0}), encoding="utf-8")
    assert exit_status("study", "status", path) == 0
    output = capsys.readouterr().out
    assert "0 done, 0 running, 8 missing" in output
    assert "stopped without a word" in output
    run_here(path)
    assert not sign.exists()


def test_a_scheduler_that_does_not_answer_is_reported(monkeypatch):
    monkeypatch.setattr("qkdopt.jobs.workers.CONNECT_SECONDS", 1.0)
    with (
        pytest.raises(UsageError, match="no answer"),
        open_workers("tcp://127.0.0.1:9", None),
    ):
        pass


def test_gains_are_paired_with_the_baseline(tmp_path):
    path = write_study(tmp_path)
    run_here(path)
    jobs = read_study(path).jobs(path.parent)
    rows = Store(tmp_path / "results.parquet" / "small").read([job.key for job in jobs])
    gains = with_gains(rows, "fixed")
    assert (gains.loc[gains["label"] == "fixed", "gain_percent"] == 0.0).all()
    gain = gains.loc[gains["label"] == "harm", "gain_percent"]
    assert gain.notna().all()
    assert (gain > 0.0).all()


def test_gains_are_paired_by_what_ran_not_by_what_it_is_called(tmp_path):
    path = write_study(tmp_path)
    run_here(path)
    rows = rows_of(path)
    # The same study on another candidate set, whose rows happen to have the same names.
    (tmp_path / "other").mkdir()
    other = write_study(tmp_path / "other")
    change(other, ("listed = [1, 4]", "listed = [0, 7]"))
    run_here(other)
    others = rows_of(other).assign(set=rows["set"])
    both = with_gains(pd.concat([rows, others], ignore_index=True), "fixed")
    assert (both.loc[both["label"] == "fixed", "gain_percent"] == 0.0).all()
    alone = with_gains(rows, "fixed")["gain_percent"].tolist()
    assert both["gain_percent"][: len(rows)].tolist() == alone


def test_rows_on_other_requests_are_not_paired(tmp_path):
    tables = []
    for requests in (4000, 8000):
        (tmp_path / str(requests)).mkdir()
        path = write_study(tmp_path / str(requests), requests=requests)
        tables.append([job.run() for job in read_study(path).jobs(path.parent)[:2]])
    (short, _), (long, harm) = tables
    assert len(short["batch_skr"]) == len(harm["batch_skr"])
    assert gain_between(harm, long).value > 0.0
    with pytest.raises(UsageError, match="cannot be paired"):
        gain_between(harm, short)
    with pytest.raises(UsageError, match="cannot be paired"):
        gain_between(harm, long | {"warmup": 0})


def test_rows_tell_why_requests_were_blocked(tmp_path):
    path = write_study(tmp_path)
    change(path, ("loads = [4, 8]", "loads = [40]"))
    row = read_study(path).jobs(tmp_path)[0].run()
    causes = [
        row[f"blocking_{cause}"]
        for cause in ("no_free_channel", "guard_band", "no_receiver_channel")
    ]
    assert sum(causes) == pytest.approx(row["blocking"])
    assert row["blocking"] > 0.0
    assert row["switches_per_holding_time"] == pytest.approx(40.0 * row["switches_per_request"])


def test_snapshots_are_bounded_and_checked(tmp_path):
    path = write_study(tmp_path, every=200)
    job = read_study(path).jobs(path.parent)[1]
    row = job.run()
    assert row["error"] == ""
    assert row["snapshots"] == 2
    assert row["snapshots_checked"]
    assert 0.0 < row["snapshot_policy"] <= row["snapshot_bound"] * (1.0 + 1e-9)
    assert 0.0 <= row["snapshot_gap"] < 0.6


def test_random_sets_are_nested_seeded_and_contain_what_they_should():
    small, large = (ChannelSets(random=size, draws=20, contains=(3,)).draw(40) for size in (2, 5))
    assert len({drawn.channels for drawn in large}) == 20
    for fewer, more in zip(small, large, strict=True):
        assert 3 in fewer.channels
        assert set(fewer.channels) < set(more.channels)


def test_random_families_have_different_names():
    families = [
        ChannelSets(random=2),
        ChannelSets(random=2, seed=1),
        ChannelSets(random=2, contains=(3,)),
        ChannelSets(random=2, contains=(5,)),
    ]
    names = [family.draw(40)[0].name for family in families]
    assert names[0] == "random 2 #0"
    assert len(set(names)) == 4


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("loads = [4, 8]", "loads = [8, 8]"), "loads = 8, 8; expected different"),
        (("loads = [4, 8]", "loads = [nan]"), "loads"),
        (("seeds = [0, 1]", "seeds = [1, 1]"), "seeds = 1, 1; expected different"),
        (("seeds = [0, 1]", "seeds = [-1]"), "seeds"),
        (("listed = [1, 4]", "random = 2, seed = -1"), "seed"),
        (("listed = [1, 4]", "random = 500"), "random = 500; expected at most the grid's 8"),
        (("listed = [1, 4]", "compact = 1000000000"), "expected at most the grid's 8"),
        (("listed = [1, 4]", "uniform = 1000000000"), "expected at most the grid's 8"),
        (("listed = [1, 4]", "random = 2, draws = 1000000000"), "draws = 1000000000; expected"),
        (("{ listed = [1, 4] }", '"instance", "instance"'), "set instance comes 2 times"),
        (("loads = [4, 8]", "loads = [-4]"), "loads"),
        (("listed = [1, 4]", "listed = [99]"), "expected a channel from 0 to"),
        (("listed = [1, 4]", "listed = [1], compact = 3"), "expected one of listed"),
        (('"fixed"', '"magic"'), "expected one of fixed, ds-qkd"),
        (('"harm"', '"fixed"'), "different names"),
        (("mesh6.json", "none.json"), "no such file"),
        (("seeds", "sedes"), "did you mean seeds"),
        (("= [0, 1]", "= [0, 1"), "expected TOML"),
    ],
)
def test_a_bad_study_is_refused_before_anything_runs(tmp_path, capsys, change, expected):
    path = write_study(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    assert exit_status("study", "run", path) == 2
    output = capsys.readouterr()
    assert expected in output.err
    assert "Traceback" not in output.err
    assert not (tmp_path / "results.parquet").exists()


@pytest.mark.usefixtures("no_processes")
def test_commands_run_status_and_plot(tmp_path, capsys):
    path = write_study(tmp_path)
    assert exit_status("study", "plot", path) == 2
    assert "study run" in capsys.readouterr().err
    assert exit_status("study", "run", path, "--workers", 1) == 0
    assert exit_status("study", "status", path) == 0
    assert "8 done, 0 running, 0 missing, 0 failed" in capsys.readouterr().out
    assert exit_status("study", "plot", path) == 0
    assert len(pd.read_csv(tmp_path / "small" / "table.csv")) == 8
    assert (tmp_path / "small" / "gain_percent.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("every", "update", "expected"),
    [
        (200, {"qkd": {"relay": "widest"}}, "no bound covers relay = widest"),
        (0, {"other_noise": {"four_wave_mixing": {}}}, "no simulation covers four-wave mixing"),
    ],
)
def test_what_no_run_could_do_is_refused_before_the_first(
    tmp_path, capsys, every, update, expected
):
    data = json.loads(INSTANCE.read_text(encoding="utf-8"))
    for part, values in update.items():
        data[part] = data.get(part, {}) | values
    (tmp_path / "mesh6.json").write_text(json.dumps(data), encoding="utf-8")
    path = write_study(tmp_path, every=every)
    change(path, (str(INSTANCE), "mesh6.json"))
    assert exit_status("study", "run", path) == 2
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "results.parquet").exists()


def test_a_file_where_the_plots_should_go_is_reported(tmp_path, capsys):
    path = write_study(tmp_path)
    run_here(path)
    assert exit_status("study", "plot", path, "-o", path) == 2
    assert "expected a folder" in capsys.readouterr().err


def test_plots_make_their_folder(tmp_path):
    path = write_study(tmp_path)
    run_here(path)
    folder = tmp_path / "far" / "away"
    assert exit_status("study", "plot", path, "-o", folder) == 0
    assert (folder / "table.csv").exists()


def test_a_study_file_that_is_not_there_is_reported(tmp_path):
    with pytest.raises(InstanceError, match="no such file; expected a TOML file"):
        read_study(tmp_path / "none.toml")
