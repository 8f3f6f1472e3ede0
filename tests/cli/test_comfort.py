"""What makes the command line comfortable: suggestions, examples, streams, silence, estimates."""

from __future__ import annotations

import io
import json
import re
import shlex
import sys
from pathlib import Path

import networkx as nx
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

import qkdopt
from qkdopt.cli import app, doctor
from qkdopt.cli.examples import EXAMPLES
from qkdopt.cli.live import BAR_WIDTH, LiveText, bar_text
from qkdopt.cli.many_runs import show_runs
from qkdopt.errors import InstanceError
from qkdopt.io import parse_instance
from qkdopt.jobs import RunReport
from qkdopt.simulation.trace import read_trace
from tests.command import exit_status
from tests.docs.test_documentation import parsed

RING = Path("instances/small/ring.json")
PLAN = Path("instances/best_known/small/ring.json")


def piped(monkeypatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


# -- suggestions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("slove x.json", "No such command 'slove'. Did you mean 'solve'"),
        ("instance inf x.json", "No such command 'inf'. Did you mean 'info'?"),
        ("solve x.json --sed 1", "No such option: --sed. Did you mean --seed?"),
        ("design rank x.json --chanels 4", "No such option: --chanels. Did you mean --channels?"),
        ("solve x.json --objective meen", "Did you mean mean?"),
        ("instance new -o x.json --preset dwmd", "Did you mean dwdm?"),
    ],
)
def test_what_was_meant_is_said(line, expected, capsys):
    assert exit_status(*line.split()) == 2
    out, err = capsys.readouterr()
    assert expected in re.sub(r"\s+", " ", err)
    assert "Value error" not in err
    assert out == ""


def test_nothing_is_suggested_where_nothing_is_near(capsys):
    assert exit_status("solve", "x.json", "--zzzz") == 2
    assert "Did you mean" not in capsys.readouterr().err
    assert exit_status("solve", "x.json", "--objective", "zzzz") == 2
    assert "Did you mean" not in capsys.readouterr().err


# -- examples ---------------------------------------------------------------------------


def leaves(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, (*path, name))
        else:
            yield " ".join((*path, name))


COMMANDS = sorted(leaves(typer.main.get_command(app)))


def test_every_command_has_examples_and_no_other():
    assert sorted(EXAMPLES) == COMMANDS


@pytest.mark.parametrize("path", COMMANDS)
def test_examples_are_in_help_and_are_what_the_command_takes(path, capsys):
    assert exit_status(*path.split(), "--help") == 0
    shown = capsys.readouterr().out
    for line in EXAMPLES[path]:
        assert f"  {line}\n" in shown  # on one line, to be copied
        (words,) = [part for part in line.split(" | ") if part.startswith("qkdopt ")]
        command = shlex.split(re.split(r" [<>] ", words)[0])[1:]
        assert " ".join(command).startswith(path)
        assert parsed(command) == ""


# -- silence ----------------------------------------------------------------------------


@pytest.mark.parametrize("first", [True, False])
def test_quiet_leaves_the_answer_alone(first, tmp_path, capfd):
    command = ["solve", RING, "--strategy", "ds-qkd"]
    words = ["--quiet", *command] if first else [*command, "-q"]
    assert exit_status(*words) == 0
    out, err = capfd.readouterr()
    assert "served" in out
    assert err == ""
    assert exit_status(*command) == 0
    assert capfd.readouterr().err != ""


def test_quiet_hides_hints_and_no_errors(tmp_path, capsys):
    new = ["instance", "new", "-o", tmp_path / "n.json", "--preset", "dwdm"]
    assert exit_status(*new, "--quiet") == 0
    assert capsys.readouterr().err == ""
    assert exit_status(*new) == 0
    assert "four_wave_mixing off" in capsys.readouterr().err
    assert exit_status("-q", "check", RING, tmp_path / "none.json") == 2
    assert "no such file" in capsys.readouterr().err


# -- streams ----------------------------------------------------------------------------


def test_an_instance_in_and_a_result_out(monkeypatch, capsys):
    piped(monkeypatch, RING.read_bytes())
    assert exit_status("solve", "-", "--strategy", "ds-qkd", "-o", "-") == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert result["schema"] == "qkdopt/result/1"
    assert "served" in err
    piped(monkeypatch, out.encode())
    assert exit_status("check", RING, "-") == 0


def test_a_new_instance_goes_to_the_next_command(monkeypatch, capsys):
    assert exit_status("instance", "new", "--demands", 3, "-o", "-") == 0
    made = parse_instance(capsys.readouterr().out)
    assert (made.name, len(made.demands)) == ("nsfnet", 3)
    assert not Path("-").exists()


