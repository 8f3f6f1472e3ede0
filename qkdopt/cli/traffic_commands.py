"""Commands of dynamic traffic: simulate, reproduce, resilience."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qkdopt.cli.parameters import AsJson, InstanceFile

traffic_app = typer.Typer()


@traffic_app.command()
def simulate(
    instance: InstanceFile,
    strategy: Annotated[str, typer.Option(help="fixed, ds-qkd or ds-qkd-synergistic.")] = "ds-qkd",
    policy: Annotated[
        str,
        typer.Option(
            help="Of ds-qkd-synergistic: bottleneck-harm, rate-weighted-harm, equalisation or "
            "own-best."
        ),
    ] = "bottleneck-harm",
    order: Annotated[
        str,
        typer.Option(
            help="Of fixed and ds-qkd: first-fit, last-fit, raman-aware, random, most-used or "
            "least-used."
        ),
    ] = "first-fit",
    retune: Annotated[
        str, typer.Option(help="Working QKD channels: always, arrival, threshold or never.")
    ] = "always",
    threshold: Annotated[
        float, typer.Option(help="Share of its dark rate at which a working channel is left.")
    ] = 0.5,
    replacements: Annotated[
        int, typer.Option(help="Active demands that each arrival may move.")
    ] = 0,
    load: Annotated[
        float | None, typer.Option(help="Erlang; the instance's own by default.")
    ] = None,
    requests: Annotated[int, typer.Option(help="Counted requests of a replication.")] = 1_000_000,
    warmup: Annotated[int | None, typer.Option(help="Requests left out at the start.")] = None,
    seed: Annotated[int, typer.Option(help="Of the requests.")] = 0,
    replications: Annotated[int, typer.Option(help="Independent repetitions.")] = 1,
    workers: Annotated[int, typer.Option(help="Replications at the same time.")] = 1,
    trace: Annotated[
        Path | None,
        typer.Option(help="Recorded requests (CSV: arrival, holding, source, target[, channels])."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Simulate dynamic traffic: key rates, blocking and switches, with 95 % intervals."""
    from qkdopt.cli.simulating import run_simulate

    how = {
        "strategy": strategy,
        "policy": policy,
        "order": order,
        "retune": retune,
        "threshold": threshold,
        "replacements": replacements,
    }
    raise typer.Exit(
        run_simulate(
            instance,
            trace=trace,
            as_json=as_json,
            how=how,
            load_erlang=load,
            requests=requests,
            warmup=warmup,
            seed=seed,
            replications=replications,
            workers=workers,
        )
    )


@traffic_app.command()
def reproduce(
    figure: Annotated[str, typer.Argument(help="fig3, fig4, fig5, fig6 or all.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of figures, tables and rows.")
    ] = Path("reproduction"),
    requests: Annotated[int, typer.Option(help="Counted requests of a point.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Of the requests.")] = 0,
    workers: Annotated[int | None, typer.Option(help="Processes; all cores by default.")] = None,
) -> None:
    """Make the figures of the DS-QKD study, and set its numbers beside ours."""
    from qkdopt.cli.reproducing import run_reproduce

    raise typer.Exit(run_reproduce(figure, output, requests=requests, seed=seed, workers=workers))


@traffic_app.command()
def resilience(
    instance: InstanceFile,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of table, plot and rows.")
    ] = Path("resilience"),
    events: Annotated[
        str, typer.Option(help="Kinds of event, some of noise,receiver,cut.")
    ] = "noise,receiver,cut",
    channels: Annotated[
        str | None,
        typer.Option(
            help='Candidate sets to compare, such as "3;3,13"; the instance\'s own by default.'
        ),
    ] = None,
    load: Annotated[
        float | None, typer.Option(help="Erlang; the instance's own by default.")
    ] = None,
    requests: Annotated[int, typer.Option(help="Counted requests of a run.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Of requests and events.")] = 0,
    rate: Annotated[float, typer.Option(help="Events per mean holding time in the network.")] = 0.2,
    repair: Annotated[
        float, typer.Option(help="Mean time to repair, in mean holding times.")
    ] = 1.0,
    noise: Annotated[
        float, typer.Option(help="Noise that event `noise` adds [clicks per gate].")
    ] = 3e-3,
    target: Annotated[
        str, typer.Option(help="Candidate that noise and receiver hit: working or any.")
    ] = "working",
    workers: Annotated[int | None, typer.Option(help="Processes; all cores by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure what share of the key rate survives degradations, with and without retuning."""
    from qkdopt.cli.resilience import run_resilience

    raise typer.Exit(
        run_resilience(
            instance,
            output,
            workers=workers,
            as_json=as_json,
            events=events,
            channels=channels,
            load_erlang=load,
            requests=requests,
            seed=seed,
            rate=rate,
            repair=repair,
            noise_per_gate=noise,
            target=target,
        )
    )
