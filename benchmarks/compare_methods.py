"""What do others reach? ``python benchmarks/compare_methods.py INSTANCE... --seconds 60``.

Every method of ``benchmarks/methods`` on the same instances: a process a run, one after another,
with the same limit, threads and seed. Every plan is written as a result and checked by ``qkdopt
check`` in a process of its own; objective and number served are the checked ones. The gap of every
method is that to the bound of ``auto`` in the same table, where both serve equally many demands. A
bound below any checked plan that serves as many ends the script with status 1, whichever method
claims it.

Rows go to a CSV as they come; a later run with ``--resume`` does only what is missing there.
``docs/comparison.md`` has the protocol and a table.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.methods import METHODS  # noqa: E402

# The method whose bound all plans are compared with.
OURS = "auto"
# What a run may take beside its limit, for reading, building and writing, before it is ended [s].
GRACE_SECONDS = 60.0
# Bounds are proved to about this relative precision; a plan may be above one by no more.
ROUNDING = 1e-9
# Own gap at which a method counts as having proved its plan [%].
PROVED_PERCENT = 0.1


@dataclass(frozen=True)
class Row:
    """One run of one method on one instance.

    Parameters
    ----------
    instance, method
        Their names.
    limit_s, threads, seed
        What the method was given.
    seconds, cpu_seconds
        Time of the method itself, and processor time of its whole process, start and writing of the
        result included [s]: far below time x threads where other work shared the cores.
    served, demands
        Demands served by the checked plan, and in all; None without a plan.
    objective_bps
        Objective of the checked plan [bit/s]; None without a plan.
    bound_bps, served_bound
        What the method claims as limits of the objective [bit/s] and the number served; None
        without.
    checked
        ``yes``, ``no`` where the checker found a fault, empty without a plan.
    note
        What the method said, or why there is no plan.
    """

    instance: str
    method: str
    limit_s: float
    threads: int
    seed: int
    seconds: float | None = None
    cpu_seconds: float | None = None
    served: int | None = None
    demands: int | None = None
    objective_bps: float | None = None
    bound_bps: float | None = None
    served_bound: int | None = None
    checked: str = ""
    note: str = ""


def main() -> int:
    """Run what is missing, print the table, write the CSV; return the exit status."""
    options = arguments()
    rows = read_rows(options.csv) if options.resume else []
    done = {(row.instance, row.method) for row in rows}
    methods = installed(options.methods)
    for name in options.instances or small_names():
        for method in methods:
            if (name, method) not in done:
                rows.append(measured(name, method, options))
                write_rows(options.csv, rows)
                print(line(rows[-1], rows), flush=True)
    write_rows(options.csv, rows)
    print("\n".join(["", *table(rows), "", *gap_table(rows), "", *summary(rows)]))
    wrong = [*faults(rows)]
    for fault in wrong:
        print(fault, file=sys.stderr)
    return 1 if wrong else 0


def installed(names: Iterable[str]) -> list[str]:
    """Return the methods that can run; say of the others what to install."""
    ready = []
    for name in names:
        missing = METHODS[name].missing
        if missing:
            print(f"{name} is left out: {missing}")
        else:
            ready.append(name)
    return ready


def measured(name: str, method: str, options: argparse.Namespace) -> Row:
    """Run one method on one instance in a process of its own, and check its plan in another."""
    given = Row(name, method, options.seconds, options.threads, options.seed)
    path = ROOT / "instances" / f"{name}.json"
    with tempfile.TemporaryDirectory() as folder:
        output, before = Path(folder) / "result.json", children_seconds()
        command = [
            sys.executable, "-m", "benchmarks.methods", method, str(path), "-o", str(output),
            "--seconds", str(options.seconds), "--threads", str(options.threads),
            "--seed", str(options.seed),
        ]  # fmt: skip
        try:
            run = subprocess.run(
                command, capture_output=True, text=True, cwd=ROOT, check=False,
                timeout=options.seconds + GRACE_SECONDS,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Row(**asdict(given) | {"note": f"ended {GRACE_SECONDS:g} s beyond its limit"})
        if run.returncode:
            return Row(**asdict(given) | {"note": last_line(run.stderr)})
        claims = json.loads(run.stdout.splitlines()[-1])
        claims["cpu_seconds"] = children_seconds() - before
        return Row(**asdict(given) | claims | checked_numbers(path, output))


def checked_numbers(path: Path, output: Path) -> dict[str, object]:
    """Check a result by the command; return its numbers and what the checker says.

    Parameters
    ----------
    path
        File of the instance.
    output
        File of the result; there is none where the method has no plan.
    """
    if not output.exists():
        return {}
    check = subprocess.run(
        [sys.executable, "-m", "qkdopt", "check", str(path), str(output)],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    value = json.loads(output.read_text(encoding="utf-8"))["value"]
    return {
        "served": value["served"],
        "demands": value["demands"],
        "objective_bps": value["objective_bps"],
        "checked": "no" if check.returncode else "yes",
    }


def children_seconds() -> float:
    """Processor time [s] of all ended processes that this one started."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def last_line(text: str) -> str:
    """Return the last line of an error output."""
    return (text.strip().splitlines() or ["ended without a message"])[-1]


