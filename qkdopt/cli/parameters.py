"""Parameters that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qkdopt.cli.choices import Objective, Routes

InstanceFile = Annotated[
    Path, typer.Argument(metavar="INSTANCE", help="Instance file (JSON); - is standard input.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
ObjectiveName = Annotated[
    Objective | None,
    typer.Option(
        "--objective",
        help="What a plan maximises: mean by default, and key-factor where keys are shared.",
    ),
]
RoutesName = Annotated[
    Routes,
    typer.Option(
        "--routes",
        help="Routes of plan and bound: the K candidates of the instance, or all simple paths.",
    ),
]
TimeLimit = Annotated[float, typer.Option(help="Time limit in seconds.")]
Load = Annotated[float | None, typer.Option(help="Load in erlang; the instance's own by default.")]
Workers = Annotated[int | None, typer.Option(help="Number of processes; all cores by default.")]
Scheduler = Annotated[
    str | None, typer.Option(help="Dask scheduler: its address or .json file.", metavar="ADDRESS")
]
Cap = Annotated[float | None, typer.Option(help="Highest launch power of any link.", metavar="DBM")]


def given_options(context: typer.Context) -> frozenset[str]:
    """Return the names of the parameters that stand on the command line."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return frozenset(
        name
        for name, source in sources.items()
        # Compared by name: typer has a copy of click's enumeration that it does not export.
        if source is not None and source.name == "COMMANDLINE"
    )
