"""What a design may be told, beside the instance."""

from __future__ import annotations

from dataclasses import dataclass, field

from qkdopt.channel_sets.criterion import Criterion
from qkdopt.channel_sets.placement import Placement
from qkdopt.errors import OptionsError

METHODS = ("auto", "exhaustive", "families", "greedy", "exchange", "listed")
# So many sets are raced all against all without being asked to.
EXHAUSTIVE_BELOW = 3000
MOST_SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """How channel sets are searched and ranked.

    Parameters
    ----------
    sizes
        Numbers of candidates per link, rising.
    method
        ``exhaustive``: race all sets. ``families``: the best of each family. ``greedy``: one
        channel after the other. ``exchange``: families and greedy, improved by exchange.
        ``auto``: exhaustive where there are few sets, else exchange. ``listed``: no search.
    criterion
        What sets are ranked by over scenarios.
    receivers
        Budget of receivers over all links, for sets by link; None for one set everywhere. The
        number of candidates of each link then follows, and ``sizes`` is for the baseline alone.
    listed
        Sets to rank besides those that are found.
    blocks
        Blocks of requests of every set in the final ranking.
    shown
        Best sets of each size in the ranking, besides the best of each family.
    seed
        Of random sets and moves.
    """

    sizes: tuple[int, ...] = (4,)
    method: str = "auto"
    criterion: Criterion = field(default_factory=Criterion)
    receivers: int | None = None
    listed: tuple[Placement, ...] = ()
    blocks: int = 100
    shown: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        faults = []
        if self.method not in METHODS:
            faults.append(f"method = {self.method!r}; expected one of {', '.join(METHODS)}")
        if not self.sizes or min(self.sizes) < 1 or list(self.sizes) != sorted(set(self.sizes)):
            faults.append(f"channels = {self.sizes}; expected rising numbers from 1 on")
        if self.method == "listed" and not self.listed:
            faults.append("method = 'listed' without sets; expected some")
        if self.method == "listed" and self.receivers is not None:
            faults.append("method = 'listed' with a budget of receivers; expected one of the two")
        if self.blocks < 2:
            faults.append(f"blocks = {self.blocks}; expected at least 2 (20,000 requests)")
        if not 1 <= self.shown <= MOST_SHOWN:
            faults.append(f"shown = {self.shown}; expected 1 to {MOST_SHOWN}")
        if self.receivers is not None and len(self.sizes) > 1:
            faults.append("receivers with several numbers of channels; expected one number")
        if faults:
            raise OptionsError("design", faults)
