"""A result as a planner reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from qkdopt.bounds.keyless import advice_lines
from qkdopt.cli.phrases import without_key
from qkdopt.instance import Instance
from qkdopt.instance.generation import preset_lines, preset_name
from qkdopt.problem import build_problem
from qkdopt.result import Result, Value, WorkingChannel

WORST_LINKS = 5


def summary(instance: Instance, result: Result) -> str:
    """Spell served, rates, gain, gap, the worst links and why, and what was blocked."""
    preset = preset_name(instance) or "none"
    lines = [
        f"{instance.name}  (preset {preset}, strategy {result.strategy})",
        *preset_lines(instance),
    ]
    if result.value is None:
        lines.append(f"no plan: {result.status}")
    else:
        lines.extend(_value_lines(instance, result, result.value))
        lines.extend(_link_lines(instance, result))
        lines.extend(_blocked_lines(result))
    lines.extend(f"note       {note}" for note in result.notes)
    return "\n".join(lines) + "\n"


def _value_lines(instance: Instance, result: Result, value: Value) -> Iterator[str]:
    proof = " (proved the most)" if result.served_proved else ""
    yield (
        f"served     {value.served} of {value.demands} demands{proof}"
        f"{without_key(value.without_key)}"
    )
    if value.without_key:
        for line in advice_lines(build_problem(instance), value.without_key):
            yield f"           {line}"
    yield (
        f"key rate   mean {_kbps(value.mean_skr_bps)}, worst {_kbps(value.worst_skr_bps)}, "
        f"per request {_kbps(value.mean_skr_per_request_bps)}"
    )
    yield "           of each demand as if it had its links to itself"
    base = result.baseline
    if base is not None and base.gain is not None:
        yield (
            f"gain       {100.0 * base.gain:+.1f} % over {base.strategy} "
            f"({_kbps(base.mean_skr_bps)}, {base.served} served{without_key(base.without_key)})"
        )
    yield from _gap_lines(result)
    yield (
        f"time       {result.seconds:.1f} s, {result.threads} threads, seed {result.seed}"
        f"{_ending(result)}"
    )


def _ending(result: Result) -> str:
    """Say what ended the run, and at which limit."""
    limits = result.limits
    if limits is None:
        return ""
    if result.stopped_by == "gap":
        return f"; ended by the gap of {100.0 * limits.gap:g} %"
    if result.stopped_by == "time limit" and limits.time_limit_s is not None:
        return f"; ended by the time limit of {limits.time_limit_s:g} s"
    if result.stopped_by == "node limit":
        return f"; ended by the node limit of {limits.node_limit}"
    if result.stopped_by == "solver failed":
        return "; ended by a failure of the solver"
    return "; interrupted" if result.stopped_by == "interrupted" else ""


def _gap_lines(result: Result) -> Iterator[str]:
    bound = result.bound
    if bound is None or bound.objective_bps is None or result.gap is None:
        yield "gap        none proved"
        return
    yield (
        f"gap        {100.0 * result.gap:.2f} % to the proved bound {_kbps(bound.objective_bps)} "
        f"({result.status}; any plan with as many served, routes {bound.routes})"
    )
    yield f"proof      {bound.method}"


def _link_lines(instance: Instance, result: Result) -> Iterator[str]:
    if not result.qkd:
        return
    lit: Counter[str] = Counter()
    for path in result.lightpaths:
        for link in path.links:
            lit[link] += len(path.channels)
    limits = Counter(row.bottleneck for row in result.demands if row.served)
    lengths = {link.id: link.length_km for link in instance.network.links}
    width = max(len(row.link) for row in result.qkd)
    yield "worst links"
    for row in sorted(result.qkd, key=lambda row: (row.skr_bps, row.link))[:WORST_LINKS]:
        yield (
            f"  {row.link:{width}}  {_kbps(row.skr_bps):>13}  {lit[row.link]:3d} lit over "
            f"{lengths[row.link]:g} km, QKD {_channel(row)}, noise {row.noise_per_gate:.2e}/gate, "
            f"QBER {100.0 * row.qber:.2f} %, limits {limits[row.link]} demands"
        )


def _channel(row: WorkingChannel) -> str:
    if row.frequency_thz is not None:
        return f"{row.frequency_thz:g} THz"
    return f"ch {row.channel}"


def _blocked_lines(result: Result) -> Iterator[str]:
    blocked = [row for row in result.demands if not row.served]
    if not blocked:
        return
    for reason, count in Counter(row.blocked_by for row in blocked).most_common():
        names = [str(row.demand) for row in blocked if row.blocked_by == reason]
        shown = ", ".join(names[:10]) + (", ..." if count > 10 else "")
        yield f"blocked    {count} by {reason}: demands {shown}"


def _kbps(rate_bps: float) -> str:
    return f"{rate_bps / 1e3:.3f} kbit/s"
