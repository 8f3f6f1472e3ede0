"""Legends lie beside the curves, no two curves of a figure look alike, all is explained."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import qkdopt
from qkdopt.experiments.reproduction.comparison import targets
from qkdopt.plotting import (
    plot_gap_over_time,
    plot_network,
    plot_over_load,
    plot_pareto,
    plot_performance_profile,
    plot_published,
    plot_ranking,
    plot_sensitivity,
    plot_spectrum,
    plot_survival,
    study_figures,
)
from qkdopt.plotting.curves import LABEL
from qkdopt.plotting.network import NO_QKD, WIDEST
from qkdopt.plotting.spectrum import (
    AGAINST,
    ALONG,
    CONFLICT,
    GUARD,
    QUANTUM,
    fibre_names,
    spectrum_cells,
)
from qkdopt.plotting.styles import curve_style

mpl.use("Agg")
ROOT = Path(__file__).parent.parent.parent
SMALL = ROOT / "instances" / "small"
LOADS = (60.0, 100.0, 140.0, 260.0)


def axes(**options):
    return Figure(layout="constrained", **options).subplots()


def legend_box(ax):
    """Draw, and return the legend's box and the axes' own."""
    ax.figure.savefig("/dev/null", format="png")
    assert ax.get_legend() is not None
    return ax.get_legend().get_window_extent(), ax.get_window_extent()


def assert_beside(ax):
    legend, inside = legend_box(ax)
    apart = (
        legend.x0 >= inside.x1 or legend.x1 <= inside.x0
        or legend.y0 >= inside.y1 or legend.y1 <= inside.y0
    )  # fmt: skip
    assert apart, (legend, inside)
    figure = ax.figure.bbox
    assert figure.x0 - 1 <= legend.x0 <= legend.x1 <= figure.x1 + 1
    assert figure.y0 - 1 <= legend.y0 <= legend.y1 <= figure.y1 + 1


def diagnostics(ax):
    """Look of every labelled curve: colour, line, marker."""
    lines = [line for line in ax.lines if not str(line.get_label()).startswith("_")]
    return [(to_hex(line.get_color()), line.get_linestyle(), line.get_marker()) for line in lines]


def study_table(curves):
    return pd.DataFrame(
        {
            "instance": "n", "set": "instance", "label": f"strategy {curve}", "status": "done",
            "load_erlang": load, "mean_skr_bps": 1e6 / load + 100 * curve,
            "mean_skr_bps_ci95": 50.0,
        }
        for curve in range(curves)
        for load in LOADS
    )  # fmt: skip


@pytest.mark.parametrize("curves", [1, 5, 11, 24, 40])
def test_curves_of_a_study_are_all_different_and_free_of_the_legend(curves):
    figure = study_figures(study_table(curves))["mean_skr_bps"]
    (ax,) = figure.axes
    assert len(set(diagnostics(ax))) == len(diagnostics(ax)) == curves
    assert_beside(ax)


def test_the_first_curves_differ_in_colour_and_further_ones_in_line_too():
    styles = [curve_style(number) for number in range(28)]
    assert len({style["color"] for style in styles[:7]}) == 7
    assert len({(style["color"], style["linestyle"]) for style in styles}) == 28
    assert styles[0]["linestyle"] == "-"


def sensitivity_table(parameters):
    return pd.DataFrame(
        {"parameter": f"parameter {k}", "db": db, "better": -1,
         "paired_gain_percent": -db * (k + 1.0), "paired_ci95": 0.5}
        for k in range(parameters) for db in (-3.0, 0.0, 3.0)
    )  # fmt: skip


@pytest.mark.parametrize("parameters", [1, 8, 12])
def test_every_parameter_has_a_look_of_its_own(parameters):
    ax = axes(figsize=(8.5, 4.5))
    plot_sensitivity(sensitivity_table(parameters), ax)
    bars = [container.lines[0] for container in ax.containers]
    assert len({(line.get_color(), line.get_linestyle()) for line in bars}) == parameters
    assert_beside(ax)


@pytest.mark.parametrize("sets", [1, 3, 12])
def test_the_legend_of_survival_covers_no_bar(sets):
    table = pd.DataFrame(
        {"event": event, "channels": f"{{{s}}}", "retune": "always", "restoration": "-",
         "survived_after_reaction_percent": 100.0, "survived_after_reaction_ci95_percent": 0.5}
        for event in ("noise", "receiver") for s in range(sets)
    )  # fmt: skip
    ax = plot_survival(table, axes(figsize=(9.0, 4.0)))
    bars = [c for c in ax.containers if hasattr(c, "patches")]
    assert (
        len({(to_hex(b.patches[0].get_facecolor()), b.patches[0].get_hatch()) for b in bars})
        == sets
    )
    assert_beside(ax)


def race_rows(ways):
    return pd.DataFrame(
        {"instance_sha256": "x", "solver": solver, "formulation": formulation, "outcome": "optimal",
         "checked": True, "seconds": 2.0, "trace_seconds": [0.5], "trace_value_bps": [1.0],
         "trace_bound_bps": [2.0], "status": "done", "served": 1, "gap": 0.0}
        for solver, formulation in ways
    )  # fmt: skip


@pytest.mark.parametrize("plot", [plot_performance_profile, plot_gap_over_time])
def test_one_way_is_a_solid_line_and_many_ways_are_all_different(plot):
    ax = plot(race_rows([("highs", "joint")]), axes(figsize=(8.5, 4.5)))
    ((_, line, _),) = diagnostics(ax)
    assert line == "-"
    ways = [(f"solver {s}", form) for s in range(9) for form in ("joint", "textbook", "load-state")]
    ax = plot(race_rows(ways), axes(figsize=(8.5, 4.5)))
    assert len(set(diagnostics(ax))) == len(ways)
    assert_beside(ax)


def design_table(costs):
    return pd.DataFrame(
        {
            "name": f"{{{k}}}", "found_by": "search", "cost": cost, "best_of_size": k % 4 == 0,
            "mean_skr_per_request_bps": 2e4 - 10 * k, "ci95": 30.0, "blocking": 0.001 * k,
            "blocking_ci95": 1e-4, "buys_percent": np.nan, "buys_ci95": np.nan,
            "paired_gain_percent": 1.0 - k, "paired_ci95": 0.1,
            "verdict": ("above", "baseline", "below", "not significant")[k % 4],
        }
        for k, cost in enumerate(costs)
    )  # fmt: skip


def points_of(ax):
    """Every point that a frontier shows, by its place on the axis."""
    return [
        x
        for line in ax.lines
        for x in np.atleast_1d(line.get_xdata())
        if line.get_marker() in ("o", ".")
    ]


def test_sets_of_one_number_stand_side_by_side_and_not_on_one_bar():
    rate, blocking = plot_pareto(
        design_table([4.0] * 4), Figure(layout="constrained").subplots(2, 1)
    )
    assert sorted(points_of(rate)) == sorted(points_of(blocking)) == [1.0, 2.0, 3.0, 4.0]
    assert "every set costs 4" in blocking.get_xlabel()
    assert_beside(rate)


def test_sets_of_several_numbers_stand_by_their_cost():
    rate, blocking = plot_pareto(design_table([1.0] * 4 + [2.0] * 4), Figure().subplots(2, 1))
    assert set(points_of(rate)) == {1.0, 2.0}
    assert blocking.get_xlabel() == "cost of receivers and transmitters"


def test_the_ranking_says_what_its_colours_are():
    ax = plot_ranking(design_table([1.0] * 4), axes(figsize=(8.0, 5.5)))
    texts = {text.get_text() for text in ax.get_legend().get_texts()}
    assert texts == {"above", "baseline", "below", "not significant"}
    assert_beside(ax)


@pytest.mark.parametrize("figure", ["fig3", "fig4", "fig5", "fig6"])
def test_published_rates_are_points_in_the_colour_of_their_curve(figure):
    mine = [target for target in targets() if target.figure == figure]
    assert mine
    names = dict.fromkeys(name for target in mine for name in (target.base, target.improved))
    table = pd.DataFrame(
        {"curve": name, "load_erlang": load, "mean_skr_bps": 1e4, "mean_skr_bps_ci95": 1.0}
        for name in names for load in (60.0, 260.0)
    )  # fmt: skip
    ax = axes(figsize=(8.0, 4.5))
    plot_over_load(table, "mean_skr_bps", ax)
    colours = {line.get_label(): line.get_color() for line in ax.lines}
    plot_published(figure, ax)
    drawn = {
        (float(line.get_xdata()[0]), round(float(line.get_ydata()[0]), 6), line.get_color())
        for line in ax.lines
        if line.get_marker() == "D" and len(line.get_xdata()) == 1
    }
    assert drawn == {
        (target.load_erlang, round(rate / 1e3, 6), colours[name])
        for target in mine
        for name, rate in (
            (target.base, target.base_bps), (target.improved, target.improved_bps),
        )
    }  # fmt: skip
    assert LABEL in [text.get_text() for text in ax.get_legend().get_texts()]
    assert_beside(ax)


def planned(name):
    instance = qkdopt.read_instance(SMALL / f"{name}.json")
    return instance, qkdopt.solve(instance, strategy="ds-qkd")


def test_in_layout_pair_every_fibre_has_its_own_row():
    instance, result = planned("triangle_pair")
    cells = spectrum_cells(instance, result)
    links = [link.id for link in instance.network.links]
    names = fibre_names(instance)
    assert cells.shape == (2 * len(links), instance.grid.channels)
    assert CONFLICT not in cells
    # Light of a direction is in that direction's fibre, each lightpath once.
    along = sum(
        len(path.channels)
        for path in result.lightpaths
        for name, start in zip(path.links, path.route, strict=False)
        if instance.network.links[links.index(name)].a == start
    )
    total = sum(len(path.channels) * len(path.links) for path in result.lightpaths)
    assert (cells[0::2] == ALONG).sum() == along
    assert (cells[1::2] == AGAINST).sum() == total - along
    assert ALONG not in cells[1::2]
    assert AGAINST not in cells[0::2]
    # The quantum signal is in one fibre of each link, and stays to be seen.
    for working in result.qkd:
        row = names.index(f"{working.link} a→b")
        assert cells[row, working.channel] == QUANTUM
        assert QUANTUM not in cells[row + 1]
        assert GUARD not in cells[row + 1]
    ax = plot_spectrum(instance, result, axes())
    assert [text.get_text() for text in ax.get_yticklabels()] == names
    assert_beside(ax)


def test_a_quantum_signal_from_b_to_a_is_in_the_other_fibre():
    instance = qkdopt.read_instance(SMALL / "triangle_pair.json")
    turned = {link.id: {"qkd_direction": "b->a"} for link in instance.network.links}
    instance = instance.replace(network={"links": turned})
    cells = spectrum_cells(instance, qkdopt.solve(instance, strategy="ds-qkd"))
    assert QUANTUM not in cells[0::2]
    assert (cells[1::2] == QUANTUM).sum() == len(instance.network.links)


def test_a_channel_used_twice_is_shown_as_that():
    instance, result = planned("triangle")
    path = result.lightpaths[0]
    working = next(one for one in result.qkd if one.link == path.links[0])
    broken = path.model_copy(update={"channels": (working.channel,)})
    cells = spectrum_cells(instance, result.model_copy(update={"lightpaths": (broken,)}))
    row = [link.id for link in instance.network.links].index(working.link)
    assert cells[row, working.channel] == CONFLICT


def test_the_map_explains_width_and_grey_and_no_link_buries_a_node():
    instance = qkdopt.read_instance(SMALL / "mesh6.json")
    first = instance.network.links[0].id
    instance = instance.replace(network={"links": {first: {"qkd": False}}})
    result = qkdopt.solve(instance, strategy="ds-qkd")
    ax = plot_network(instance, result, axes())
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts[0] == "0 channels lit"
    assert texts[-1] == "no QKD channel at work"
    assert sum(line.get_color() == NO_QKD for line in ax.lines) == 1
    most = max(int(text.split()[0]) for text in texts[:-1])
    lit = [
        sum(len(p.channels) for p in result.lightpaths if link.id in p.links)
        for link in instance.network.links
    ]
    assert max(lit) == most
    widths = [line.get_linewidth() for line in ax.lines]
    assert max(widths) == widths[lit.index(most)] == WIDEST
    legend, inside = legend_box(ax)
    assert legend.y1 <= inside.y0 + 1


def test_lines_of_a_heavily_loaded_map_are_no_wider_and_names_keep_inside():
    instance = qkdopt.read_instance(ROOT / "instances" / "bench" / "madqci_20.json")
    demands = [
        {**demand.model_dump(), "id": f"{k} {demand.id}"}
        for k in range(4)
        for demand in instance.demands
    ]
    instance = instance.replace(demands=demands)
    ax = plot_network(instance, qkdopt.solve(instance, strategy="ds-qkd"), axes(figsize=(6, 4.6)))
    assert max(line.get_linewidth() for line in ax.lines) <= WIDEST
    _, inside = legend_box(ax)
    for name in ax.texts:
        # The frame belongs to the name, and both are within the map.
        box = name.get_bbox_patch().get_window_extent()
        text = name.get_window_extent()
        assert box.x0 <= text.x0 <= text.x1 <= box.x1
        assert inside.x0 <= box.x0 <= box.x1 <= inside.x1
    assert len(ax.texts) == len(instance.network.nodes)