def test_other_formats_go_out_too(capfdbinary):
    assert exit_status("export", RING, PLAN, "-o", "-", "--format", "graphml") == 0
    graph = nx.parse_graphml(capfdbinary.readouterr().out.decode())
    assert graph.number_of_edges() == 5
    assert exit_status("export", RING, PLAN, "-o", "-", "--format", "csv") == 2
    assert b"expected a folder" in capfdbinary.readouterr().err
    assert exit_status("instance", "export", RING, "-o", "-", "--format", "lp") == 0
    assert capfdbinary.readouterr().out.endswith(b"end\n")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is empty; expected a JSON file (nothing is piped in"),
        (b"\xff\xfe", "byte 0 is no UTF-8"),
        (b"[1]", "holds a JSON list; expected an object"),
    ],
)
def test_faults_of_what_is_piped_in(content, fault, monkeypatch, capsys):
    piped(monkeypatch, content)
    assert exit_status("instance", "info", "-") == 2
    err = capsys.readouterr().err
    assert err.startswith("qkdopt: standard input: 1 fault\n")
    assert fault in err


# -- colours, completion ----------------------------------------------------------------


@pytest.mark.parametrize("variable", ["NO_COLOR", "FORCE_COLOR"])
@pytest.mark.parametrize("line", ["--help", "solve --help", "solve x.json --sed 1", "slove"])
def test_no_line_is_coloured(variable, line, monkeypatch, capfd):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv(variable, "1")
    exit_status(*line.split())
    assert "\x1b" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion(shell, monkeypatch, capsys):
    monkeypatch.setenv("_QKDOPT_COMPLETE", f"source_{shell}")
    exit_status()
    assert "_QKDOPT_COMPLETE" in capsys.readouterr().out


# -- progress ---------------------------------------------------------------------------


@given(share=st.floats(-0.5, 1.5), seconds=st.floats(0.0, 1e6))
def test_a_bar_is_as_long_as_its_share(share, seconds):
    text = bar_text(share, seconds)
    done = min(1.0, max(0.0, share))
    assert len(re.match(r"\[(#*)(\.*)\]", text)[0]) == BAR_WIDTH + 2
    assert text.count("#") == round(done * BAR_WIDTH)
    assert ("left" in text) == (0.0 < done < 1.0 and seconds >= 3.0)


@pytest.mark.parametrize(
    ("share", "seconds", "left"),
    [(0.5, 40.0, "40 s"), (0.1, 60.0, "9 min"), (0.01, 3600.0, "4 d"), (0.25, 3600.0, "3 h")],
)
def test_the_estimate_goes_on_at_the_pace_until_now(share, seconds, left):
    assert bar_text(share, seconds).endswith(f", about {left} left")


def test_runs_have_a_bar():
    live = LiveText(io.StringIO())
    show_runs(live)(RunReport(total=8, done=2, failed=0, running=2))
    assert "[#####...............]  25 %" in live._line()


# -- doctor -----------------------------------------------------------------------------


def test_a_working_installation_is_well(capfd):
    assert exit_status("doctor") == 0
    out, err = capfd.readouterr()
    assert err == ""
    for word in ("versions", "packages", "cache", "highs", "cores", "memory", "nothing is broken"):
        assert word in out
    assert "HiGHS" not in out
    assert exit_status("doctor", "--json") == 0
    data = json.loads(capfd.readouterr().out)
    assert data["ok"] is True
    assert {"what", "ok", "text"} == set(data["findings"][0])


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("available_memory_gb", lambda: 0.5, "BROKEN  memory"),
        ("requires", lambda _: ["numpy>=99.0"], "expected numpy>=99.0"),
        ("requires", lambda _: ["no-such-package-at-all>=1"], "is missing; expected no-such"),
        ("_solves", lambda: (False, "ImportError: gone"), "BROKEN  highs"),
    ],
)
def test_what_is_broken_is_named(name, value, expected, monkeypatch, capsys):
    monkeypatch.setattr(doctor, name, value)
    assert exit_status("doctor") == 1
    out = capsys.readouterr().out
    assert expected in out
    assert "1 broken" in out


def test_a_data_file_that_is_gone_is_named(monkeypatch, capsys):
    from qkdopt.instance.generation import topologies

    monkeypatch.setattr(topologies, "files", lambda _: Path("nowhere"))
    assert exit_status("doctor") == 1
    assert "install again" in capsys.readouterr().out


def test_the_package_reads_standard_input_too(monkeypatch):
    piped(monkeypatch, RING.read_bytes())
    assert qkdopt.read_instance("-") == qkdopt.read_instance(RING)


def test_a_trace_is_read_from_standard_input_too(monkeypatch):
    piped(monkeypatch, b"arrival,holding,source,target\n0,1,0,2\n1,1,1,3\n")
    instance = qkdopt.read_instance(RING)
    assert len(read_trace("-", instance).requests.lightpath_counts) == 2
    piped(monkeypatch, b"arrival\n0\n")
    with pytest.raises(InstanceError, match="standard input"):
        read_trace("-", instance)
