"""Degradations: what may happen to a link's quantum channel, when, and for how long."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from qkdopt.errors import UsageError

EVENTS = ("noise", "receiver", "cut")
TARGETS = ("working", "any")
# Keeps the streams of events apart from those of requests with the same seed.
STREAM = 0x45


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
        Events per mean holding time, in the whole network.
    repair
        Mean time to repair, exponential [mean holding times].
    noise_per_gate
        Noise that ``noise`` adds [clicks per gate]. The default takes about half of the dark
        key rate of a link of 10 to 15 km under the presets' protocol.
    target
        Candidate that ``noise`` and ``receiver`` hit: the one that the link works on, or any of
        the link's with the same probability.
    restore
        After a cut: whether demands torn down are tried on their K routes again.
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
        for name, value, unit in (
            ("rate", self.rate, " events per mean holding time"),
            ("repair", self.repair, " mean holding times"),
            ("noise", self.noise_per_gate, " clicks per gate"),
        ):
            if not (value > 0.0 and math.isfinite(value)):
                yield f"{name} = {value:g}{unit}; expected a finite number, more than 0"
        if math.isfinite(self.noise_per_gate) and self.noise_per_gate > 1.0:
            yield f"noise = {self.noise_per_gate:g} clicks per gate; expected at most 1"


class Moment(NamedTuple):
    """A link is hit, or repaired. ``draw`` is uniform in [0, 1), for the candidate."""

    time: float
    link: int
    struck: bool
    draw: float


def moments(links: Sequence[int], options: EventOptions, seed: int) -> Iterator[Moment]:
    """Yield hits and repairs in order of time, without end.

    Hits are a Poisson process over ``links``, all alike. One degradation at a time on a link: a
    hit drawn on a link that is still degraded is left out. Every stream (gaps, repairs, links,
    candidates) has a generator of its own that depends on the seed alone, so that strategies,
    sets, relays and kinds of event meet the same ones.
    """
    root = np.random.SeedSequence([seed, STREAM])
    gaps, repairs, places, draws = (np.random.default_rng(s) for s in root.spawn(4))
    mending: list[tuple[float, int]] = []
    now = 0.0
    while True:
        now += gaps.standard_exponential() / options.rate
        end = now + options.repair * repairs.standard_exponential()
        link, draw = links[int(places.random() * len(links))], draws.random()
        while mending and mending[0][0] <= now:
            yield Moment(*heapq.heappop(mending), struck=False, draw=0.0)
        if all(link != other for _, other in mending):
            yield Moment(now, link, struck=True, draw=draw)
            heapq.heappush(mending, (end, link))