# -- gaps and faults --------------------------------------------------------------------


def our_bound(row: Row, rows: Iterable[Row]) -> float | None:
    """Return ``auto``'s bound [bit/s] for as many demands as a row serves; None without.

    Parameters
    ----------
    row
        The row that is compared.
    rows
        All rows.
    """
    for other in rows:
        if (other.instance, other.method) == (row.instance, OURS) and other.served == row.served:
            return other.bound_bps
    return None


def gap_percent(row: Row, rows: Iterable[Row]) -> float | None:
    """Return the gap [%] of a plan to ``auto``'s bound; None where they do not compare.

    Parameters
    ----------
    row
        The row that is compared.
    rows
        All rows.
    """
    bound = our_bound(row, rows)
    if bound is None or row.objective_bps is None:
        return None
    return 100.0 * (bound - row.objective_bps) / bound if bound else 0.0


def faults(rows: list[Row]) -> Iterator[str]:
    """Yield every plan that the checker refused, and every bound below a checked plan."""
    for row in rows:
        if row.checked == "no":
            yield f"{row.instance}: the checker refused the plan of {row.method}"
    for bounded in rows:
        yield from (
            f"{bounded.instance}: {bounded.method}'s bound is below the plan of {plan.method}"
            for plan in rows
            if plan.instance == bounded.instance
            and plan.checked == "yes"
            and exceeds(plan, bounded)
        )


def exceeds(plan: Row, bounded: Row) -> bool:
    """Whether a plan is above another run's claims.

    Parameters
    ----------
    plan
        Row of the plan.
    bounded
        Row of the claims, of the same instance.
    """
    assert plan.served is not None
    assert plan.objective_bps is not None
    if bounded.served_bound is not None and plan.served > bounded.served_bound:
        return True
    if bounded.bound_bps is None or plan.served != bounded.served:
        return False
    return plan.objective_bps > bounded.bound_bps * (1.0 + ROUNDING) + ROUNDING


# -- table and CSV ----------------------------------------------------------------------


def table(rows: list[Row]) -> list[str]:
    """Return the lines of the table in Markdown, instance by instance."""
    head = [
        "instance", "method", "s", "CPU s", "served", "bit/s", "bound", "gap to our bound",
        "checked",
    ]  # fmt: skip
    order = sorted(rows, key=lambda row: [other.instance for other in rows].index(row.instance))
    return [*header(head), *(line(row, rows) for row in order)]


def gap_table(rows: list[Row]) -> list[str]:
    """Return the lines of a table of gaps: an instance a line, a method a column.

    Parameters
    ----------
    rows
        All rows.
    """
    methods = [*dict.fromkeys(row.method for row in rows)]
    lines = header(["gap to our bound [%]", *methods])
    for instance in dict.fromkeys(row.instance for row in rows):
        found = {row.method: row for row in rows if row.instance == instance}
        cells = [gap_cell(found.get(method), found.get(OURS), rows) for method in methods]
        lines.append(f"| {instance} | {' | '.join(cells)} |")
    return lines


def gap_cell(row: Row | None, ours: Row | None, rows: list[Row]) -> str:
    """Return a gap [%], or how many demands more or fewer than ``auto`` a plan serves.

    Parameters
    ----------
    row, ours
        The row, and that of ``auto`` on the same instance; None where it was not run.
    rows
        All rows.
    """
    if row is None:
        return ""
    if row.served is None:
        return "no plan"
    if ours is not None and ours.served is not None and row.served != ours.served:
        return f"serves {row.served - ours.served:+d}"
    gap = gap_percent(row, rows)
    return "" if gap is None else f"{gap:.3f}"


