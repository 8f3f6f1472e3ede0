"""Simulate an instance under degradations, and on the same requests without."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qkdopt.errors import UsageError
from qkdopt.instance import Instance
from qkdopt.simulation.event_outcome import Survival
from qkdopt.simulation.events import EventOptions, FailureEvent, failure_events
from qkdopt.simulation.failure_state import (
    CUT,
    EVENT_COLUMNS,
    FailureMode,
    FailureState,
    failure_mode_of,
    no_failures,
)
from qkdopt.simulation.failures import fail, repair, restore_all
from qkdopt.simulation.options import SimulationOptions
from qkdopt.simulation.rates_around_event import count
from qkdopt.simulation.simulation import simulate
from qkdopt.simulation.simulator import Simulator
from qkdopt.simulation.tally import COLUMNS, LINK_COLUMNS
from qkdopt.simulation.traffic import (
    Requests,
    batch_sizes,
    chunks,
    poisson_requests,
    widest_request,
)
from qkdopt.units import FloatArray


def simulate_failures(
    instance: Instance,
    options: SimulationOptions,
    events: EventOptions,
    *,
    load_erlang: float | None = None,
    requests: int = 1_000_000,
    warmup: int | None = None,
    seed: int = 0,
) -> Survival:
    """Simulate dynamic traffic on a network whose links degrade and are repaired.

    At an event links retune as they do when light leaves: by ``always`` to the best candidate, by
    ``threshold`` where the rate has fallen too far, by ``arrival`` and ``never`` not at all.

    Parameters
    ----------
    instance, options, load_erlang, requests, warmup, seed
        See :func:`qkdopt.simulation.simulate`; the requests are the same.
    events
        What happens, how often, and what is done about it.

    Raises
    ------
    UsageError
        Options out of range, or no link that such events may hit.
    KeyboardInterrupt
        Ctrl-C: what was simulated until then is discarded.

    Examples
    --------
    >>> import qkdopt
    >>> mesh = qkdopt.read_instance("instances/small/mesh6.json")
    >>> survival = qkdopt.simulate_failures(
    ...     mesh, qkdopt.SimulationOptions(), qkdopt.EventOptions(kind="receiver"),
    ...     load_erlang=5.0, requests=5000, seed=1,
    ... )
    >>> survival.event_count > 0
    True
    """
    if not options.keys:
        raise UsageError("keys = False; expected key rates: their survival is what is measured")
    validate_links(instance, events)
    healthy = simulate(
        instance, options, load_erlang=load_erlang, requests=requests, warmup=warmup, seed=seed
    )
    if healthy.interrupted:
        raise KeyboardInterrupt
    load = healthy.load_erlang
    network = DegradingNetwork.begin(instance, options, events, load_erlang=load, seed=seed)
    sizes = [healthy.warmup, *batch_sizes(requests)]
    tally, failed = network.serve_batches(_chunks(network.simulator, load, seed, sizes), sizes)
    return Survival(
        options=options,
        events=events,
        healthy=healthy,
        tally=tally[1:],
        failed=failed[1:],
    )


def validate_links(instance: Instance, events: EventOptions) -> None:
    """Refuse events that no link of an instance can meet.

    Raises
    ------
    UsageError
        There is no link with QKD.
    """
    if not _links_hit(instance, events):
        raise UsageError(
            f"event = {events.kind}: no link of {instance.name} has QKD; expected at least one"
        )


def _links_hit(instance: Instance, events: EventOptions) -> list[int]:
    """Links that may be hit: any by a cut, those with QKD by the others."""
    links = instance.network.links
    return [e for e, link in enumerate(links) if link.qkd or events.kind == "cut"]


def _chunks(
    simulator: Simulator, load_erlang: float, seed: int, sizes: list[int]
) -> Iterator[Requests]:
    options = simulator.options
    return poisson_requests(
        simulator.instance, load_erlang, seed, 0, (n for size in sizes for n in chunks(size)),
        with_draws=options.order == "random" or options.replacements > 0,
    )  # fmt: skip


@dataclass
class DegradingNetwork:
    """A network in operation whose links are hit and repaired between requests."""

    simulator: Simulator
    failures: FailureState
    failure_mode: FailureMode
    ahead: Iterator[FailureEvent]
    """What happens from now on."""

    @classmethod
    def begin(
        cls,
        instance: Instance,
        options: SimulationOptions,
        events: EventOptions,
        *,
        load_erlang: float,
        seed: int,
    ) -> DegradingNetwork:
        """Start with a dark, healthy network.

        Parameters
        ----------
        instance
            The network, with at least one link that such events may hit (:func:`validate_links`).
        options
            How requests are served.
        events
            What happens, how often, and what is done about it.
        load_erlang
            Arrivals per mean holding time.
        seed
            Of the events.

        Raises
        ------
        UsageError
            The instance has noise that is no sum over lightpaths.
        """
        simulator = Simulator.begin(
            instance, options, arrivals_per_time=load_erlang,
            widest_demand=widest_request(instance),
        )  # fmt: skip
        links = _links_hit(instance, events)
        state = no_failures(simulator.net, simulator.state)
        return cls(simulator, state, failure_mode_of(events), failure_events(links, events, seed))

    def serve_batches(
        self, chunked_requests: Iterator[Requests], sizes: list[int]
    ) -> tuple[FloatArray, FloatArray]:
        """Serve batches of these sizes; tallies ``(batches, COLUMNS)``, ``(.., EVENT_COLUMNS)``."""
        tally = np.zeros((len(sizes), COLUMNS))
        failed = np.zeros((len(sizes), EVENT_COLUMNS))
        links = np.zeros((len(self.simulator.net.candidates), LINK_COLUMNS))
        for batch, size in enumerate(sizes):
            for _ in chunks(size):
                self.serve(next(chunked_requests), tally[batch], links, failed[batch])
        return tally, failed

    def serve(
        self, requests: Requests, tally: FloatArray, links: FloatArray, failed: FloatArray
    ) -> None:
        """Serve requests, and apply the events that come before the last of them.

        Parameters
        ----------
        requests
            No earlier than the requests served before.
        tally
            ``(COLUMNS,)``, see :mod:`qkdopt.simulation.tally`; added to in place.
        links
            ``(E, LINK_COLUMNS)``; added to in place.
        failed
            ``(EVENT_COLUMNS,)``, see :mod:`qkdopt.simulation.failure_state`; added to in place.
        """
        first, total = 0, len(requests.times)
        while first < total:
            event = next(self.ahead)
            end = int(np.searchsorted(requests.times, event.time))
            if end > first:
                self.simulator.serve(requests.part(first, end), tally, links)
            first = end
            if first == total:
                # After the last request: for the next stretch to see.
                self.ahead = itertools.chain([event], self.ahead)
            else:
                self.apply_events(event, failed)

    def apply_events(self, event: FailureEvent, failed: FloatArray) -> None:
        """Hit or repair a link; add a hit to the tally ``(EVENT_COLUMNS,)``."""
        net, mode, state = self.simulator.net, self.simulator.mode, self.simulator.state
        failures, failure_mode = self.failures, self.failure_mode
        if not event.failed:
            repair(net, mode, state, failures, failure_mode, event.time, event.link)
            return
        noted = fail(
            net, mode, state, failures, failure_mode, event.time, event.link, event.draw, failed
        )
        if failure_mode.kind == CUT and failure_mode.restore:
            policy = None if mode.policy < 0 else mode.policy
            restore_all(net, mode, state, failures, noted, event.draw, failed, policy)
        count(net, mode, state, failures, noted, failed)
