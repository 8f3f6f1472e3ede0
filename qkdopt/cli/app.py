"""Commands and their options; the work is imported when a command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qkdopt.cli.calibrate_command import calibrate_app
from qkdopt.cli.choices import AnyStrategy, Formulation, PlanFormat
from qkdopt.cli.design_commands import design_app
from qkdopt.cli.dimension_command import dimension_app
from qkdopt.cli.groups import Group
from qkdopt.cli.instance_commands import instance_app
from qkdopt.cli.parameters import AsJson, InstanceFile, ObjectiveName, RoutesName, Scheduler
from qkdopt.cli.quiet import be_quiet
from qkdopt.cli.rate_commands import rate_app
from qkdopt.cli.study_commands import study_app
from qkdopt.cli.traffic_commands import traffic_app

app = typer.Typer(
    name="qkdopt",
    cls=Group,
    help="Plan data and quantum keys on the same fibres, and prove how good the plan is.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    # Plain text: as markup, a unit in brackets would be a tag, and vanish.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(instance_app, name="instance")
app.add_typer(study_app, name="study")
app.add_typer(design_app, name="design")
# Without a name: their commands stand beside those of this file.
app.add_typer(dimension_app)
app.add_typer(traffic_app)
app.add_typer(rate_app)
app.add_typer(calibrate_app)


@app.callback(invoke_without_command=True)
def version_option(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show no progress and no hints; errors stay.")
    ] = False,
) -> None:
    """Options before any command."""
    be_quiet(quiet)
    if version:
        import qkdopt

        typer.echo(f"qkdopt {qkdopt.__version__}")
        raise typer.Exit


@app.command()
def solve(
    instance: InstanceFile,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write the result to this file; - is standard output."),
    ] = None,
    strategy: Annotated[AnyStrategy, typer.Option(help="How the plan is found.")] = "auto",
    solver: Annotated[str, typer.Option(help="MIP solver, see `qkdopt solvers`.")] = "highs",
    formulation: Annotated[
        Formulation, typer.Option(help="Formulation of strategy milp.")
    ] = "joint",
    linearisation: Annotated[
        float | None,
        typer.Option(
            help="Largest relative error of linearised key rates; follows from the gap by default."
        ),
    ] = None,
    objective: ObjectiveName = None,
    routes: RoutesName = "candidates",
    time_limit: Annotated[
        float, typer.Option(help="Time limit in seconds; the first compilation comes on top.")
    ] = 60.0,
    gap: Annotated[float, typer.Option(help="Relative gap at which to stop.")] = 1e-3,
    threads: Annotated[int | None, typer.Option(help="Number of cores; all by default.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    start: Annotated[
        Path | None,
        typer.Option(help="Earlier result or saved plan of the same instance to start from."),
    ] = None,
    around: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="RESULT",
            help="Earlier result or saved plan of the same network: its demands stay where they "
            "are.",
        ),
    ] = None,
    movable: Annotated[
        int | None,
        typer.Option(help="Let at most so many demands of the earlier plan move."),
    ] = None,
    node_limit: Annotated[
        int | None,
        typer.Option(help="Stop after this number of nodes: a run then repeats exactly."),
    ] = None,
    scheduler: Scheduler = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw plan and bound over time into this file, such as run.png."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write the result as a page into this file, such as run.html."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find a plan and prove how far it is from the best possible."""
    from qkdopt.cli.solve import run_solve

    raise typer.Exit(
        run_solve(
            instance,
            output=output,
            start=start,
            around=around,
            movable=movable,
            plot=plot,
            report=report,
            as_json=as_json,
            strategy=strategy,
            solver=solver,
            formulation=formulation,
            linearisation=linearisation,
            objective=objective,
            routes=routes,
            time_limit=time_limit,
            gap=gap,
            threads=threads,
            seed=seed,
            node_limit=node_limit,
            scheduler=scheduler,
        )
    )


