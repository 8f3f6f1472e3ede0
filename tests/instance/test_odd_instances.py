"""Instances at the ends of every range: what validation accepts, the physics takes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from qkdopt.instance import Instance
from qkdopt.problem import build_problem


class Draw:
    """Values of a range: often one of its ends, else anything between them."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def chance(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def one_of(self, *values: Any) -> Any:
        return values[int(self._rng.integers(len(values)))]

    def whole(self, low: int, high: int) -> int:
        return int(self._rng.integers(low, high + 1))

    def linear(self, low: float, high: float) -> float:
        return self.one_of(low, high, *(float(u) for u in self._rng.uniform(low, high, 3)))

    def logarithmic(self, low: float, high: float) -> float:
        return self.one_of(
            low, high, *(float(u) for u in np.exp(self._rng.uniform(*np.log([low, high]), 3)))
        )

    def ends(self, nodes: int) -> tuple[int, int]:
        source, target = self._rng.choice(nodes, 2, replace=False)
        return int(source), int(target)


def odd_data(seed: int) -> dict[str, Any]:
    """Plain data of an instance; some are valid."""
    draw = Draw(seed)
    nodes, channels = draw.whole(2, 5), draw.one_of(1, 2, 3, 5, 8)
    one_loss = draw.chance(0.5)
    data: dict[str, Any] = {
        "name": f"odd_{seed}",
        "network": {
            "nodes": [{"id": n} for n in range(nodes)],
            "links": [_link(draw, e, nodes, channels, one_loss) for e in range(draw.whole(1, 6))],
        },
        "grid": {
            "channels": channels,
            "first_thz": draw.linear(150.0, 240.0),
            "spacing_ghz": draw.logarithmic(0.1, 2000.0),
        },
        "fibre": _fibre(draw),
        "classical": draw.one_of(
            {"launch_dbm": draw.linear(-80.0, 30.0)},
            {"receiver_sensitivity_dbm": draw.linear(-80.0, 30.0), "margin_db": 40.0},
        ),
        "qkd": _qkd(draw, channels),
        "routes": {"k": draw.one_of(1, 2, 100)},
        "demands": [_demand(draw, r, nodes, channels) for r in range(draw.whole(0, 4))],
    }
    if draw.chance(0.3):
        data["other_noise"] = {"four_wave_mixing": {}, "crosstalk": {}, "amplifier": {}}
    return data


def _candidates(draw: Draw, channels: int) -> list[Any]:
    return [
        draw.one_of(
            draw.whole(0, channels - 1),
            {"frequency_thz": draw.linear(150.0, 260.0)},
            {"frequency_thz": draw.linear(150.0, 260.0), "loss_db_per_km": draw.linear(0.1, 1.5)},
        )
        for _ in range(draw.whole(1, 2))
    ]


def _link(draw: Draw, e: int, nodes: int, channels: int, one_loss: bool) -> dict[str, Any]:
    a, b = draw.ends(nodes)
    link: dict[str, Any] = {"id": str(e), "a": a, "b": b}
    link["length_km"] = draw.logarithmic(0.001, 200.0)
    if one_loss:
        link["loss_db"] = 10.0
    elif draw.chance(0.3):
        link["loss_db_per_km"] = draw.linear(0.1, 1.5)
    if draw.chance(0.2):
        link["launch_dbm"] = draw.linear(-80.0, 30.0)
    if draw.chance(0.2):
        link["qkd"] = False
    elif draw.chance(0.2):
        link["candidates"] = _candidates(draw, channels)
    return link


def _fibre(draw: Draw) -> dict[str, Any]:
    width_nm = draw.logarithmic(0.1, 900.0)
    table = {"offset_nm": [-width_nm, 0.0, width_nm], "rho_per_km_nm": [1e-6, 0.0, 1e-9]}
    return {
        "layout": draw.one_of("single", "pair"),
        "loss_db_per_km": draw.linear(0.1, 1.5),
        "raman_profile": draw.one_of("gnpy", "hollenbeck-cantrell", table),
        "raman_scale": draw.logarithmic(1e-9, 10.0),
        "temperature_k": draw.linear(200.0, 400.0),
        "effective_area_um2": draw.linear(20.0, 300.0),
    }


def _qkd(draw: Draw, channels: int) -> dict[str, Any]:
    qkd: dict[str, Any] = {
        "decoys": draw.one_of("infinite", "vacuum+weak"),
        "misalignment": draw.linear(0.0, 0.4999),
        "detector_efficiency": draw.logarithmic(1e-6, 1.0),
        "dark_count_per_gate": draw.one_of(0.0, 1e-8, 1.0),
        "gate_ps": draw.logarithmic(1.0, 1e6),
        "repetition_mhz": draw.logarithmic(1e-6, 1e5),
        "sifting": draw.logarithmic(1e-6, 1.0),
        "insertion_loss_db": draw.linear(0.0, 100.0),
        "filter_ghz": draw.logarithmic(0.1, 2000.0),
        "guard_ghz": draw.one_of(0.0, 0.0, 200.0, 5000.0),
        "reserve": draw.one_of("working", "all"),
    }
    if draw.chance(0.5):
        qkd["candidates"] = _candidates(draw, channels)
    if draw.chance(0.3):
        qkd["skr_table"] = {"noise_per_gate": [0.0, 1e-9, 1e-3], "skr_bps": [1e5, 1e5, 0.0]}
    return qkd


