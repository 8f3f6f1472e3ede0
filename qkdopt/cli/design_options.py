"""Options of ``qkdopt design``, read from the command line: all faults in one error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qkdopt.channel_sets.design_problem import Asked, DesignProblem
from qkdopt.channel_sets.pareto import Prices
from qkdopt.channel_sets.scenario import Scenario
from qkdopt.channel_sets.scenario_file import read_scenarios
from qkdopt.cli.many_runs import worker_faults
from qkdopt.errors import Faults, UsageError
from qkdopt.experiments.sensitivity.power import Mode, Receivers
from qkdopt.instance import Instance
from qkdopt.io import read_instance
from qkdopt.simulation import SimulationOptions

# Options that are passed on as they are.
PLAIN = (
    "on", "criterion", "quantile", "baseline", "method", "receivers", "reserve", "requests",
    "assignments", "seed",
)  # fmt: skip


@dataclass(frozen=True)
class Launch:
    """Launch power asked for: one for the network or by link, and what the receivers need."""

    mode: Mode
    receivers: Receivers


@dataclass(frozen=True)
class Read:
    """What was asked for, free of faults.

    Parameters
    ----------
    question
        At the launch power asked for.
    prices
        Of receivers and transmitters.
    before
        The instance at its own launch power.
    launch
        None where that stays.
    """

    question: DesignProblem
    prices: Prices
    before: Instance
    launch: Launch | None


def read_options(path: Path, workers: int | None, told: dict[str, Any]) -> Read:
    """Read files and options.

    Raises
    ------
    OptionsError
        With all faults of all of them.
    """
    faults = Faults()
    faults.found += worker_faults(workers)
    before = faults.attempt(lambda: read_instance(path))
    sizes = faults.attempt(lambda: sizes_of(told["channels"])) or (1,)
    prices = faults.attempt(lambda: _prices(told))
    serving = faults.attempt(lambda: _serving(told)) or SimulationOptions()
    launch = faults.attempt(lambda: _launch(told))
    shared: dict[str, Any] = {name: told[name] for name in PLAIN}
    shared["also"] = [text for text in (told["also"] or "").split(";") if text.strip()]
    if before is None:
        faults.attempt(Asked(sizes=sizes, **shared).judge_alone)
        faults.stop("design")
        raise AssertionError("an instance that cannot be read is a fault")
    scenarios = faults.attempt(lambda: _scenarios(before, told, launch)) or ()
    instance = faults.attempt(lambda: _at_best_power(before, launch)) or before
    asked = Asked(
        sizes=sizes, options=serving, scenarios=scenarios,
        # Scenarios have taken the load, where they name none of their own.
        load_erlang=None if scenarios else told["load"], **shared,
    )  # fmt: skip
    question = faults.attempt(lambda: asked.question(instance))
    faults.stop("design")
    assert question is not None
    assert prices is not None
    return Read(question, prices, before, launch)


def _prices(told: dict[str, Any]) -> Prices:
    return Prices(
        receiver=told["receiver_cost"],
        transmitter=told["transmitter_cost"],
        tunable=not told["fixed_transmitters"],
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
    receivers = Receivers(needs["sensitivity"], needs["margin"] or 0.0, needs["cap"])
    return Launch(told["launch"], receivers)


def _at_best_power(instance: Instance, launch: Launch | None) -> Instance:
    """Return the instance at the launch power of least noise, where that is asked for."""
    if launch is None:
        return instance
    return launch.receivers.at_floor(instance, launch.mode)


def _scenarios(
    instance: Instance, told: dict[str, Any], launch: Launch | None
) -> Sequence[Scenario]:
    if told["scenarios"] is None:
        return ()
    load = instance.load_erlang if told["load"] is None else told["load"]
    found = read_scenarios(told["scenarios"], instance, load)
    if launch is not None and any(scenario.loss > 1.0 for scenario in found):
        raise UsageError(
            "--launch with scenarios of more loss: the floors would not hold there; expected the "
            "highest loss in --margin, and no loss above 1 in the scenarios"
        )
    return found
