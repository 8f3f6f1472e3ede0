"""``qkdopt solvers``."""

from __future__ import annotations

import typer

from qkdopt.adapters import ADAPTERS


def run_solvers() -> None:
    """Print one line per solver."""
    typer.echo(f"{'solver':8} {'installed':10} {'version':12} limit")
    for name, adapter in ADAPTERS.items():
        installed = adapter.available()
        version = adapter.version() if installed else "-"
        typer.echo(f"{name:8} {'yes' if installed else 'no':10} {version:12} {adapter.limit}")
