"""Crosstalk into another band: tables, checker and the formula agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qkdopt
from qkdopt.instance import (
    Classical,
    Crosstalk,
    Fibre,
    Instance,
    Link,
    Network,
    Node,
    OffGridCandidate,
    OtherNoise,
    Qkd,
)
from qkdopt.problem.coefficients import build_tables
from qkdopt.units import PLANCK_J_S


def one_link(candidate, crosstalk, km=10.0):
    return Instance(
        name="one link",
        network=Network(
            nodes=(Node(id=0), Node(id=1)), links=(Link(id="0-1", a=0, b=1, length_km=km),)
        ),
        fibre=Fibre(layout="pair"),
        classical=Classical(launch_dbm=0.0),
        other_noise=OtherNoise(crosstalk=crosstalk),
        qkd=Qkd(candidates=(candidate,)),
        demands=({"id": 0, "source": 0, "target": 1},),
    )


@settings(max_examples=25, deadline=None)
@given(
    thz=st.sampled_from([150.0, 181.0, 186.0, 194.05, 205.0, 211.2, 228.85, 260.0]),
    isolation=st.floats(20.0, 100.0),
    other_band=st.none() | st.floats(0.0, 200.0),
)
def test_tables_and_checker_agree_on_every_distance(thz, isolation, other_band):
    crosstalk = Crosstalk(
        adjacent_isolation_db=40.0, isolation_db=isolation, other_band_isolation_db=other_band
    )
    instance = one_link(OffGridCandidate(frequency_thz=thz), crosstalk)
    result = qkdopt.solve(instance, strategy="ds-qkd")
    assert qkdopt.check(instance, result).faults == ()
    leaks = build_tables(instance).noise[0, 0, :, 0] - build_tables(
        instance.replace(other_noise={"crosstalk": None})
    ).noise[0, 0, :, 0]  # fmt: skip
    away = np.abs(instance.grid.frequency_thz(0) + 0.1 * np.arange(40) - thz)
    expected_db = np.where(away < 0.15, 40.0, isolation)
    if other_band is not None:
        expected_db = np.where(away > 15.0, other_band, expected_db)
    arrived_w = 1e-3 * 10 ** (-(2.0 + expected_db) / 10.0)
    clicks = arrived_w * 0.2 * 100e-12 / (PLANCK_J_S * thz * 1e12)
    assert leaks == pytest.approx(clicks, rel=1e-6, abs=1e-18)


def test_without_the_value_an_instance_is_what_it_was():
    plain = one_link(OffGridCandidate(frequency_thz=228.85), Crosstalk())
    same = plain.replace(other_noise={"crosstalk": {"other_band_isolation_db": 85.0}})
    assert np.array_equal(build_tables(plain).noise, build_tables(same).noise)
    assert plain.sha256() == plain.replace(description=plain.description).sha256()
    assert "other_band" not in str(plain.to_json_dict())
