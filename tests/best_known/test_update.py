"""What a library takes and refuses; what it refuses changes no file."""

from __future__ import annotations

import json
import os
import shutil
import threading
from datetime import date
from functools import cache
from pathlib import Path

import pytest

import qkdopt
from qkdopt.best_known import Library, find_library, update
from qkdopt.errors import LibraryError, OutputError, RefusedError
from qkdopt.result import Result
from tests.command import HANG_SECONDS
from tests.shipped import LIBRARY

LINE = qkdopt.read_instance(LIBRARY / "small" / "line.json")
RING = qkdopt.read_instance(LIBRARY / "small" / "ring_blocks.json")
DAY = date(2026, 1, 2)


@cache
def poor_result() -> Result:
    """Return a result, found at its first use: collecting tests solves nothing."""
    return qkdopt.solve(RING, strategy="fixed", seed=1)


@cache
def good_result() -> Result:
    """Return a better one."""
    return qkdopt.solve(RING, node_limit=3, seed=2)


@pytest.fixture
def library(tmp_path):
    (tmp_path / "small").mkdir()
    for name in ("line", "ring_blocks"):
        shutil.copy(LIBRARY / "small" / f"{name}.json", tmp_path / "small")
    return Library(tmp_path)


def files(library: Library) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in library.folder.rglob("*") if path.is_file()}


def changed(result: Result, **fields: object) -> Result:
    return result.model_copy(update=fields)


def with_bound(result: Result, bound_bps: float, served: int) -> Result:
    """Give a result a bound as a run would have stated it, without a history that ends in it."""
    assert good_result().bound is not None
    assert result.value is not None
    value = result.value.objective_bps
    return changed(
        result,
        bound=good_result().bound.model_copy(update={"objective_bps": bound_bps, "served": served}),
        gap=(bound_bps - value) / bound_bps,
        served_proved=served == result.value.served,
        status="feasible",
        stopped_by="exhausted",
        history=(),
    )


def test_the_results_of_the_fixture_differ_in_served_or_value():
    assert (poor_result().value.served, poor_result().value.objective_bps) < (
        good_result().value.served,
        good_result().value.objective_bps,
    )
    assert good_result().bound.objective_bps is not None


def test_a_first_result_makes_row_and_plan(library):
    (change,) = update(library, {"r": good_result()}, today=DAY)
    row = library.rows()["small/ring_blocks", "mean"]
    assert change.after == row
    assert change.before is None
    assert row.value_bps == pytest.approx(good_result().value.objective_bps, rel=1e-9)
    assert (row.served, row.served_bound) == (
        good_result().value.served,
        good_result().bound.served,
    )
    assert (row.bound_bps, row.bound_method) == (
        good_result().bound.objective_bps,
        good_result().bound.method,
    )
    assert (row.strategy, row.seed, row.date) == ("auto", 2, DAY)
    assert row.version == good_result().environment.versions["qkdopt"]
    plan = qkdopt.read_plan(library.plan_file("small/ring_blocks", "mean"))
    assert plan == good_result().plan()
    assert library.plan_file("small/ring_blocks", "mean") == (
        library.folder / "best_known" / "small" / "ring_blocks.json"
    )


def test_a_better_plan_replaces_and_a_worse_one_does_not(library):
    update(library, {"poor": poor_result()}, today=DAY)
    (change,) = update(library, {"good": good_result()}, today=date(2026, 1, 3))
    assert change.is_improved_plan
    before, written = files(library), library.table.stat().st_ino
    (change,) = update(library, {"poor": poor_result()}, today=date(2026, 1, 4))
    assert not change.is_improved
    assert files(library) == before
    assert library.table.stat().st_ino == written


@pytest.mark.parametrize("order", [["poor", "good"], ["good", "poor"]])
def test_results_of_one_update_end_at_the_best(library, order):
    results = {"poor": poor_result(), "good": good_result()}
    update(library, {name: results[name] for name in order}, today=DAY)
    assert library.rows()["small/ring_blocks", "mean"].seed == good_result().seed
    plan = qkdopt.read_plan(library.plan_file("small/ring_blocks", "mean"))
    assert plan == good_result().plan()


def test_a_better_bound_alone_leaves_the_plan_file(library):
    value, bound = good_result().value.objective_bps, good_result().bound.objective_bps
    update(
        library,
        {"r": with_bound(good_result(), 2.0 * bound, good_result().value.served)},
        today=DAY,
    )
    plan = library.plan_file("small/ring_blocks", "mean")
    before = plan.stat().st_mtime_ns
    (change,) = update(library, {"r": good_result()}, today=DAY)
    assert change.is_improved
    assert not change.is_improved_plan
    assert change.after.bound_bps == bound >= value
    assert plan.stat().st_mtime_ns == before


