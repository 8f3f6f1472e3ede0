"""What no checker can find: fields about the run itself, and corruptions that change nothing.

Nobody who has an instance and its result alone can tell how long a search took, or what a solver
was called. A plan that is as right as the one before is no corruption at all.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from qkdopt.instance import Instance, Link
from tests.checker.corruption import Corruption

NUDGES = ("nudged", "nudged down")


@dataclass(frozen=True)
class Uncheckable:
    """Fields that nothing can be held against, and why.

    Parameters
    ----------
    fields
        Their names, such as ``qkd[].qber``; one that ends in ``*`` stands for all that begin so.
    kinds
        Corruptions of them that stay unseen; all others are found.
    reason
        Why nobody who has instance and result alone can see them.
    case
        A case in which they are met, and not found.
    """

    fields: tuple[str, ...]
    kinds: tuple[str, ...]
    reason: str
    case: str = "plain"

    def holds(self, corruption: Corruption) -> bool:
        """Tell whether a corruption is one that stays unseen."""
        return corruption.kind in self.kinds and any(
            is_named(name, corruption.field) for name in self.fields
        )


def is_named(name: str, field: str) -> bool:
    """Tell whether a name stands for a field."""
    return field == name or (name.endswith("*") and field.startswith(name[:-1]))


ONE_NODE, MOVED, AROUND = "MILP, one node", "light moved", "around a plan"
SHARED = "shared, key-delivered"
CLAIM = "a proof is not in the result: what it claims has to contradict the plan to be found"
RUN = "only the run itself knows"
PLANS_NOTHING = "the checker plans nothing: only what no plan can be, or the bound, excludes it"
PAST = "incumbents of the past are not in the result: they have to rise, and their bounds to fall"
EARLIER = "null in results of earlier versions"
THINNED = "points are thinned, and results of earlier versions have none"
ENDINGS = "a run that proves nothing ends in several ways"
REASON = "the reason is one on the candidate routes, which the checker does not list"
OTHER_PLAN = "the earlier plan is not here"

UNCHECKABLE = (
    Uncheckable(("strategy",), ("edited",), "a strategy of one's own has any name"),
    Uncheckable(("solver.name",), ("filled",), RUN),
    Uncheckable(("solver.name", "solver.version"), ("edited",), RUN, ONE_NODE),
    Uncheckable(("solver.version", "solver.start_accepted"), ("null",), RUN, ONE_NODE),
    Uncheckable(("solver.start_accepted",), ("flipped",), RUN, ONE_NODE),
    Uncheckable(("threads",), ("raised",), RUN),
    Uncheckable(("seconds",), NUDGES, RUN),
    Uncheckable(("limits.time_limit_s",), (*NUDGES, "null"), RUN),
    Uncheckable(("limits.gap",), NUDGES, RUN),
    Uncheckable(("limits.node_limit",), ("raised", "lowered", "null"), RUN, MOVED),
    Uncheckable(("stopped_by",), ("swapped",), ENDINGS),
    Uncheckable(("notes",), ("item removed", "item repeated"), "text for readers", "every noise"),
    Uncheckable(("notes[]",), ("edited",), "text for readers", "every noise"),
    Uncheckable(
        ("environment.cpu", "environment.platform", "environment.versions.*"), ("edited",), RUN
    ),
    Uncheckable(("bound.method",), ("edited",), CLAIM, ONE_NODE),
    Uncheckable(("bound.routes",), ("swapped",), CLAIM, ONE_NODE),
    Uncheckable(("bound.tolerance_bps",), NUDGES, CLAIM, ONE_NODE),
    Uncheckable(("moved_at_least",), ("raised", "lowered", "null"), CLAIM, MOVED),
    Uncheckable(("baseline",), ("null",), "a run need not have one"),
    Uncheckable(("baseline.served",), ("raised",), PLANS_NOTHING, "blocked"),
    Uncheckable(("baseline.served",), ("lowered",), PLANS_NOTHING),
    Uncheckable(("baseline.without_key",), ("raised",), PLANS_NOTHING),
    Uncheckable(("baseline.without_key",), ("lowered",), PLANS_NOTHING, "without key"),
    Uncheckable(("baseline.key_met",), ("raised",), PLANS_NOTHING, SHARED),
    Uncheckable(("baseline.key_met",), ("lowered",), PLANS_NOTHING, "delivered over all nodes"),
    Uncheckable(("baseline.mean_skr_bps",), NUDGES, PLANS_NOTHING, SHARED),
    Uncheckable(("value.without_key", "baseline.without_key"), ("null",), EARLIER),
    Uncheckable(("demands[].blocked_by",), ("swapped",), REASON, "blocked"),
    Uncheckable(("history",), ("item removed",), THINNED),
    Uncheckable(("history[].phase",), ("edited",), RUN),
    Uncheckable(("history[].phase",), ("swapped",), RUN, MOVED),
    Uncheckable(("history[].seconds",), NUDGES, RUN),
    Uncheckable(("history[].served",), ("lowered",), PAST, MOVED),
    Uncheckable(("history[].objective_bps",), NUDGES, PAST, MOVED),
    Uncheckable(("around.plan_of.name", "around.plan_of.sha256"), ("edited",), OTHER_PLAN, AROUND),
    Uncheckable(("around.plan_of.preset",), ("filled",), OTHER_PLAN, AROUND),
    Uncheckable(("around.freed",), ("item removed",), OTHER_PLAN, AROUND),
    Uncheckable(("around.freed[]",), ("raised", "negated"), OTHER_PLAN, AROUND),
)


# What a run was told, beside its seed and instance: nothing else in a result need say the same.
TOLD = re.compile(r"(plan\.)?provenance(?!\.(seed|instances\[\]\.(name|sha256))$)")


def is_told(corruption: Corruption) -> bool:
    """Tell whether a corruption is of what a run was told, which nothing can be held against."""
    if corruption.field.endswith("provenance.seed") and corruption.kind == "null":
        return True
    return TOLD.match(corruption.field) is not None


def is_as_right(instance: Instance, corruption: Corruption) -> bool:
    """Tell whether a record says something else that is true as well."""
    data, path = corruption.data, corruption.path
    if corruption.field == "lightpaths[].channels[]":
        return _is_unheard(instance, data["lightpaths"][path[1]])
    if corruption.field in ("qkd[].channel", "qkd[].frequency_thz"):
        return _is_dark(instance, data, data["qkd"][path[1]]["link"])
    return corruption.field == "objective" and _is_worth_the_same(data)


def _is_unheard(instance: Instance, row: dict[str, Any]) -> bool:
    """Tell whether light is in the fibre of no quantum signal: then any channel makes no noise."""
    links = {link.id: link for link in instance.network.links}
    return not any(
        _hears(instance, links[name], start)
        for name, start in zip(row["links"], row["route"], strict=False)
    )


def _hears(instance: Instance, link: Link, start: Any) -> bool:
    along = (start == link.a) == (link.qkd_direction == "a->b")
    return link.qkd and (instance.fibre.layout == "single" or along)


def _is_dark(instance: Instance, data: dict[str, Any], name: str) -> bool:
    """Tell whether no light is in the fibre of a link's quantum signal: any candidate is as good.

    Foreign light may be: such links have to be lit by others too.
    """
    link = next(link for link in instance.network.links if link.id == name)
    return not any(
        used == name and _hears(instance, link, start)
        for row in data["lightpaths"]
        for used, start in zip(row["links"], row["route"], strict=False)
    )


def _is_worth_the_same(data: dict[str, Any]) -> bool:
    """Tell whether the plan is worth as much by the other objective."""
    value = data["value"]
    worth = {
        "mean": value["mean_skr_bps"],
        "max-min": value["worst_skr_bps"],
        "link-sum": math.fsum(row["skr_bps"] for row in data["qkd"]),
        "key-delivered": value.get("key_delivered_bps"),
        "key-factor": (value.get("key_factor") or 0.0) * value.get("key_needed_bps", 0.0),
    }.get(data["objective"])
    return worth is not None and math.isclose(worth, value["objective_bps"], rel_tol=1e-9)
