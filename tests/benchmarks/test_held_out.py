"""Networks of others end to end: every format as its own tool writes it, and all of TopoHub."""

from __future__ import annotations

import pytest

from benchmarks.held_out import (
    WRITTEN,
    Outcome,
    differences,
    helpful,
    imported,
    named_options,
    run,
    table,
    topohub_names,
    written_files,
)
from benchmarks.held_out_files import WRITERS

pytest.importorskip("topohub")
pytest.importorskip("openpyxl")


def imports(names, folder):
    """Return what becomes of files of these topologies, imported alone."""
    outcomes = []
    for source, kind, written in written_files(names, folder):
        outcome = Outcome(source, kind)
        instance = imported(source, outcome, preset="paper", demands=6)
        if instance is not None:
            outcome.faults += differences(instance, written, outcome)
        outcomes.append(outcome)
    return outcomes


def test_every_format_is_imported_as_it_was_written(tmp_path):
    outcomes = imports(["topozoo/Abilene", "sndlib/pioro40", "topozoo/Garr201201"], tmp_path)
    assert len(outcomes) == 3 * len(WRITERS)
    assert [(o.name, o.refused, o.faults) for o in outcomes if o.refused or o.faults] == []
    refused_first = {outcome.kind for outcome in outcomes if outcome.refusals}
    assert {"SNDlib native", "SNDlib XML", "GraphML"} <= refused_first


def test_a_network_ends_as_a_page(tmp_path):
    outcome = run("sndlib/polska", "sndlib", tmp_path, time_limit=0.3)
    assert outcome.faults == []
    assert (outcome.served, outcome.demands, outcome.checked) == (6, 6, True)
    assert outcome.with_key > 0
    assert outcome.page_kb > 10.0
    assert "| sndlib | 1 | 1 | 0 | 0 | 1 | 1 | 1 | 1 |" in table([outcome])


def test_a_difference_is_seen(tmp_path):
    source, kind, written = next(iter(written_files(["sndlib/polska"], tmp_path)))
    outcome = Outcome(source, "CSV table")
    instance = imported(source, outcome, preset="paper", demands=6)
    fewer = written.__class__(written.name, written.sites, written.spans[1:], written.traffic)
    assert kind == "SNDlib native"
    assert list(differences(instance, fewer, outcome)) == ["12 nodes, 18 links; written 12 and 17"]


def test_a_refusal_that_points_into_the_instance_or_expects_nothing_is_no_help():
    assert helpful("a.csv: 1 fault\n  - line 3: km = 'x'; expected a number")
    assert not helpful("a.csv: 1 fault\n  - network.links[3].loss_db = 120; expected 0 to 100 dB")
    assert not helpful("a.csv: 1 fault\n  - line 3 is wrong")


def test_options_that_stand_together_are_taken_together():
    message = "expected a length; or add --lengths plane --length-scale KM where they are a drawing"
    assert named_options(message, {}) == {"lengths": "plane", "length_scale": 1.0}
    message = "add --lengths great-circle for degrees, or --lengths plane --length-scale KM"
    assert named_options(message, {}) == {"lengths": "great-circle"}
    assert named_options("--length-scale 0.01", {"length_scale": 1.0}) == {"length_scale": 0.01}
    assert named_options("--length-scale 0.01", {"length_scale": 0.01}) == {}


@pytest.mark.slow
def test_all_of_topohub_and_all_written_files_are_imported(tmp_path):
    names = topohub_names()
    outcomes = [Outcome(name, name.split("/")[0]) for name in names]
    for outcome in outcomes:
        assert imported(outcome.name, outcome, preset="paper", demands=6) is not None, outcome
    outcomes += imports(WRITTEN, tmp_path)
    assert [(o.name, o.refused, o.faults) for o in outcomes if o.refused or o.faults] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["topozoo/Cesnet200304", "sndlib/di-yuan", "backbone/africa_nosc"])
def test_networks_of_each_group_end_as_pages(name, tmp_path):
    outcome = run(name, name.split("/")[0], tmp_path, time_limit=1.0)
    assert (outcome.faults, outcome.checked) == ([], True)
