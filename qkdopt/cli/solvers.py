"""``qkdopt solvers``."""

from __future__ import annotations

import typer

from qkdopt.adapters import ADAPTERS, Adapter

COLUMNS = (
    "{name:8} {installed:9} {version:10} {start:5} {live:8} {threads:7} {seed:4} {nodes:5} "
    "{continuous:10} {limit}"
)
HEADS = {
    "name": "solver",
    "installed": "installed",
    "version": "version",
    "start": "start",
    "live": "progress",
    "threads": "threads",
    "seed": "seed",
    "nodes": "nodes",
    "continuous": "continuous",
    "limit": "limit",
}
LEGEND = """
start       takes a start, and says whether it was accepted
progress    tells incumbents while it runs: by callback, or in its log
nodes       has a node limit
continuous  exact, or on a grid with a bound that stays valid"""


def run_solvers() -> None:
    """Print one line per solver, and what the columns mean."""
    typer.echo(COLUMNS.format(**HEADS))
    for adapter in ADAPTERS.values():
        typer.echo(COLUMNS.format(**_row(adapter)))
    typer.echo(LEGEND)


def _row(adapter: Adapter) -> dict[str, str]:
    installed = adapter.available()
    can = adapter.capabilities
    return {
        "name": adapter.name,
        "installed": _yes(installed),
        "version": adapter.version() if installed else "-",
        "start": _yes(can.start),
        "live": "callback" if can.callback else "log",
        "threads": _yes(can.threads),
        "seed": _yes(can.seed),
        "nodes": _yes(can.node_limit),
        "continuous": "exact" if can.continuous else "grid",
        "limit": adapter.limit,
    }


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"