def test_objectives_have_rows_and_plans_of_their_own(library):
    worst = qkdopt.solve(LINE, strategy="ds-qkd", objective="max-min")
    mean = qkdopt.solve(LINE, strategy="ds-qkd")
    update(library, {"a": worst, "b": mean}, today=DAY)
    assert set(library.rows()) == {("small/line", "max-min"), ("small/line", "mean")}
    assert qkdopt.read_plan(library.plan_file("small/line", "max-min")) == worst.plan()
    assert qkdopt.read_plan(library.plan_file("small/line", "mean")) == mean.plan()
    assert set(library.instances) == {"small/line", "small/ring_blocks"}


def spoiled_value() -> Result:
    improved_bps = 1.01 * good_result().value.objective_bps
    return changed(
        good_result(), value=good_result().value.model_copy(update={"objective_bps": improved_bps})
    )


def spoiled_channels() -> Result:
    first = good_result().lightpaths[0].model_copy(update={"channels": (99,)})
    return changed(good_result(), lightpaths=(first, *good_result().lightpaths[1:]))


def without_plan() -> Result:
    blocked = tuple(
        row.model_copy(update={"served": False, "skr_bps": 0.0, "bottleneck": None})
        for row in good_result().demands
    )
    return changed(
        good_result(), value=None, lightpaths=(), demands=blocked, status="no_solution", bound=None,
        gap=None, served_proved=False,
    )  # fmt: skip


def bounded_over_other_routes() -> Result:
    return changed(good_result(), bound=good_result().bound.model_copy(update={"routes": "K=1"}))


@pytest.mark.parametrize(
    ("spoiled", "message"),
    [
        (spoiled_value, "value.objective_bps"),
        (spoiled_channels, "uses channel 99"),
        (without_plan, "value: null"),
        (bounded_over_other_routes, "bound.routes = 'K=1'; expected 'K=3'"),
    ],
)
def test_what_the_checker_refuses_changes_nothing(library, spoiled, message):
    update(library, {"poor": poor_result()}, today=DAY)
    before = files(library)
    line = qkdopt.solve(LINE, strategy="ds-qkd")
    with pytest.raises(RefusedError, match="results that cannot be taken") as caught:
        update(library, {"right": line, "spoiled": spoiled()}, today=DAY)
    assert any(fault.startswith("spoiled: ") and message in fault for fault in caught.value.faults)
    assert not any(fault.startswith("right: ") for fault in caught.value.faults)
    assert caught.value.exit_status == 1
    assert files(library) == before


def test_a_plan_over_other_routes_is_refused(library):
    """Bounds hold for candidate routes: a plan that takes others could lie above them."""
    shortest = RING.model_copy(update={"routes": RING.routes.model_copy(update={"k": 1})})
    (library.folder / "small" / "ring_blocks.json").write_text(
        json.dumps(shortest.to_json_dict()), encoding="utf-8"
    )
    long_way = qkdopt.solve(RING, strategy="ds-qkd-synergistic")
    same = long_way.instance.model_copy(update={"sha256": shortest.sha256()})
    stranger = changed(long_way, instance=same, provenance=None)
    assert qkdopt.check(shortest, stranger).ok
    with pytest.raises(RefusedError, match="takes no candidate route") as caught:
        update(library, {"r": stranger}, today=DAY)
    assert all("takes no candidate route" in fault for fault in caught.value.faults)


def test_results_of_other_instances_are_reported_all_at_once_and_change_nothing(library):
    update(library, {"poor": poor_result()}, today=DAY)
    before = files(library)
    earlier = changed(
        good_result(), instance=good_result().instance.model_copy(update={"sha256": "0" * 64})
    )
    other = qkdopt.solve(
        qkdopt.read_instance(LIBRARY / "small" / "triangle.json"), strategy="ds-qkd"
    )
    with pytest.raises(LibraryError) as caught:
        update(library, {"a": earlier, "b": other, "c": good_result()}, today=DAY)
    assert len(caught.value.faults) == 2
    assert "of small/ring_blocks (an earlier version of it?)" in caught.value.faults[0]
    assert "expected that of an instance of the library" in caught.value.faults[1]
    assert caught.value.exit_status == 2
    assert files(library) == before


