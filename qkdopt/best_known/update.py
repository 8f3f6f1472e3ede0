"""Improve a library with results: all of them checked first, or nothing written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from qkdopt.best_known.folder import Library
from qkdopt.best_known.record import BestKnown, merge_rows
from qkdopt.best_known.table import Rows, table_text
from qkdopt.checker import check
from qkdopt.errors import LibraryError, OutputError, RefusedError
from qkdopt.instance import Instance
from qkdopt.io import to_text, write_texts_whole
from qkdopt.problem.routes import candidate_routes
from qkdopt.result import AnyPlan, Result


@dataclass(frozen=True)
class Change:
    """Change of a row by one result.

    Parameters
    ----------
    source
        Name of the result.
    before, after
        The row; ``before`` is None for a new row.
    """

    source: str
    before: BestKnown | None
    after: BestKnown

    @property
    def is_improved(self) -> bool:
        """Tell whether plan or bound improved."""
        return self.before != self.after

    @property
    def is_improved_plan(self) -> bool:
        """Tell whether the plan improved."""
        if self.before is None:
            return True
        return (self.before.served, self.before.value_bps) != (
            self.after.served,
            self.after.value_bps,
        )


def update(
    library: Library, results: Mapping[str, Result], *, today: date | None = None
) -> list[Change]:
    """Improve a library with results; return the change by each.

    Parameters
    ----------
    library
        Instances, rows and plans.
    results
        By their names.
    today
        Date of improved rows; None: the present day.

    Raises
    ------
    LibraryError
        Results are of no instance of the library; nothing is written.
    RefusedError
        Results break a rule, or a bound lies below a checked plan; nothing is written.
    OutputError
        The library cannot be written; it is as it was.
    """
    validate_instances(library, results)
    own_rows = checked_rows(library, results, today or date.today())
    with _alone(library.folder):
        rows = library.rows()
        changes = _merge_all(rows, own_rows)
        texts = {
            library.plan_file(change.after.instance, change.after.objective): to_text(
                results[change.source].plan().to_json_dict()
            )
            for change in changes
            if change.is_improved_plan
        }
        if any(change.is_improved for change in changes):
            _write({**texts, library.table: table_text(rows.values())})
    return changes


def _merge_all(rows: Rows, own_rows: Sequence[tuple[str, BestKnown]]) -> list[Change]:
    """Merge rows of results into ``rows``, one after the other."""
    changes: list[Change] = []
    faults: list[str] = []
    for source, row in own_rows:
        key = row.instance, row.objective
        before = rows.get(key)
        try:
            rows[key] = row if before is None else merge_rows(before, row)
        except RefusedError as error:
            faults.extend(f"{source}: {error.where}: {fault}" for fault in error.faults)
        else:
            changes.append(Change(source, before, rows[key]))
    if faults:
        raise RefusedError("bounds that contradict checked plans", faults)
    return changes


def _write(texts: Mapping[Path, str]) -> None:
    for path in texts:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise OutputError(f"{path.parent}: cannot be made ({problem.strerror})") from problem
    # The table last: a plan that is ahead of its row is put right by the next update.
    write_texts_whole(texts)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one update at a time read, merge and write, where the system can lock a folder."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def validate_instances(library: Library, results: Mapping[str, Result]) -> None:
    """Validate that every result is of an instance of the library.

    Raises
    ------
    LibraryError
        Results of other instances: all of them listed.
    """
    names = {instance.name: name for name, instance in library.instances.items()}
    faults = []
    for source, result in results.items():
        ref = result.instance
        if ref.sha256 not in library.names:
            expected = "that of an instance of the library"
            if ref.name in names:
                sha256 = library.instances[names[ref.name]].sha256()
                expected = f"{sha256[:12]}... of {names[ref.name]} (an earlier version of it?)"
            faults.append(
                f"{source}: instance {ref.name!r} has sha256 = {ref.sha256[:12]}...; expected "
                f"{expected}"
            )
    if faults:
        raise LibraryError(str(library.folder), faults)


def checked_rows(
    library: Library, results: Mapping[str, Result], today: date
) -> list[tuple[str, BestKnown]]:
    """Return every result's own row.

    Parameters
    ----------
    library
        Holds the instances.
    results
        By their names.
    today
        Date of the rows.

    Raises
    ------
    RefusedError
        The checker finds faults in a result, or bounds and routes do not fit the library.
    """
    rows: list[tuple[str, BestKnown]] = []
    faults: list[str] = []
    for source, result in results.items():
        name = library.names[result.instance.sha256]
        instance = library.instances[name]
        report = check(instance, result)
        own_faults = [*report.faults, *_validate_scope(instance, result)]
        faults.extend(f"{source}: {fault}" for fault in own_faults)
        if not own_faults:
            assert report.objective_bps is not None  # no fault: the plan was recomputed
            rows.append((source, _own_row(name, result, report.objective_bps, today)))
    if faults:
        raise RefusedError("results that cannot be taken", faults)
    return rows


def _validate_scope(instance: Instance, result: Result) -> Iterator[str]:
    """Yield faults for the table alone: no plan, other routes, a bound for other routes."""
    if result.value is None:
        yield f"value: null (status {result.status}); expected a plan"
    yield from validate_routes(instance, result)
    bound, routes = result.bound, instance.routes.label
    if bound is not None and bound.routes not in (routes, "all"):
        yield f"bound.routes = {bound.routes!r}; expected {routes!r} as in the instance, or 'all'"


def validate_routes(instance: Instance, plan: AnyPlan) -> Iterator[str]:
    """Yield every lightpath that leaves the candidate routes."""
    links = [link.id for link in instance.network.links]
    routes = {
        demand.id: {tuple(links[e] for e in route.links) for route in candidates}
        for demand, candidates in zip(instance.demands, candidate_routes(instance), strict=True)
    }
    for path in plan.lightpaths:
        if path.links not in routes.get(path.demand, set()):
            yield (
                f"lightpaths: demand {path.demand!r} takes no candidate route; expected one of "
                f"the {instance.routes.label} that bounds hold for"
            )


def _own_row(name: str, result: Result, objective_bps: float, today: date) -> BestKnown:
    assert result.value is not None  # refused before
    bound, solver = result.bound, result.solver
    proof: dict[str, Any] = {}
    if bound is not None and bound.objective_bps is not None:
        proof = {
            # The checker lets a bound lie below the value by rounding; the table does not.
            "bound_bps": max(bound.objective_bps, objective_bps),
            "bound_routes": bound.routes,
            "bound_method": bound.method,
        }
    demands = result.value.demands
    return BestKnown(
        instance=name,
        sha256=result.instance.sha256,
        objective=result.objective,
        served=result.value.served,
        served_bound=demands if bound is None else min(bound.served, demands),
        value_bps=objective_bps,
        strategy=result.strategy,
        solver=None if solver.name is None else f"{solver.name} {solver.version or ''}".strip(),
        seed=result.seed,
        date=today,
        version=result.environment.versions.get("qkdopt", "unknown"),
        **proof,
    )
