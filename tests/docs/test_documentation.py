"""What the documentation prints can be used as it is: study files, commands, Python, clusters."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

import qkdopt
from qkdopt import adapters
from qkdopt.channel_sets.scenario import read_scenarios
from qkdopt.cli import app
from qkdopt.experiments.study import read_study
from qkdopt.optimize import strategies
from tests.command import HANG_SECONDS
from tests.docs.test_links import PAGES

ROOT = Path(__file__).parent.parent.parent
PAGES = [*PAGES, ROOT / "studies" / "README.md"]
FENCES = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
INSTANCE = ROOT / "instances" / "nsfnet_100erl_4ch.json"


@dataclass(frozen=True)
class Example:
    """A piece of a page: its language, its text, and how often there was one before it."""

    page: str
    number: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}-{self.number}"


def fenced() -> list[Example]:
    """Return every fenced example with its language."""
    found = []
    for page in PAGES:
        for number, (language, text) in enumerate(FENCES.findall(page.read_text("utf-8"))):
            found.append(Example(str(page.relative_to(ROOT)), number, language, text))
    return found


def of(language: str) -> list[Example]:
    return [example for example in fenced() if example.language == language]


def test_every_language_of_an_example_is_tried_here():
    assert {example.language for example in fenced()} == {"bash", "toml", "python"}
    assert len(of("toml")) >= 3
    assert len(of("python")) >= 6


@pytest.mark.parametrize("example", of("toml"), ids=str)
def test_a_file_of_settings_is_read_as_printed(example, tmp_path):
    path = tmp_path / "example.toml"
    path.write_text(example.text, encoding="utf-8")
    settings = tomllib.loads(example.text)
    if "project" in settings:
        groups = settings["project"]["entry-points"]
        assert set(groups) <= {strategies.GROUP, adapters.GROUP}
    elif "instances" in settings:
        jobs = read_study(path).jobs(ROOT / "studies")
        assert len({job.key for job in jobs}) == len(jobs) > 1
    else:
        assert len(read_scenarios(path, qkdopt.read_instance(INSTANCE), 100.0)) > 1


# -- commands ---------------------------------------------------------------------------


def blocks(text: str) -> list[str]:
    """Return the commands to be typed: indented lines, with those that continue them."""
    found: list[str] = []
    for line in FENCES.sub("", text).splitlines():
        begun = re.match(r"    (?:\$ |.*&& )?(?:\S*/)?qkdopt (.*)", line)
        last = found[-1] if found else ""
        if begun is not None:
            found.append(spoken(begun[1]))
        elif last.endswith("\\") or last.count("[") > last.count("]"):
            found[-1] = last.removesuffix("\\") + " " + spoken(line.strip())
    return found


def spans(text: str) -> list[str]:
    """Return the commands that prose and tables name."""
    lines = FENCES.sub("", text).splitlines()
    prose = "\n".join(line for line in lines if not line.startswith("    "))
    found = re.findall(r"`(?:time )?qkdopt ([^`]+)`", prose)
    return [" ".join(span.replace("\\|", "|").split()) for span in found]


def spoken(text: str) -> str:
    """Return a command without the words beside it."""
    return re.split(r"\s{3,}(?![-\[])|\s+# ", text)[0].rstrip()


def alternatives(command: str) -> list[list[str]]:
    """Return the words of each command that ``a|b`` and ``[--option VALUE]`` stand for."""
    words = shlex.split(re.sub(r"\[(?!FILE|INSTANCE)|(?<!\.\.)\](?!\S)", " ", command))
    words = [word.replace("[", "").replace("]", "").removesuffix("...") for word in words]
    return [list(choice) for choice in itertools.product(*(word.split("|") for word in words))]


COMMANDS = sorted(
    {
        (str(page.relative_to(ROOT)), read.__name__, " ".join(map(shlex.quote, words)))
        for page in PAGES
        for read in (blocks, spans)
        for command in read(page.read_text("utf-8"))
        for words in alternatives(command)
    }
)


def parsed(words: list[str]) -> str:
    """Parse a command; return the name of what is missing, or nothing.

    A word in capitals after an option stands for a value of the option's type.
    """
    command, path = typer.main.get_command(app), ["qkdopt"]
    while hasattr(command, "commands"):
        if not words or words[0].startswith("-"):
            assert all(word in ("--help", "--version") for word in words)
            return ""
        assert words[0] in command.commands, f"no command {' '.join([*path, words[0]])}"
        command = command.commands[words[0]]
        path.append(words.pop(0))
    options = {text: one for one in command.params for text in one.opts}
    for place in range(1, len(words)):
        option = options.get(words[place - 1])
        if option is not None and re.fullmatch(r"[A-Z]+", words[place]):
            words[place] = "1"
    try:
        command.make_context(path[-1], words)
    except Exception as error:
        if type(error).__name__ == "MissingParameter":
            return str(error)
        raise
    return ""


@pytest.mark.parametrize(("page", "kind", "command"), COMMANDS, ids=lambda text: text)
def test_a_command_is_one_that_the_command_line_takes(page, kind, command):
    missing = parsed(shlex.split(command))
    # Prose may leave out what is meant by the page.
    assert not missing or kind == "spans", missing


def test_wrong_commands_are_seen():
    with pytest.raises(AssertionError, match="no command"):
        parsed(["solved", "x"])
    for wrong in (
        ["solve", "x", "--speed", "3"],
        ["solve", "x", "--seed", "three"],
        ["solve", "x", "y"],
    ):
        with pytest.raises(Exception, match=r"(?i)no such option|valid integer|unexpected"):
            parsed(wrong)
    assert "instance" in parsed(["solve"]).lower()
    assert blocks("    qkdopt study run FILE [--workers N]   # much\n    x\n") == [
        "study run FILE [--workers N]"
    ]
    assert blocks("    $ qkdopt a [--b C]\n        [--d E\n  F]\n\n    qkdopt g \\\n  h\n") == [
        "a [--b C]", "g  h",
    ]  # fmt: skip
    assert spans("Say `qkdopt a\nb|c`, not `other`.") == ["a b|c"]
    assert alternatives("study run|plot FILE... [-o DIR]") == [
        ["study", "run", "FILE", "-o", "DIR"], ["study", "plot", "FILE", "-o", "DIR"],
    ]  # fmt: skip
    assert len(COMMANDS) > 50


# -- Python -----------------------------------------------------------------------------

CLUSTERS = ("LocalCluster",)
PYTHON = [one for one in of("python") if not any(name in one.text for name in CLUSTERS)]


@pytest.mark.parametrize("example", PYTHON, ids=str)
@pytest.mark.usefixtures("no_processes")
def test_python_runs_as_printed_but_for_its_size(example, monkeypatch):
    monkeypatch.chdir(ROOT)
    text = example.text.replace("time_limit=60", "time_limit=2")
    text = text.replace("instance, 4, requests=200_000", "instance, 1, requests=20_000")
    exec(text, {"instance": qkdopt.read_instance(INSTANCE)})


def script(name: str) -> str:
    (text,) = (one.text for one in of("python") if name in one.text)
    return text


@pytest.mark.parametrize("name", CLUSTERS)
def test_a_script_of_a_cluster_has_a_guard_and_stays(name):
    guard = script(name).index('if __name__ == "__main__":')
    assert script(name).index(f"{name}(") > guard
    assert script(name).index("while True:") > guard
    compile(script(name), name, "exec")


STUDY = """
name = "small"
instances = ["{instance}"]
loads = [4]
requests = 1000
strategies = ["ds-qkd", "fixed"]
"""


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.slow
def test_the_local_cluster_as_a_script_runs_a_study_and_ends_quietly(tmp_path):
    pytest.importorskip("distributed")
    path = tmp_path / "cluster.py"
    path.write_text(script("LocalCluster").replace("n_workers=8", "n_workers=2"), encoding="utf-8")
    study = tmp_path / "study.toml"
    small = ROOT / "instances" / "small" / "mesh6_1to4_reserved.json"
    study.write_text(STUDY.format(instance=small), encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=ROOT, start_new_session=True,
    ) as cluster:  # fmt: skip
        try:
            assert cluster.stdout is not None
            address = cluster.stdout.readline().strip()
            assert address.startswith("tcp://"), address
            run = subprocess.run(
                [sys.executable, "-m", "qkdopt", "study", "run", study, "--scheduler", address],
                capture_output=True, text=True, check=False, cwd=ROOT, timeout=300,
            )  # fmt: skip
            assert run.returncode == 0, run.stderr
            assert "2 of 2 runs done, 0 failed" in run.stdout
            assert cluster.poll() is None
            cluster.send_signal(signal.SIGINT)
            out, err = cluster.communicate(timeout=HANG_SECONDS)
        finally:
            if cluster.poll() is None:
                os.killpg(cluster.pid, signal.SIGKILL)
    assert cluster.returncode == 0, err
    assert out == ""
    assert "Traceback" not in err
