"""Reasons in words: why a demand is blocked, and why one that is served has no key."""

from __future__ import annotations

from qkdopt.instance import Demand, Link
from qkdopt.problem.routes import Hop, Route
from qkdopt.report.facts import Facts
from qkdopt.report.text import counted, kbps, percent, shortened
from qkdopt.result import BlockedBy

BLOCKED: dict[BlockedBy, str] = {
    "no free channel": "no channel is free on all links of any candidate route",
    "guard band": "the channels that are free all along lie in guard bands of reserved candidates",
    "no receiver channel": "light on any channel that is free would leave a link without a "
    "working QKD channel",
    "minimum key rate": "the demand would have less than its least key rate, or take it from "
    "another",
}


def reason_of(facts: Facts, demand: Demand) -> str:
    """Say why a demand is blocked or without key; nothing of one that is served with key."""
    outcome = facts.outcomes[demand.id]
    if not outcome.served:
        return _blocked_words(facts, demand, outcome.blocked_by)
    if outcome.skr_bps > 0.0:
        return ""
    return _keyless_words(facts, demand)


def _blocked_words(facts: Facts, demand: Demand, reason: BlockedBy | None) -> str:
    routes = facts.routes_of(demand)
    if not routes:
        return "no route joins its ends"
    words = BLOCKED[reason] if reason is not None else "no reason was recorded"
    return f"{words}. {'; '.join(_route_words(facts, demand, route) for route in routes)}"


def _route_words(facts: Facts, demand: Demand, route: Route) -> str:
    """Count the channels that are free on a route beside its lit and guarded ones."""
    free = [_free_channels(facts, hop) for hop in route.hops]
    common = set.intersection(*free)
    tightest = min(range(len(free)), key=lambda k: len(free[k]))
    link = facts.instance.network.links[route.links[tightest]]
    name = "–".join(facts.node_names[node] for node in route.nodes)
    return (
        f"{shortened(name)}: {counted(len(common), 'channel')} free all along for "
        f"{demand.channels}, fewest on link {shortened(link.id)} ({len(free[tightest])} of "
        f"{facts.instance.grid.channels})"
    )


def _free_channels(facts: Facts, hop: Hop) -> set[int]:
    """Return the channels of a fibre that are dark and outside of guard bands as they are."""
    instance = facts.instance
    link = instance.network.links[hop.link]
    pair = instance.fibre.layout == "pair"
    lit = {
        channel
        for channel, from_a in facts.lit[link.id]
        if not pair or from_a == (hop.direction == 0)
    }
    free = set(range(instance.grid.channels)) - lit
    if pair and (hop.direction == 0) != (link.qkd_direction == "a->b"):
        return free
    working = facts.working_candidate(link)
    reserved = instance.candidates_of(link) if instance.qkd.reserve == "all" else (working,)
    return {
        channel
        for channel in free
        if not any(instance.is_dark_near(channel, c) for c in reserved if c is not None)
    }


def _keyless_words(facts: Facts, demand: Demand) -> str:
    bottleneck = facts.outcomes[demand.id].bottleneck
    if bottleneck is None:
        return "no relay route over links with QKD joins its ends"
    words = _link_words(facts, facts.links[bottleneck])
    others = [
        shortened(name)
        for name in facts.lightpaths[demand.id].links
        if name != bottleneck and not facts.report.link_skr_bps.get(name, 0.0) > 0.0
    ]
    if others and facts.instance.qkd.relay == "lightpath":
        words += f"; no key on {', '.join(others)} either"
    return words


def _link_words(facts: Facts, link: Link) -> str:
    """Say why a link gives no key: no QKD, too much loss, or too much light."""
    budget = facts.budgets.get(link.id)
    name = shortened(link.id)
    if budget is None:
        return f"link {name} runs no QKD"
    if not budget.dark_rate.skr_bps > 0.0:
        return (
            f"link {name} gives no key even without light: {link.length_km:g} km, "
            f"{facts.instance.loss_db(link):.1f} dB"
        )
    return (
        f"light leaves link {name} without key: QBER {percent(budget.rate.qber)} with "
        f"{counted(len(budget.channels), 'channel')} lit beside it; without light it would give "
        f"{kbps(budget.dark_rate.skr_bps)}"
    )
