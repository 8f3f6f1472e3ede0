"""Evaluators: sliced tables are the tables, and blocks are the simulator's replications."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qkdopt.channel_sets.placement import Placement, Pool
from qkdopt.channel_sets.scenario import Scenario
from qkdopt.channel_sets.sums import NO_KEY, OFFERED, SERVED, SKR
from qkdopt.channel_sets.traffic_evaluator import TrafficEvaluator
from qkdopt.errors import InstanceError
from qkdopt.instance import Instance
from qkdopt.io import read_instance
from qkdopt.problem.coefficients import build_tables
from qkdopt.simulation import SimulationOptions, simulate
from qkdopt.simulation import tally as t
from tests.channel_sets.small import small_ground, small_instance
from tests.shipped import LIBRARY

ARRAYS = (
    "noise",
    "background_noise",
    "transmittance",
    "blocks",
    "usable",
    "in_quantum_fibre",
    "fibres",
)


def by_link(instance: Instance, seed: int) -> Placement:
    rng = np.random.default_rng(seed)
    grid = instance.grid.channels
    return Placement(
        tuple(
            tuple(sorted(rng.choice(grid, int(rng.integers(1, 4)), replace=False).tolist()))
            if link.qkd
            else ()
            for link in instance.network.links
        )
    )


@pytest.mark.parametrize("reserve", ["all", "working"])
@pytest.mark.parametrize("layout", ["single", "pair"])
@pytest.mark.parametrize("sets", ["common", "by link"])
def test_sliced_tables_are_those_of_the_instance_with_the_set(reserve, layout, sets):
    data = small_instance().to_json_dict()
    data.setdefault("fibre", {})["layout"] = layout
    data["network"]["links"][4]["qkd"] = False
    instance = Instance.model_validate(data, strict=False)
    placement = Placement.everywhere((1, 5, 8)) if sets == "common" else by_link(instance, 3)
    evaluator = small_ground(reserve=reserve, instance=instance)

    sliced = evaluator.tables(evaluator.scenarios[0], placement)
    whole = build_tables(Pool.of(instance).applied_to(instance, placement, reserve))

    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(sliced, name), getattr(whole, name), name)
    assert sliced.candidates == whole.candidates


@pytest.mark.parametrize(
    ("reserve", "options"),
    [
        ("all", SimulationOptions()),
        ("working", SimulationOptions()),
        ("all", SimulationOptions(order="raman-aware", retune="arrival")),
        ("working", SimulationOptions(strategy="ds-qkd-synergistic")),
    ],
)
@pytest.mark.parametrize("sets", ["common", "by link"])
def test_blocks_are_the_replications_of_simulate(reserve, options, sets):
    instance = small_instance()
    placement = Placement.everywhere((1, 5, 8)) if sets == "common" else by_link(instance, 5)
    evaluator = TrafficEvaluator(
        instance=instance, reserve=reserve, scenarios=(Scenario(30.0),), options=options,
        requests=400, seed=7,
    )  # fmt: skip

    blocks = evaluator.tallies([placement], "search", 0, 2)[0, :, 0]
    whole = simulate(
        Pool.of(instance).applied_to(instance, placement, reserve), options,
        load_erlang=30.0, requests=400, seed=7, replications=2,
    )  # fmt: skip

    for column in (OFFERED, SERVED, SKR, NO_KEY):
        assert blocks[:, column].sum() == pytest.approx(whole.tally[:, column].sum(), rel=1e-12)
    assert whole.tally[:, t.SKR].sum() > 0.0


def test_blocks_come_in_any_division_and_company():
    evaluator = small_ground(loads=(20.0, 40.0))
    placement, other = Placement.everywhere((1, 5)), Placement.everywhere((2, 9))

    at_once = evaluator.tallies([placement, other], "search", 0, 3)

    np.testing.assert_array_equal(evaluator.tallies([other], "search", 2, 1)[0, 0], at_once[1, 2])
    assert not np.array_equal(evaluator.tallies([placement], "ranking", 0, 1)[0, 0], at_once[0, 0])


def test_what_a_tally_depends_on_is_in_the_key():
    evaluator = small_ground()
    others = [
        small_ground(reserve="working"), small_ground(loads=(21.0,)), small_ground(requests=401),
        small_ground(instance=small_instance(13)),
        replace(evaluator, options=SimulationOptions(order="last-fit")), replace(evaluator, seed=1),
        replace(evaluator, scenarios=(Scenario(20.0, raman_scale=0.5),)),
    ]  # fmt: skip
    assert len({evaluator.key, *(other.key for other in others)}) == len(others) + 1
    assert small_ground().key == evaluator.key


def test_weaker_raman_scattering_gives_more_key_on_every_block():
    scenarios = tuple(Scenario(30.0, raman_scale=scale) for scale in (1.0, 0.5))
    evaluator = replace(small_ground(requests=400), scenarios=scenarios)

    tallies = evaluator.tallies([Placement.everywhere((3, 9))], "search", 0, 3)[0]

    assert (tallies[:, 1, SKR] > tallies[:, 0, SKR]).all()
    np.testing.assert_array_equal(tallies[:, 0, SERVED], tallies[:, 1, SERVED])


def test_more_loss_gives_less_key():
    scenarios = (Scenario(30.0), Scenario(30.0, loss=1.5))
    evaluator = replace(small_ground(requests=400), scenarios=scenarios)

    tallies = evaluator.tallies([Placement.everywhere((3, 9))], "search", 0, 1)[0, 0]

    assert tallies[1, SKR] < tallies[0, SKR]


def test_a_set_that_leaves_no_light_is_not_fit():
    evaluator = small_ground(reserve="all")
    assert evaluator.is_fit(Placement.everywhere((1, 5)))
    assert not evaluator.is_fit(Placement.everywhere(range(12)))
    assert small_ground(reserve="working").is_fit(Placement.everywhere(range(12)))


def test_candidates_off_the_grid_are_part_of_the_pool():
    data = read_instance(LIBRARY / "nsfnet_100erl_4ch.json").to_json_dict()
    data["qkd"]["candidates"] = [3, {"frequency_thz": 229.0}]
    instance = Instance.model_validate(data, strict=False)
    pool = Pool.of(instance)
    assert len(pool.candidates) == 41
    assert pool.read("3,229THz").sets == ((3, 40),)
    assert pool.name((3, 40)) == "{3,229THz}"

    evaluator = small_ground(instance=instance)
    tallies = evaluator.tallies([pool.read("3"), pool.read("229THz")], "search", 0, 1)[:, 0, 0]

    # Raman scattering 37 THz away is far weaker.
    assert tallies[1, SKR] > tallies[0, SKR]


def test_more_loss_dims_candidates_off_the_grid_too():
    data = small_instance().to_json_dict()
    data["qkd"] = {"candidates": [3, {"frequency_thz": 229.0, "loss_db_per_km": 0.32}]}
    data["network"]["links"][0]["candidates"] = [{"frequency_thz": 230.0, "loss_db_per_km": 0.3}]
    instance = Instance.model_validate(data, strict=False)
    evaluator = replace(
        small_ground(instance=instance), scenarios=(Scenario(9.0), Scenario(9.0, loss=1.3))
    )
    nominal, lossy = (evaluator.pool_tables(scenario) for scenario in evaluator.scenarios)
    assert (lossy.transmittance < nominal.transmittance).all()


def test_one_frequency_with_two_losses_is_refused():
    data = small_instance().to_json_dict()
    for link, loss in zip(data["network"]["links"], (0.3, 0.4), strict=False):
        link["candidates"] = [{"frequency_thz": 229.0, "loss_db_per_km": loss}]
    instance = Instance.model_validate(data, strict=False)
    with pytest.raises(InstanceError, match="2 different losses"):
        Pool.of(instance)


def test_sliced_tables_keep_each_candidates_own_loss():
    data = small_instance().to_json_dict()
    data["qkd"] = {"candidates": [3, {"frequency_thz": 229.0, "loss_db_per_km": 0.32}]}
    instance = Instance.model_validate(data, strict=False)
    evaluator = small_ground(instance=instance)
    for placement in (Placement.everywhere((2, 12)), Placement(((12,), *((1, 12),) * 20))):
        sliced = evaluator.tables(evaluator.scenarios[0], placement)
        whole = build_tables(Pool.of(instance).applied_to(instance, placement, "all"))
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(sliced, name), getattr(whole, name), name)


@pytest.mark.parametrize("reserve", ["all", "working"])
def test_one_dark_link_is_enough_to_be_unfit(reserve):
    data = small_instance().to_json_dict()
    # Half of this guard band reaches from channel 5 over the whole grid, from channel 0 not.
    data["qkd"] = {"guard_ghz": 1300.0, "candidates": [0]}
    evaluator = small_ground(instance=Instance.model_validate(data, strict=False), reserve=reserve)
    fit = Placement(((0,), *((1,),) * 20))
    assert evaluator.is_fit(fit)
    assert not evaluator.is_fit(Placement(((5,), *((1,),) * 20)))
    assert not evaluator.is_fit(Placement((*((1,),) * 20, (5,))))
