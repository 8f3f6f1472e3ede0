"""Scenarios: uncertain load and hardware of a design, and their TOML file.

The file lists them one by one, or every combination of factors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from qkdopt.errors import Faults, InstanceError
from qkdopt.instance import (
    Candidate,
    Instance,
    Link,
    OffGridCandidate,
    Qkd,
    receiver_changes,
)
from qkdopt.instance.base import Part
from qkdopt.io import read_toml

Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Profile = Literal["gnpy", "hollenbeck-cantrell"]
MAX_SCENARIOS = 100


@dataclass(frozen=True)
class Scenario:
    """One combination of load and hardware.

    Parameters
    ----------
    load_erlang
        Arrival rate x mean holding time.
    weight
        Weight in a mean over scenarios; scaled to sum 1.
    raman_scale, loss
        Factors on the instance's Raman scale and on the loss of every link.
    raman_profile
        ``gnpy`` or ``hollenbeck-cantrell``; None for the instance's own.
    misalignment, dark_counts
        Factors on the instance's misalignment and dark counts.
    excess_loss_db
        Added to the receiver's insertion loss, negative to take from it [dB].
    name
        Name in tables; empty for a title by the values.
    """

    load_erlang: float
    weight: float = 1.0
    raman_scale: float = 1.0
    loss: float = 1.0
    raman_profile: str | None = None
    misalignment: float = 1.0
    dark_counts: float = 1.0
    excess_loss_db: float = 0.0
    name: str = ""

    @property
    def title(self) -> str:
        """Return the name, or load and values that differ from the instance."""
        return self.name or ", ".join([f"{self.load_erlang:g} erlang", *self._special()])

    @property
    def title_without_load(self) -> str:
        """Return the title where there is no traffic."""
        return self.name or ", ".join(self._special()) or "the instance as it stands"

    def _special(self) -> list[str]:
        words = []
        if self.raman_scale != 1.0:
            words.append(f"Raman x{self.raman_scale:g}")
        if self.loss != 1.0:
            words.append(f"loss x{self.loss:g}")
        if self.raman_profile is not None:
            words.append(self.raman_profile)
        if self.misalignment != 1.0:
            words.append(f"misalignment x{self.misalignment:g}")
        if self.dark_counts != 1.0:
            words.append(f"dark counts x{self.dark_counts:g}")
        if self.excess_loss_db != 0.0:
            words.append(f"{self.excess_loss_db:+g} dB")
        return words

    @property
    def _is_instance(self) -> bool:
        """Whether nothing but the load differs from the instance."""
        return not self._special()

    def _receiver(self, qkd: Qkd) -> dict[str, object]:
        """Return the fields of a receiver that this scenario changes."""
        fields: dict[str, object] = {}
        if self.misalignment != 1.0:
            fields["misalignment"] = qkd.misalignment * self.misalignment
        if self.dark_counts != 1.0:
            fields["dark_count_per_gate"] = qkd.dark_count_per_gate * self.dark_counts
        if self.excess_loss_db != 0.0:
            fields["insertion_loss_db"] = qkd.insertion_loss_db + self.excess_loss_db
        return fields

    def applied_to(self, instance: Instance) -> Instance:
        """Return the instance under this scenario.

        Raises
        ------
        InstanceError
            A scaled value is out of range.
        """
        if self._is_instance:
            return instance
        fibre: dict[str, object] = {
            "raman_scale": instance.fibre.raman_scale * self.raman_scale,
            "loss_db_per_km": instance.fibre.loss_db_per_km * self.loss,
        }
        if self.raman_profile is not None:
            fibre["raman_profile"] = self.raman_profile
        shared = instance.qkd.candidates
        types = instance.fibres and {
            own.id: {"loss_db_per_km": self._scaled_loss(own.loss_db_per_km)}
            for own in instance.fibres
        }
        changes = receiver_changes(instance, self._receiver)
        if shared != "all":
            changes["qkd"] |= {"candidates": self._scaled_candidates(shared)}
        return instance.replace(
            fibre=fibre,
            fibres=types,
            network={"links": {link.id: self._scaled(link) for link in instance.network.links}},
            where=f"{instance.name} under {self.title}",
            **changes,
        )

    def _scaled(self, link: Link) -> dict[str, object]:
        """Return the fields of a link that depend on the loss."""
        own = link.candidates
        return {
            "loss_db": self._scaled_loss(link.loss_db),
            "loss_db_per_km": self._scaled_loss(link.loss_db_per_km),
            "candidates": None if own is None else self._scaled_candidates(own),
        }

    def _scaled_candidates(self, candidates: Sequence[Candidate]) -> list[object]:
        """Scale the losses that candidates off the grid name themselves."""
        return [
            {
                "frequency_thz": candidate.frequency_thz,
                "loss_db_per_km": self._scaled_loss(candidate.loss_db_per_km),
            }
            if isinstance(candidate, OffGridCandidate)
            else candidate
            for candidate in candidates
        ]

    def _scaled_loss(self, loss: float | None) -> float | None:
        return None if loss is None else loss * self.loss


class ScenarioSpec(Part):
    """One scenario; missing values are the instance's."""

    name: str = ""
    load_erlang: Positive | None = None
    weight: Positive = 1.0
    raman_scale: Positive = 1.0
    """Factor on the instance's Raman scale."""
    loss: Positive = 1.0
    """Factor on the loss of every link."""
    raman_profile: Profile | None = None
    """In place of the instance's own."""
    misalignment: NotNegative = 1.0
    """Factor on the instance's misalignment."""
    dark_counts: NotNegative = 1.0
    """Factor on the instance's dark counts."""
    excess_loss_db: Finite = 0.0
    """Added to the receiver's insertion loss [dB]."""


