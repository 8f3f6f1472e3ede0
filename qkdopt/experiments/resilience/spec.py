"""Specification of a resilience study: its runs and its faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from qkdopt.errors import Faults, InstanceError, UsageError
from qkdopt.experiments.resilience.case import Case
from qkdopt.experiments.study.sets import NamedSet
from qkdopt.instance import Instance, read_channels
from qkdopt.simulation import EVENTS, EventOptions, SimulationOptions
from qkdopt.simulation.refusals import validate_network, validate_requests

RETUNE = ("always", "never")
RELAYS = ("lightpath", "widest")
MIN_REQUESTS = 1000


@dataclass(frozen=True, kw_only=True)
class ResilienceSpec:
    """Options of a resilience study, as typed.

    Parameters
    ----------
    events
        Kinds of event, separated by commas.
    channels
        Candidate sets: channels separated by commas, sets by semicolons. None: the instance's
        own.
    load_erlang
        Offered load; None: the instance's own.
    requests, seed
        Of each run.
    rate, repair, noise_per_gate, target
        See :class:`qkdopt.simulation.EventOptions`.
    """

    events: str = ",".join(EVENTS)
    channels: str | None = None
    load_erlang: float | None = None
    requests: int = 1_000_000
    seed: int = 0
    rate: float = EventOptions.rate
    repair: float = EventOptions.repair
    noise_per_gate: float = EventOptions.noise_per_gate
    target: str = EventOptions.target

    @property
    def kinds(self) -> list[str]:
        """Return the kinds of event, each once."""
        words = [word.strip() for word in self.events.split(",") if word.strip()]
        return list(dict.fromkeys(words))

    def faults(self) -> Iterator[str]:
        """Yield every option that is out of range, whatever the instance."""
        unknown = [kind for kind in self.kinds if kind not in EVENTS]
        if unknown or not self.kinds:
            yield f"events = {self.events!r}; expected some of {', '.join(EVENTS)}"
        try:
            self.event_options("noise")
        except UsageError as error:
            yield from str(error).split("; ")
        try:
            parse_sets(self.channels)
        except UsageError as error:
            yield from str(error).split("; ")
        yield from validate_requests(
            load_erlang=self.load_erlang,
            requests=self.requests,
            seed=self.seed,
            fewest=MIN_REQUESTS,
        )

    def event_options(self, kind: str, *, restore: bool = False) -> EventOptions:
        """Return the simulator's options.

        Raises
        ------
        UsageError
            Options out of range.
        """
        return EventOptions(
            kind=kind,
            rate=self.rate,
            repair=self.repair,
            noise_per_gate=self.noise_per_gate,
            target=self.target,
            restore=restore,
        )


def parse_sets(channels: str | None) -> list[NamedSet]:
    """Return the candidate sets of a text such as ``3;3,13``, each once.

    Raises
    ------
    UsageError
        The text is no list of channels.
    """
    if channels is None:
        return [NamedSet("instance", None)]
    faults = Faults()
    sets = [
        faults.attempt(partial(read_channels, text, "channels")) for text in channels.split(";")
    ]
    if faults.found:
        raise UsageError("; ".join(faults.found))
    return [NamedSet.listed(chosen) for chosen in dict.fromkeys(sets) if chosen is not None]


def validate_spec(instance: Instance, spec: ResilienceSpec) -> list[str]:
    """Return every fault of a specification for an instance."""
    faults = list(spec.faults())
    try:
        sets = parse_sets(spec.channels)
    except UsageError:  # reported by `spec.faults` already
        sets = []
    for named_set in sets:
        try:
            named_set.applied_to(instance)
        except InstanceError as error:
            faults += [f"{error.where}: {fault}" for fault in error.faults]
    faults += validate_network(instance)
    if not any(link.qkd for link in instance.network.links):
        faults.append(f"no link of {instance.name} has QKD; expected at least one")
    return faults


def cases(instance: Instance, spec: ResilienceSpec) -> list[Case]:
    """Return every run: event x set x relay x retuning, and for cuts with and without restoration.

    Raises
    ------
    UsageError
        All faults of :func:`validate_spec` at once.
    """
    faults = validate_spec(instance, spec)
    if faults:
        raise UsageError("; ".join(faults))
    load = instance.load_erlang if spec.load_erlang is None else spec.load_erlang
    networks = [
        (named_set.name, named_set.applied_to(instance).replace(qkd={"relay": relay}))
        for named_set in parse_sets(spec.channels)
        for relay in RELAYS
    ]
    return [
        Case(
            instance=network,
            channels=name,
            options=SimulationOptions(retune=retune),
            events=spec.event_options(kind, restore=restore),
            load_erlang=load,
            requests=spec.requests,
            seed=spec.seed,
        )
        for kind in spec.kinds
        for name, network in networks
        for retune in RETUNE
        for restore in ((False, True) if kind == "cut" else (False,))
    ]