def _demand(draw: Draw, r: int, nodes: int, channels: int) -> dict[str, Any]:
    source, target = draw.ends(nodes)
    return {
        "id": r, "source": source, "target": target, "channels": draw.whole(1, channels),
        "min_skr_bps": draw.one_of(None, 0.0, 1e9),
    }  # fmt: skip


def test_what_validation_accepts_becomes_a_problem():
    refused: Counter[str] = Counter()
    accepted = with_table = 0
    for seed in range(1500):
        data = odd_data(seed)
        try:
            instance = Instance.model_validate(data, strict=False)
        except ValidationError as error:
            refused.update(
                word for word in ("skr_table", "raman_profile", "guard") if word in str(error)
            )
            continue
        tables = build_problem(instance).tables
        for values in (tables.noise, tables.background_noise, tables.transmittance):
            assert np.isfinite(values).all(), seed
        accepted += 1
        with_table += instance.qkd.skr_table is not None
    assert accepted > 400
    assert with_table > 50
    assert min(refused.values()) > 50
    assert set(refused) == {"skr_table", "raman_profile", "guard"}


MEASURED = {"noise_per_gate": [0.0, 1e-3], "skr_bps": [2e4, 0.0]}


def ring(**parts: Any) -> dict[str, Any]:
    """Plain data of a ring of six links of 1 to 6 km, changed by dotted paths."""
    data: dict[str, Any] = {
        "name": "ring",
        "network": {
            "nodes": [{"id": n} for n in range(6)],
            "links": [
                {"id": f"l{n}", "a": n, "b": (n + 1) % 6, "length_km": 1.0 + n} for n in range(6)
            ],
        },
        "grid": {"channels": 10},
        "classical": {"launch_dbm": -12.4},
    }
    return data | parts


def one_fault(data: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        Instance.model_validate(data, strict=False)
    (fault,) = caught.value.errors()
    return fault["msg"]


def test_a_table_of_key_rates_is_refused_where_links_differ_in_loss():
    fault = one_fault(ring(qkd={"skr_table": MEASURED}))
    assert "l0 0.2 dB, l1 0.4 dB, l2 0.6 dB, l5 1.2 dB and 2 more" in fault
    assert "leave skr_table out" in fault


def test_a_table_of_key_rates_holds_where_all_links_with_qkd_have_one_loss():
    data = ring(qkd={"skr_table": MEASURED})
    for link in data["network"]["links"]:
        link["loss_db"] = 4.0
    Instance.model_validate(data, strict=False)
    # A link without QKD has no key rate, so its loss does not matter.
    data["network"]["links"][3] |= {"qkd": False, "loss_db": 9.0}
    Instance.model_validate(data, strict=False)


def test_a_candidate_off_the_grid_with_a_loss_of_its_own_counts():
    data = ring(qkd={"skr_table": MEASURED, "candidates": [1, {"frequency_thz": 228.8}]})
    for link in data["network"]["links"]:
        link["loss_db"] = 4.0
    Instance.model_validate(data, strict=False)
    data["qkd"]["candidates"][1]["loss_db_per_km"] = 0.33
    assert "l0 at 192.2 THz 4 dB" in one_fault(data)
    assert "l5 at 228.8 THz 6.6 dB and 8 more" in one_fault(data)


@pytest.mark.parametrize(("half_width_nm", "valid"), [(7.28, True), (7.0, False)])
def test_a_raman_table_must_reach_from_every_channel_to_every_candidate(half_width_nm, valid):
    table = {"offset_nm": [-half_width_nm, half_width_nm], "rho_per_km_nm": [1e-9, 2e-9]}
    data = ring(fibre={"raman_profile": table})
    if valid:
        build_problem(Instance.model_validate(data, strict=False))
        return
    assert "-7 to 7 nm; expected to cover -7.277" in one_fault(data)
    # In the middle of the grid half the width is enough; on no link with QKD none is needed.
    build_problem(Instance.model_validate(data | {"qkd": {"candidates": [5]}}, strict=False))
    for link in data["network"]["links"]:
        link["qkd"] = False
    build_problem(Instance.model_validate(data, strict=False))


def test_receivers_that_ask_for_an_impossible_power_are_refused():
    data = ring(classical={"receiver_sensitivity_dbm": -28.0, "margin_db": 2.0})
    for n, link in enumerate(data["network"]["links"]):
        link["loss_db"] = 54.0 + n  # 28, 29, ... 33 dBm
    fault = one_fault(data)
    assert "receiver_sensitivity_dbm = -28 plus loss and margin is 31 dBm at link l3" in fault
    assert "and 2 more links; expected at most 30 dBm" in fault
    # Where no QKD runs nothing follows from the power; a power of its own is in range anyhow.
    data["network"]["links"][3]["launch_dbm"] = 0.0
    for n in (4, 5):
        data["network"]["links"][n]["qkd"] = False
    build_problem(Instance.model_validate(data, strict=False))
