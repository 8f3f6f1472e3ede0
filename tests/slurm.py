"""A SLURM of one machine on loopback, in a folder of its own, gone when the test is over."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.command import HANG_SECONDS, wait_until

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "squeue", "sinfo")
# The machine's own size does not matter: jobs are placed by what is declared, and wait for it.
CONFIGURATION = """
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=16384
PartitionName=normal Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def why_not() -> str | None:
    """Return why there can be no SLURM here, or None."""
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    if lacking:
        return f"{', '.join(lacking)} not installed (Debian: slurm-wlm and munge)"
    return None if os.geteuid() == 0 else "slurmd starts jobs as root alone"


class Slurm:
    """What a user of the cluster sees of it."""

    def __init__(self, folder: Path) -> None:
        self.environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}

    def say(self, *command: object) -> str:
        """Run one of SLURM's commands; return what it prints."""
        return subprocess.run(
            [str(part) for part in command],
            env=self.environment, capture_output=True, text=True, check=True, timeout=HANG_SECONDS,
        ).stdout  # fmt: skip

    def running(self, name: str) -> list[str]:
        """Return the jobs of that name that run at this moment, an array's one by one."""
        return self.say("squeue", "-h", "-r", "-t", "running", "-n", name, "-o", "%i").split()

    def empty(self) -> bool:
        """Tell whether no job runs, waits or ends."""
        return not self.say("squeue", "-h").strip()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _write_files(folder: Path) -> None:
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.touch(0o600)
    key.write_bytes(os.urandom(1024))
    host = socket.gethostname().split(".")[0]
    text = CONFIGURATION.format(host=host, folder=folder, ports=_free_ports(2))
    (folder / "slurm.conf").write_text(text, encoding="utf-8")
    (folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n", encoding="utf-8")


@contextmanager
def _daemon(slurm: Slurm, folder: Path, *command: str) -> Iterator[None]:
    with (
        (folder / f"{command[0]}.out").open("wb") as said,
        subprocess.Popen(
            command, env=slurm.environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        ) as process,
    ):
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def loopback_slurm() -> Iterator[Slurm]:
    """Start munged, slurmctld and slurmd; cancel all jobs and end the three at the end.

    The folder's name is short: that of a socket has room for 108 letters.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm")))
        _write_files(folder)
        slurm = Slurm(folder)
        # `--force`: the folder of the socket is this user's alone.
        files = {"socket": "munge.socket", "key-file": "munge.key", "pid-file": "munged.pid",
                 "log-file": "munged.log", "seed-file": "munged.seed"}  # fmt: skip
        options = [f"--{option}={folder / name}" for option, name in files.items()]
        stack.enter_context(_daemon(slurm, folder, "munged", "--foreground", "--force", *options))
        wait_until((folder / "munge.socket").exists)
        stack.enter_context(_daemon(slurm, folder, "slurmctld", "-D"))
        stack.enter_context(_daemon(slurm, folder, "slurmd", "-D"))
        wait_until(lambda: _state(slurm) == "idle")
        try:
            yield slurm
        finally:
            slurm.say("scancel", "--user=root")
            wait_until(slurm.empty)


def _state(slurm: Slurm) -> str:
    """Return the state of the machine; empty while the controller does not answer."""
    try:
        return slurm.say("sinfo", "-h", "-o", "%T").strip()
    except subprocess.CalledProcessError:
        return ""
