"""Commands of channel sets: design rank, design prove, design protect.

Their group answers its own earlier form with the command of today.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer

from qkdopt.cli.choices import (
    ChannelOrder,
    Criterion,
    DemandSource,
    LaunchMode,
    Policy,
    RankedStrategy,
    Reserve,
    Retuning,
    SearchMethod,
)
from qkdopt.cli.groups import Group
from qkdopt.cli.parameters import (
    AsJson,
    Cap,
    InstanceFile,
    Load,
    ObjectiveName,
    Scheduler,
    TimeLimit,
    Workers,
    given_options,
)
from qkdopt.errors import UsageError


class DesignGroup(Group):
    """Commands of channel sets; ``design INSTANCE ...`` was one command until they were split."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Split words into a command and its arguments.

        Raises
        ------
        UsageError
            They are of the earlier form.
        """
        if not ctx.resilient_parsing and self._is_earlier_form(ctx, args):
            command = _command_for(args)
            raise UsageError(f"design: expected its new name, qkdopt design {command} INSTANCE")
        return super().parse_args(ctx, args)

    def _is_earlier_form(self, ctx: Any, args: list[str]) -> bool:
        if not args or args[0] in self.commands or args[0] in ctx.help_option_names:
            return False
        first = args[0]
        return first.startswith("-") or bool(Path(first).suffix) or Path(first).exists()


def _command_for(args: list[str]) -> str:
    """Return the command that has the options of an earlier form."""
    words = [word for text in args for word in text.split("=", 1)]
    if "--protect" in words:
        return "protect"
    exact = any(pair == ("--method", "exact") for pair in pairwise(words))
    return "prove" if exact else "rank"


design_app = typer.Typer(
    cls=DesignGroup,
    help="Find the QKD channels that give the most key: which, how many, on which links.",
    no_args_is_help=True,
)

SetSize = Annotated[
    int, typer.Option("--channels", help="Number of QKD candidates of each link.", metavar="N")
]


@design_app.command("rank")
def rank_sets(
    context: typer.Context,
    instance: InstanceFile,
    channels: Annotated[
        str, typer.Option(help="QKD candidates of each link: a number, or a range such as 1:6.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of tables, plots and rows.")
    ] = Path("design"),
    on: Annotated[
        DemandSource, typer.Option(help="Dynamic traffic, or the instance's list of demands.")
    ] = "traffic",
    method: Annotated[SearchMethod, typer.Option(help="How sets are searched.")] = "auto",
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
        Reserve | None,
        typer.Option(help="Which candidates stay dark; the instance's own by default."),
    ] = None,
    receivers: Annotated[
        int | None,
        typer.Option(help="Rank sets by link, with this number of receivers in the network."),
    ] = None,
    scenarios: Annotated[
        Path | None, typer.Option(help="File of uncertain Raman scale, loss and load (TOML).")
    ] = None,
    criterion: Annotated[
        Criterion, typer.Option(help="What sets are ranked by over scenarios.")
    ] = "mean",
    quantile: Annotated[float, typer.Option(help="Share of the criterion quantile.")] = 0.1,
    strategy: Annotated[RankedStrategy, typer.Option(help="How requests are served.")] = "ds-qkd",
    policy: Annotated[
        Policy, typer.Option(help="Policy of ds-qkd-synergistic.")
    ] = "bottleneck-harm",
    order: Annotated[
        ChannelOrder, typer.Option(help="Order in which ds-qkd tries channels.")
    ] = "first-fit",
    retune: Annotated[
        Retuning, typer.Option(help="When working QKD channels are retuned.")
    ] = "always",
    launch: Annotated[
        LaunchMode | None,
        typer.Option(help="Set the least launch power that the classical receivers allow."),
    ] = None,
    sensitivity: Annotated[
        float | None,
        typer.Option(help="Sensitivity of the classical receivers, for --launch.", metavar="DBM"),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(help="Margin over sensitivity and loss; 0 by default.", metavar="DB"),
    ] = None,
    cap: Cap = None,
    load: Load = None,
    requests: Annotated[
        int, typer.Option(help="Requests of each set in the final ranking.")
    ] = 1_000_000,
    assignments: Annotated[
        int, typer.Option(help="Assignments of each set in the final ranking on demands.")
    ] = 20,
    objective: ObjectiveName = None,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    receiver_cost: Annotated[float, typer.Option(help="Cost of one receiver, in any unit.")] = 1.0,
    transmitter_cost: Annotated[
        float, typer.Option(help="Cost of one transmitter, in the same unit.")
    ] = 0.0,
    fixed_transmitters: Annotated[
        bool,
        typer.Option(
            "--fixed-transmitters",
            help="Count one transmitter for each candidate, not one a link that tunes.",
        ),
    ] = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
) -> None:
    """Search channel sets, rank the best with intervals, show what each receiver adds."""
    from qkdopt.cli.design_options import RankOptions
    from qkdopt.cli.design_rank import run_rank

    options = RankOptions(
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
        sensitivity_dbm=sensitivity,
        margin_db=margin,
        cap_dbm=cap,
        load_erlang=load,
        requests=requests,
        assignments=assignments,
        objective=objective,
        seed=seed,
        receiver_cost=receiver_cost,
        transmitter_cost=transmitter_cost,
        tunable=not fixed_transmitters,
        given=given_options(context),
    )
    raise typer.Exit(
        run_rank(instance, output, options, workers=workers, scheduler=scheduler, as_json=as_json)
    )


@design_app.command()
def prove(
    instance: InstanceFile,
    channels: SetSize,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of the result and its instance.")
    ] = Path("design"),
    objective: ObjectiveName = None,
    solver: Annotated[str, typer.Option(help="MIP solver, see `qkdopt solvers`.")] = "highs",
    time_limit: TimeLimit = 60.0,
    gap: Annotated[float, typer.Option(help="Relative gap at which to stop.")] = 1e-3,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Find the best set for the instance's list of demands, and prove that it is."""
    from qkdopt.cli.design_prove import run_exact

    raise typer.Exit(
        run_exact(
            instance,
            output,
            channels=channels,
            objective=objective,
            solver=solver,
            time_limit=time_limit,
            gap=gap,
            seed=seed,
            as_json=as_json,
        )
    )


@design_app.command()
def protect(
    instance: InstanceFile,
    channels: SetSize,
    min_skr: Annotated[
        float | None,
        typer.Option(
            help=(
                "Key rate in bit/s that each demand keeps under any single failure; where keys are "
                "shared it keeps what it asks for."
            ),
            metavar="BPS",
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of the plan and its instance.")
    ] = Path("design"),
    channel_set: Annotated[
        str | None,
        typer.Option("--set", help="Protect with this set, such as 3,13.", metavar="SET"),
    ] = None,
    time_limit: TimeLimit = 60.0,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Plan the instance's list of demands so that each keeps a key rate under any failure."""
    from qkdopt.cli.design_protect import run_protect

    raise typer.Exit(
        run_protect(
            instance,
            output,
            channels=channels,
            min_skr_bps=min_skr,
            channel_set=channel_set,
            time_limit=time_limit,
            seed=seed,
            as_json=as_json,
        )
    )