@app.command()
def bound(
    instance: InstanceFile,
    time_limit: Annotated[
        float, typer.Option(help="Time limit in seconds; the first compilation comes on top.")
    ] = 60.0,
    objective: ObjectiveName = None,
    routes: RoutesName = "candidates",
    served: Annotated[
        int | None, typer.Option(help="Bound plans that serve exactly this number of demands.")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Number of cores; all by default.")] = None,
    node_limit: Annotated[
        int | None,
        typer.Option(help="Stop after this number of nodes: a run then repeats exactly."),
    ] = None,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
) -> None:
    """Prove upper bounds alone, and say how they were proved."""
    from qkdopt.cli.bound import run_bound

    raise typer.Exit(
        run_bound(
            instance,
            time_limit=time_limit,
            objective=objective,
            routes=routes,
            served=served,
            threads=threads,
            node_limit=node_limit,
            scheduler=scheduler,
            as_json=as_json,
        )
    )


@app.command()
def explain(
    instance: InstanceFile,
    demand: Annotated[
        str | None, typer.Option(help="Demand to which --min-skr applies.", metavar="ID")
    ] = None,
    min_skr: Annotated[
        float | None,
        typer.Option(
            help="Key rate in bit/s that the demand asks for, in place of its own.", metavar="BPS"
        ),
    ] = None,
    time_limit: Annotated[float, typer.Option(help="Time limit in seconds.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Say which rules are in conflict when not all demands can be served."""
    from qkdopt.cli.explain import run_explain

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
    from qkdopt.cli.check import run_check

    raise typer.Exit(run_check(instance, result, as_json=as_json))


@app.command()
def rerun(
    output: Annotated[
        Path,
        typer.Argument(
            metavar="RESULT",
            help="Result (JSON) of solve, bound, simulate or dimension; or a folder of tables.",
        ),
    ],
    instance: Annotated[
        Path | None,
        typer.Option(help="Instance file; by default where it was.", metavar="FILE"),
    ] = None,
    start: Annotated[
        Path | None, typer.Option(help="Earlier plan of --start; by default where it was.")
    ] = None,
    around: Annotated[
        Path | None, typer.Option("--from", help="Earlier plan of --from; by default where it was.")
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write the result found now to this file."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a result again with its own options and seed, and say whether it is identical."""
    from qkdopt.cli.rerun import run_rerun

    raise typer.Exit(
        run_rerun(
            output,
            instance=instance,
            start=start,
            around=around,
            output=write,
            as_json=as_json,
        )
    )


@app.command()
def report(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULT...", help="Results, saved plans, simulate --json (JSON)."),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="File of the page (HTML).")],
    instance: Annotated[
        list[Path] | None,
        typer.Option(
            help="Instance file of a result; may be given several times. By default NAME.json "
            "beside the result, in the current folder or below instances.",
            metavar="FILE",
        ),
    ] = None,
) -> None:
    """Write results as one page that needs no network: map, spectrum, tables, proof, sources."""
    from qkdopt.cli.report import run_report

    raise typer.Exit(run_report(results, output, instances=instance or []))


@app.command()
def export(
    instance: InstanceFile,
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="Result or saved plan (JSON).")],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="File to write; for csv and parquet a folder."),
    ],
    file_format: Annotated[
        PlanFormat | None,
        typer.Option("--format", help="Format; .graphml and .geojson say it themselves."),
    ] = None,
) -> None:
    """Check a plan and write it for other programs: tables, graphs, maps, GNPy, controllers."""
    from qkdopt.cli.export import run_export

    raise typer.Exit(run_export(instance, result, output, file_format))


@app.command()
def compare(
    instances: Annotated[
        list[Path], typer.Argument(metavar="INSTANCE...", help="Instance files (JSON).")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of tables, plots and rows.")
    ] = Path("comparison"),
    solvers: Annotated[
        str | None,
        typer.Option(
            help="Solvers, such as highs,scip; by default all that are installed and free."
        ),
    ] = None,
    formulations: Annotated[
        str | None, typer.Option(help="Formulations, some of joint, textbook, load-state, cp-sat.")
    ] = None,
    profile: Annotated[
        Path | None, typer.Option(help="File of solver settings (TOML), see solvers/profiles.")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(help="Time limit of a run in seconds.")
    ] = None,
    gap: Annotated[float | None, typer.Option(help="Relative gap at which a run is done.")] = None,
    linearisation: Annotated[
        float | None, typer.Option(help="Largest relative error of linearised key rates.")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of each solver.")] = None,
    seed: Annotated[int | None, typer.Option(help="Random seed of each solver.")] = None,
    objective: ObjectiveName = None,
    workers: Annotated[
        int | None, typer.Option(help="Runs at the same time; by default cores / threads.")
    ] = None,
    scheduler: Scheduler = None,
    retry_failed: Annotated[bool, typer.Option(help="Run failed runs again.")] = False,
) -> None:
    """Compare solvers and formulations; every plan is checked, and what is done stays done."""
    from qkdopt.cli.compare import run_compare

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
def solvers() -> None:
    """List solvers: installed or not, version, licence limit."""
    from qkdopt.cli.solvers import run_solvers

    run_solvers()


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say whether this installation works: versions, caches, solvers, cores, memory."""
    from qkdopt.cli.doctor import run_doctor

    raise typer.Exit(run_doctor(as_json=as_json))
