"""What a simulation may be told, beside the instance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from qkdopt.errors import UsageError
from qkdopt.heuristics.channel_choice import ORDERS

STRATEGIES = ("fixed", "ds-qkd", "ds-qkd-synergistic")
POLICIES = ("bottleneck-harm", "rate-weighted-harm", "equalisation", "own-best")
ADMISSIONS = ("light", "key")
RETUNING = ("always", "arrival", "threshold", "never")

# Options that came later, with what holds without them.
LATER = {"admission": "light", "bridge_s": 0.0}


@dataclass(frozen=True, kw_only=True)
class SimulationOptions:
    """How requests are served.

    Parameters
    ----------
    strategy
        ``fixed``: every link works on its first candidate for ever. ``ds-qkd``: Table I of
        the paper, the first route with room, channels by ``order``.
        ``ds-qkd-synergistic``: route and channel by ``policy``.
    order
        Order in which ``fixed`` and ``ds-qkd`` try channels. ``raman-aware``: least noise
        on the candidates first, averaged over links.
    policy
        Of ``ds-qkd-synergistic``. ``bottleneck-harm``: over all routes and free channels,
        own key rate less what the light takes from demands already there, counted where
        it is their bottleneck. ``rate-weighted-harm``: the same, but those whose bottleneck
        is below half of its dark rate count in proportion to their rate, so that links about
        to lose their key take light off the others. ``equalisation``: on the first route
        with room, the channel of least noise averaged over the candidates (the paper's
        text). ``own-best``: on the first route with room, the channel with the highest own
        key rate.
    replacements
        Active demands that each arrival may move to where they do less harm.
    retune
        When a link leaves its working candidate for the best one. ``always``: at every change
        of its light. ``arrival``: at each admission over it (Table I). ``threshold``: when
        its rate has fallen below ``threshold`` times its own dark rate. ``never``.
    threshold
        See ``retune``.
    keys
        Without, only the classical part is simulated.
    admission
        Of requests that ask for key (``traffic.key``). ``light``: where there is light for them.
        ``key``: a request is refused, and counted as blocked by key, where on a link of the route
        that it is given all that would be drawn exceeds the key rate beside its light.
    bridge_s
        With ``admission = key``: what the link's pool holds may make up for a key rate below what
        is drawn, if it lasts for so many seconds; 0: pools are not counted upon.

    Examples
    --------
    >>> import qkdopt
    >>> qkdopt.SimulationOptions(strategy="fixed", order="raman-aware").retune
    'always'
    """

    strategy: str = "ds-qkd"
    order: str = "first-fit"
    policy: str = "bottleneck-harm"
    replacements: int = 0
    retune: str = "always"
    threshold: float = 0.5
    keys: bool = True
    admission: str = "light"
    bridge_s: float = 0.0

    def __post_init__(self) -> None:
        faults = [
            f"{name} = {value!r}; expected one of {', '.join(known)}"
            for name, value, known in (
                ("strategy", self.strategy, STRATEGIES),
                ("order", self.order, ORDERS),
                ("policy", self.policy, POLICIES),
                ("retune", self.retune, RETUNING),
                ("admission", self.admission, ADMISSIONS),
            )
            if value not in known
        ]
        if not 0.0 < self.threshold < 1.0:
            faults.append(f"threshold = {self.threshold:g}; expected a share between 0 and 1")
        if self.replacements < 0:
            faults.append(f"replacements = {self.replacements}; expected 0 or more")
        faults += self._admission_faults()
        if faults:
            raise UsageError("; ".join(faults))

    def _admission_faults(self) -> Iterator[str]:
        """Yield what contradicts the admission of requests."""
        if not 0.0 <= self.bridge_s < math.inf:
            yield f"bridge_s = {self.bridge_s:g}; expected a finite number of seconds, 0 or more"
        elif self.bridge_s > 0.0 and self.admission == "light":
            yield f"bridge_s = {self.bridge_s:g}; expected none with admission = light"
        if self.admission == "key" and not self.keys:
            yield "admission = key; expected light where only the classical part is simulated"
        if self.admission == "key" and self.replacements > 0:
            yield (
                f"replacements = {self.replacements}; expected 0 with admission = key: a demand "
                "that is moved is not admitted anew"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that tells options apart.

        Options that came later are left out at their defaults: runs that were kept before have the
        same name now.
        """
        return {
            name: value
            for name, value in asdict(self).items()
            if not (name in LATER and value == LATER[name])
        }
