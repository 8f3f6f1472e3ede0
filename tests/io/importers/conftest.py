"""Small networks written to a file and imported."""

from __future__ import annotations

import json

import pytest

import qkdopt


@pytest.fixture
def table(tmp_path):
    """Write rows of links to a file and import it."""

    def run(rows: str, **options):
        path = tmp_path / "links.csv"
        path.write_text(rows, encoding="utf-8")
        return qkdopt.import_network(path, **options)

    return run


@pytest.fixture
def graph(tmp_path):
    """Write node-link JSON to a file and import it."""

    def run(nodes, links, *, directed=None, options=None, **about):
        path = tmp_path / "graph.json"
        about |= {} if directed is None else {"directed": directed}
        path.write_text(json.dumps({"nodes": nodes, "links": links, **about}), encoding="utf-8")
        return qkdopt.import_network(path, **(options or {}))

    return run
