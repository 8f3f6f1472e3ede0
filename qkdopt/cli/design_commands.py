"""Commands of hardware and channel sets: design, sensitivity."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qkdopt.cli.parameters import AsJson, InstanceFile

design_app = typer.Typer()


@design_app.command()
def design(
    instance: InstanceFile,
    channels: Annotated[
        str, typer.Option(help="Candidates of each link: a number, or a range such as 1:6.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of tables, plots and rows.")
    ] = Path("design"),
    on: Annotated[
        str, typer.Option(help="traffic, dynamic, or demands, the instance's list.")
    ] = "traffic",
    method: Annotated[
        str,
        typer.Option(
            help="auto, exhaustive, families, greedy, exchange, listed; exact: proved, on demands."
        ),
    ] = "auto",
    baseline: Annotated[
        str | None,
        typer.Option(
            help="Set to compare with; by default the instance's own, or from 3 on, ten apart."
        ),
    ] = None,
    also: Annotated[
        str | None, typer.Option(help="Sets to rank too, such as '3;0,1,2,3'.", metavar="SETS")
    ] = None,
    reserve: Annotated[
        str | None, typer.Option(help="Dark candidates: all or working; the instance's by default.")
    ] = None,
    receivers: Annotated[
        int | None, typer.Option(help="Sets by link, so many receivers in the whole network.")
    ] = None,
    scenarios: Annotated[
        Path | None, typer.Option(help="Uncertain Raman scale, loss and load (TOML).")
    ] = None,
    criterion: Annotated[
        str, typer.Option(help="Over scenarios: mean, worst, quantile or least-gain.")
    ] = "mean",
    quantile: Annotated[float, typer.Option(help="Share of criterion quantile.")] = 0.1,
    strategy: Annotated[str, typer.Option(help="ds-qkd or ds-qkd-synergistic.")] = "ds-qkd",
    policy: Annotated[str, typer.Option(help="Of ds-qkd-synergistic.")] = "bottleneck-harm",
    order: Annotated[str, typer.Option(help="Of ds-qkd.")] = "first-fit",
    retune: Annotated[str, typer.Option(help="always, arrival, threshold or never.")] = "always",
    launch: Annotated[
        str | None,
        typer.Option(help="Least power for the receivers: one for the network, or by link."),
    ] = None,
    sensitivity: Annotated[
        float | None, typer.Option(help="Of the classical receivers, for --launch.", metavar="DBM")
    ] = None,
    margin: Annotated[
        float | None, typer.Option(help="Over sensitivity and loss; 0 by default.", metavar="DB")
    ] = None,
    cap: Annotated[
        float | None, typer.Option(help="Highest launch power of any link.", metavar="DBM")
    ] = None,
    load: Annotated[
        float | None, typer.Option(help="Erlang; the instance's own by default.")
    ] = None,
    requests: Annotated[int, typer.Option(help="Of each set in the final ranking.")] = 1_000_000,
    assignments: Annotated[
        int, typer.Option(help="With --on demands: of each set in the final ranking.")
    ] = 20,
    seed: Annotated[int, typer.Option(help="Of requests and random sets.")] = 0,
    receiver_cost: Annotated[float, typer.Option(help="Of one receiver, any unit.")] = 1.0,
    transmitter_cost: Annotated[float, typer.Option(help="Of one transmitter.")] = 0.0,
    fixed_transmitters: Annotated[
        bool, typer.Option(help="One transmitter for each candidate, not one a link that tunes.")
    ] = False,
    protect: Annotated[
        float | None,
        typer.Option(
            help="Plan the demands so that each keeps so many bit/s under any single failure.",
            metavar="BPS",
        ),
    ] = None,
    protect_set: Annotated[
        str | None, typer.Option(help="With --protect: this set, such as 3,13.", metavar="SET")
    ] = None,
    solver: Annotated[str, typer.Option(help="Of method exact, see `qkdopt solvers`.")] = "highs",
    time_limit: Annotated[
        float, typer.Option(help="Seconds, of method exact and of --protect.")
    ] = 60.0,
    gap: Annotated[float, typer.Option(help="Of method exact: sets as good as each other.")] = 1e-3,
    workers: Annotated[int | None, typer.Option(help="Processes; all cores by default.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a running Dask scheduler.", metavar="ADDRESS")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find the QKD channels that give the most key: which, how many, on which links."""
    from qkdopt.cli.designing import run_design

    raise typer.Exit(
        run_design(
            instance,
            output,
            as_json=as_json,
            channels=channels,
            on=on,
            method=method,
            baseline=baseline,
            also=also,
            reserve=reserve,
            receivers=receivers,
            scenarios=scenarios,
            criterion=criterion,
            quantile=quantile,
            strategy=strategy,
            policy=policy,
            order=order,
            retune=retune,
            launch=launch,
            sensitivity=sensitivity,
            margin=margin,
            cap=cap,
            load=load,
            requests=requests,
            assignments=assignments,
            seed=seed,
            receiver_cost=receiver_cost,
            transmitter_cost=transmitter_cost,
            fixed_transmitters=fixed_transmitters,
            protect=protect,
            protect_set=protect_set,
            solver=solver,
            time_limit=time_limit,
            gap=gap,
            workers=workers,
            scheduler=scheduler,
        )
    )


@design_app.command()
def sensitivity(
    instance: InstanceFile,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of table, plot and rows.")
    ] = Path("sensitivity"),
    channels: Annotated[
        str | None, typer.Option(help="QKD candidates, such as 3,13,23,33; the instance's own.")
    ] = None,
    load: Annotated[
        float | None, typer.Option(help="Erlang; the instance's own by default.")
    ] = None,
    requests: Annotated[int, typer.Option(help="Counted requests of a setting.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Of the requests, the same for all settings.")] = 0,
    step_db: Annotated[float, typer.Option(help="Between neighbouring settings.")] = 3.0,
    sensitivity: Annotated[
        float | None,
        typer.Option(
            help="Of the classical receivers, which limits launch powers; the instance's own by "
            "default.",
            metavar="DBM",
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            help="Over sensitivity and loss; the instance's own by default, or 0.", metavar="DB"
        ),
    ] = None,
    cap: Annotated[
        float | None, typer.Option(help="Highest launch power of any link.", metavar="DBM")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; all cores by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Turn hardware parameters, one at a time: launch power, filter, gate, detector, loss."""
    from qkdopt.cli.sensitivity import run_sensitivity

    raise typer.Exit(
        run_sensitivity(
            instance,
            output,
            channels=channels,
            load_erlang=load,
            requests=requests,
            seed=seed,
            step_db=step_db,
            sensitivity_dbm=sensitivity,
            margin_db=margin,
            cap_dbm=cap,
            workers=workers,
            as_json=as_json,
        )
    )
