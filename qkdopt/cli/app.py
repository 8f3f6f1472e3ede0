"""Commands and their options; the work is imported when a command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qkdopt.cli.instance import instance_app
from qkdopt.cli.study import study_app

app = typer.Typer(
    name="qkdopt",
    help="Plan data and quantum keys on the same fibres, and prove how good the plan is.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(instance_app, name="instance")
app.add_typer(study_app, name="study")

InstanceFile = Annotated[Path, typer.Argument(metavar="INSTANCE", help="Instance file (JSON).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
ObjectiveName = Annotated[
    str, typer.Option("--objective", help="mean, max-min or link-sum.", metavar="NAME")
]


@app.callback(invoke_without_command=True)
def version_option(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Options before any command."""
    if version:
        import qkdopt

        typer.echo(f"qkdopt {qkdopt.__version__}")
        raise typer.Exit


@app.command()
def solve(
    instance: InstanceFile,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write the result to this file.")
    ] = None,
    strategy: Annotated[
        str,
        typer.Option(help="fixed, ds-qkd, ds-qkd-synergistic, local-search, milp or auto."),
    ] = "auto",
    solver: Annotated[str, typer.Option(help="MIP solver, see `qkdopt solvers`.")] = "highs",
    formulation: Annotated[
        str, typer.Option(help="Of strategy milp: joint, textbook, load-state or cp-sat.")
    ] = "joint",
    linearisation: Annotated[
        float | None,
        typer.Option(help="Largest relative error of linearised key rates; by default of the gap."),
    ] = None,
    objective: ObjectiveName = "mean",
    time_limit: Annotated[float, typer.Option(help="Seconds.")] = 60.0,
    gap: Annotated[float, typer.Option(help="Relative gap at which to stop.")] = 1e-3,
    threads: Annotated[int | None, typer.Option(help="Cores; all by default.")] = None,
    seed: Annotated[int, typer.Option(help="Of every random choice.")] = 0,
    start: Annotated[
        Path | None,
        typer.Option(help="Earlier result or saved plan of the same instance to start from."),
    ] = None,
    node_limit: Annotated[
        int | None,
        typer.Option(help="Stop after so many nodes, not seconds: repeats exactly."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find a plan and prove how far it is from the best possible."""
    from qkdopt.cli.solving import run_solve

    raise typer.Exit(
        run_solve(
            instance,
            output=output,
            start=start,
            as_json=as_json,
            strategy=strategy,
            solver=solver,
            formulation=formulation,
            linearisation=linearisation,
            objective=objective,
            time_limit=time_limit,
            gap=gap,
            threads=threads,
            seed=seed,
            node_limit=node_limit,
        )
    )


@app.command()
def bound(
    instance: InstanceFile,
    time_limit: Annotated[float, typer.Option(help="Seconds.")] = 60.0,
    objective: ObjectiveName = "mean",
    served: Annotated[
        int | None, typer.Option(help="Bound plans that serve exactly so many demands.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Prove upper bounds alone, and say how they were proved."""
    from qkdopt.cli.bounding import run_bound

    run_bound(instance, time_limit=time_limit, objective=objective, served=served, as_json=as_json)


@app.command()
def explain(
    instance: InstanceFile,
    demand: Annotated[
        str | None, typer.Option(help="What if this demand asked for --min-skr?", metavar="ID")
    ] = None,
    min_skr: Annotated[
        float | None, typer.Option(help="Key rate in bit/s, in place of its own.", metavar="BPS")
    ] = None,
    time_limit: Annotated[float, typer.Option(help="Seconds.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Say which rules are in conflict when not all demands can be served."""
    from qkdopt.cli.explaining import run_explain

    raise typer.Exit(
        run_explain(
            instance, demand=demand, min_skr_bps=min_skr, time_limit=time_limit, as_json=as_json
        )
    )


@app.command()
def check(
    instance: InstanceFile,
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="Result or saved plan (JSON).")],
    as_json: AsJson = False,
) -> None:
    """Recompute every rule and rate of a result or a saved plan from physics alone."""
    from qkdopt.cli.checking import run_check

    raise typer.Exit(run_check(instance, result, as_json=as_json))


@app.command()
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


@app.command()
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


@app.command()
def compare(
    instances: Annotated[list[Path], typer.Argument(metavar="INSTANCE...", help="Files (JSON).")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of tables, plots and rows.")
    ] = Path("comparison"),
    solvers: Annotated[
        str | None,
        typer.Option(help="Such as highs,scip; by default all that are installed and free."),
    ] = None,
    formulations: Annotated[
        str | None, typer.Option(help="Some of joint, textbook, load-state, cp-sat.")
    ] = None,
    profile: Annotated[
        Path | None, typer.Option(help="Settings (TOML), see solvers/profiles.")
    ] = None,
    time_limit: Annotated[float | None, typer.Option(help="Seconds of a run.")] = None,
    gap: Annotated[float | None, typer.Option(help="Relative gap at which a run is done.")] = None,
    linearisation: Annotated[
        float | None, typer.Option(help="Largest relative error of linearised key rates.")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Of each solver.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of each solver.")] = None,
    objective: ObjectiveName = "mean",
    workers: Annotated[
        int | None, typer.Option(help="Runs at the same time; by default cores / threads.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a running Dask scheduler.", metavar="ADDRESS")
    ] = None,
    retry_failed: Annotated[bool, typer.Option(help="Run failed runs again.")] = False,
) -> None:
    """Compare solvers and formulations; every plan is checked, and what is done stays done."""
    from qkdopt.cli.comparing import run_compare

    raise typer.Exit(
        run_compare(
            instances,
            output,
            solvers=solvers,
            formulations=formulations,
            profile=profile,
            objective=objective,
            workers=workers,
            scheduler=scheduler,
            retry_failed=retry_failed,
            seconds=time_limit,
            gap=gap,
            linearisation=linearisation,
            threads=threads,
            seed=seed,
        )
    )


@app.command()
def design(
    instance: InstanceFile,
    channels: Annotated[
        str, typer.Option(help="Candidates of each link: a number, or a range such as 1:6.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of tables, plots and rows.")
    ] = Path("design"),
    method: Annotated[
        str, typer.Option(help="auto, exhaustive, families, greedy, exchange or listed.")
    ] = "auto",
    baseline: Annotated[
        str | None,
        typer.Option(help="Set to compare with; by default the instance's own, or 3,13,23,33."),
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
    seed: Annotated[int, typer.Option(help="Of requests and random sets.")] = 0,
    receiver_cost: Annotated[float, typer.Option(help="Of one receiver, any unit.")] = 1.0,
    transmitter_cost: Annotated[float, typer.Option(help="Of one transmitter.")] = 0.0,
    fixed_transmitters: Annotated[
        bool, typer.Option(help="One transmitter for each candidate, not one a link that tunes.")
    ] = False,
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
            seed=seed,
            receiver_cost=receiver_cost,
            transmitter_cost=transmitter_cost,
            fixed_transmitters=fixed_transmitters,
            workers=workers,
            scheduler=scheduler,
        )
    )


@app.command()
def knobs(
    instance: InstanceFile,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of table, plot and rows.")
    ] = Path("knobs"),
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
            help="Of the classical receivers: gives launch powers a floor.", metavar="DBM"
        ),
    ] = None,
    margin: Annotated[
        float | None, typer.Option(help="Over sensitivity and loss; 0 by default.", metavar="DB")
    ] = None,
    cap: Annotated[
        float | None, typer.Option(help="Highest launch power of any link.", metavar="DBM")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; all cores by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Turn hardware knobs, one at a time: launch power, filter, gate, detector, loss."""
    from qkdopt.cli.knobs import run_knobs

    raise typer.Exit(
        run_knobs(
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


@app.command()
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


@app.command()
def solvers() -> None:
    """List solvers: installed or not, version, licence limit."""
    from qkdopt.cli.solver_list import run_solvers

    run_solvers()
