"""The result: a plan, its rates, its bound and where it came from (``qkdopt/result/1``).

A saved plan (``qkdopt/plan/1``) is what is left of a result without its numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from qkdopt.instance import InPlaceLightpath, NodeId
from qkdopt.instance.key_needs import KeyAccounting
from qkdopt.result.base import FileRecord, Record
from qkdopt.result.history import HistoryPoint
from qkdopt.result.provenance import Provenance, content_sha256

if TYPE_CHECKING:
    import pandas as pd

SCHEMA: Literal["qkdopt/result/1"] = "qkdopt/result/1"
PLAN_SCHEMA: Literal["qkdopt/plan/1"] = "qkdopt/plan/1"

Objective = Literal["mean", "max-min", "link-sum", "key-factor", "key-delivered", "key-served"]
Status = Literal["optimal", "feasible", "infeasible", "no_solution"]
StoppedBy = Literal["gap", "time limit", "node limit", "interrupted", "exhausted", "solver failed"]
BlockedBy = Literal["no free channel", "guard band", "no receiver channel", "minimum key rate"]


class InstanceRef(Record):
    """Which instance the result belongs to."""

    name: str
    sha256: str
    """Hash of the instance, whatever its spelling."""
    preset: str | None = None
    """Preset that the instance names; ``(modified)`` where a value differs."""


class SolverRef(Record):
    """Which solver proved or improved; null fields for a pure heuristic."""

    name: str | None = None
    version: str | None = None
    start_accepted: bool | None = None
    """Whether the solver took the heuristic's plan as its start; null if none was given."""


class Value(Record):
    """What the plan achieves, by the exact physics."""

    objective_bps: float
    """What plans that serve as many are compared by: mean, least, or sum over links [bit/s]."""
    served: int
    """Demands with lightpaths."""
    demands: int
    mean_skr_bps: float
    """Mean over served demands; 0 when none is served."""
    mean_skr_per_request_bps: float
    """Mean over all demands, blocked ones counted as 0."""
    worst_skr_bps: float
    """Smallest over served demands; 0 when none is served."""
    without_key: int | None = None
    """Served demands whose key rate is 0: light, but no key. Null where it was not counted. Where
    keys are shared, of those that ask for key."""
    key_accounting: KeyAccounting | None = None
    """``shared`` where rates are what demands get when all draw at once; left out where each is
    counted as if it had its links to itself."""
    key_needed_bps: float | None = None
    """Key that all demands ask for [bit/s]; left out where keys are not shared."""
    key_delivered_bps: float | None = None
    """Key that they get of it; left out where keys are not shared."""
    key_met: int | None = None
    """Demands that get all they ask for; left out where keys are not shared."""
    key_factor: float | None = None
    """Least share of its need that a served demand gets, above 1 where all get more; left out where
    keys are not shared or none is asked for."""


# Fields of a result's parts that are left out of files where they have no value.
SHARED_KEY_FIELDS = (
    "key_accounting", "key_needed_bps", "key_delivered_bps", "key_met", "key_factor",
)  # fmt: skip


class Bound(Record):
    """A proved limit on the exact objective of any plan that serves ``value.served`` demands."""

    objective_bps: float | None
    """Bound on the objective [bit/s]; null where only the number served is bounded."""
    served: int
    """No plan serves more demands than this."""
    method: str
    """How it was proved."""
    routes: str
    """The candidate routes it holds for, such as ``K=3``."""
    tolerance_bps: float = 0.0
    """Largest error of a key rate, as the model states it, that the bound contains [bit/s]."""


class Baseline(Record):
    """The DS-QKD heuristic (Table I of the paper) on the same instance."""

    strategy: str
    served: int
    mean_skr_bps: float
    without_key: int | None = None
    """Of those served; null where it was not counted."""
    gain: float | None
    """value.mean_skr_bps / baseline.mean_skr_bps - 1; null when the baseline has no key. Where keys
    are shared, of the objectives."""
    objective_bps: float | None = None
    """Its objective [bit/s]; left out where keys are not shared."""
    key_met: int | None = None
    """Demands that get all they ask for; left out where keys are not shared."""


class Lightpath(Record):
    """The route and the channels of one served demand."""

    demand: NodeId
    route: tuple[NodeId, ...]
    """Node ids from source to target."""
    links: tuple[str, ...]
    """Link ids along the route (two nodes may be joined by several links)."""
    channels: tuple[int, ...]
    """Channels, the same on every link."""


class Tuning(Record):
    """The working QKD channel of one link."""

    link: str
    channel: int | None = None
    """Channel of the grid; null for a candidate off the grid."""
    frequency_thz: float | None = None
    """Given in place of ``channel`` for a candidate off the grid."""


class WorkingChannel(Tuning):
    """The working QKD channel of one link, and what it delivers."""

    noise_per_gate: float
    """Noise clicks per gate, both detectors together."""
    qber: float
    """Share of sifted bits that differ."""
    skr_bps: float
    """Secret key rate of the link [bit/s]."""


