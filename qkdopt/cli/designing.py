"""``qkdopt design``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from qkdopt.cli.design_applies import refuse_what_does_not_apply
from qkdopt.cli.design_files import write_design
from qkdopt.cli.design_text import design_json, design_lines
from qkdopt.cli.folder import make_folder
from qkdopt.cli.live import LiveText
from qkdopt.cli.many_runs import unfinished, worker_faults
from qkdopt.design.evaluations import Evaluations, UnfinishedError
from qkdopt.design.options import DesignOptions
from qkdopt.design.pareto import Prices, pareto
from qkdopt.design.question import Asked, Question
from qkdopt.design.run import Design, design
from qkdopt.design.scenario import Scenario
from qkdopt.design.scenario_file import read_scenarios
from qkdopt.design.why import Reasons, reasons
from qkdopt.environment import environment
from qkdopt.errors import Faults, UsageError
from qkdopt.instance import Instance
from qkdopt.io import read_instance, write_text_whole
from qkdopt.knobs.power import launch_table, with_launch
from qkdopt.runs import RunReport, Store, hold, open_workers
from qkdopt.simulating import SimulationOptions


@dataclass(frozen=True)
class Launch:
    """Launch power asked for: ``network`` or ``link``, and what the receivers need."""

    mode: str
    sensitivity_dbm: float
    margin_db: float
    cap_dbm: float | None


def run_design(path: Path, folder: Path, *, as_json: bool, **told: Any) -> int:
    """Search, rank, write tables and plots, print the ranking; return the exit status.

    Raises
    ------
    QkdoptError
        Options or files out of range; nothing is written.
    """
    workers, scheduler = told.pop("workers"), told.pop("scheduler")
    refuse_what_does_not_apply(told | {"workers": workers, "scheduler": scheduler})
    if told["protect"] is not None or told["method"] == "exact":
        return _run_static(path, folder, told, as_json=as_json)
    about, prices, before, launch = _asked(path, workers, told)
    make_folder(folder)
    with hold(folder), LiveText() as live, open_workers(scheduler, workers) as team:

        def show(title: str, report: RunReport) -> None:
            waiting = f"; {report.waiting_for}" if report.waiting_for else ""
            live.show(title + waiting, f": {report.done} of {report.total} runs")

        evaluations = Evaluations(about.ground, Store(folder / "rows.parquet"), team, show)
        try:
            found = design(about.ground, about.baseline, about.options, evaluations)
        except UnfinishedError as error:
            return _unfinished(error, folder)
        live.show("looking at the light of the best set")
        why = [reasons(about.ground, one) for one in (found.best, about.baseline)]
    _answer(about, prices, found, why, folder, as_json=as_json)
    if launch is not None:
        table = launch_table(
            before, about.ground.instance,
            sensitivity_dbm=launch.sensitivity_dbm, margin_db=launch.margin_db,
        )  # fmt: skip
        write_text_whole(folder / "launch.csv", table.to_csv(index=False))
    return 0


def _run_static(path: Path, folder: Path, told: dict[str, Any], *, as_json: bool) -> int:
    """Hand over to the questions about a list of demands that are no ranking."""
    shared = {
        "sizes": sizes_of(told["channels"]), "time_limit": told["time_limit"],
        "seed": told["seed"], "as_json": as_json,
    }  # fmt: skip
    if told["protect"] is not None:
        from qkdopt.cli.protecting import run_protect

        return run_protect(
            path, folder, floor_bps=told["protect"], given_set=told["protect_set"], **shared
        )
    from qkdopt.cli.proving_sets import run_exact

    return run_exact(path, folder, solver=told["solver"], gap=told["gap"], **shared)


def _answer(
    about: Question,
    prices: Prices,
    found: Design,
    why: list[Reasons],
    folder: Path,
    *,
    as_json: bool,
) -> None:
    """Write everything, and print."""
    instance = about.ground.instance
    frontier = pareto(
        found.judge, found.table, about.options.blocks, instance=instance, prices=prices
    )
    # Judged as an instance before anything is written.
    best = found.pool.applied_to(instance, found.best, about.ground.reserve)
    question = about.told() | {"environment": environment().model_dump(mode="json")}
    write_design(found, frontier, why, best, question, folder)
    if as_json:
        typer.echo(json.dumps(design_json(about, found, frontier, folder), indent=1))
    else:
        typer.echo("\n".join(design_lines(about, found, frontier, folder)))


def _unfinished(error: UnfinishedError, folder: Path) -> int:
    status = unfinished(error.report)
    if (folder / "design.csv").exists():
        typer.echo(
            f"  tables in {folder} are of an earlier design, see question.json there", err=True
        )
    return status


def _asked(
    path: Path, workers: int | None, told: dict[str, Any]
) -> tuple[Question, Prices, Instance, Launch | None]:
    """Read files and options; all faults of all of them in one error."""
    faults = Faults()
    faults.found += worker_faults(workers)
    before = faults.attempt(lambda: read_instance(path))
    sizes = faults.attempt(lambda: sizes_of(told["channels"]))
    prices = faults.attempt(
        lambda: Prices(
            receiver=told["receiver_cost"],
            transmitter=told["transmitter_cost"],
            tunable=not told["fixed_transmitters"],
        )
    )
    serving = faults.attempt(lambda: _serving(told))
    launch = faults.attempt(lambda: _launch(told))
    if before is None:
        _judge_alone(faults, sizes or (1,), told)
        faults.stop("design")
    assert before is not None
    scenarios = faults.attempt(lambda: _scenarios(before, told, launch))
    instance = faults.attempt(lambda: _at_best_power(before, launch)) or before
    also = [text for text in (told["also"] or "").split(";") if text.strip()]
    names = (
        "on", "criterion", "quantile", "baseline", "method", "receivers", "reserve", "requests",
        "assignments", "seed",
    )  # fmt: skip
    asked = Asked(
        sizes=sizes or (1,), load_erlang=told["load"], scenarios=scenarios or (), also=also,
        options=serving or SimulationOptions(), **{name: told[name] for name in names},
    )  # fmt: skip
    question = faults.attempt(lambda: asked.question(instance))
    faults.stop("design")
    assert question is not None and prices is not None  # noqa: PT018
    return question, prices, before, launch


def _judge_alone(faults: Faults, sizes: tuple[int, ...], told: dict[str, Any]) -> None:
    """Judge what needs no instance."""
    faults.attempt(
        lambda: DesignOptions(sizes=sizes, method=told["method"], receivers=told["receivers"])
    )


def sizes_of(text: str) -> tuple[int, ...]:
    """Read ``4`` or ``1:6``.

    Raises
    ------
    UsageError
        Something else.
    """
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


def _serving(told: dict[str, Any]) -> SimulationOptions:
    return SimulationOptions(
        strategy=told["strategy"], policy=told["policy"], order=told["order"],
        retune=told["retune"],
    )  # fmt: skip


def _launch(told: dict[str, Any]) -> Launch | None:
    needs = {name: told[name] for name in ("sensitivity", "margin", "cap")}
    if told["launch"] is None:
        extra = [f"--{name}" for name, value in needs.items() if value is not None]
        if extra:
            raise UsageError(f"{', '.join(extra)} without --launch; expected network or link")
        return None
    if needs["sensitivity"] is None:
        raise UsageError("--launch needs --sensitivity, of the classical receivers [dBm]")
    return Launch(told["launch"], needs["sensitivity"], needs["margin"] or 0.0, needs["cap"])


def _at_best_power(instance: Instance, launch: Launch | None) -> Instance:
    """Return the instance at the launch power of least noise, where that is asked for."""
    if launch is None:
        return instance
    return with_launch(
        instance, launch.mode,  # type: ignore[arg-type]  # judged there
        sensitivity_dbm=launch.sensitivity_dbm, margin_db=launch.margin_db,
        cap_dbm=launch.cap_dbm,
    )  # fmt: skip


def _scenarios(
    instance: Instance, told: dict[str, Any], launch: Launch | None
) -> Sequence[Scenario]:
    if told["scenarios"] is None:
        return ()
    load = instance.load_erlang if told["load"] is None else told["load"]
    found = read_scenarios(told["scenarios"], instance, load)
    told["load"] = None
    if launch is not None and any(scenario.loss > 1.0 for scenario in found):
        raise UsageError(
            "--launch with scenarios of more loss: the floors would not hold there; expected the "
            "highest loss in --margin, and no loss above 1 in the scenarios"
        )
    return found
