"""``qkdopt dimension``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from qkdopt.cli.exit_status import INTERRUPTED, UNFINISHED
from qkdopt.cli.live import LiveText
from qkdopt.cli.provenance import read_from
from qkdopt.cli.streams import is_standard, say, validate_output, write_answer
from qkdopt.dimensioning.best import Best
from qkdopt.dimensioning.dimension import dimension
from qkdopt.dimensioning.frontier import FACTORS, dimension_frontier
from qkdopt.dimensioning.options import price_faults
from qkdopt.errors import UsageError
from qkdopt.instance import Instance
from qkdopt.io import read_instance
from qkdopt.result.dimensioning import Dimensioning, Frontier

# Exit status of a frontier by the worst that became of a factor.
STATUS = {"impossible": 1, "undecided": UNFINISHED}


def run_dimension_command(
    path: Path,
    *,
    output: Path | None,
    transmitter: float,
    receiver: float,
    site: float,
    link: Sequence[str],
    factor: float,
    frontier: bool,
    factors: str | None,
    as_json: bool,
    limits: dict[str, Any],
) -> int:
    """Dimension, write the answer and print it; return the exit status.

    Parameters
    ----------
    path
        Instance file.
    output
        File to write; None for none.
    transmitter, receiver, site
        Prices.
    link
        Prices of single links, as ``ID=PRICE``.
    factor
        Share of what they ask for that all demands have to get.
    frontier, factors
        Whether several factors are asked for, and which, as text; None for the usual ones.
    as_json
        Print one JSON object.
    limits
        Limits and settings of a run, as :func:`qkdopt.dimension` takes them.
    """
    prices: dict[str, Any] = {"transmitter": transmitter, "receiver": receiver, "site": site}
    faults = price_faults(prices)
    prices["links"] = _prices(link, faults)
    several = _factors(factors, faults, frontier=frontier)
    if faults:
        raise UsageError("; ".join(faults))
    instance = read_instance(path)
    if output is not None:
        validate_output(output)
    with LiveText() as live:

        def show(phase: str, best: Best) -> None:
            live.show(phase, _state(best))

        options = {**prices, **limits, "progress": show}
        if frontier:
            table = dimension_frontier(instance, factors=several, **options)
        else:
            one = dimension(instance, factor=factor, **options)
    if frontier:
        _answer(read_from(table, path), _table(table), output, as_json=as_json)
        return _status(table)
    lines = "\n".join(_lines(instance, one))
    _answer(read_from(one, path), lines, output, as_json=as_json)
    return INTERRUPTED if one.interrupted else 0


def _answer(
    found: Dimensioning | Frontier, text: str, output: Path | None, *, as_json: bool
) -> None:
    data = found.to_json_dict()
    if output is not None:
        write_answer(output, data)
    if not as_json:
        say(output, text)
    elif not is_standard(output):
        typer.echo(json.dumps(data, indent=1))


def _prices(link: Sequence[str], faults: list[str]) -> dict[str, float]:
    """Return the prices of single links by id, and add each one that cannot be read to faults."""
    prices: dict[str, float] = {}
    for text in link:
        name, _, number = text.rpartition("=")
        try:
            price = float(number)
        except ValueError:
            price = -1.0
        if not name or not price >= 0.0:
            faults.append(f"--link {text}; expected ID=PRICE, such as 0-1=250")
        elif name in prices:
            faults.append(f"--link {text}: link {name} is given twice; expected once")
        prices[name] = price
    return prices


def _factors(text: str | None, faults: list[str], *, frontier: bool) -> tuple[float, ...]:
    """Return the factors of a frontier, and add what is wrong with them to faults.

    Parameters
    ----------
    text
        Numbers, as they were typed; None for the usual ones.
    faults
        What is wrong with the options.
    frontier
        Whether a frontier is asked for.
    """
    if text is None:
        return FACTORS
    if not frontier:
        faults.append("--factors without --frontier; expected both, or --factor for one")
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        faults.append(f"--factors {text}; expected numbers, such as 0.5,1,2")
        return ()


def _state(best: Best) -> str:
    """Say what is known so far."""
    price = "no links yet" if best.links is None else f"price {best.price:g}"
    return f"{price}, bound {best.bound:g}"


def _status(table: Frontier) -> int:
    if table.interrupted:
        return INTERRUPTED
    return max((STATUS.get(row.status, 0) for row in table.rows), default=0)


def _lines(instance: Instance, found: Dimensioning) -> Iterator[str]:
    """Spell what a planner reads first."""
    proof = (
        "proved: no choice of links costs less"
        if found.status == "optimal"
        else f"no choice of links costs less than {found.bound:g}, gap {100.0 * found.gap:.2f} %"
    )
    yield f"price      {found.price:g}; {proof}"
    able = sum(link.qkd for link in instance.network.links)
    yield f"links      {len(found.links)} of {able}: {', '.join(found.links)}"
    yield f"sites      {len(found.sites)}: {', '.join(map(str, found.sites))}"
    value = found.plan.value
    assert value is not None
    assert value.key_factor is not None
    yield (
        f"keys       all demands get at least {value.key_factor:.4g} times what they ask for; "
        f"{found.factor:g} is needed"
    )
    yield f"proved by  {found.method}"
    yield from (f"note       {note}" for note in found.notes)
    yield f"time       {found.seconds:.1f} s"


def _table(table: Frontier) -> str:
    """Spell the rows of a frontier."""
    head = ("factor", "price", "bound", "links", "sites", "status")
    rows = [head]
    for row in table.rows:
        found = row.dimensioning
        rows.append((
            f"{row.factor:g}",
            "-" if row.price is None else f"{row.price:g}",
            "-" if row.bound is None else f"{row.bound:g}",
            "-" if found is None else str(len(found.links)),
            "-" if found is None else str(len(found.sites)),
            row.status,
        ))  # fmt: skip
    widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
    lines = [
        "  ".join([*(cell.rjust(width) for cell, width in zip(row, widths, strict=True))][:-1])
        + f"  {row[-1]}"
        for row in rows
    ]
    reasons = [f"factor {row.factor:g}: {row.text}" for row in table.rows if row.text]
    return "\n".join([*lines, *reasons, f"time  {table.seconds:.1f} s"])