def summary(rows: list[Row]) -> list[str]:
    """Return the lines of a table with one line a method, over all its instances.

    Parameters
    ----------
    rows
        All rows.
    """
    lines = header(["method", "runs", "serves most", "mean gap", "largest gap", "proved", "mean s"])
    most = {
        instance: max((row.served or 0) for row in rows if row.instance == instance)
        for instance in {row.instance for row in rows}
    }
    for method in dict.fromkeys(row.method for row in rows):
        own = [row for row in rows if row.method == method]
        gaps = [gap for row in own if (gap := gap_percent(row, rows)) is not None]
        seconds = [row.seconds for row in own if row.seconds is not None]
        cells = [
            method,
            str(len(own)),
            str(sum(row.served == most[row.instance] for row in own)),
            f"{sum(gaps) / len(gaps):.3f} %" if gaps else "",
            f"{max(gaps):.3f} %" if gaps else "",
            str(sum(is_proved(row) for row in own)),
            f"{sum(seconds) / len(seconds):.1f}" if seconds else "",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def is_proved(row: Row) -> bool:
    """Whether a method proved its own plan, number served and objective to ``PROVED_PERCENT``."""
    if row.objective_bps is None or row.bound_bps is None or row.served != row.served_bound:
        return False
    return row.bound_bps - row.objective_bps <= PROVED_PERCENT / 100.0 * row.bound_bps


def header(cells: list[str]) -> list[str]:
    """Return the first two lines of a table in Markdown."""
    return [f"| {' | '.join(cells)} |", f"| {' | '.join(['---'] * len(cells))} |"]


def line(row: Row, rows: list[Row]) -> str:
    """Return one line of the table.

    Parameters
    ----------
    row
        The row.
    rows
        All rows so far, among them ``auto``'s.
    """
    gap = gap_percent(row, rows)
    cells = [
        row.instance,
        row.method,
        "" if row.seconds is None else f"{row.seconds:.1f}",
        "" if row.cpu_seconds is None else f"{row.cpu_seconds:.0f}",
        f"no plan: {row.note}" if row.served is None else f"{row.served} of {row.demands}",
        "" if row.objective_bps is None else f"{row.objective_bps:.1f}",
        "none" if row.bound_bps is None else f"{row.bound_bps:.1f}",
        "" if gap is None else f"{gap:.3f} %",
        row.checked,
    ]
    return f"| {' | '.join(cells)} |"


def read_rows(path: Path) -> list[Row]:
    """Read the rows of an earlier run; none where there is no file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [Row(**typed(record)) for record in csv.DictReader(file)]


def typed(record: dict[str, str]) -> dict[str, object]:
    """Return the fields of a row with their types; the gap is computed anew."""
    kinds = {field.name: str(field.type) for field in fields(Row)}
    convert = {"int": int, "float": float}
    return {
        name: text if kind == "str" else (convert[kind.split(" ")[0]](text) if text else None)
        for name, kind in kinds.items()
        for text in [record[name]]
    }


def write_rows(path: Path, rows: list[Row]) -> None:
    """Write all rows, with their gaps as they are now.

    Parameters
    ----------
    path
        The CSV file.
    rows
        The rows.
    """
    columns = [*(field.name for field in fields(Row)), "gap_percent"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(asdict(row) | {"gap_percent": gap_percent(row, rows)} for row in rows)


def small_names() -> list[str]:
    """Names of the small instances."""
    return [f"small/{path.stem}" for path in sorted((ROOT / "instances/small").glob("*.json"))]


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("instances", nargs="*", help="names below instances/; all of small/")
    parser.add_argument(
        "--methods", nargs="+", choices=METHODS, default=list(METHODS), metavar="METHOD",
        help=f"some of {', '.join(METHODS)}; all",
    )  # fmt: skip
    parser.add_argument("--seconds", type=float, default=20.0, help="limit of every run")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--csv", type=Path, default=Path("methods.csv"), help="file of the rows")
    parser.add_argument("--resume", action="store_true", help="keep the rows of that file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
