"""Degradations: what may happen to a link's quantum channel, when, and for how long."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from qkdopt.errors import UsageError

EVENTS = ("noise", "receiver", "cut")
TARGETS = ("working", "any")
# Keeps the streams of events apart from those of requests with the same seed.
STREAM = 0x45
# More is a slip of the unit; at the longest repair nothing is repaired any more.
HIGHEST_RATE, LONGEST_REPAIR, MOST_NOISE = 1e3, 1e6, 1.0


@dataclass(frozen=True, kw_only=True)
class EventOptions:
    """What happens, how often, and what is done about light that is cut.

    Parameters
    ----------
    kind
        ``noise``: the noise of one candidate of a link rises. ``receiver``: the receiver of one
        candidate fails. ``cut``: a link carries neither light nor key, and lightpaths over it
        are torn down.
    rate
        Events per mean holding time, in the whole network; up to 1000.
    repair
        Mean time to repair, exponential [mean holding times]; up to 1e6, as good as never.
    noise_per_gate
        Noise that ``noise`` adds [clicks per gate], up to 1. The default takes about half of the
        dark key rate of a link of 10 to 15 km under the presets' protocol.
    target
        Candidate that ``noise`` and ``receiver`` hit: the one that the link works on, or any of
        the link's with the same probability.
    restore
        After a cut: whether demands torn down are tried on their K routes again.

    Examples
    --------
    >>> import qkdopt
    >>> qkdopt.EventOptions(kind="cut", restore=True).rate
    0.2
    >>> qkdopt.EventOptions(kind="fire")
    Traceback (most recent call last):
        ...
    qkdopt.errors.UsageError: event = 'fire'; expected one of ...
    """

    kind: str
    rate: float = 0.2
    repair: float = 1.0
    noise_per_gate: float = 3e-3
    target: str = "working"
    restore: bool = False

    def __post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise UsageError("; ".join(faults))

    def _faults(self) -> Iterator[str]:
        for name, word, known in (("event", self.kind, EVENTS), ("target", self.target, TARGETS)):
            if word not in known:
                yield f"{name} = {word!r}; expected one of {', '.join(known)}"
        for name, value, most, unit in (
            ("rate", self.rate, HIGHEST_RATE, " events per mean holding time"),
            ("repair", self.repair, LONGEST_REPAIR, " mean holding times"),
            ("noise", self.noise_per_gate, MOST_NOISE, " clicks per gate"),
        ):
            if not 0.0 < value <= most:
                yield f"{name} = {value:g}{unit}; expected more than 0, at most {most:g}"


class FailureEvent(NamedTuple):
    """A link is hit, or repaired. ``draw`` is uniform in [0, 1), for the candidate."""

    time: float
    link: int
    failed: bool
    draw: float


def failure_events(
    links: Sequence[int], options: EventOptions, seed: int
) -> Iterator[FailureEvent]:
    """Yield hits and repairs in order of time, without end.

    Hits are a Poisson process over ``links``, all alike. One degradation at a time on a link: a
    hit drawn on a link that is still degraded is left out, and none is drawn while all of them
    are: a Poisson process starts anew at any time. Every stream (gaps, repairs, links,
    candidates) has a generator of its own that depends on the seed alone, so that strategies,
    sets, relays and kinds of event meet the same ones.

    Parameters
    ----------
    links
        Positions of the links that may be hit; at least one.
    options
        Rate of the events and mean time to repair.
    seed
        Of the four streams.
    """
    root = np.random.SeedSequence([seed, STREAM])
    gaps, repairs, places, draws = (np.random.default_rng(s) for s in root.spawn(4))
    mending: list[tuple[float, int]] = []
    now = 0.0
    while True:
        if len(mending) == len(links):
            now, link = heapq.heappop(mending)
            yield FailureEvent(now, link, failed=False, draw=0.0)
        now += gaps.standard_exponential() / options.rate
        end = now + options.repair * repairs.standard_exponential()
        link, draw = links[int(places.random() * len(links))], draws.random()
        while mending and mending[0][0] <= now:
            yield FailureEvent(*heapq.heappop(mending), failed=False, draw=0.0)
        if all(link != other for _, other in mending):
            yield FailureEvent(now, link, failed=True, draw=draw)
            heapq.heappush(mending, (end, link))
