"""Broken files of every kind: success, or one error with its faults; nothing else happens.

``benchmarks/input_fuzz.py`` breaks as many as one likes, and says what became of each kind.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdopt.errors import FaultsError, InstanceError
from qkdopt.io import parse_instance
from tests.fuzzing import run as runner
from tests.fuzzing.inputs import INPUT, ROOT, Kind, kinds
from tests.fuzzing.mutation import STRUCTURES, broken
from tests.fuzzing.run import built_once, limited_memory, run, run_broken

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="measures its memory as Linux tells it"
)

# Of each kind some, in the order of their numbers: with more, each kind has the same again.
QUICK, ALL = 2_000, 8_000


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    """Return every kind; what several tests need is made once."""
    return kinds(tmp_path_factory.mktemp("seeds"))


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    with built_once():
        yield folder


def test_every_right_file_is_taken(every, work):
    """Some commands do not cover some files, and say so; one of them takes each."""
    wrong = []
    for kind in every:
        for source in kind.seeds:
            data = source.read_bytes()
            outcomes = [run(kind, source, data, command, work) for command in kind.commands]
            if all(o.status != 0 for o in outcomes) or any(o.violations for o in outcomes):
                wrong.append((kind.name, source.name, [(o.status, o.violations) for o in outcomes]))
    assert wrong == []
    assert len({kind.name for kind in every}) == len(every) >= 25


def fuzz(every, work, numbers):
    """Run broken files; return what was found, and how often each status was."""
    statuses: Counter[int] = Counter()
    found = []
    with limited_memory():
        for number in numbers:
            outcome = run_broken(every[number % len(every)], number, work)
            statuses[outcome.status] += 1
            if outcome.violations:
                found.append((outcome.kind, number, outcome.words, outcome.violations))
    return found, statuses


def test_a_broken_file_is_a_success_or_one_error(every, work):
    found, statuses = fuzz(every, work, range(QUICK))
    assert found == []
    assert statuses[0] > QUICK // 20
    assert statuses[2] > QUICK // 3


@pytest.mark.slow
def test_many_broken_files_are_successes_or_errors(every, work):
    found, statuses = fuzz(every, work, range(QUICK, ALL))
    assert found == []
    assert statuses[0] > ALL // 20
    assert statuses[2] > ALL // 3


@pytest.mark.parametrize("suffix", sorted(STRUCTURES))
def test_most_changes_change_something_and_repeat(suffix, every):
    source = next(s for kind in every for s in kind.seeds if s.suffix == suffix)
    data = source.read_bytes()
    files = [broken(data, suffix, random.Random(seed)) for seed in range(60)]
    assert files == [broken(data, suffix, random.Random(seed)) for seed in range(60)]
    assert len(set(files) - {data}) > 50


# -- the runner sees what it is there for ------------------------------------------------


def leaves_a_file(path: Path) -> None:
    Path("left.tmp").write_bytes(b"")


def changes_its_input(path: Path) -> None:
    path.write_bytes(b"changed")


def fails(path: Path) -> None:
    raise ZeroDivisionError


def hangs(path: Path) -> None:
    end = time.process_time() + 60.0
    while time.process_time() < end:
        pass


def takes_memory(path: Path) -> None:
    bytearray(3 << 30)


def says_no_place(path: Path) -> None:
    print("oops", file=runner.sys.stderr)
    raise SystemExit(2)


def warns(path: Path) -> None:
    print("x.py:3: RuntimeWarning: overflow", file=runner.sys.stderr)


def writes_for_a_terminal(path: Path) -> None:
    print("\x1b[2J", file=runner.sys.stderr)


def says_much(path: Path) -> None:
    print("x" * 5000, file=runner.sys.stderr)


def ends_oddly(path: Path) -> None:
    raise SystemExit(7)


VIOLATIONS = MappingProxyType({
    leaves_a_file: "file left behind: left.tmp", changes_its_input: "file changed",
    fails: "ZeroDivisionError", hangs: "hangs for", takes_memory: "runs out of memory",
    says_no_place: "no error message", warns: "no message for people",
    writes_for_a_terminal: "characters that nobody sees", says_much: "a line of 5000",
    ends_oddly: "exit status 7",
})  # fmt: skip


@pytest.mark.parametrize("command", VIOLATIONS, ids=lambda command: command.__name__)
def test_the_runner_sees(command, work, monkeypatch):
    monkeypatch.setattr(runner, "HANG_SECONDS", 0.05)
    kind = Kind("any", (ROOT / "instances" / "small" / "line.json",), (command,))
    with limited_memory():
        outcome = run(kind, kind.seeds[0], b"{}", command, work)
    assert any(VIOLATIONS[command] in text for text in outcome.violations), outcome.violations
    assert list(work.iterdir()) == []


def test_the_runner_takes_one_error_of_many_faults(work):
    def refuses(path: Path) -> None:
        raise FaultsError(str(path), [f"fault {k}" for k in range(30)])

    kind = Kind("any", (ROOT / "instances" / "small" / "line.json",), (refuses,))
    outcome = run(kind, kind.seeds[0], b"{}", refuses, work)
    assert (outcome.status, outcome.violations) == (2, ())
    assert INPUT not in outcome.words
    assert Path.cwd() != work
    assert os.listdir(work) == []  # noqa: PTH208


# -- whatever stands in whatever place ------------------------------------------------------

FULL = json.loads((ROOT / "instances" / "small" / "ring_blocks.json").read_text(encoding="utf-8"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=60)
@given(value=VALUES, data=st.data())
def test_any_value_in_any_place_is_an_instance_or_one_error(value, data):
    instance = json.loads(json.dumps(FULL))
    node = instance
    while True:
        key = data.draw(
            st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node)))
        )
        if not isinstance(node[key], dict | list) or not node[key] or data.draw(st.booleans()):
            break
        node = node[key]
    node[key] = value
    faults: tuple[str, ...] = ("none",)
    try:
        read = parse_instance(json.dumps(instance))
    except InstanceError as error:
        faults = error.faults
    else:
        assert parse_instance(json.dumps(read.to_json_dict())) == read
    assert faults
    assert all(fault.strip() for fault in faults)
