"""Studies: resumed, spread over processes or a cluster, and always the same table."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pandas as pd
import pytest

from qkdopt.errors import InstanceError, UsageError
from qkdopt.runs import Heartbeat, Store, Workers, open_workers, run_missing
from qkdopt.study import read_study, with_gains
from qkdopt.study.sets import ChannelSets
from tests.command import exit_status
from tests.study.small_study import table, write_study


def run_here(path, **options):
    jobs = read_study(path).jobs(path.parent)
    with ThreadPoolExecutor(1) as pool:
        return run_missing(
            jobs,
            Store(path.parent / "results.parquet" / path.stem),
            Workers(pool, lambda: 1),
            **options,
        )


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
    monkeypatch.setattr("qkdopt.runs.runner.run_task", None)
    assert run_here(path).done == 8
    pd.testing.assert_frame_equal(first, table(path))


def test_one_process_two_processes_and_dask_give_the_same_bits(tmp_path):
    from distributed import LocalCluster

    tables = []
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        for name, scheduler, workers in (
            ("one", None, 1), ("two", None, 2), ("dask", cluster.scheduler_address, None),
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
    whole = write_study(tmp_path / "whole", requests=60_000)
    killed = write_study(tmp_path / "killed", requests=60_000)
    run_here(whole)
    command = [sys.executable, "-m", "qkdopt", "study", "run", killed, "--workers", "1"]
    rows = tmp_path / "killed" / "results.parquet" / "small"
    for wanted in (1, 3):
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        while process.poll() is None and len(list(rows.glob("*.parquet"))) < wanted:
            time.sleep(0.02)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert run_here(killed).complete
    pd.testing.assert_frame_equal(table(whole), table(killed), check_exact=True)


def test_a_failed_run_keeps_its_error_and_is_retried_on_request(tmp_path, monkeypatch):
    path = write_study(tmp_path)

    def fail(*arguments, **options):
        raise RuntimeError("planted")

    with monkeypatch.context() as broken:
        broken.setattr("qkdopt.study.job.simulate", fail)
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


def test_a_real_scheduler_killed_half_way_leaves_a_study_that_goes_on(tmp_path, capfd):
    path = write_study(tmp_path, requests=150_000)
    rows = tmp_path / "results.parquet" / "small"
    address = f"tcp://127.0.0.1:{free_port()}"
    scheduler, worker = (
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard", *how],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for what, how in (
            ("scheduler", ["--host", address.rsplit(":", 1)[0], "--port", address.split(":")[2]]),
            ("worker", [address, "--nthreads", "1"]),
        )
    )

    def kill(report):
        if report.done >= 2:
            scheduler.kill()

    try:
        with open_workers(address, None) as workers:
            jobs = read_study(path).jobs(path.parent)
            report = run_missing(jobs, Store(rows), workers, progress=kill)
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.wait()
    assert 2 <= report.done < 8
    assert report.done + report.lost == 8
    assert "went away" in " ".join(report.reasons)
    assert "Traceback" not in capfd.readouterr().err
    assert run_here(path).done == 8


def test_status_tells_what_runs_and_what_was_killed(tmp_path, capsys):
    path = write_study(tmp_path)
    rows = tmp_path / "results.parquet" / "small"
    rows.mkdir(parents=True)
    keys = [job.key for job in read_study(path).jobs(tmp_path)]
    Heartbeat(rows).beat(keys[:2])
    assert exit_status("study", "status", path) == 0
    told = capsys.readouterr().out
    assert "0 done, 2 running, 6 missing" in told
    assert f"process {os.getpid()}" in told
    sign = rows / ".running.json"
    data = json.loads(sign.read_text(encoding="utf-8"))
    sign.write_text(json.dumps(data | {"at": data["at"] - 100.0}), encoding="utf-8")
    assert exit_status("study", "status", path) == 0
    told = capsys.readouterr().out
    assert "0 done, 0 running, 8 missing" in told
    assert "stopped without a word" in told
    run_here(path)
    assert not sign.exists()


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch):
    monkeypatch.setattr("qkdopt.runs.workers.ANSWER_SECONDS", 1.0)
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
    better = gains.loc[gains["label"] == "harm", "gain_percent"]
    assert better.notna().all()
    assert (better > 0.0).all()


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
    assert len({one.channels for one in large}) == 20
    for one, other in zip(small, large, strict=True):
        assert 3 in one.channels
        assert set(one.channels) < set(other.channels)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
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
    told = capsys.readouterr()
    assert expected in told.err
    assert "Traceback" not in told.err
    assert not (tmp_path / "results.parquet").exists()


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


def test_missing_folders_are_made_and_bad_names_are_not_read(tmp_path):
    with pytest.raises(InstanceError, match="No such file"):
        read_study(tmp_path / "none.toml")
