"""``qkdopt bound``."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from qkdopt.bounding import bound
from qkdopt.cli.choices import objective_of
from qkdopt.cli.live import LiveText
from qkdopt.io import read_instance


def run_bound(
    path: Path, *, time_limit: float, objective: str, served: int | None, as_json: bool
) -> None:
    """Print the bounds of an instance."""
    instance = read_instance(path)
    chosen = objective_of(objective)
    with LiveText() as live:
        live.show("proving bounds")
        found = bound(instance, served=served, objective=chosen, time_limit=time_limit)
    count = found.served if served is None else served
    if as_json:
        data = {"instance": instance.name, "for_served": count, **found.model_dump(mode="json")}
        typer.echo(json.dumps(data, indent=1))
        return
    typer.echo(f"served     at most {found.served} of {len(instance.demands)} demands")
    if found.objective_bps is None:
        typer.echo(f"{objective:10} no bound within the time limit")
        return
    typer.echo(
        f"{objective:10} at most {found.objective_bps / 1e3:.4f} kbit/s in any plan that serves "
        f"exactly {count}"
    )
    typer.echo(f"proved by  {found.method}")
    typer.echo(f"routes     {found.routes}")
