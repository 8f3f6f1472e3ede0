"""Examples with a prompt on the pages of the documentation run as printed, in the root."""

from __future__ import annotations

import doctest

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from tests.docs.test_links import DOCS, ROOT

mpl.use("Agg")
PAGES = [page for page in DOCS if "\n    >>> " in page.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
@pytest.mark.usefixtures("no_processes")
def test_examples_of_a_page_run_as_printed(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    said: list[str] = []
    test = doctest.DocTestParser().get_doctest(
        page.read_text(encoding="utf-8"), {}, page.stem, str(page), 0
    )
    # Not as the command line says: with `-v` it would report what passes.
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    runner.run(test, out=said.append)
    plt.close("all")
    assert test.examples
    assert not said, "".join(said)


def test_there_are_such_pages():
    assert "tutorial" in {page.stem for page in PAGES}
