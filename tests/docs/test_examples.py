"""The examples of public functions and classes run as they are printed."""

from __future__ import annotations

import doctest
import inspect
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

import qkdopt

mpl.use("Agg")
ROOT = Path(__file__).parent.parent.parent
FINDER = doctest.DocTestFinder(exclude_empty=True)


def public():
    """Public functions and classes by name."""
    values = {name: getattr(qkdopt, name) for name in qkdopt.__all__}
    return {
        name: value
        for name, value in values.items()
        if inspect.isfunction(value) or inspect.isclass(value)
    }


def examples(name, value):
    return [test for test in FINDER.find(value, name, globs={}) if test.examples]


EXAMPLES = [
    pytest.param(test, id=test.name)
    for name, value in public().items()
    for test in examples(name, value)
]


@pytest.mark.parametrize("test", EXAMPLES)
@pytest.mark.usefixtures("no_processes")
def test_an_example_runs_as_printed(test, monkeypatch):
    monkeypatch.chdir(ROOT)
    said = []
    # Not as the command line says: with `-v` it would report what passes.
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    runner.run(test, out=said.append)
    plt.close("all")
    assert not said, "".join(said)


def test_every_public_function_and_class_has_an_example():
    assert [name for name, value in public().items() if not examples(name, value)] == []


def test_one_without_an_example_is_found():
    def bare():
        """Has none."""

    assert examples("bare", bare) == []
    assert examples("solve", qkdopt.solve)


def test_the_page_of_the_interface_lists_every_public_name():
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    missing = [name for name in qkdopt.__all__ if f"| `{name}` |" not in page]
    assert missing == ["__version__"]
