"""The examples of public functions and classes run as they are printed."""

from __future__ import annotations

import doctest
import inspect
from pathlib import Path

import pytest

import qkdopt

ROOT = Path(__file__).parent.parent.parent
FINDER = doctest.DocTestFinder(exclude_empty=True)


def examples():
    for name in qkdopt.__all__:
        value = getattr(qkdopt, name)
        if inspect.isfunction(value) or inspect.isclass(value):
            for test in FINDER.find(value, name, globs={}):
                if test.examples:
                    yield pytest.param(test, id=test.name)


EXAMPLES = list(examples())


@pytest.mark.parametrize("test", EXAMPLES)
def test_an_example_runs_as_printed(test, monkeypatch):
    monkeypatch.chdir(ROOT)
    said = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    assert not said, "".join(said)


def test_what_users_call_first_has_an_example():
    shown = {test.values[0].name.split(".")[0] for test in EXAMPLES}
    first = {
        "Instance", "Network", "bound", "check", "compare", "explain", "new_instance",
        "prove_channel_set", "read_instance", "resilience", "sensitivity", "simulate",
        "simulate_failures", "solve",
    }  # fmt: skip
    assert first <= shown


def test_the_page_of_the_interface_lists_every_public_name():
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    missing = [name for name in qkdopt.__all__ if f"| `{name}` |" not in page]
    assert missing == ["__version__"]