class ScenarioFile(Part):
    """Scenarios listed, and every combination of the factors; at least one of both."""

    scenarios: tuple[ScenarioSpec, ...] = ()
    load_erlang: tuple[Positive, ...] = ()
    raman_scale: tuple[Positive, ...] = ()
    loss: tuple[Positive, ...] = ()
    raman_profile: tuple[Profile, ...] = ()

    def faults(self) -> Iterator[str]:
        """Yield missing, excess and repeated scenarios."""
        if not self.specs():
            yield (
                "no scenario; expected [[scenarios]], or lists load_erlang, raman_scale, loss, "
                "raman_profile"
            )
        if len(self.specs()) > MAX_SCENARIOS:
            yield f"{len(self.specs())} scenarios; expected at most {MAX_SCENARIOS}"
        for spec, times in Counter(self.specs()).items():
            if times > 1:
                yield f"a scenario is given {times} times ({spec!r}); expected once, with a weight"

    def specs(self) -> list[ScenarioSpec]:
        """Return the listed scenarios and the combinations."""
        lists = (self.load_erlang, self.raman_scale, self.loss, self.raman_profile)
        if not any(lists):
            return list(self.scenarios)
        combined = [
            ScenarioSpec(load_erlang=load, raman_scale=raman, loss=loss, raman_profile=profile)
            for load, raman, loss, profile in product(
                self.load_erlang or (None,), self.raman_scale or (1.0,), self.loss or (1.0,),
                self.raman_profile or (None,),
            )
        ]  # fmt: skip
        return [*self.scenarios, *combined]


def read_scenarios(path: Path, instance: Instance, load_erlang: float) -> tuple[Scenario, ...]:
    """Read the scenarios of a file.

    Parameters
    ----------
    path
        TOML file.
    instance
        Every scenario must be valid for it.
    load_erlang
        Load of scenarios that name none.

    Raises
    ------
    InstanceError
        With every fault of the file, or of the instance under one of its scenarios.
    """
    scenarios = tuple(
        Scenario(
            name=spec.name,
            load_erlang=load_erlang if spec.load_erlang is None else spec.load_erlang,
            weight=spec.weight,
            raman_scale=spec.raman_scale,
            loss=spec.loss,
            raman_profile=spec.raman_profile,
            misalignment=spec.misalignment,
            dark_counts=spec.dark_counts,
            excess_loss_db=spec.excess_loss_db,
        )
        for spec in read_toml(path, ScenarioFile).specs()
    )
    faults = Faults()
    for scenario in scenarios:
        faults.attempt(partial(scenario.applied_to, instance))
    if faults.found:
        raise InstanceError(str(path), faults.found)
    return scenarios