class ServedDemand(Record):
    """What became of one demand."""

    demand: NodeId
    served: bool
    skr_bps: float
    """Least rate on its relay route, as if it had the links to itself [bit/s]; 0 where blocked.
    Where keys are shared, what it gets when all draw at once."""
    bottleneck: str | None = None
    """Link with the smallest rate on its relay route, where keys are shared beside what is drawn of
    it; null without a relay route, or where the key may take several."""
    blocked_by: BlockedBy | None = None
    """Why it is blocked; null where it is served."""
    need_bps: float | None = None
    """Key that it asks for [bit/s]; left out where keys are not shared."""


class Environment(Record):
    """Where and with what the result was computed."""

    versions: dict[str, str]
    cpu: str
    platform: str


class Around(Record):
    """What a plan around an earlier one took over from it."""

    given_sha256: str
    """Hash of the instance as given; ``instance.sha256`` is that with this light in place."""
    plan_of: InstanceRef
    """Instance of the earlier plan."""
    lightpaths: tuple[InPlaceLightpath, ...]
    """Light in place, that of the given instance among it."""
    moves_limit: int | None = None
    """How many movable demands may move; null for any number."""
    freed: tuple[NodeId, ...] = ()
    """Demands of the earlier plan that the given instance no longer has."""


class SavedPlan(FileRecord):
    """A plan alone: its numbers follow from the instance, by :func:`qkdopt.check`."""

    schema_version: Annotated[Literal["qkdopt/plan/1"], Field(alias="schema")] = PLAN_SCHEMA
    instance: InstanceRef
    objective: Objective
    """What the plan was made for."""
    lightpaths: tuple[Lightpath, ...]
    """The demands served; the others are blocked."""
    qkd: tuple[Tuning, ...]
    around: Around | None = None
    """The earlier plan that this one was made around."""
    provenance: Provenance | None = None
    """How the result came about that the plan was taken from; left out where it is not known."""
    environment: Environment | None = None
    """Where and with what it was computed."""

    def plan_sha256(self) -> str:
        """Return the hash of lightpaths and working channels."""
        return plan_sha256(self)

    def to_json_dict(self) -> dict[str, Any]:
        """Plain data of this plan, as written to a file.

        Examples
        --------
        >>> import qkdopt
        >>> line = qkdopt.read_instance("instances/small/line.json")
        >>> plan = qkdopt.solve(line, strategy="ds-qkd").plan()
        >>> plan.to_json_dict()["schema"], len(plan.lightpaths)
        ('qkdopt/plan/1', 6)
        """
        data: dict[str, Any] = self.model_dump(mode="json", exclude_none=True)
        data.pop("schema", None)
        return {"schema": PLAN_SCHEMA, **data}


class RunLimits(Record):
    """When the run had to end."""

    time_limit_s: float | None
    """Null where there is none, or a node limit in its place."""
    gap: float
    """Relative gap at which the run is done."""
    node_limit: int | None = None


