"""The SLURM scripts of `docs/studies.md`, read from there and run on a SLURM of this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from time import sleep

import pandas as pd
import pytest

import qkdopt
from qkdopt.instance.generation import new_instance
from tests.command import HANG_SECONDS, wait_until
from tests.docs.test_documentation import ROOT, of
from tests.slurm import Slurm, loopback_slurm, why_not

REASON = why_not()
needs_slurm = pytest.mark.skipif(REASON is not None, reason=f"no SLURM: {REASON}")
# What a cluster's owner fills in, here for a machine of two cores on loopback.
SIZES = (
    ("--interface ib0", "--interface lo"),
    ("--cpus-per-task=16 --mem=32G", "--cpus-per-task=1 --mem=4G"),
    ("--array=1-40%4", "--array=1-40%2"),
    ("--nworkers 16", "--nworkers 1"),
)
SMALL = ROOT / "instances" / "small" / "mesh6_1to4_reserved.json"
STUDY = f"""
name = "small"
instances = ["{SMALL}"]
loads = [4, 8]
seeds = [0, 1, 2]
requests = 20_000_000
strategies = ["ds-qkd", "fixed"]
"""


def scripts() -> dict[str, str]:
    """Return the two scripts as they are printed."""
    workers, cluster = (example.text for example in of("bash"))
    return {"workers.sh": workers, "cluster.sh": cluster}


def write_scripts(folder: Path) -> None:
    """Write the scripts, with this machine's sizes in place of a cluster's."""
    found = scripts()
    for old, new in SIZES:
        assert any(old in text for text in found.values()), old
        found = {name: text.replace(old, new) for name, text in found.items()}
    for name, text in found.items():
        (folder / name).write_text(text, encoding="utf-8")


def test_the_scripts_are_ones_that_bash_reads(tmp_path):
    write_scripts(tmp_path)
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash")
    for name in scripts():
        subprocess.run([bash, "-n", tmp_path / name], check=True)


@pytest.fixture(scope="module")
def slurm():
    pytest.importorskip("distributed")
    with loopback_slurm() as cluster:
        # Jobs inherit it, as from a shell whose environment is active.
        cluster.environment.update(
            PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            PYTHONPATH=os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        )
        yield cluster


@pytest.fixture
def folder(tmp_path, slurm):
    write_scripts(tmp_path)
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    yield tmp_path
    wait_until(slurm.empty)
    assert not list(tmp_path.glob("cluster-*"))


def logs_of(folder: Path, text: str) -> list[str]:
    """Return the jobs whose log has the text, by the names of their files."""
    return [path.stem for path in folder.glob("slurm-*.out") if text in path.read_text("utf-8")]


def rows(folder: Path) -> pd.DataFrame:
    """Return the measures of a study, in the order of its runs."""
    table = pd.read_parquet(folder / "results.parquet" / "study")
    columns = ["key", "status", "time_average_skr_bps", "blocking"]
    return table[columns].sort_values("key", ignore_index=True)


def lose_a_job(slurm: Slurm, folder: Path) -> str:
    """Cancel a job of workers once a row is there; wait until another one has taken its place."""
    wait_until(lambda: list(folder.glob("results.parquet/study/*.parquet")))
    lost, other = sorted(slurm.running("workers.sh"))[:2]
    slurm.say("scancel", lost)
    wait_until(lambda: set(slurm.running("workers.sh")) - {lost, other})
    return lost


@needs_slurm
@pytest.mark.long
def test_a_study_whose_worker_is_killed_half_way_is_the_study_of_one_machine(slurm, folder):
    with subprocess.Popen(
        ["bash", "cluster.sh", "study", "run", "study.toml"], cwd=folder, env=slurm.environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as run:  # fmt: skip
        lost = lose_a_job(slurm, folder)
        out, err = run.communicate(timeout=HANG_SECONDS)
    assert run.returncode == 0, err
    assert "12 of 12 runs done, 0 failed" in out
    wait_until(slurm.empty)
    joined = logs_of(folder, "Registered to")
    assert f"slurm-{lost}" in joined
    assert len(joined) >= 3
    on_slurm = rows(folder)
    shutil.rmtree(folder / "results.parquet")
    command = [sys.executable, "-m", "qkdopt", "study", "run", "study.toml", "--workers", "2"]
    subprocess.run(command, cwd=folder, env=slurm.environment, check=True, capture_output=True)
    pd.testing.assert_frame_equal(on_slurm, rows(folder))


def tasks_of(scheduler_file: Path) -> set[str]:
    """Return the kinds of tasks that a scheduler has given to workers so far."""
    from distributed import Client

    with Client(scheduler_file=str(scheduler_file)) as client:
        return set(
            client.run_on_scheduler(lambda dask_scheduler: set(dask_scheduler.task_prefixes))
        )


@needs_slurm
@pytest.mark.long
def test_a_bound_as_a_job_is_that_of_one_machine(slurm, folder):
    instance = new_instance("busy", topology="nsfnet", seed=1, demands=30, length_scale=0.02)
    qkdopt.write_instance(folder / "busy.json", instance)
    options = ["bound", "busy.json", "--node-limit", "10", "--threads", "1",
               "--time-limit", "3000", "--json"]  # fmt: skip
    submit = ["sbatch", "--wait", "--output=out.txt", "--error=err.txt", "cluster.sh"]
    done: set[str] = set()
    with subprocess.Popen([*submit, *options], cwd=folder, env=slurm.environment) as job:
        while job.poll() is None:
            for file in folder.glob("cluster-*/scheduler.json"):
                with suppress(OSError, ValueError):
                    done |= tasks_of(file)
            sleep(1)
    assert job.returncode == 0, (folder / "err.txt").read_text("utf-8")
    assert done
    found = json.loads((folder / "out.txt").read_text("utf-8"))
    alone = qkdopt.bound(instance, node_limit=10, threads=1, time_limit=3000)
    assert found["objective_bps"] == alone.objective_bps
    assert "21 nodes" in found["method"]
    assert found["method"] == alone.method


@needs_slurm
@pytest.mark.long
def test_a_job_that_is_cancelled_takes_its_workers_along(slurm, folder):
    job = slurm.say(
        "sbatch",
        "--parsable",
        "--chdir",
        folder,
        folder / "cluster.sh",
        "study",
        "run",
        "study.toml",
    ).strip()
    wait_until(lambda: slurm.running("workers.sh"))
    wait_until(lambda: logs_of(folder, "Registered to"))
    slurm.say("scancel", job)
    wait_until(slurm.empty)
    assert len(logs_of(folder, "")) <= 3
