"""``qkdopt design``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from qkdopt.cli.exit_status import INTERRUPTED, UNFINISHED
from qkdopt.cli.folder import make_folder
from qkdopt.cli.live import LiveText
from qkdopt.design.baseline import default_baseline
from qkdopt.design.criterion import Criterion
from qkdopt.design.evaluations import Evaluations, UnfinishedError
from qkdopt.design.options import DesignOptions
from qkdopt.design.pareto import Pareto, Prices, pareto
from qkdopt.design.placement import Placement, Pool
from qkdopt.design.run import Design, design, refuse_misfits
from qkdopt.design.scenario import Scenario
from qkdopt.design.scenario_file import read_scenarios
from qkdopt.design.traffic_ground import BLOCK_REQUESTS, TrafficGround
from qkdopt.design.why import Reasons, reasons
from qkdopt.errors import QkdoptError, UsageError
from qkdopt.instance import Instance, Traffic
from qkdopt.io import read_instance, write_json_whole, write_text_whole
from qkdopt.knobs.power import with_launch
from qkdopt.runs import RunReport, Store, open_workers
from qkdopt.simulating import SimulationOptions

if TYPE_CHECKING:
    import pandas as pd

SHOWN_ROWS = 12


@dataclass(frozen=True)
class Asked:
    """What the command line asks for, read and seen to fit together."""

    ground: TrafficGround
    baseline: Placement
    options: DesignOptions
    prices: Prices


def run_design(path: Path, folder: Path, *, as_json: bool, **told: Any) -> int:
    """Search, rank, write tables and plots, print the ranking; return the exit status.

    Raises
    ------
    QkdoptError
        Options or files out of range; nothing is written.
    """
    workers, scheduler = told.pop("workers"), told.pop("scheduler")
    instance = _at_best_power(read_instance(path), told)
    asked = _asked(instance, workers, told)
    make_folder(folder)
    with LiveText() as live, open_workers(scheduler, workers) as team:

        def show(title: str, report: RunReport) -> None:
            waiting = f"; {report.waiting_for}" if report.waiting_for else ""
            live.show(title + waiting, f": {report.done} of {report.total} runs")

        evaluations = Evaluations(asked.ground, Store(folder / "rows.parquet"), team, show)
        try:
            found = design(asked.ground, asked.baseline, asked.options, evaluations)
        except UnfinishedError as error:
            return _unfinished(error)
        live.show("looking at the light of the best set")
        why = [reasons(asked.ground, one) for one in (found.best, asked.baseline)]
    frontier = pareto(
        found.judge, found.table, asked.options.blocks,
        instance=asked.ground.instance, prices=asked.prices,
    )  # fmt: skip
    _write(found, frontier, why, folder)
    chosen = found.pool.applied_to(asked.ground.instance, found.best, asked.ground.reserve)
    write_json_whole(folder / "best.json", chosen.to_json_dict())
    tell = _tell_json if as_json else _tell
    tell(asked, found, frontier, folder)
    return 0


def _unfinished(error: UnfinishedError) -> int:
    typer.echo("design not finished; run again to go on from here", err=True)
    for reason in dict.fromkeys(error.report.reasons):
        typer.echo(f"  {reason}", err=True)
    return INTERRUPTED if error.report.interrupted else UNFINISHED


def _at_best_power(instance: Instance, told: dict[str, Any]) -> Instance:
    """Return the instance at the launch power of least noise, where that is asked for."""
    mode, sensitivity = told.pop("launch"), told.pop("sensitivity")
    margin, cap = told.pop("margin"), told.pop("cap")
    if mode is None:
        given = {"sensitivity": sensitivity, "margin": margin, "cap": cap}
        extra = [f"--{name}" for name, value in given.items() if value is not None]
        if extra:
            raise UsageError(f"{', '.join(extra)} without --launch; expected network or link")
        return instance
    if sensitivity is None:
        raise UsageError("--launch needs --sensitivity, of the classical receivers [dBm]")
    return with_launch(
        instance, mode, sensitivity_dbm=sensitivity, margin_db=margin or 0.0, cap_dbm=cap
    )


def _asked(instance: Instance, workers: int | None, told: dict[str, Any]) -> Asked:
    """Read every option; all faults in one error."""
    faults: list[str] = []

    def tried(make: Callable[[], Any]) -> Any:
        try:
            return make()
        except QkdoptError as error:
            faults.append(str(error))
            return None

    if workers is not None and workers < 1:
        faults.append(f"workers = {workers}; expected at least 1")
    traffic = instance.traffic or Traffic()
    load = traffic.load_erlang if told["load"] is None else told["load"]
    if not 0.0 < load < 1e6:
        faults.append(f"load = {load:g}; expected erlang above 0")
    if told["seed"] < 0:
        faults.append(f"seed = {told['seed']}; expected 0 or more")
    options = tried(lambda: _options(told, Pool.of(instance)))
    how = tried(lambda: _how(told))
    prices = tried(
        lambda: Prices(
            receiver=told["receiver_cost"],
            transmitter=told["transmitter_cost"],
            tunable=not told["fixed_transmitters"],
        )
    )
    reserve = told["reserve"] or instance.qkd.reserve
    if reserve not in ("all", "working"):
        faults.append(f"reserve = {reserve!r}; expected all or working")
    scenarios = tried(lambda: _scenarios(instance, told["scenarios"], load))
    baseline = tried(lambda: _baseline(instance, told["baseline"], options))
    if faults:
        raise UsageError("; ".join(faults))
    ground = TrafficGround(
        instance=instance, reserve=reserve, scenarios=scenarios, options=how, seed=told["seed"]
    )
    refuse_misfits(ground, baseline, options)
    return Asked(ground, baseline, options, prices)


def _options(told: dict[str, Any], pool: Pool) -> DesignOptions:
    requests = told["requests"]
    if requests < 2 * BLOCK_REQUESTS:
        raise UsageError(f"requests = {requests}; expected at least {2 * BLOCK_REQUESTS}")
    return DesignOptions(
        sizes=_sizes(told["channels"]),
        method=told["method"],
        criterion=Criterion(told["criterion"], told["quantile"]),
        receivers=told["receivers"],
        listed=tuple(pool.read(text) for text in (told["also"] or "").split(";") if text.strip()),
        blocks=requests // BLOCK_REQUESTS,
        seed=told["seed"],
    )


def _sizes(text: str) -> tuple[int, ...]:
    """Read ``4`` or ``1:6``."""
    first, colon, last = text.partition(":")
    try:
        low, high = int(first), int(last if colon else first)
    except ValueError:
        low, high = 1, 0
    if not 1 <= low <= high:
        raise UsageError(
            f"channels = {text!r}; expected a number such as 4, or a range such as 1:6"
        )
    return tuple(range(low, high + 1))


def _how(told: dict[str, Any]) -> SimulationOptions:
    if told["strategy"] == "fixed":
        raise UsageError(
            "strategy = 'fixed'; expected ds-qkd or ds-qkd-synergistic (a fixed channel is "
            "--channels 1)"
        )
    return SimulationOptions(
        strategy=told["strategy"], policy=told["policy"], order=told["order"],
        retune=told["retune"],
    )  # fmt: skip


def _scenarios(instance: Instance, path: Path | None, load: float) -> tuple[Scenario, ...]:
    return (Scenario(load),) if path is None else read_scenarios(path, instance, load)


def _baseline(instance: Instance, text: str | None, options: DesignOptions | None) -> Placement:
    if text is not None:
        return Pool.of(instance).read(text)
    size = 1 if options is None else options.sizes[0]
    if size > instance.grid.channels:
        raise UsageError(f"channels = {size}; expected at most the grid's {instance.grid.channels}")
    return default_baseline(instance, size)


def _write(found: Design, frontier: Pareto, why: list[Reasons], folder: Path) -> None:
    from matplotlib.figure import Figure

    from qkdopt.report import plot_pareto, plot_ranking, plot_reasons

    for name, table in (
        ("design.csv", found.table), ("scenarios.csv", found.scenarios),
        ("pareto.csv", frontier.table),
    ):  # fmt: skip
        plain = table.drop(columns="placement", errors="ignore")
        write_text_whole(folder / name, plain.to_csv(index=False))
    ranking = Figure(figsize=(8.0, 5.5), layout="constrained")
    plot_ranking(found.table, ranking.subplots())
    ranking.savefig(folder / "ranking.png", dpi=150)
    buys = Figure(figsize=(8.0, 7.0), layout="constrained")
    plot_pareto(frontier.table, buys.subplots(2, 1, sharex=True, height_ratios=(2, 1)))
    buys.savefig(folder / "pareto.png", dpi=150)
    explained = Figure(figsize=(8.0, 8.0), layout="constrained")
    plot_reasons(why[0], why[1], explained.subplots(3, 1, sharex=True))
    explained.savefig(folder / "why.png", dpi=150)


def _tell(asked: Asked, found: Design, frontier: Pareto, folder: Path) -> None:
    instance, ground = asked.ground.instance, asked.ground
    typer.echo(f"{instance.name}  (preset {instance.preset}, reserve {ground.reserve})")
    titles = "; ".join(scenario.title for scenario in ground.scenarios)
    typer.echo(
        f"{found.tried} sets tried under {titles}; ranked by {asked.options.criterion.name} "
        f"on {asked.options.blocks * ground.requests:,} fresh requests each"
    )
    typer.echo(f"gains over {found.pool.title(asked.baseline)}, paired, 95 % intervals")
    width = max(len(str(name)) for name in found.table["name"].head(SHOWN_ROWS))
    typer.echo(f"rank  {'channels':{width}}  kbit/s per request  served  blocked       gain")
    for row in found.table.head(SHOWN_ROWS).to_dict("records"):
        typer.echo(_line(row, width))
    _tell_steps(frontier)
    typer.echo(f"written to {folder}")


def _line(row: dict[Any, Any], width: int) -> str:
    tied = "" if not row["as_good_as_best"] or row["rank"] == 1 else "  as good as the best"
    return (
        f"{row['rank']:4}  {row['name']:{width}}  "
        f"{row['mean_skr_per_request_bps'] / 1e3:8.3f} +- {row['ci95'] / 1e3:.3f}   "
        f"{row['mean_skr_bps'] / 1e3:7.3f}  {100 * row['blocking']:6.3f} %  "
        f"{row['paired_gain_percent']:+7.3f} +- {row['paired_ci95']:.3f} %  "
        f"{row['verdict']}{tied}"
    )


def _tell_steps(frontier: Pareto) -> None:
    best = frontier.table[frontier.table["best_of_size"]]
    if len(best) < 2:
        return
    typer.echo("what the next receiver buys")
    for row in best.to_dict("records"):
        step = (
            "" if row["buys_percent"] != row["buys_percent"]
            else f"  {row['buys_percent']:+.2f} +- {row['buys_ci95']:.2f} %"
        )  # fmt: skip
        typer.echo(
            f"  {row['receivers']} receivers, cost {row['cost']:g}: "
            f"{row['mean_skr_per_request_bps'] / 1e3:.3f} kbit/s, blocking "
            f"{100 * row['blocking']:.3f} %{step}  {row['name']}"
        )
    typer.echo(f"  hypervolume of the frontier {frontier.hypervolume:.4f}")


def _tell_json(asked: Asked, found: Design, frontier: Pareto, folder: Path) -> None:
    def plain(table: pd.DataFrame) -> Any:
        return json.loads(
            table.drop(columns="placement", errors="ignore").to_json(orient="records")
        )

    ground = asked.ground
    typer.echo(
        json.dumps(
            {
                "schema": "qkdopt/design/1",
                "instance": ground.instance.name,
                "sha256": ground.instance.sha256(),
                "preset": ground.instance.preset,
                "reserve": ground.reserve,
                "criterion": asked.options.criterion.name,
                "requests": asked.options.blocks * ground.requests,
                "seed": ground.seed,
                "baseline": found.pool.title(asked.baseline),
                "tried": found.tried,
                "ranking": plain(found.table),
                "scenarios": plain(found.scenarios),
                "pareto": plain(frontier.table),
                "hypervolume": frontier.hypervolume,
                "folder": str(folder),
            },
            indent=1,
        )
    )
