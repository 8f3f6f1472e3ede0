"""The figure of a run shows plan, bound, gap and number served, and `solve --plot` writes it."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.image
import numpy as np
import pytest

import qkdopt
from qkdopt.result import HistoryPoint, gap_of
from tests.command import exit_status

mpl.use("Agg")
LINE = "instances/small/line.json"


def with_history(*rows, seconds=10.0):
    """Return a result with such points: seconds, served, objective and bound [bit/s]."""
    result = qkdopt.solve(qkdopt.read_instance(LINE), strategy="ds-qkd")
    points = tuple(
        HistoryPoint(
            seconds=at, served=served, objective_bps=objective, bound_bps=bound,
            gap=gap_of(objective, bound), phase="search and bound",
        )
        for at, served, objective, bound in rows
    )  # fmt: skip
    return result.model_copy(update={"history": points, "seconds": seconds})


def served_labels(ax):
    return [text.get_text() for text in ax.texts]


def test_plan_and_bound_are_steps_that_last_until_the_end():
    ax = qkdopt.plot_history(
        with_history(
            (0.5, 4, 9e3, None), (1.0, 6, 7e3, None), (2.0, 6, 7e3, 9e3), (3.0, 6, 8e3, 9e3)
        )
    )
    plan, _, bound = ax.lines[:3]
    assert plan.get_drawstyle() == bound.get_drawstyle() == "steps-post"
    assert list(plan.get_xdata()) == [0.5, 1.0, 2.0, 3.0, 10.0]
    assert list(plan.get_ydata()) == [9.0, 7.0, 7.0, 8.0, 8.0]
    assert list(bound.get_ydata()[2:]) == [9.0, 9.0, 9.0]
    assert np.isnan(bound.get_ydata()[:2]).all()
    assert served_labels(ax) == ["4 served", "6 served"]
    assert len(ax.collections) == 1
    low, high = ax.get_ylim()
    assert low < 7.0
    assert high > 9.0


def test_a_first_bound_far_above_does_not_flatten_the_rest():
    ax = qkdopt.plot_history(
        with_history((0.5, 6, 7e3, None), (1.0, 6, 7e3, 7e5), (2.0, 6, 7e3, 8e3))
    )
    assert ax.get_ylim()[1] < 10.0
    only = qkdopt.plot_history(with_history((0.5, 6, 7e3, 7e5)))
    assert 7.0 < only.get_ylim()[1] < 20.0


def test_numbers_served_that_would_cover_each_other_are_left_out():
    rows = [(1.0 + 0.001 * k, k, 5e3, None) for k in range(50)]
    ax = qkdopt.plot_history(with_history(*rows, seconds=100.0))
    assert served_labels(ax) == ["49 served"]


@pytest.mark.parametrize("rows", [(), ((0.0, 0, 0.0, None),), ((0.0, 6, 0.0, 0.0),)])
def test_little_can_be_drawn_too(rows):
    ax = qkdopt.plot_history(with_history(*rows))
    ax.figure.savefig("/dev/null", format="png")
    assert np.isfinite(ax.get_ylim()).all()


@pytest.mark.parametrize("strategy", ["ds-qkd", "auto"])
def test_solve_draws_its_run(strategy, tmp_path, capsys):
    picture = tmp_path / "run.png"
    options = ("--strategy", strategy, "--node-limit", 1, "--plot", picture)
    assert exit_status("solve", LINE, *options) == 0
    assert f"drawn in {picture}" in capsys.readouterr().out
    shown = matplotlib.image.imread(picture)
    assert shown.shape[1] == 1200
    assert shown[..., :3].min() < 0.5


@pytest.mark.parametrize(
    ("name", "expected"),
    [("run.txt", "expected .png, .pdf, .svg"), ("nowhere/run.png", "does not exist")],
)
def test_a_figure_that_cannot_be_written_is_refused_before_the_run(
    name, expected, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("qkdopt.cli.solve.solve", lambda *_, **__: pytest.fail("it ran"))
    assert exit_status("solve", LINE, "--plot", tmp_path / name) != 0
    assert expected in capsys.readouterr().err
