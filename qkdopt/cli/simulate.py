"""``qkdopt simulate``."""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from qkdopt.cli.exit_status import INTERRUPTED
from qkdopt.cli.live import LiveText
from qkdopt.errors import UsageError
from qkdopt.io import read_instance
from qkdopt.simulation import (
    Estimate,
    SimulationOptions,
    SimulationOutcome,
    SimulationProgress,
    read_trace,
    simulate,
)

WORST_LINKS = 5


def run_simulate(
    path: Path,
    options: SimulationOptions,
    *,
    trace: Path | None,
    load_erlang: float | None,
    requests: int,
    warmup: int | None,
    seed: int,
    replications: int,
    workers: int,
    as_json: bool,
) -> int:
    """Simulate and print; return the exit status.

    Parameters
    ----------
    path
        Instance file.
    options
        How requests are served.
    trace
        File of recorded requests; None to draw them.
    as_json
        Print one JSON object in place of the summary.
    load_erlang, requests, warmup, seed, replications, workers
        See :func:`qkdopt.simulation.simulate`.
    """
    instance = read_instance(path)
    if seed < 0:
        # A trace draws from it before anything is simulated.
        raise UsageError(f"seed = {seed}; expected 0 or more")
    recorded = None if trace is None else read_trace(trace, instance, seed)
    with LiveText() as live:
        outcome = simulate(
            instance,
            options,
            load_erlang=load_erlang,
            requests=requests,
            warmup=warmup,
            seed=seed,
            replications=replications,
            trace=recorded,
            workers=workers,
            progress=lambda report: live.show(
                report.phase,
                progress_detail(report),
                share=report.requests / report.of if report.of and report.requests else None,
            ),
        )
    if as_json:
        assert outcome.provenance is not None
        origin = outcome.provenance.with_files(path, trace=trace)
        outcome = replace(outcome, provenance=origin)
        typer.echo(json.dumps(outcome.to_json_dict(), indent=1))
    else:
        typer.echo("\n".join(summary_lines(outcome)))
    return INTERRUPTED if outcome.interrupted else 0


def progress_detail(report: SimulationProgress) -> str:
    """Spell the requests so far, and the speed."""
    speed = report.requests / max(report.seconds, 1e-9)
    return f" | {report.requests:,} of {report.of:,} requests | {speed / 1e6:.2f} million a second"


def summary_lines(outcome: SimulationOutcome) -> list[str]:
    """Spell what a planner reads."""
    o = outcome.options
    how = [o.strategy, o.policy if o.strategy == "ds-qkd-synergistic" else o.order]
    if o.replacements:
        how.append(f"{o.replacements} re-placements per arrival")
    how.append(f"retune {'never' if o.strategy == 'fixed' else o.retune}")
    lines = [
        f"{outcome.instance}  (preset {outcome.preset}, {', '.join(how)})",
        f"traffic    {outcome.load_erlang:g} erlang, {outcome.requests:,} requests "
        f"after {outcome.warmup:,} of warm-up x {outcome.replications}, seed {outcome.seed}",
        f"key rate   {_kbps(outcome.mean_skr_bps)} at admission, mean over served",
        f"           {_kbps(outcome.mean_skr_per_request_bps)} per request (blocked: 0)",
        f"           {_kbps(outcome.time_average_skr_bps)} averaged over time",
        "           of each demand as if it had its links to itself",
        *_key_lines(outcome),
        f"blocking   {_percent(outcome.blocking)}{_causes(outcome)}",
        f"outage     {_percent(outcome.outage)} of served requests are without key at admission",
        f"switches   {_number(outcome.switches_per_request)} per request, "
        f"{_number(outcome.switches_per_holding_time)} per mean holding time in the network",
    ]
    if o.replacements:
        lines.append(f"moves      {_number(outcome.moves_per_request)} per request")
    lines.append(
        f"time       {outcome.seconds:.1f} s, {outcome.requests_per_second / 1e6:.2f} million "
        "requests a second and core"
    )
    links = outcome.links_frame()
    worst = links[links["qber"].notna()].nsmallest(WORST_LINKS, "skr_bps")
    if o.keys and len(worst):
        lines.append("worst links (averaged over time)")
        lines += [_link_line(row) for row in worst.to_dict("records")]
    if outcome.interrupted:
        lines.append("note       interrupted")
    return lines + [f"note       {note}" for note in outcome.notes]


def _key_lines(outcome: SimulationOutcome) -> list[str]:
    """Spell what requests drew of the links' keys; nothing where they drew none."""
    if outcome.key is None:
        return []
    o = outcome.options
    bridged = f", pools bridge {o.bridge_s:g} s" if o.bridge_s else ""
    per = "lightpath" if outcome.key.per == "lightpath" else "request"
    return [
        f"keys       {outcome.key.stated_bps:g} bit/s for each {per}, shared; admission by "
        f"{o.admission}{bridged}; mean holding time {outcome.mean_holding_s:g} s",
        f"           {_percent(outcome.key_delivered_share)} of what is asked for is delivered",
        f"           {_kbps(outcome.key_delivered_bps)} of {_kbps(outcome.key_needed_bps)} in the "
        "network, averaged over time",
        f"           {_percent(outcome.empty_pool_share)} of requests' time beside an empty pool",
    ]


def _link_line(row: dict[Hashable, Any]) -> str:
    empty = row.get("empty_pool_share")
    return (
        f"  {row['link']}  {row['skr_bps'] / 1e3:7.3f} kbit/s   {row['lightpaths']:5.1f} "
        f"lightpaths, QBER {100.0 * row['qber']:.2f} %, no key "
        f"{100.0 * row['no_key_share']:.1f} % of the time"
        + ("" if empty is None else f", pool empty {100.0 * empty:.1f} %")
    )


def _kbps(estimate: Estimate) -> str:
    return _scaled(estimate, 1e-3, 3, "kbit/s")


def _percent(estimate: Estimate) -> str:
    return _scaled(estimate, 100.0, 4, "%")


def _number(estimate: Estimate) -> str:
    return _scaled(estimate, 1.0, 3, "").rstrip()


def _scaled(estimate: Estimate, scale: float, digits: int, unit: str) -> str:
    if estimate.value is None:
        return "none"
    spread = "" if estimate.ci95 is None else f" +- {scale * estimate.ci95:.{digits}f}"
    return f"{scale * estimate.value:.{digits}f}{spread} {unit}"


def _causes(outcome: SimulationOutcome) -> str:
    found = [
        f"{100.0 * estimate.value:.4f} % {cause}"
        for cause, estimate in outcome.blocking_by_cause.items()
        if estimate.value
    ]
    return f" ({', '.join(found)})" if found else ""
