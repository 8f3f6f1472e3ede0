"""A result in words: what a planner reads first."""

from __future__ import annotations

from collections.abc import Iterator

from qkdopt.result.model import Result, Value


def summary_lines(result: Result) -> Iterator[str]:
    """Yield name and strategy, served, rates, gain, gap, time and notes, a fact a line."""
    yield f"{result.instance.name}  (strategy {result.strategy})"
    if result.value is None:
        yield f"no plan: {result.status}"
    else:
        yield from around_lines(result)
        yield served_line(result, result.value)
        yield from moved_lines(result)
        yield from rate_lines(result, result.value)
    yield from note_lines(result)


def note_lines(result: Result) -> Iterator[str]:
    """Yield what a reader must know: an interruption, faults, notes."""
    if result.interrupted:
        yield "note       interrupted"
    yield from (f"fault      {fault}" for fault in result.faults)
    yield from (f"note       {note}" for note in result.notes)


def around_lines(result: Result) -> Iterator[str]:
    """Yield what was taken over from an earlier plan, where the plan was made around one."""
    around = result.around
    if around is None:
        return
    kept = [path for path in around.lightpaths if path.demand is not None]
    foreign = len(around.lightpaths) - len(kept)
    movable = sum(path.movable for path in kept)
    planned = len(result.demands) - len(kept)
    limit = "all" if around.moves_limit is None else f"at most {around.moves_limit}"
    yield (
        f"around     the plan of {around.plan_of.name}: {len(kept)} demands in place"
        f"{f', {limit} of {movable} may move' if movable else ''}"
        f"{f', {foreign} foreign lightpaths' if foreign else ''}, {len(around.freed)} freed, "
        f"{planned} to be planned"
    )


def served_line(result: Result, value: Value) -> str:
    """Spell how many demands are served, and how many of them without key."""
    proof = " (proved the most)" if result.served_proved else ""
    keyless = without_key(value.without_key)
    return f"served     {value.served} of {value.demands} demands{proof}{keyless}"


def moved_lines(result: Result) -> Iterator[str]:
    """Yield which demands in place are moved, where any may be, and what is proved of it."""
    if result.moved is not None:
        names = ", ".join(map(str, result.moved))
        proof = ""
        if result.moved and result.moved_at_least is not None:
            fewest = result.moved_at_least == len(result.moved)
            proof = " (proved the fewest)" if fewest else f" (at least {result.moved_at_least})"
        yield f"moved      {len(result.moved)} demands{f': {names}' if names else ''}{proof}"


def rate_lines(result: Result, value: Value) -> Iterator[str]:
    """Yield key rates, the gain over the baseline, the gap with its proof, and the time."""
    yield (
        f"key rate   mean {kbps(value.mean_skr_bps)}, worst {kbps(value.worst_skr_bps)}, "
        f"per request {kbps(value.mean_skr_per_request_bps)}"
    )
    if value.key_accounting == "shared":
        yield "           of each demand when all draw at once"
        yield from needs_lines(value)
    else:
        yield "           of each demand as if it had its links to itself"
        yield from _at_once_lines(result)
    base = result.baseline
    if base is not None and base.gain is not None:
        met = "" if base.key_met is None else f", {base.key_met} met"
        yield (
            f"gain       {100.0 * base.gain:+.1f} % over {base.strategy} "
            f"({kbps(base.mean_skr_bps)}, {base.served} served{without_key(base.without_key)}{met})"
        )
    yield from _gap_lines(result)
    yield (
        f"time       {result.seconds:.1f} s, {result.threads} threads, seed {result.seed}"
        f"{_ending(result)}"
    )


def _at_once_lines(result: Result) -> Iterator[str]:
    """Yield what demands keep of these rates when all draw at once."""
    shares = result.fair_shares_bps().values()
    if shares:
        yield (
            f"all draw   mean {kbps(sum(shares) / len(shares))}, worst {kbps(min(shares))}, "
            "in fair shares along their routes"
        )


def needs_lines(value: Value) -> Iterator[str]:
    """Yield what is asked for and what is given of shared keys."""
    if not value.key_needed_bps:
        return
    delivered = value.key_delivered_bps or 0.0
    factor = "" if value.key_factor is None else f", least share {100.0 * value.key_factor:.3g} %"
    yield (
        f"needs      {value.key_met} met in full, {kbps(delivered)} of "
        f"{kbps(value.key_needed_bps)} delivered{factor}"
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
        f"gap        {100.0 * result.gap:.2f} % to the proved bound {kbps(bound.objective_bps)} "
        f"({result.status}; any plan with as many served, routes {bound.routes})"
    )
    yield f"proof      {bound.method}"


def kbps(rate_bps: float) -> str:
    """Spell a rate in kbit/s."""
    return f"{rate_bps / 1e3:.3f} kbit/s"


def without_key(count: int | None) -> str:
    """Return ``, 49 without key``; nothing where every one has key, or none was counted."""
    return f", {count} without key" if count else ""
