"""Recorded requests: read, refused, and replayed."""

from __future__ import annotations

import numpy as np
import pytest

import qkdopt
from qkdopt.errors import InstanceError
from qkdopt.simulation import SimulationOptions, read_trace, simulate
from qkdopt.simulation import tally as t

HEAD = "arrival,holding,source,target,channels\n"
LINE = "instances/small/line.json"


@pytest.fixture
def instance():
    return qkdopt.read_instance(LINE)


def write(tmp_path, text):
    path = tmp_path / "trace.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_trace_is_replayed(tmp_path, instance):
    rows = "".join(f"{10 + k},2.5,{k % 4},{(k + 1) % 4},{1 + k % 2}\n" for k in range(500))
    trace = read_trace(write(tmp_path, "# recorded\n" + HEAD + rows), instance)
    assert trace.widest == 2
    assert trace.load_erlang == pytest.approx(2.5, rel=0.01)
    found = simulate(instance, trace=trace)
    assert found.requests == 500
    assert found.mean_skr_bps.value > 0.0
    again = simulate(instance, SimulationOptions(order="random"), trace=trace, warmup=100)
    assert again.requests == 400


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no column arrival"),
        ("arrival," * 600, "601 columns; expected at most 500"),
        (HEAD, "holds no request"),
        (HEAD + "1,1,0,1,1\n0.5,1,0,1,1\n", "request 2: arrival = 0.5 comes before 1"),
        (HEAD + "1,-1,0,1,1\n", "holding = -1"),
        (HEAD + "1,1,0,9,1\n", "target = '9'; expected the id of a node"),
        (HEAD + "x,1,0,1,1\n", "arrival = 'x'; expected a finite number"),
        (HEAD + "nan,1,0,1,1\n", "expected a finite number"),
        (HEAD + "1,1,2,2,1\n", "source and target are both 2"),
        (HEAD + "1,1,0,1,99\n", "channels = 99"),
        (HEAD + "1,1,0,1,1.5\n", "channels = 1.5"),
        (HEAD + "1,1,0,1,nan\n", "channels = 'nan'; expected a finite number"),
        (HEAD + "1,1,0,1," + "7" * 200_000 + "\n", "field larger than field limit"),
        (HEAD + "1,1,0," + "7" * 50_000 + ",1\n", "(50000 characters)"),
    ],
)
def test_a_bad_trace_is_refused_by_line(tmp_path, instance, text, expected):
    with pytest.raises(InstanceError) as caught:
        read_trace(write(tmp_path, text), instance)
    assert expected in str(caught.value)


def test_all_faults_of_a_trace_come_at_once(tmp_path, instance):
    text = HEAD + "1,-1,0,1,1\n0,1,0,77,1\n"
    with pytest.raises(InstanceError) as caught:
        read_trace(write(tmp_path, text), instance)
    assert len(caught.value.faults) == 3


def test_an_arrival_that_is_no_number_is_one_fault(tmp_path, instance):
    text = HEAD + "5,1,0,1,1\nx,1,0,1,1\n6,1,0,1,1\n"
    with pytest.raises(InstanceError) as caught:
        read_trace(write(tmp_path, text), instance)
    assert len(caught.value.faults) == 1
    assert "arrival = 'x'" in caught.value.faults[0]


def test_order_is_checked_across_an_arrival_that_is_no_number(tmp_path, instance):
    text = HEAD + "5,1,0,1,1\nx,1,0,1,1\n4,1,0,1,1\n"
    with pytest.raises(InstanceError) as caught:
        read_trace(write(tmp_path, text), instance)
    assert "request 3: arrival = 4 comes before 5" in caught.value.faults[1]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path, instance):
    trace = read_trace(write(tmp_path, "\ufeff" + HEAD + "1,1,0,1,1\n"), instance)
    assert trace.widest == 1


@pytest.mark.parametrize("policy", ["bottleneck-harm", "rate-weighted-harm"])
def test_the_unit_of_time_changes_nothing(tmp_path, policy):
    instance = qkdopt.read_instance("instances/small/mesh6.json")
    rng = np.random.default_rng(4)
    hours = np.cumsum(rng.exponential(0.1, 3000))
    holding = rng.exponential(1.0, 3000)
    ends = [rng.choice(6, 2, replace=False) for _ in range(3000)]
    found = []
    for unit in (1.0, 3600.0):
        rows = "".join(
            f"{unit * float(start)!r},{unit * float(stay)!r},{a},{b},1\n"
            for start, stay, (a, b) in zip(hours, holding, ends, strict=True)
        )
        trace = read_trace(write(tmp_path, HEAD + rows), instance)
        options = SimulationOptions(strategy="ds-qkd-synergistic", policy=policy)
        found.append(simulate(instance, options, trace=trace))
    assert found[0].tally[:, t.SAMPLES].sum() > 100
    assert np.allclose(found[0].tally, found[1].tally, rtol=1e-9)
    assert np.allclose(found[0].links, found[1].links, rtol=1e-9)
    assert found[0].load_erlang == pytest.approx(found[1].load_erlang, rel=1e-12)


def test_a_missing_trace_is_told(tmp_path, instance):
    with pytest.raises(InstanceError, match="no such file; expected a CSV file"):
        read_trace(tmp_path / "none.csv", instance)
