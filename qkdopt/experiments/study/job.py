"""One run of a study: plain data in, one row out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from qkdopt.experiments.study.snapshots import SnapshotBounds, snapshot_bounds
from qkdopt.instance import Instance
from qkdopt.instance.generation import preset_name
from qkdopt.jobs.task import Row, to_row
from qkdopt.simulation import Estimate, SimulationOptions, SimulationOutcome, simulate
from qkdopt.simulation import tally as t
from qkdopt.simulation.outcome import KEY_MEASURES

# Part of every run's key: raised when a change of the code changes results, so that rows of before
# and after never share a table.
RESULTS_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Job:
    """Everything one run needs.

    Parameters
    ----------
    instance
        With its candidate set.
    set_name, label
        Names of candidate set and strategy in tables.
    options, load_erlang, seed, requests, warmup, replications
        See :func:`qkdopt.simulation.simulate`.
    bound_every, snapshots, bound_nodes
        See :class:`qkdopt.experiments.study.spec.StudySpec`.
    """

    instance: Instance
    set_name: str
    label: str
    options: SimulationOptions
    load_erlang: float
    seed: int
    requests: int
    warmup: int | None = None
    replications: int = 1
    bound_every: int = 0
    snapshots: int = 10
    bound_nodes: int = 0

    @property
    def key(self) -> str:
        """Return the name of the run: the same work has the same key, other work another."""
        data = {field.name: getattr(self, field.name) for field in fields(self)}
        data["options"] = self.options.to_dict()
        data["instance"] = self.instance.sha256()
        data["results_version"] = RESULTS_VERSION
        text = json.dumps(data, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    @property
    def title(self) -> str:
        """Return a title to display."""
        return (
            f"{self.instance.name} {self.set_name} {self.label} {self.load_erlang:g} erlang "
            f"seed {self.seed}"
        )

    @property
    def weight(self) -> float:
        """Return the approximate duration, in requests of first fit."""
        slow = 10.0 if self.options.strategy == "ds-qkd-synergistic" else 1.0
        bounded = 1e6 * self.snapshots if self.bound_every else 0.0
        return self.requests * self.replications * slow + bounded

    def run(self) -> Row:
        """Do the run and return its row."""
        return to_row(self.identity(), self._measured, _measures(None) | _bounds(None))

    def _measured(self) -> Row:
        outcome = simulate(
            self.instance,
            self.options,
            load_erlang=self.load_erlang,
            requests=self.requests,
            warmup=self.warmup,
            seed=self.seed,
            replications=self.replications,
        )
        if outcome.interrupted:
            # Ctrl-C reached a worker: a simulation cut short is not this run.
            raise KeyboardInterrupt
        return _measures(outcome) | _bounds(self)

    def identity(self) -> Row:
        """Return the columns that identify the run."""
        return {
            "key": self.key,
            "instance": self.instance.name,
            "instance_sha256": self.instance.sha256(),
            "preset": preset_name(self.instance),
            "set": self.set_name,
            "candidates": json.dumps(_candidates(self.instance)),
            "label": self.label,
            "strategy": self.options.strategy,
            "order": self.options.order,
            "policy": self.options.policy,
            "replacements": self.options.replacements,
            "retune": self.options.retune,
            "admission": self.options.admission,
            "bridge_s": self.options.bridge_s,
            "load_erlang": self.load_erlang,
            "seed": self.seed,
            "replications": self.replications,
        }


def different_instances(jobs: Iterable[Job]) -> tuple[Instance, ...]:
    """Return each instance of some runs once, in their order."""
    return tuple({job.instance.sha256(): job.instance for job in jobs}.values())


def _measures(outcome: SimulationOutcome | None) -> Row:
    row: Row = {
        "requests": 0 if outcome is None else outcome.requests,
        "warmup": 0 if outcome is None else outcome.warmup,
        "seconds": None if outcome is None else outcome.seconds,
        "requests_per_second": None if outcome is None else outcome.requests_per_second,
    }
    for name in (
        "mean_skr_bps", "mean_skr_per_request_bps", "time_average_skr_bps", "blocking", "outage",
        "switches_per_request", "switches_per_holding_time", *KEY_MEASURES,
    ):  # fmt: skip
        # Where no keys are drawn nothing is known of them.
        known = outcome is not None and (outcome.key is not None or name not in KEY_MEASURES)
        estimate = getattr(outcome, name) if known else Estimate(None, None)
        row |= {name: estimate.value, f"{name}_ci95": estimate.ci95}
    for cause in t.CAUSES:
        estimate = Estimate(None, None) if outcome is None else outcome.blocking_by_cause[cause]
        name = f"blocking_{cause.replace(' ', '_')}"
        row |= {name: estimate.value, f"{name}_ci95": estimate.ci95}
    # Batch by batch, so that any two runs on the same requests can be paired later.
    for name, column in (
        ("batch_offered", t.OFFERED), ("batch_served", t.SERVED), ("batch_skr", t.SKR),
    ):  # fmt: skip
        row[name] = [] if outcome is None else outcome.tally[:, column].tolist()
    return row


def _bounds(job: Job | None) -> Row:
    bounds: SnapshotBounds | None = None
    if job is not None and job.bound_every > 0:
        bounds = snapshot_bounds(
            job.instance, job.options, load_erlang=job.load_erlang, seed=job.seed,
            warmup=job.warmup, every=job.bound_every, count=job.snapshots,
            nodes=job.bound_nodes,
        )  # fmt: skip
    row: Row = {"snapshots": 0 if bounds is None else len(bounds.policy_bps)}
    for name in ("policy", "bound", "gap"):
        estimate = Estimate(None, None) if bounds is None else getattr(bounds, name)
        row |= {f"snapshot_{name}": estimate.value, f"snapshot_{name}_ci95": estimate.ci95}
    row["snapshots_checked"] = bounds is None or bounds.checked
    return row


def _candidates(instance: Instance) -> Any:
    shared = instance.qkd.candidates
    if shared == "all":
        return "all"
    return [c if isinstance(c, int) else c.frequency_thz for c in shared]
