"""``qkdopt bound``."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import typer

from qkdopt.bounds.bound import bound
from qkdopt.bounds.compilation import bound_compiled
from qkdopt.bounds.keyless import keyless_demands
from qkdopt.cli.choices import Objective, Routes
from qkdopt.cli.exit_status import INTERRUPTED
from qkdopt.cli.live import LiveText
from qkdopt.instance import Instance, NodeId
from qkdopt.io import read_instance
from qkdopt.io.environment import environment, provenance
from qkdopt.physics.compiled_keyrate import key_rate
from qkdopt.problem import build_problem, default_objective
from qkdopt.result import Bound, Provenance
from qkdopt.runtime.cache import compiled_when

LONGEST_LIST = 10


def run_bound(
    path: Path,
    *,
    time_limit: float,
    objective: Objective | None,
    routes: Routes,
    served: int | None,
    threads: int | None,
    node_limit: int | None,
    scheduler: str | None,
    as_json: bool,
) -> int:
    """Print the bounds of an instance; return the exit status.

    Parameters
    ----------
    path
        Instance file.
    as_json
        Print one JSON object.
    time_limit, objective, routes, served, threads, node_limit, scheduler
        See :func:`qkdopt.bound`.
    """
    instance = read_instance(path)
    interruption = threading.Event()
    with LiveText() as live:
        shared = instance.qkd.key_accounting == "shared" and objective != "link-sum"
        if not shared and not bound_compiled(any_route=routes == "all"):
            live.show(f"compiling, {compiled_when(key_rate)}")
        live.show("proving bounds")
        found = bound(
            instance,
            served=served,
            objective=objective,
            routes=routes,
            time_limit=time_limit,
            interruption=interruption,
            threads=threads,
            node_limit=node_limit,
            scheduler=scheduler,
        )
    chosen = objective or default_objective(instance)
    options = {
        "served": served, "objective": objective, "routes": routes, "time_limit": time_limit,
        "threads": threads, "node_limit": node_limit, "scheduler": scheduler,
    }  # fmt: skip
    origin = provenance("bound", options, instance).with_files(path)
    _print(instance, chosen, routes, found, served, origin if as_json else None)
    return INTERRUPTED if interruption.is_set() else 0


def _print(
    instance: Instance,
    objective: Objective,
    routes: Routes,
    found: Bound,
    served: int | None,
    origin: Provenance | None,
) -> None:
    """Print the bounds: as one JSON object where its provenance is given."""
    count = found.served if served is None else served
    problem = build_problem(instance, objective, scope=routes)
    keyless = [instance.demands[r].id for r in keyless_demands(problem)]
    if origin is not None:
        data = {
            "instance": instance.name,
            "for_served": count,
            "without_key_in_every_plan": list(keyless),
            **found.model_dump(mode="json"),
            "environment": environment().model_dump(mode="json"),
            "provenance": origin.model_dump(mode="json"),
        }
        typer.echo(json.dumps(data, indent=1))
        return
    typer.echo(f"served     at most {found.served} of {len(instance.demands)} demands")
    if keyless:
        typer.echo(f"           {len(keyless)} without key in every plan: {_few(keyless)}")
    if found.objective_bps is None:
        typer.echo(f"{objective:10} no bound within the time limit")
        return
    typer.echo(
        f"{objective:10} at most {found.objective_bps / 1e3:.4f} kbit/s in any plan that serves "
        f"exactly {count}"
    )
    typer.echo(f"proved by  {found.method}")
    typer.echo(f"routes     {found.routes}")


def _few(demands: list[NodeId]) -> str:
    more = ", ..." if len(demands) > LONGEST_LIST else ""
    return "demands " + ", ".join(map(str, demands[:LONGEST_LIST])) + more
