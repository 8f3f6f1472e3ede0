"""One run: a candidate set, a kind of event, retuning, relay and restoration."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from qkdopt.instance import Instance
from qkdopt.instance.generation import preset_name
from qkdopt.jobs.task import Row, to_row
from qkdopt.simulation import Estimate, EventOptions, SimulationOptions, Survival, simulate_failures

# Part of every run's key: raised when a change of the code changes results.
RESULTS_VERSION = 2
# Measures of a run; each has an interval where there are events enough.
MEASURES = (
    "before_bps", "after_bps", "survived_at_event", "survived_after_reaction", "affected",
    "affected_survived_at_event", "affected_survived_after_reaction", "affected_with_key",
    "outage", "restored", "time_average_survived",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything one run needs.

    Parameters
    ----------
    instance
        With its candidate set and relay.
    channels
        Name of the candidate set in tables.
    options, events, load_erlang, requests, warmup, seed
        See :func:`qkdopt.simulation.simulate_failures`.
    """

    instance: Instance
    channels: str
    options: SimulationOptions
    events: EventOptions
    load_erlang: float
    requests: int
    seed: int
    warmup: int | None = None

    @property
    def key(self) -> str:
        """Return the name of the run: the same work has the same key, other work another."""
        data = {name: value for name, value in asdict(self).items() if name != "instance"}
        data["options"] = self.options.to_dict()
        data["instance"] = self.instance.sha256()
        data["results_version"] = RESULTS_VERSION
        text = json.dumps(data, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    @property
    def title(self) -> str:
        """Return a title to display."""
        words = [self.instance.name, self.channels, self.events.kind, self.options.retune]
        return " ".join([*words, self.instance.qkd.relay, self.restoration])

    @property
    def weight(self) -> float:
        """Return the approximate duration: widest paths are searched at every admission."""
        return self.requests * (3.0 if self.instance.qkd.relay == "widest" else 1.0)

    @property
    def restoration(self) -> str:
        """Return ``on`` or ``off``; ``-`` where no lightpath is torn down."""
        if self.events.kind != "cut":
            return "-"
        return "on" if self.events.restore else "off"

    def run(self) -> Row:
        """Do the run and return its row."""
        return to_row(self._identity(), self._measured, _measures(None))

    def _measured(self) -> Row:
        return _measures(
            simulate_failures(
                self.instance,
                self.options,
                self.events,
                load_erlang=self.load_erlang,
                requests=self.requests,
                warmup=self.warmup,
                seed=self.seed,
            )
        )

    def _identity(self) -> Row:
        return {
            "key": self.key,
            "instance": self.instance.name,
            "instance_sha256": self.instance.sha256(),
            "preset": preset_name(self.instance),
            "event": self.events.kind,
            "channels": self.channels,
            "retune": self.options.retune,
            "relay": self.instance.qkd.relay,
            "restoration": self.restoration,
            "load_erlang": self.load_erlang,
            "seed": self.seed,
            "requests": self.requests,
            "rate": self.events.rate,
            "repair": self.events.repair,
            "noise_per_gate": self.events.noise_per_gate,
            "target": self.events.target,
        }


def _measures(survival: Survival | None) -> Row:
    row: Row = {"events": 0 if survival is None else survival.event_count}
    for name in MEASURES:
        estimate = Estimate(None, None) if survival is None else getattr(survival, name)
        row |= {name: estimate.value, f"{name}_ci95": estimate.ci95}
    return row
