"""Placement: the candidate channels of the links, out of a pool."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from qkdopt.errors import InstanceError, UsageError
from qkdopt.instance import Candidate, Instance, spell_channels, with_candidates

Sets = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, order=True)
class Placement:
    """Candidate channels of every link, as numbers of a pool, ascending.

    Parameters
    ----------
    sets
        One set for all links, or one for each link in the file's order (empty without QKD).
    """

    sets: Sets

    @classmethod
    def everywhere(cls, channels: Sequence[int]) -> Placement:
        """Put the same set on every link with QKD.

        Raises
        ------
        UsageError
            No channel, a negative one, or one twice.
        """
        if not channels or min(channels) < 0 or len(set(channels)) < len(channels):
            raise UsageError(
                f"set {spell_channels(channels)}; expected different channels, from 0 on"
            )
        return cls((tuple(sorted(channels)),))

    @property
    def by_link(self) -> bool:
        """Tell whether links have sets of their own."""
        return len(self.sets) > 1

    @classmethod
    def of_each_link(cls, sets: Sets) -> Placement:
        """Give each link its set; one set for all where they are equal."""
        chosen = {chosen_set for chosen_set in sets if chosen_set}
        return cls((chosen.pop(),)) if len(chosen) == 1 else cls(sets)

    def of_links(self, instance: Instance) -> Sets:
        """Return the set of each link; empty on links without QKD."""
        if self.by_link:
            return self.sets
        return tuple(self.sets[0] if link.qkd else () for link in instance.network.links)

    def receivers(self, instance: Instance) -> int:
        """Count receivers over all links."""
        return sum(len(chosen) for chosen in self.of_links(instance))


@dataclass(frozen=True)
class Pool:
    """Channels a placement may choose from.

    The channels of the grid have their own numbers; candidates off the grid follow.
    """

    candidates: tuple[Candidate, ...]

    @classmethod
    def of(cls, instance: Instance) -> Pool:
        """Take the whole grid, and the instance's candidates off the grid.

        Raises
        ------
        InstanceError
            One frequency off the grid with different losses.
        """
        named = [() if instance.qkd.candidates == "all" else instance.qkd.candidates]
        named += [link.candidates or () for link in instance.network.links]
        off_grid = dict.fromkeys(c for own in named for c in own if not isinstance(c, int))
        count = Counter(candidate.frequency_thz for candidate in off_grid)
        faults = [
            f"candidates: {frequency!r} THz with {times} different losses; expected one loss for "
            "one frequency"
            for frequency, times in count.items()
            if times > 1
        ]
        if faults:
            raise InstanceError(instance.name, faults)
        return cls((*range(instance.grid.channels), *off_grid))

    def name(self, channels: Sequence[int]) -> str:
        """Format a set."""
        return spell_channels(map(self.spelled_channel, channels))

    def spelled_channel(self, number: int) -> str:
        """Format one channel: its number, or its frequency off the grid."""
        candidate = self.candidates[number]
        return (
            str(candidate) if isinstance(candidate, int) else f"{candidate.frequency_thz:.12g}THz"
        )

    def title(self, placement: Placement) -> str:
        """Return a short title of a placement: its set, or receivers and a hash of sets by link."""
        if not placement.by_link:
            return self.name(placement.sets[0])
        digest = hashlib.sha256(repr(placement.sets).encode()).hexdigest()[:4]
        return f"by link, {sum(map(len, placement.sets))} receivers #{digest}"

    def spelled(self, placement: Placement, instance: Instance) -> str:
        """Format a whole placement: its set, or that of each link."""
        if not placement.by_link:
            return self.name(placement.sets[0])
        return " ".join(
            f"{link.id}:{self.name(chosen)}"
            for link, chosen in zip(instance.network.links, placement.sets, strict=True)
            if chosen
        )

    def read(self, text: str) -> Placement:
        """Read a set such as ``3,13,23,33``.

        Raises
        ------
        UsageError
            No channels of this pool, or one twice.
        """
        words = [word.strip() for word in text.strip("{} ").split(",")]
        numbers = {self.spelled_channel(number): number for number in range(len(self.candidates))}
        unknown = [word for word in words if word not in numbers]
        if unknown or len(set(words)) < len(words):
            raise UsageError(
                f"set {text!r}; expected different channels of the pool, such as "
                f"{','.join(list(numbers)[:3])} (last: {list(numbers)[-1]}; numbered from 1?)"
            )
        return Placement.everywhere([numbers[word] for word in words])

    def applied_to(self, instance: Instance, placement: Placement, reserve: str) -> Instance:
        """Return the instance with this placement, validated again.

        Parameters
        ----------
        instance
            Its candidates are replaced.
        placement
            Numbers of this pool.
        reserve
            ``all`` or ``working``.

        Raises
        ------
        InstanceError
            The placement leaves a link no channel for classical light.
        """
        sets = [[self.candidates[number] for number in chosen] for chosen in placement.sets]
        try:
            if placement.by_link:
                return with_candidates(instance, by_link=sets, reserve=reserve)
            return with_candidates(instance, sets[0], reserve=reserve)
        except InstanceError as error:
            where = f"{instance.name} with {self.title(placement)}"
            raise InstanceError(where, error.faults) from None
