"""The exact methods against every set, every assignment, and each other."""

from __future__ import annotations

import signal
import threading
import time
from functools import cache
from types import SimpleNamespace

import pytest

import qkdopt
from qkdopt.adapters import ADAPTERS
from qkdopt.channel_sets.exact.candidate_sets import with_channel_set
from qkdopt.channel_sets.exact.exact import prove_channel_set
from qkdopt.channel_sets.exact.snapshots import snapshot_instances
from qkdopt.channel_sets.exact.static import static_value
from qkdopt.errors import SolverMissingError, UsageError
from qkdopt.optimize.record import RunRecord, result_of
from qkdopt.optimize.result_parts import plan_of_result
from qkdopt.problem import build_problem
from qkdopt.result import RunLimits
from qkdopt.runtime.signals import graceful_sigint
from qkdopt.simulation import SimulationOptions
from tests.brute_force import Oracle
from tests.channel_sets.exact.cases import every_set
from tests.command import HANG_SECONDS
from tests.random_instances import random_instance
from tests.tiers import slow_beyond, slow_if

GAP = 1e-4
ROUND_OFF = 1e-9
SEEDS = [*range(1, 13), 21, 34]


@cache
def best_by_enumeration(instance, size):
    """Best (served, objective) over all sets and assignments, and that of each set."""
    found = {}
    for channels, one in every_set(instance, size):
        found[channels] = max(Oracle(one).best().items())
    return found


def assert_is_best(instance, size, answer):
    true = best_by_enumeration(instance, size)
    served, value = max(true.values())
    assert answer.status == "optimal"
    assert answer.served == served
    assert answer.value_bps <= value * (1.0 + ROUND_OFF)
    assert answer.value_bps >= value * (1.0 - GAP) - 0.02
    assert answer.bound_bps >= value * (1.0 - ROUND_OFF)
    assert true[answer.channels][0] == served
    checked = qkdopt.check(with_channel_set(instance, answer.channels), answer.result)
    assert checked.faults == ()


@pytest.mark.parametrize("method", ["sets", "milp"])
@pytest.mark.parametrize("seed", slow_beyond(6, SEEDS))
def test_no_set_and_no_assignment_is_better(seed, method):
    instance = random_instance(seed, floors=False, channels=(4, 4))
    for size in (1, 2):
        answer = prove_channel_set(instance, size, method=method, gap=GAP, time_limit=HANG_SECONDS)
        assert_is_best(instance, size, answer)


@pytest.mark.parametrize("method", ["sets", "milp"])
@pytest.mark.parametrize("seed", slow_beyond(1, [4, 7, 9]))
def test_with_least_rates_and_other_relays_too(seed, method):
    instance = random_instance(seed, floors=True, relay="widest", channels=(4, 4), most_demands=2)
    answer = prove_channel_set(instance, 1, method=method, gap=GAP, time_limit=HANG_SECONDS)
    assert_is_best(instance, 1, answer)


@pytest.mark.parametrize("seed", slow_beyond(2, SEEDS))
def test_the_milp_takes_over_what_the_race_leaves_open(seed, monkeypatch):
    """With hardly any time for the race, the sets it has not judged are left to the MILP."""
    monkeypatch.setattr("qkdopt.channel_sets.exact.exact.SETS_SHARE", 1e-4 if seed % 2 else 1e-10)
    instance = random_instance(seed, floors=False, channels=(4, 4))
    for size in (1, 2):
        answer = prove_channel_set(instance, size, gap=GAP, time_limit=HANG_SECONDS)
        assert_is_best(instance, size, answer)


@pytest.mark.parametrize("name", slow_if(["mesh6"], ["mesh6", "ring"]))
def test_both_methods_agree_on_28_sets(name):
    instance = qkdopt.read_instance(f"instances/small/{name}.json")
    answers = [
        prove_channel_set(instance, 2, method=method, gap=1e-3) for method in ("sets", "milp")
    ]
    for answer, other in zip(answers, reversed(answers), strict=True):
        assert answer.status == "optimal"
        assert answer.served == other.served
        assert answer.bound_bps >= other.value_bps * (1.0 - ROUND_OFF)
        assert qkdopt.check(with_channel_set(instance, answer.channels), answer.result).faults == ()


def test_a_run_without_time_says_what_it_has_not_proved():
    instance = qkdopt.read_instance("instances/small/mesh6.json")
    answer = prove_channel_set(instance, 2, time_limit=0.0)
    assert answer.status == "feasible"
    assert answer.bound_bps is None
    assert answer.served == len(instance.demands)
    assert qkdopt.check(with_channel_set(instance, answer.channels), answer.result).faults == ()


def test_a_wide_gap_is_closed_but_not_called_optimal():
    best = prove_channel_set(qkdopt.read_instance("instances/small/triangle.json"), 1)
    instance = with_channel_set(
        qkdopt.read_instance("instances/small/triangle.json"), best.channels
    )
    problem = build_problem(instance)
    plan = plan_of_result(problem, best.result)
    for share, status in ((1.005, "optimal"), (1.2, "feasible")):
        bound = best.result.bound.model_copy(update={"objective_bps": share * best.value_bps})
        limits = RunLimits(time_limit_s=None, gap=0.3)
        run = RunRecord(strategy="exact-set", gap=0.3, limits=limits)
        result = result_of(problem, plan, bound, run)
        assert result.stopped_by == "gap"
        assert result.status == status
        assert qkdopt.check(instance, result).faults == ()


def test_a_solver_is_looked_up_before_any_work(monkeypatch):
    instance = qkdopt.read_instance("instances/small/triangle.json")
    with pytest.raises(UsageError, match="nosuch"):
        prove_channel_set(instance, 1, solver="nosuch")
    monkeypatch.setattr(type(ADAPTERS["glpk"]), "available", lambda _self: False)
    with pytest.raises(SolverMissingError, match=r"'glpk' is not installed.*highs"):
        prove_channel_set(instance, 1, solver="glpk")


