"""What a planner reads first: served, keys, gain and gap in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qkdopt.bounds.keyless import advice_lines
from qkdopt.problem import build_problem
from qkdopt.report.facts import Facts
from qkdopt.report.frame import Section, render
from qkdopt.report.text import counted, kbps, passage, percent, shortened
from qkdopt.result import Objective, Result, Value

# What a plan is compared by, as the subject of a sentence.
OBJECTIVES: dict[Objective, str] = {
    "mean": "a mean key rate over its served demands",
    "max-min": "a least key rate over its served demands",
    "link-sum": "key rates of all links that sum up to",
    "key-factor": "keys that all its demands get at once in proportion to their needs, in sum",
    "key-delivered": "keys delivered at once of what its demands ask for, in sum",
    "key-served": "needs met in full at once, by weight, as a share of all that is asked for,",
}
STATUS = {
    "infeasible": "No plan exists: it was proved that the rules cannot all be kept.",
    "no_solution": "No plan was found before the run ended; whether one exists is open.",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the headline.

    Parameters
    ----------
    title
        What it is.
    shown
        The number with its unit.
    note
        What to know about it; empty for nothing.
    alarm
        Whether a reader must not overlook it.
    """

    title: str
    shown: str
    note: str = ""
    alarm: bool = False


def headline_section(facts: Facts) -> Section:
    """Build the headline of one result."""
    result = facts.result
    body = render(
        "headline.html",
        figures=list(_figures(facts)),
        sentences=list(_sentences(facts)),
        faults=[passage(fault) for fault in result.faults],
        notes=[passage(note) for note in result.notes],
        interrupted=result.interrupted,
    )
    return Section(name="headline", title="In short", body=body)


def _figures(facts: Facts) -> Iterator[Figure]:
    result, value = facts.result, facts.result.value
    if value is None:
        yield Figure("Plan", "none", STATUS[result.status], alarm=True)
        return
    keyless = facts.report.without_key or 0
    blocked = value.demands - value.served
    yield Figure(
        "Served", f"{value.served:,} of {value.demands:,}",
        "proved: no plan serves more" if result.served_proved else "demands with lightpaths",
        alarm=blocked > 0,
    )  # fmt: skip
    yield Figure("With key", f"{value.served - keyless:,}", "served demands with a key rate")
    yield Figure("Without key", f"{keyless:,}", "served: light, but no key", alarm=keyless > 0)
    if value.key_accounting == "shared":
        yield from _shared_figures(value)
    yield Figure(
        "Mean key rate", kbps(value.mean_skr_bps),
        "when all draw at once" if facts.shares_keys else "over served demands",
    )  # fmt: skip
    yield Figure("Worst key rate", kbps(value.worst_skr_bps), "of any served demand")
    yield Figure("Per request", kbps(value.mean_skr_per_request_bps), "mean, blocked ones as 0")
    if not facts.saved:
        yield _gain(result)
        yield _gap(result)


def _shared_figures(value: Value) -> Iterator[Figure]:
    """Yield what is asked for and given of keys that demands share."""
    if not value.key_needed_bps:
        return
    delivered = value.key_delivered_bps or 0.0
    yield Figure("Needs met", f"{value.key_met or 0:,}", "demands with all the key they ask for")
    yield Figure(
        "Delivered", percent(delivered / value.key_needed_bps),
        f"{kbps(delivered)} of {kbps(value.key_needed_bps)} that are asked for",
    )  # fmt: skip
    if value.key_factor is not None:
        yield Figure("Least share", percent(value.key_factor), "of its need, of any served demand")


def _gain(result: Result) -> Figure:
    base = result.baseline
    if base is None or base.gain is None:
        reason = (
            "no baseline was run" if base is None else f"{shortened(base.strategy)} gives no key"
        )
        return Figure("Gain", "none", reason)
    note = f"in mean key rate over {shortened(base.strategy)}: {kbps(base.mean_skr_bps)}"
    if base.objective_bps is not None:
        note = f"in its objective over {shortened(base.strategy)}: {kbps(base.objective_bps)}"
    return Figure("Gain", f"{100.0 * base.gain:+.1f} %", f"{note}, {base.served:,} served")


def _gap(result: Result) -> Figure:
    if result.gap is None:
        return Figure("Gap", "none proved", "how far from the best is not known")
    return Figure("Gap", percent(result.gap), "at most, from the best plan that serves as many")


def _sentences(facts: Facts) -> Iterator[str]:
    result, value = facts.result, facts.result.value
    if value is None:
        return
    if facts.saved:
        yield (
            f"The plan serves {value.served:,} of {counted(value.demands, 'demand')}. It was saved "
            "without the run that made it: there is no bound, so how far it is from the best plan "
            "is not known here, and no history and no baseline. Every number of this page was "
            "recomputed from the instance by the checker."
        )
    else:
        yield from served_sentences(result, value)
        yield from gap_sentences(result, value)
    yield from _keyless_sentences(facts)
    if facts.shares_keys:
        yield (
            "Key rates are what demands get when all draw on the links' keys at once: of no link's "
            "key a bit is counted twice."
        )
        return
    yield (
        "Key rates are counted per demand, each as if the demand had the links of its route to "
        "itself. A link's key can be spent once: demands that share a link share its key, so the "
        "rates do not add up. The table of demands has the rate that each keeps when all draw at "
        "once, in max-min fair shares."
        if facts.instance.qkd.relay == "lightpath"
        else "Key rates are counted per demand, each as if the demand had the links of its relay "
        "route to itself. A link's key can be spent once: demands that share a link share its "
        "key, so the rates do not add up."
    )


def _keyless_sentences(facts: Facts) -> Iterator[str]:
    keyless = facts.report.without_key
    if not keyless:
        return
    # Evaluates every coefficient: only where there is something to say.
    problem = build_problem(facts.instance)
    advice = "; ".join(advice_lines(problem, keyless))
    yield f"{counted(keyless, 'served demand')} without key: {advice}."


def served_sentences(result: Result, value: Value) -> Iterator[str]:
    """Yield how many are served, and whether more could be."""
    lead = f"The plan serves {value.served:,} of {counted(value.demands, 'demand')}"
    if result.bound is None:
        yield f"{lead}; whether more could be served was not decided."
    elif result.served_proved:
        yield f"{lead}, and it is proved that no plan serves more."
    else:
        yield f"{lead}; it is proved that no plan serves more than {result.bound.served:,}."


def gap_sentences(result: Result, value: Value) -> Iterator[str]:
    """Yield the gap in plain words, and how it was proved."""
    bound = result.bound
    if bound is None or bound.objective_bps is None or result.gap is None:
        yield "No bound was proved: how far this plan is from the best one is not known."
        return
    scope = (
        "over any routes"
        if bound.routes == "all"
        else f"over the candidate routes ({bound.routes} shortest of each demand)"
    )
    if bound.objective_bps == 0.0:
        yield f"No plan that serves {value.served:,} demands {scope} has any key to count."
        yield f"Proved by: {passage(bound.method)}."
        return
    yield (
        f"No plan that serves {value.served:,} demands {scope} can have "
        f"{OBJECTIVES[result.objective]} above {kbps(bound.objective_bps)}. This plan has "
        f"{kbps(value.objective_bps)}: at most {percent(result.gap)} of that limit is left to "
        "gain."
    )
    closed = " The run counts it as optimal." if result.status == "optimal" else ""
    exact = "The limit holds for the exact, nonlinear key rate."
    yield f"Proved by: {passage(bound.method)}. {exact}{closed}"