class Result(FileRecord):
    """One run on one instance. Its numbers are recomputed by :func:`qkdopt.check`."""

    schema_version: Annotated[Literal["qkdopt/result/1"], Field(alias="schema")] = SCHEMA
    instance: InstanceRef
    strategy: str
    solver: SolverRef = SolverRef()
    seed: int
    threads: int
    objective: Objective
    """What the run maximised among plans that serve as many."""
    status: Status
    value: Value | None
    """Null where no plan was found."""
    bound: Bound | None
    gap: float | None
    """(bound - value) / bound; null without a bound."""
    served_proved: bool
    """Whether no plan serves more."""
    baseline: Baseline | None
    """DS-QKD on the same instance; null where it was not run."""
    lightpaths: tuple[Lightpath, ...]
    qkd: tuple[WorkingChannel, ...]
    demands: tuple[ServedDemand, ...]
    notes: tuple[str, ...] = ()
    """What a reader must know: terms the search ignored, a model that refused, a limit."""
    interrupted: bool = False
    """Whether Ctrl-C ended the run; false in results of earlier versions, where a note says so."""
    faults: tuple[str, ...] = ()
    """Bounds that were left out, since the plan exceeds them: bugs to report."""
    stopped_by: StoppedBy | None = None
    """What ended the run; ``exhausted`` when the strategy had nothing left to do, ``solver failed``
    when a note says how. Null in results of earlier versions."""
    limits: RunLimits | None = None
    """Limits of the run; null in results of earlier versions."""
    preset_changes: tuple[str, ...] = ()
    """What differs from the preset that the instance names, such as ``qkd.sifting = 1 (0.5)``."""
    history: tuple[HistoryPoint, ...] = ()
    """Incumbent and bound over time, a point a change, thinned to 500. The last one has value and
    bound. Empty in results of earlier versions."""
    around: Around | None = None
    """The earlier plan that this one was made around; left out of files without one."""
    moved: tuple[NodeId, ...] | None = None
    """Demands in place that the plan moves; left out of files where none may be moved."""
    moved_at_least: int | None = None
    """How many of them every plan that serves as many and has no lower objective moves, at least;
    left out of files where nothing is proved."""
    seconds: float
    environment: Environment
    provenance: Provenance | None = None
    """Command, options, instance and time; left out where it is not known, as in results of
    earlier versions."""

    def plan_sha256(self) -> str:
        """Return the hash of lightpaths and working channels: that of the plan alone."""
        return plan_sha256(self)

    def to_json_dict(self) -> dict[str, Any]:
        """Plain data of this result, as written to a file and printed by ``--json``."""
        data: dict[str, Any] = self.model_dump(mode="json")
        for name in ("around", "moved", "moved_at_least", "provenance"):
            if data[name] is None:
                del data[name]
        for part, names in (
            (data["value"], SHARED_KEY_FIELDS),
            (data["baseline"], ("objective_bps", "key_met")),
            *((row, ("need_bps",)) for row in data["demands"]),
        ):
            for name in names if part else ():
                if part[name] is None:
                    del part[name]
        data.pop("schema", None)
        return {"schema": SCHEMA, **data}

    def plan(self) -> SavedPlan:
        """Return the plan alone."""
        return SavedPlan(
            instance=self.instance,
            objective=self.objective,
            lightpaths=self.lightpaths,
            qkd=tuple(
                Tuning(link=row.link, channel=row.channel, frequency_thz=row.frequency_thz)
                for row in self.qkd
            ),
            around=self.around,
            provenance=self.provenance,
            environment=None if self.provenance is None else self.environment,
        )

    def fair_shares_bps(self) -> dict[NodeId, float]:
        """Return what each served demand gets when all draw at once, on their own routes [bit/s].

        Max-min fair shares of the links' keys, equal or in proportion to what demands ask for: of
        a link's key rate no bit is counted twice.

        Examples
        --------
        >>> import qkdopt
        >>> line = qkdopt.read_instance("instances/small/line.json")
        >>> result = qkdopt.solve(line, strategy="ds-qkd")
        >>> sum(result.fair_shares_bps().values()) < 6 * result.value.mean_skr_bps
        True
        """
        from qkdopt.result.fair_shares import crossing, fair_shares

        number = {row.link: e for e, row in enumerate(self.qkd)}
        # A link without QKD has no key.
        paths = [[number.get(name, len(number)) for name in path.links] for path in self.lightpaths]
        rates = np.array([*(row.skr_bps for row in self.qkd), 0.0])
        needs = {row.demand: row.need_bps or 0.0 for row in self.demands}
        equal = not any(needs.values())
        share = np.array([1.0 if equal else needs[path.demand] for path in self.lightpaths])
        given = fair_shares(crossing(paths, len(rates)), rates, share)
        return {path.demand: float(rate) for path, rate in zip(self.lightpaths, given, strict=True)}

    def summary(self) -> str:
        """Return what a planner reads first, a fact a line."""
        # The text takes what this module defines.
        from qkdopt.result.text import summary_lines

        return "\n".join(summary_lines(self))

    def lightpaths_frame(self) -> pd.DataFrame:
        """One row per served demand: demand, route, links, channels."""
        return _frame(self.lightpaths, Lightpath)

    def links_frame(self) -> pd.DataFrame:
        """One row per link with QKD: channel or frequency [THz], noise, QBER, SKR [bit/s].

        Examples
        --------
        >>> import qkdopt
        >>> line = qkdopt.read_instance("instances/small/line.json")
        >>> result = qkdopt.solve(line, strategy="ds-qkd")
        >>> result.value.served, list(result.links_frame()["link"])
        (6, ['0-1', '1-2', '2-3'])
        """
        return _frame(self.qkd, WorkingChannel)

    def demands_frame(self) -> pd.DataFrame:
        """One row per demand: served, SKR [bit/s], bottleneck link, why blocked, any need."""
        frame = _frame(self.demands, ServedDemand)
        # Without shared keys there is no need to show.
        shared = self.value is not None and self.value.key_accounting == "shared"
        return frame if shared else frame.drop(columns="need_bps")

    def history_frame(self) -> pd.DataFrame:
        """One row per change of incumbent or bound: time [s], served, both [bit/s], gap, phase.

        Without a bound, NaN.

        Examples
        --------
        >>> import qkdopt
        >>> line = qkdopt.read_instance("instances/small/line.json")
        >>> history = qkdopt.solve(line, strategy="ds-qkd").history_frame()
        >>> history[["served", "phase"]].values.tolist()
        [[6, 'heuristics']]
        """
        frame = _frame(self.history, HistoryPoint)
        return frame.astype({"bound_bps": float, "gap": float})


# What can be checked, and started from.
AnyPlan = Result | SavedPlan


def plan_sha256(plan: AnyPlan) -> str:
    """Return the hash of lightpaths and working channels, in whatever order they are listed."""
    paths = sorted((str(path.demand), path.links, path.channels) for path in plan.lightpaths)
    tunings = sorted((row.link, row.channel, row.frequency_thz) for row in plan.qkd)
    return content_sha256([paths, tunings])


def _frame(rows: Sequence[Record], record: type[Record]) -> pd.DataFrame:
    # pandas takes half a second to import; most runs never ask for a table.
    import pandas as pd

    return pd.DataFrame([row.model_dump() for row in rows], columns=list(record.model_fields))