def test_a_bound_below_the_known_value_is_refused_loudly(library):
    update(library, {"good": good_result()}, today=DAY)
    before = files(library)
    plan = qkdopt.solve(RING, strategy="ds-qkd")
    assert plan.value.served == good_result().value.served
    low, high = plan.value.objective_bps, good_result().value.objective_bps
    assert low < high
    wrong = with_bound(plan, 0.5 * (low + high), good_result().value.served)
    assert qkdopt.check(RING, wrong).ok
    with pytest.raises(RefusedError, match="bounds that contradict checked plans") as caught:
        update(library, {"wrong": wrong}, today=DAY)
    assert "expected at least" in caught.value.faults[0]
    assert caught.value.exit_status == 1
    assert files(library) == before


def test_a_value_above_the_known_bound_is_refused_loudly(library):
    plan = qkdopt.solve(RING, strategy="ds-qkd")
    low, high = plan.value.objective_bps, good_result().value.objective_bps
    wrong = with_bound(plan, 0.5 * (low + high), good_result().value.served)
    update(library, {"wrong": wrong}, today=DAY)
    before = files(library)
    with pytest.raises(RefusedError, match="wrong, a bug"):
        update(library, {"good": good_result()}, today=DAY)
    assert files(library) == before


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text.replace(",mean,", ",best,"), "line 2"),
        (lambda text: text.replace("small/ring_blocks", "small/gone"), "no instance small/gone"),
        (lambda text: text.replace(RING.sha256(), "0" * 64), "the instance changed"),
        (lambda text: "", "line 1 holds nothing"),
    ],
)
def test_an_unreadable_table_is_left_alone(library, spoil, message):
    update(library, {"poor": poor_result()}, today=DAY)
    library.table.write_text(spoil(library.table.read_text(encoding="utf-8")), encoding="utf-8")
    before = files(library)
    with pytest.raises(LibraryError, match=message):
        update(library, {"good": good_result()}, today=DAY)
    assert files(library) == before


def test_a_file_that_is_no_instance_is_reported(library):
    (library.folder / "small" / "notes.json").write_text("[]", encoding="utf-8")
    with pytest.raises(LibraryError, match=r"small/notes\.json: holds a JSON list"):
        update(library, {"good": good_result()}, today=DAY)


@pytest.mark.parametrize("failing", ["best_known.csv", "ring_blocks.json"])
def test_a_full_disk_loses_nothing(library, monkeypatch, failing):
    update(library, {"poor": poor_result()}, today=DAY)
    before = files(library)
    replace = Path.replace

    def full(self, target):
        if target.name == failing:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        update(library, {"good": good_result()}, today=DAY)
    assert files(library) == before


def test_a_read_only_library_loses_nothing(library, monkeypatch):
    update(library, {"poor": poor_result()}, today=DAY)
    before = files(library)
    # The administrator may write anywhere, so the system is asked in its place.
    monkeypatch.setattr(os, "access", lambda path, mode: path != library.folder)
    with pytest.raises(OutputError, match="is not writable"):
        update(library, {"good": good_result()}, today=DAY)
    assert files(library) == before


def test_a_plan_ahead_of_its_row_is_put_right_by_the_next_update(library):
    """A machine that stops between two files leaves the new plan beside the old row."""
    update(library, {"poor": poor_result()}, today=DAY)
    old = library.table.read_bytes()
    update(library, {"good": good_result()}, today=DAY)
    new = files(library)
    library.table.write_bytes(old)
    update(library, {"good": good_result()}, today=DAY)
    assert files(library) == new


def test_one_update_waits_for_another(library, monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    handle = os.open(library.folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    lock, reached, order = fcntl.flock, threading.Event(), []

    def flock(*arguments):
        reached.set()
        lock(*arguments)
        # It has the lock: nothing was written before.
        order.append((let_go.is_set(), library.table.exists()))

    let_go = threading.Event()
    monkeypatch.setattr(fcntl, "flock", flock)
    other = threading.Thread(target=update, args=(library, {"good": good_result()}))
    other.start()
    assert reached.wait(HANG_SECONDS)
    let_go.set()
    os.close(handle)
    other.join(HANG_SECONDS)
    assert order == [(True, False)]
    assert library.table.exists()


def test_a_library_is_found_above_its_instance_or_here(library, tmp_path, monkeypatch):
    instance = library.folder / "small" / "line.json"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LibraryError, match="name one with --library"):
        find_library([instance])
    library.table.write_text("", encoding="utf-8")
    assert find_library([instance]).folder == library.folder
    (tmp_path / "instances").mkdir()
    assert find_library().folder == Path("instances")
