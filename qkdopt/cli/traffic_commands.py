"""Commands of dynamic traffic: simulate, reproduce, resilience, sensitivity."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qkdopt.cli.choices import (
    Admission,
    ChannelOrder,
    EventTarget,
    Figure,
    Policy,
    Retuning,
    TrafficStrategy,
)
from qkdopt.cli.parameters import AsJson, Cap, InstanceFile, Load, Workers

traffic_app = typer.Typer()


@traffic_app.command()
def simulate(
    instance: InstanceFile,
    strategy: Annotated[TrafficStrategy, typer.Option(help="How requests are served.")] = "ds-qkd",
    policy: Annotated[
        Policy, typer.Option(help="Policy of ds-qkd-synergistic.")
    ] = "bottleneck-harm",
    order: Annotated[
        ChannelOrder, typer.Option(help="Order in which fixed and ds-qkd try channels.")
    ] = "first-fit",
    retune: Annotated[
        Retuning, typer.Option(help="When working QKD channels are retuned.")
    ] = "always",
    threshold: Annotated[
        float, typer.Option(help="Share of its dark rate at which a working channel is left.")
    ] = 0.5,
    replacements: Annotated[
        int, typer.Option(help="Active demands that each arrival may move.")
    ] = 0,
    admission: Annotated[
        Admission,
        typer.Option(help="Admit requests where there is light, or where there is key for them."),
    ] = "light",
    bridge_s: Annotated[
        float,
        typer.Option(
            help="With --admission key: seconds for which links' pools may make up for rates."
        ),
    ] = 0.0,
    load: Load = None,
    requests: Annotated[int, typer.Option(help="Counted requests of a replication.")] = 1_000_000,
    warmup: Annotated[int | None, typer.Option(help="Requests left out at the start.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the requests.")] = 0,
    replications: Annotated[int, typer.Option(help="Independent repetitions.")] = 1,
    workers: Annotated[int, typer.Option(help="Number of replications at the same time.")] = 1,
    trace: Annotated[
        Path | None,
        typer.Option(help="Recorded requests (CSV: arrival, holding, source, target[, channels])."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Simulate dynamic traffic: key rates, blocking and switches, with 95 % intervals."""
    from qkdopt.cli.simulate import run_simulate
    from qkdopt.simulation import SimulationOptions

    options = SimulationOptions(
        strategy=strategy,
        policy=policy,
        order=order,
        retune=retune,
        threshold=threshold,
        replacements=replacements,
        admission=admission,
        bridge_s=bridge_s,
    )
    raise typer.Exit(
        run_simulate(
            instance,
            options,
            trace=trace,
            load_erlang=load,
            requests=requests,
            warmup=warmup,
            seed=seed,
            replications=replications,
            workers=workers,
            as_json=as_json,
        )
    )


@traffic_app.command()
def reproduce(
    figure: Annotated[Figure, typer.Argument(help="Figure of the study, or all of them.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of figures, tables and rows.")
    ] = Path("reproduction"),
    requests: Annotated[int, typer.Option(help="Counted requests of a point.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Random seed of the requests.")] = 0,
    workers: Workers = None,
) -> None:
    """Make the figures of the DS-QKD study, and set its numbers beside ours."""
    from qkdopt.cli.reproduce import run_reproduce

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
    load: Load = None,
    requests: Annotated[int, typer.Option(help="Counted requests of a run.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Random seed of requests and events.")] = 0,
    rate: Annotated[float, typer.Option(help="Events per mean holding time in the network.")] = 0.2,
    repair: Annotated[
        float, typer.Option(help="Mean time to repair, in mean holding times.")
    ] = 1.0,
    noise: Annotated[
        float, typer.Option(help="Noise that event `noise` adds [clicks per gate].")
    ] = 3e-3,
    target: Annotated[
        EventTarget, typer.Option(help="Candidate that noise and receiver events hit.")
    ] = "working",
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Measure what share of the key rate survives degradations, with and without retuning."""
    from qkdopt.cli.resilience import run_resilience
    from qkdopt.experiments.resilience import ResilienceSpec

    spec = ResilienceSpec(
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
    raise typer.Exit(run_resilience(instance, output, spec, workers=workers, as_json=as_json))


@traffic_app.command()
def sensitivity(
    instance: InstanceFile,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of table, plot and rows.")
    ] = Path("sensitivity"),
    channels: Annotated[
        str | None,
        typer.Option(help="QKD candidates, such as 3,13,23,33; the instance's own by default."),
    ] = None,
    load: Load = None,
    requests: Annotated[int, typer.Option(help="Counted requests of a setting.")] = 1_000_000,
    seed: Annotated[
        int, typer.Option(help="Random seed of the requests, the same for all settings.")
    ] = 0,
    step_db: Annotated[float, typer.Option(help="Step between neighbouring settings in dB.")] = 3.0,
    sensitivity: Annotated[
        float | None,
        typer.Option(
            help="Sensitivity of the classical receivers, which limits launch powers; the "
            "instance's own by default.",
            metavar="DBM",
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            help="Margin over sensitivity and loss; the instance's own by default, or 0.",
            metavar="DB",
        ),
    ] = None,
    cap: Cap = None,
    scenarios: Annotated[
        Path | None,
        typer.Option(
            help="Scenarios to measure beside the settings, such as those of a calibration (TOML)."
        ),
    ] = None,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Vary hardware parameters, one at a time: launch power, filter, gate, detector, loss."""
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
            scenarios=scenarios,
            workers=workers,
            as_json=as_json,
        )
    )
