"""Options of ``qkdopt design rank``, read from the command line: all faults in one error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qkdopt.channel_sets.design_problem import DesignOptions, DesignProblem
from qkdopt.channel_sets.pareto import Prices
from qkdopt.channel_sets.scenario import Scenario, read_scenarios
from qkdopt.cli.choices import (
    ChannelOrder,
    Criterion,
    DemandSource,
    LaunchMode,
    Objective,
    Policy,
    RankedStrategy,
    Reserve,
    Retuning,
    SearchMethod,
)
from qkdopt.cli.many_runs import validate_workers
from qkdopt.errors import Faults, UsageError
from qkdopt.experiments.sensitivity.power import Mode, Receivers
from qkdopt.instance import Instance
from qkdopt.io import read_instance
from qkdopt.simulation import SimulationOptions

# Options of one source of demands alone.
OF_TRAFFIC = ("load", "strategy", "policy", "order", "retune", "requests")
OF_DEMANDS = ("assignments", "objective")


@dataclass(frozen=True, kw_only=True)
class RankOptions:
    """What ``qkdopt design rank`` takes, as it stands on the command line.

    ``given`` are the names of the options that do stand there; the others have their defaults.
    """

    channels: str
    on: DemandSource
    method: SearchMethod
    baseline: str | None
    also: str | None
    reserve: Reserve | None
    receivers: int | None
    scenarios: Path | None
    criterion: Criterion
    quantile: float
    strategy: RankedStrategy
    policy: Policy
    order: ChannelOrder
    retune: Retuning
    launch: LaunchMode | None
    sensitivity_dbm: float | None
    margin_db: float | None
    cap_dbm: float | None
    load_erlang: float | None
    requests: int
    assignments: int
    objective: Objective | None
    seed: int
    receiver_cost: float
    transmitter_cost: float
    tunable: bool
    given: frozenset[str]


@dataclass(frozen=True)
class Launch:
    """Launch power: one for the network or by link, and what the receivers need."""

    mode: Mode
    receivers: Receivers


@dataclass(frozen=True)
class Read:
    """Validated options.

    Parameters
    ----------
    problem
        The design, at the launch power of the options.
    prices
        Of receivers and transmitters.
    before
        The instance at its own launch power.
    launch
        None where that stays.
    """

    problem: DesignProblem
    prices: Prices
    before: Instance
    launch: Launch | None


def validate_applicable(options: RankOptions) -> None:
    """Check that every option given is one that the ranking uses.

    Raises
    ------
    OptionsError
        With every option that is not.
    """
    faults = Faults()
    for name in OF_TRAFFIC if options.on == "demands" else OF_DEMANDS:
        unused = name in options.given
        faults.expect(not unused, f"--{name} does not apply to a ranking on {options.on}")
    faults.stop("design")


def read_options(path: Path, workers: int | None, options: RankOptions) -> Read:
    """Read the instance and the scenarios, and validate all options.

    Parameters
    ----------
    path
        Instance file.
    workers
        Number of processes, for validation alone; None for all cores.
    options
        Options as given, the path of the scenario file among them.

    Raises
    ------
    OptionsError
        Every fault of files and options.
    """
    faults = Faults()
    faults.found += validate_workers(workers)
    before = faults.attempt(lambda: read_instance(path))
    prices = faults.attempt(lambda: _prices(options))
    launch = faults.attempt(lambda: _launch(options))
    design_options = _options(options, faults)
    if before is None:
        faults.attempt(design_options.validate_alone)
        faults.stop("design")
        raise AssertionError("an instance that cannot be read is a fault")
    scenarios = faults.attempt(lambda: _scenarios(before, options, launch)) or ()
    instance = faults.attempt(lambda: _at_best_power(before, launch)) or before
    if scenarios:
        # They have taken the load, where they name none of their own.
        design_options = replace(design_options, scenarios=scenarios, load_erlang=None)
    problem = faults.attempt(lambda: design_options.design_problem(instance))
    faults.stop("design")
    assert problem is not None
    assert prices is not None
    return Read(problem, prices, before, launch)


def _options(options: RankOptions, faults: Faults) -> DesignOptions:
    """Return what is asked, scenarios apart; a fault in reading it is kept."""
    return DesignOptions(
        sizes=faults.attempt(lambda: sizes_of(options.channels)) or (1,),
        on=options.on,
        load_erlang=options.load_erlang,
        criterion=options.criterion,
        quantile=options.quantile,
        baseline=options.baseline,
        also=[text for text in (options.also or "").split(";") if text.strip()],
        method=options.method,
        receivers=options.receivers,
        reserve=options.reserve,
        options=SimulationOptions(
            strategy=options.strategy, policy=options.policy, order=options.order,
            retune=options.retune,
        ),
        requests=options.requests,
        assignments=options.assignments,
        objective=options.objective,
        seed=options.seed,
    )  # fmt: skip


def _prices(options: RankOptions) -> Prices:
    return Prices(
        receiver=options.receiver_cost,
        transmitter=options.transmitter_cost,
        tunable=options.tunable,
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


def _launch(options: RankOptions) -> Launch | None:
    if options.launch is None:
        extra = [f"--{name}" for name in ("sensitivity", "margin", "cap") if name in options.given]
        if extra:
            raise UsageError(f"{', '.join(extra)} without --launch; expected network or link")
        return None
    if options.sensitivity_dbm is None:
        raise UsageError("--launch needs --sensitivity, of the classical receivers [dBm]")
    receivers = Receivers(options.sensitivity_dbm, options.margin_db or 0.0, options.cap_dbm)
    return Launch(options.launch, receivers)


def _at_best_power(instance: Instance, launch: Launch | None) -> Instance:
    """Return the instance at the launch power of least noise, where that is asked for."""
    if launch is None:
        return instance
    return launch.receivers.at_min_launch(instance, launch.mode)


def _scenarios(
    instance: Instance, options: RankOptions, launch: Launch | None
) -> Sequence[Scenario]:
    if options.scenarios is None:
        return ()
    load = instance.load_erlang if options.load_erlang is None else options.load_erlang
    found = read_scenarios(options.scenarios, instance, load)
    if launch is not None and any(scenario.loss > 1.0 for scenario in found):
        raise UsageError(
            "--launch with scenarios of more loss: the least launch power would not hold there; "
            "expected the highest loss in --margin, and no loss above 1 in the scenarios"
        )
    return found