def test_solver_version_and_seed_are_those_of_the_run():
    instance = qkdopt.read_instance("instances/small/triangle.json")
    result = prove_channel_set(instance, 1, method="milp", seed=7).result
    assert result.solver.name == "highs"
    assert result.solver.version == ADAPTERS["highs"].version()
    assert result.seed == 7
    assert result.bound.method == f"MILP over sets, highs {result.solver.version}"


def test_a_solver_that_took_no_part_is_not_recorded():
    instance = qkdopt.read_instance("instances/small/mesh6.json")
    result = prove_channel_set(instance, 2, gap=0.3).result
    assert result.solver.name is None
    assert result.solver.version is None


def test_set_up_is_within_the_time_limit_too(monkeypatch):
    """Without time no set is built but the one whose plan is the answer."""
    built = []

    def build(instance, objective):
        built.append(instance.name)
        return build_problem(instance, objective)

    monkeypatch.setattr("qkdopt.channel_sets.exact.by_sets.build_problem", build)
    instance = qkdopt.read_instance("instances/small/mesh6.json")
    answer = prove_channel_set(instance, 2, method="sets", time_limit=0.0)
    assert len(built) == 1
    assert answer.result.bound.served == len(instance.demands)
    assert answer.bound_bps is None
    assert "0 of 28 sets" in answer.method


def test_a_long_bound_of_one_set_is_cut_by_the_time(monkeypatch):
    seen, clock = [], SimpleNamespace(now=time.monotonic())

    def tighten(_self, _worth, _gap, should_stop):
        seen.append(should_stop())
        clock.now += 2.0 * HANG_SECONDS
        seen.append(should_stop())

    # A clock of its own: however slow the machine, time passes while a set is bounded alone.
    monkeypatch.setattr(
        "qkdopt.channel_sets.exact.best_set.time", SimpleNamespace(monotonic=lambda: clock.now)
    )
    monkeypatch.setattr("qkdopt.bounds.bound.LoadStateBound.tighten", tighten)
    instance = qkdopt.read_instance("instances/small/triangle.json")
    prove_channel_set(instance, 1, method="sets", time_limit=HANG_SECONDS)
    assert seen == [False, True]


def test_the_number_served_is_limited_for_every_set_before_any_is_bounded(monkeypatch):
    """So that a run cut short limits it too."""
    built = []

    def build(instance, objective):
        built.append(instance.candidates_of(instance.network.links[0]))
        return build_problem(instance, objective)

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("qkdopt.channel_sets.exact.by_sets.build_problem", build)
    monkeypatch.setattr("qkdopt.bounds.bound.LoadStateBound.tighten", stop)
    instance = qkdopt.read_instance("instances/small/triangle.json")
    with pytest.raises(KeyboardInterrupt):
        prove_channel_set(instance, 1, method="sets")
    assert len(set(built)) == instance.grid.channels


def test_too_many_sets_are_refused_with_their_number():
    instance = qkdopt.read_instance("instances/nsfnet_100erl.json")
    with pytest.raises(UsageError, match=r"91390 sets.*at most 20000.*--on demands"):
        prove_channel_set(instance, 4)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("method", ["auto", "sets", "milp"])
def test_a_stop_is_a_run_without_time_that_is_told(method):
    instance = qkdopt.read_instance("instances/small/mesh6.json")
    seen = []

    def interrupt(progress):
        if not seen:
            signal.raise_signal(signal.SIGINT)
        seen.append(progress.phase)

    answer = prove_channel_set(
        instance, 2, method=method, gap=GAP, time_limit=HANG_SECONDS, progress=interrupt
    )
    # Every step is reported: none comes after the stop.
    assert len(seen) == 1
    assert answer.interrupted
    assert answer.result.interrupted
    assert answer.status == "feasible"
    assert qkdopt.check(with_channel_set(instance, answer.channels), answer.result).faults == ()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("ctrl_c")
def test_a_second_interrupt_ends_at_once():
    stop = threading.Event()

    def twice():
        with graceful_sigint(stop):
            signal.raise_signal(signal.SIGINT)
            assert stop.is_set()
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        twice()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(("channels", "told"), [(0, "1 to 4"), (5, "1 to 4"), (4, "leaves")])
def test_impossible_sizes_are_refused(channels, told):
    with pytest.raises(UsageError, match=told):
        prove_channel_set(random_instance(1, channels=(4, 4)), channels)


@pytest.mark.slow
def test_the_static_value_repeats_and_never_beats_the_proved_best():
    instance = qkdopt.read_instance("instances/small/mesh6.json")
    best = prove_channel_set(instance, 2)
    for channels in ((5, 6), (0, 7), (3, 4)):
        one = with_channel_set(instance, channels)
        value = static_value(one, seed=1)
        assert value == static_value(one, seed=1)
        assert value.requests == len(instance.demands)
        assert value.skr_sum_bps / value.requests <= best.bound_bps * (1.0 + ROUND_OFF)
        assert value.without_key == 0


def test_snapshots_are_valid_instances_and_repeat():
    instance = qkdopt.read_instance("instances/small/nsfnet_8ch.json")
    options = SimulationOptions()
    first, again = (
        list(snapshot_instances(instance, options, load_erlang=12.0, seed=3, count=4))
        for _ in range(2)
    )
    assert [one.sha256() for one in first] == [one.sha256() for one in again]
    assert len({one.sha256() for one in first}) == 4
    for one in first:
        assert one.demands
        assert type(one).model_validate(one.to_json_dict(), strict=False) == one
