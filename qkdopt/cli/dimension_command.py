"""``qkdopt dimension`` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qkdopt.cli.parameters import AsJson, InstanceFile

dimension_app = typer.Typer()


@dimension_app.command()
def dimension(
    instance: InstanceFile,
    transmitter: Annotated[float, typer.Option(help="Price of a QKD transmitter.")],
    receiver: Annotated[float, typer.Option(help="Price of a QKD receiver.")],
    site: Annotated[
        float, typer.Option(help="Price of each node that has any QKD equipment.")
    ] = 0.0,
    link: Annotated[
        list[str] | None,
        typer.Option(
            help="Price of transmitter and receiver of one link together, such as 0-1=250; may be "
            "given several times.",
            metavar="ID=PRICE",
        ),
    ] = None,
    factor: Annotated[
        float, typer.Option(help="Share of what they ask for that all demands have to get.")
    ] = 1.0,
    frontier: Annotated[
        bool, typer.Option("--frontier", help="Find the least price for each of several factors.")
    ] = False,
    factors: Annotated[
        str | None,
        typer.Option(
            help="Factors of --frontier, such as 0.5,1,2; 0.25 to 2 in eight steps by default."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write the answer to this file; - is standard output."),
    ] = None,
    time_limit: Annotated[
        float, typer.Option(help="Time limit in seconds; with --frontier for each factor.")
    ] = 60.0,
    solver: Annotated[str, typer.Option(help="MIP solver, see `qkdopt solvers`.")] = "highs",
    threads: Annotated[int | None, typer.Option(help="Number of cores; all by default.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    move_limit: Annotated[
        int | None,
        typer.Option(
            help="Stop the search after this number of moves: a run then repeats exactly."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find the cheapest links with QKD that meet all needs at once, and a proved lower bound."""
    from qkdopt.cli.dimension import run_dimension_command

    raise typer.Exit(
        run_dimension_command(
            instance,
            output=output,
            transmitter=transmitter,
            receiver=receiver,
            site=site,
            link=link or [],
            factor=factor,
            frontier=frontier,
            factors=factors,
            as_json=as_json,
            limits={
                "time_limit": time_limit,
                "solver": solver,
                "threads": threads,
                "seed": seed,
                "move_limit": move_limit,
            },
        )
    )
