"""What a simulation may be told, beside the instance."""

from __future__ import annotations

from dataclasses import dataclass

from qkdopt.errors import UsageError
from qkdopt.heuristics.channel_choice import ORDERS

STRATEGIES = ("fixed", "ds-qkd", "ds-qkd-synergistic")
POLICIES = ("bottleneck-harm", "rate-weighted-harm", "equalisation", "own-best")
RETUNING = ("always", "arrival", "threshold", "never")


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

    def __post_init__(self) -> None:
        faults = [
            f"{name} = {value!r}; expected one of {', '.join(known)}"
            for name, value, known in (
                ("strategy", self.strategy, STRATEGIES),
                ("order", self.order, ORDERS),
                ("policy", self.policy, POLICIES),
                ("retune", self.retune, RETUNING),
            )
            if value not in known
        ]
        if not 0.0 < self.threshold < 1.0:
            faults.append(f"threshold = {self.threshold:g}; expected a share between 0 and 1")
        if self.replacements < 0:
            faults.append(f"replacements = {self.replacements}; expected 0 or more")
        if faults:
            raise UsageError("; ".join(faults))
