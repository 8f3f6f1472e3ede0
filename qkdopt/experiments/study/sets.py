"""Families of candidate sets: compact, uniform, random, listed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from qkdopt.errors import InstanceError
from qkdopt.instance import Instance, spell_channels, with_candidates
from qkdopt.instance.base import Part

Count = Annotated[int, Field(ge=1)]
Channel = Annotated[int, Field(ge=0)]


# Each draw is a set with runs of its own: nobody waits for more.
MOST_DRAWS = 1_000


@dataclass(frozen=True)
class NamedSet:
    """A candidate set of the whole network; None keeps the instance's own."""

    name: str
    channels: tuple[int, ...] | None

    @classmethod
    def listed(cls, channels: Iterable[int]) -> NamedSet:
        """Name a set by its channels."""
        chosen = tuple(channels)
        return cls(spell_channels(chosen), chosen)

    def applied_to(self, instance: Instance) -> Instance:
        """Return the instance with this set on every link with QKD, validated again.

        Raises
        ------
        InstanceError
            The set does not fit the instance.
        """
        if self.channels is None:
            return instance
        try:
            return with_candidates(instance, self.channels)
        except InstanceError as error:
            where = f"{instance.name} with candidates {self.name}"
            raise InstanceError(where, error.faults) from None


class ChannelSets(Part):
    """One family; exactly one of ``listed``, ``compact``, ``uniform`` and ``random`` is given."""

    listed: Annotated[tuple[Channel, ...], Field(min_length=1)] | None = None
    """Channels."""
    compact: Count | None = None
    """Number of neighbours, from ``first`` on."""
    uniform: Count | None = None
    """Number of channels, ``stride`` apart, from ``first`` on."""
    random: Count | None = None
    """Number of random channels. The same seed and draw with more channels is a superset."""
    first: Channel = 0
    stride: Count = 10
    draws: Annotated[int, Field(ge=1, le=MOST_DRAWS)] = 1
    seed: Annotated[int, Field(ge=0)] = 0
    contains: tuple[Channel, ...] = ()
    """Channels that are in every random set."""

    def faults(self) -> Iterator[str]:
        """Yield options that contradict each other."""
        given = [
            name
            for name in ("listed", "compact", "uniform", "random")
            if getattr(self, name) is not None
        ]
        if len(given) != 1:
            yield (
                f"sets: {' and '.join(given) or 'none'} given; expected one of listed, compact, "
                "uniform and random"
            )
        if self.random is not None and len(self.contains) > self.random:
            yield f"sets: contains {len(self.contains)} channels; expected at most {self.random}"

    def draw(self, channels: int) -> list[NamedSet]:
        """Return the family's sets on a grid of a number of channels.

        Raises
        ------
        InstanceError
            A set of more channels than the grid has.
        """
        for name in ("compact", "uniform", "random"):
            size = getattr(self, name)
            if size is not None and size > channels:
                fault = f"{name} = {size}; expected at most the grid's {channels} channels"
                raise InstanceError("sets", [fault])
        if self.listed is not None:
            return [NamedSet.listed(self.listed)]
        if self.compact is not None:
            return [NamedSet.listed(range(self.first, self.first + self.compact))]
        if self.uniform is not None:
            return [NamedSet.listed(self.first + k * self.stride for k in range(self.uniform))]
        return [self._random(channels, draw) for draw in range(self.draws)]

    def _random(self, channels: int, draw: int) -> NamedSet:
        assert self.random is not None  # validated: one of the four
        rng = np.random.default_rng([self.seed, draw])
        others = [int(c) for c in rng.permutation(channels) if c not in self.contains]
        chosen = [*self.contains, *others][: self.random]
        return NamedSet(f"{self._family()} #{draw}", tuple(sorted(chosen)))

    def _family(self) -> str:
        """Return the name of a random family: all of its parameters."""
        words = [f"random {self.random}"]
        if self.seed:
            words.append(f"seed {self.seed}")
        if self.contains:
            words.append("with " + ",".join(map(str, self.contains)))
        return " ".join(words)
